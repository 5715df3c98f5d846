"""A few consecutive samples of the lane's own columns, and how to cut them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge_agent.core.weigh.layout import NO_VALUE
from edge_agent.core.weigh.samples import Int64, UInt8
from edge_agent.core.weigh.zero import BIN_NS


@dataclass(frozen=True, slots=True)
class Piece:
    """at (n,), grams (n, width), status (n, width), inputs (n,)."""

    at: Int64
    grams: Int64
    status: UInt8
    inputs: Int64

    @property
    def size(self) -> int:
        """Number of samples."""
        return int(self.at.size)

    def cut(self, at: int) -> tuple[Piece, Piece]:
        """The first `at` samples and the rest."""
        if at >= self.size:
            return self, self.between(self.size, self.size)
        return self.between(0, at), self.between(at, self.size)

    def good(self) -> Piece:
        """Only the samples in which every channel has a value."""
        bad = (self.status & NO_VALUE).any(axis=1)
        if not bad.any():
            return self
        keep = ~bad
        return Piece(self.at[keep], self.grams[keep], self.status[keep], self.inputs[keep])

    def between(self, first: int, last: int) -> Piece:
        """Samples [first, last)."""
        return Piece(
            self.at[first:last], self.grams[first:last], self.status[first:last], self.inputs[first:last]
        )


def by_bin(piece: Piece) -> Iterator[Piece]:
    """Cut at the bounds of the zero tracker's bins: within one, the zero does not change."""
    first, last = int(piece.at[0]) // BIN_NS, int(piece.at[-1]) // BIN_NS
    if first == last:
        yield piece
        return
    bounds = np.searchsorted(piece.at, np.arange(first + 1, last + 1, dtype=np.int64) * BIN_NS)
    ends = [0, *np.unique(bounds).tolist(), piece.size]
    for start, end in itertools.pairwise(ends):
        if end > start:
            yield piece.between(start, end)
