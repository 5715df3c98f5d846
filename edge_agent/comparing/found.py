"""What a side has at a place and time: a day with ten thousand differences asks ten thousand times."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from edge_agent.comparing.outcomes import BridgeCrossing, Outcomes, StreetCase, ZoneStay
from edge_agent.comparing.pairing import Span, case_span, crossing_span

T = TypeVar("T")


class Timeline(Generic[T]):
    """Things of one kind by place; those of one place come one after the other."""

    def __init__(self, things: Iterable[tuple[Span, T]]) -> None:
        """Each with where and when it was."""
        self._places: dict[Hashable, list[tuple[Span, T]]] = {}
        for span, thing in things:
            self._places.setdefault(span.place, []).append((span, thing))
        for row in self._places.values():
            row.sort(key=lambda both: (both[0].start, both[0].end))

    def meeting(self, span: Span) -> Iterator[T]:
        """What was there at that time, the latest first."""
        row = self._places.get(span.place, [])
        for other, thing in reversed(row[: bisect_right(row, span.end, key=lambda both: both[0].start)]):
            if other.end < span.start:
                return
            yield thing


class Found:
    """All that reasons look up on one side."""

    def __init__(self, outcomes: Outcomes) -> None:
        """Sorted once."""
        self.crossings: Timeline[BridgeCrossing] = Timeline((crossing_span(c), c) for c in outcomes.crossings)
        self.cases: Timeline[StreetCase] = Timeline((case_span(c), c) for c in outcomes.cases)
        self.stays: Timeline[ZoneStay] = Timeline(
            (Span((s.run, s.zone), s.began_at, s.until), s) for s in outcomes.stays
        )
        self.by_case: dict[str, list[StreetCase]] = {}  # stays of one case id, in order
        for case in outcomes.cases:
            self.by_case.setdefault(case.case, []).append(case)
