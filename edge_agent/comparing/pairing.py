"""Which outcome of one run is which of the other: by place and time, never by number or id, which shift."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from edge_agent.comparing.outcomes import BridgeCrossing, StreetCase

T = TypeVar("T")

# Of all that lie about the same instant at one place, so many on either side may be the other half: what
# truly is lies nearest, and a file with thousands at one instant must not take their square in time.
NEAREST = 6


@dataclass(frozen=True, slots=True)
class Span:
    """Where and when an outcome was; two that are one thing have the same place and meet in time."""

    place: Hashable
    start: int
    end: int


def crossing_span(seen: BridgeCrossing) -> Span:
    """From its first axle to its last."""
    return Span((seen.run, seen.lane), seen.first_axle_at, max(seen.first_axle_at, seen.last_axle_at))


def case_span(case: StreetCase) -> Span:
    """From first seen to the end; what was never cleared, up to its last record."""
    begins = [at for at in (case.first_seen_at, case.confirmed_at, case.last_at) if at is not None]
    end = case.ended_at if case.ended_at is not None else case.last_at
    return Span((case.run, case.zone), begins[0], max(begins[0], end))


def pair(
    left: Sequence[T], right: Sequence[T], span: Callable[[T], Span], reach: int = 0
) -> list[tuple[T | None, T | None]]:
    """Each of both sides once, beside its other half or beside None; by place of the left, then time.

    The nearest beginnings are paired first; the same input gives the same pairs.

    Args:
        left: outcomes of one run.
        right: of the other.
        span: where and when one was.
        reach: spans no further apart than this meet, nanoseconds.
    """
    places: dict[Hashable, tuple[list[T], list[T]]] = {}
    for side, outcomes in enumerate((left, right)):
        for outcome in outcomes:
            places.setdefault(span(outcome).place, ([], []))[side].append(outcome)
    out: list[tuple[T | None, T | None]] = []
    for ours, theirs in places.values():
        found = _at_one_place(ours, theirs, span, reach)
        out.extend(found)
    return out


def _at_one_place(
    left: list[T], right: list[T], span: Callable[[T], Span], reach: int
) -> Iterator[tuple[T | None, T | None]]:
    left.sort(key=lambda one: (span(one).start, span(one).end))
    right.sort(key=lambda one: (span(one).start, span(one).end))
    starts = [span(one).start for one in right]
    near: list[tuple[int, int, int]] = []
    for i, one in enumerate(left):
        mine = span(one)
        middle = bisect_left(starts, mine.start)
        for k in range(max(0, middle - NEAREST), min(len(right), middle + NEAREST)):
            other = span(right[k])
            if mine.start <= other.end + reach and other.start <= mine.end + reach:
                near.append((abs(mine.start - other.start), i, k))
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, k in sorted(near):
        if i not in found and k not in taken:
            found[i] = k
            taken.add(k)
    pairs = [(one, right[found[i]] if i in found else None) for i, one in enumerate(left)]
    alone = [(None, other) for k, other in enumerate(right) if k not in taken]
    yield from sorted([*pairs, *alone], key=lambda both: _start(both, span))


def _start(both: tuple[T | None, T | None], span: Callable[[T], Span]) -> int:
    one = both[0] if both[0] is not None else both[1]
    assert one is not None
    return span(one).start
