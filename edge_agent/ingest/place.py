"""Where a statement stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One box, one epoch of its chain, one seq."""

    device: str
    epoch: str
    seq: int
