"""What a human chose about the black box."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from edge_agent.core.settings import Settings


class Plates(StrEnum):
    """What becomes of plates that were read."""

    KEEP = "keep"
    DROP = "drop"


class JournalSettings(Settings):
    """Where recordings go and how much of the disk they may have."""

    dir: Path | None = None
    """Folder of the recordings; none: no black box is kept."""
    quota_mb: Annotated[int, Field(ge=16)] = 2_000
    """All recordings together; the oldest are removed first."""
    keep_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """Recordings older than this are removed, once the box knows the time."""
    reserve_mb: Annotated[int, Field(ge=0)] = 1_000
    """Free space on the disk that recordings never take: the oldest are removed first, then none are made."""
    plates: Plates = Plates.KEEP
    """`drop`: plates are kept of the vehicles around an overweight one alone; of all others only that a plate
    was read, and when. A replay is then not the same as it was on the road, and says so."""
    segment_mb: Annotated[int, Field(ge=1)] = 64
    """A recording is closed and a new one begun at this size, or after six hours."""
    flush_ms: Annotated[int, Field(ge=10, le=60_000)] = 1_000
    """How much a kill of the process may cost; a statement flushes at once."""
    video: bool = False
    """Also keep the street cameras' compressed video, for `redetect`. People are in it: know why you do."""
