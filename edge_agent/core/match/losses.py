"""Times of which something had to be forgotten: near them nothing may be decided.

What was forgotten might have been the rival that matters.
"""

from __future__ import annotations

from edge_agent.core.units import Ns

MOST_SPANS = 32


class Losses:
    """A bounded list of spans of event time."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._spans: list[tuple[Ns, Ns]] = []
        self._count = 0

    def add(self, start: Ns, end: Ns) -> None:
        """Something between these instants was not looked at."""
        self._count += 1
        if self._spans and (len(self._spans) >= MOST_SPANS or self._spans[-1][1] >= start):
            first, last = self._spans[-1]
            self._spans[-1] = (min(first, start), max(last, end))
        else:
            self._spans.append((start, end))

    def take_count(self) -> int:
        """How many were lost since this was last asked."""
        count, self._count = self._count, 0
        return count

    def near(self, start: Ns, end: Ns) -> bool:
        """Could anything lost compete in this window? Rivals reach one window's length beyond it."""
        reach = end - start
        return any(first - reach <= end and start <= last + reach for first, last in self._spans)

    def expire(self, now: Ns) -> None:
        """Forget what can matter no more."""
        self._spans = [(a, b) for a, b in self._spans if b >= now - self._keep]
