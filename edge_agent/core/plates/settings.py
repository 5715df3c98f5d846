"""When two reads of a camera are the same vehicle's plate read again."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings


class PlatesSettings(Settings):
    """Merging of repeated reads, in capture time."""

    same_window_ms: Annotated[int, Field(ge=0, le=60_000)] = 3_000
    """The same string again within this is the same passage."""
    similar_window_ms: Annotated[int, Field(ge=0, le=60_000)] = 1_000
    """One character misread for a similar one within this is the same passage. Short, because fleets
    drive behind each other with neighbouring numbers, and a merged read would lose one of the two."""
    max_open: Annotated[int, Field(ge=1, le=1_000)] = 64
    """Reads of one camera kept open for merging; the oldest is closed first."""

    @model_validator(mode="after")
    def _windows(self) -> Self:
        if self.similar_window_ms > self.same_window_ms:
            raise ValueError(
                f"similar_window_ms ({self.similar_window_ms}) must not exceed "
                f"same_window_ms ({self.same_window_ms})"
            )
        return self
