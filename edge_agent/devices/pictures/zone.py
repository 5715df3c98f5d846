"""What is known of a zone before any picture is taken: where it lies, and what clear ground looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edge_agent.core.units import Ns

Points = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ZoneDrawing:
    """A zone as it is drawn: corners in permille of the picture, origin top-left."""

    polygon: Points
    door_line: Points = ()
    name: str = ""  # as people know it: the shop's sign


class ReferencePicture(Protocol):
    """The accepted picture of a camera's clear ground, as it was accepted, byte for byte."""

    @property
    def data(self) -> bytes:
        """The file."""

    @property
    def media_type(self) -> str:
        """Of `data`."""

    @property
    def width(self) -> int:
        """Pixels."""

    @property
    def height(self) -> int:
        """Pixels."""

    @property
    def captured_at(self) -> Ns | None:
        """Monotonic time of capture; None when it was taken before this start of the box."""
