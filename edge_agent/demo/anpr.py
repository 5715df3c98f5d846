"""Who reads the plates in the demo."""

from __future__ import annotations

from enum import StrEnum


class Anpr(StrEnum):
    """The camera, which pushes what it reads; the box, in the camera's video; or both."""

    PUSH = "push"
    BOX = "box"
    BOTH = "both"
