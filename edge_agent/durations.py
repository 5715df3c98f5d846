"""How long things took, counted in classes: what a histogram of a metrics page is made of."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


class Durations:
    """Cumulative classes with the upper bounds `bounds_s`, rising. One thread adds, any may read."""

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self.bounds_s = tuple(bounds_s)
        self._counts = [0] * (len(bounds_s) + 1)
        self._sum_s = 0.0

    def add(self, seconds: float) -> None:
        """One that took so long."""
        self._counts[bisect_left(self.bounds_s, seconds)] += 1
        self._sum_s += seconds

    @property
    def sum_s(self) -> float:
        """All together."""
        return self._sum_s

    def buckets(self) -> list[tuple[str, float]]:
        """(upper bound, how many took no longer), the last without bound."""
        out: list[tuple[str, float]] = []
        total = 0
        for bound, count in zip((*map(str, self.bounds_s), "+Inf"), tuple(self._counts), strict=True):
            total += count
            out.append((bound, total))
        return out
