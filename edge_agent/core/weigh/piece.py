"""A few consecutive samples of the lane's own columns, and how to cut them."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.weigh.layout import NO_VALUE
from edge_agent.core.weigh.samples import Int64, UInt8
from edge_agent.core.weigh.zero import BIN_NS


@dataclass(frozen=True, slots=True)
class Piece:
    """at (n,), grams (n, width), status (n, width), inputs (n,); `flagged`: some status may not be 0."""

    at: Int64
    grams: Int64
    status: UInt8
    inputs: Int64
    flagged: bool

    @property
    def size(self) -> int:
        """Number of samples."""
        return int(self.at.size)

    def head(self, count: int) -> Piece:
        """The first `count` samples."""
        return self if count >= self.size else self._between(0, count)

    def behind(self, count: int) -> Piece:
        """All but the first `count` samples."""
        return self if count == 0 else self._between(count, self.size)

    def one_bin(self) -> Piece:
        """The first samples, as far as they lie in one bin of the zero tracker: one zero holds for them."""
        end = (int(self.at[0]) // BIN_NS + 1) * BIN_NS
        return self if int(self.at[-1]) < end else self.head(int(self.at.searchsorted(end)))

    def good(self) -> Piece:
        """Only the samples in which every channel has a value."""
        if not self.flagged:
            return self
        bad = (self.status & NO_VALUE).any(axis=1)
        if not bad.any():
            return self
        keep = ~bad
        return Piece(self.at[keep], self.grams[keep], self.status[keep], self.inputs[keep], flagged=True)

    def _between(self, first: int, last: int) -> Piece:
        rows = slice(first, last)
        return Piece(self.at[rows], self.grams[rows], self.status[rows], self.inputs[rows], self.flagged)
