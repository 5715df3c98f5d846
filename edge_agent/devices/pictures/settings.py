"""What a human chose about the pictures of a street case."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_agent.core.settings import Settings


class PictureSettings(Settings):
    """Originals are always at full resolution and in the camera's own quality; this is about the rest."""

    copy_width_px: Annotated[int, Field(ge=320, le=7_680)] = 1_920
    """Copies with marks or masks are no wider than this; originals always are as the camera sends them."""
    copy_quality: Annotated[int, Field(ge=60, le=100)] = 85
    """JPEG quality of the copies."""
    report_score: Annotated[int, Field(ge=1, le=1000)] = 350
    """Permille: boxes that the model is less sure of are not reported; masks take every box it gives."""
    surroundings: Annotated[int, Field(ge=0, le=500)] = 80
    """Permille of the picture around the zone that the shop owner's copy still shows sharply."""
    clip_mb: Annotated[int, Field(ge=1, le=256)] = 16
    """A clip that is larger loses its beginning; its end is the picture that confirmed the case."""
