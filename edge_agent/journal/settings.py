"""What a human chose about the black box."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from edge_agent.core.settings import Settings


class JournalSettings(Settings):
    """Where recordings go and how much of the disk they may have."""

    dir: Path | None = None
    """Folder of the recordings; none: no black box is kept."""
    quota_mb: Annotated[int, Field(ge=16)] = 2_000
    """All recordings together; the oldest are removed first."""
    segment_mb: Annotated[int, Field(ge=1)] = 64
    """A recording is closed and a new one begun at this size."""
    flush_ms: Annotated[int, Field(ge=10, le=60_000)] = 1_000
    """How much a kill of the process may cost; a statement flushes at once."""
    video: bool = False
    """Also keep the street cameras' compressed video, for `redetect`. People are in it: know why you do."""
