"""When two reads of a camera are one vehicle's, and when reads of the box's own say what its plate is."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings


class PlatesSettings(Settings):
    """Merging of repeated reads, in capture time; concluding from those of the box's own."""

    same_window_ms: Annotated[int, Field(ge=0, le=60_000)] = 3_000
    """The same string again within this is the same passage."""
    similar_window_ms: Annotated[int, Field(ge=0, le=60_000)] = 1_000
    """One character misread for a similar one within this is the same passage. Short, because fleets
    drive behind each other with neighbouring numbers, and a merged read would lose one of the two."""
    max_open: Annotated[int, Field(ge=1, le=1_000)] = 64
    """Reads of one camera kept open for merging; the oldest is closed first."""

    box_agreeing: Annotated[int, Field(ge=2, le=16)] = 2
    """Pictures that must say the same before a plate read on the box is taken for read. One picture never
    suffices: a blurred one may be wrong and sure of it."""
    box_decide_permille: Annotated[int, Field(ge=500, le=1_000)] = 900
    """Least mean confidence of that plate over the pictures that could be read ..."""
    box_margin_permille: Annotated[int, Field(ge=0, le=1_000)] = 300
    """... and by how much it must be above the next one's. Else two plates are possible and none is named."""

    @model_validator(mode="after")
    def _windows(self) -> Self:
        if self.similar_window_ms > self.same_window_ms:
            raise ValueError(
                f"similar_window_ms ({self.similar_window_ms}) must not exceed "
                f"same_window_ms ({self.same_window_ms})"
            )
        return self
