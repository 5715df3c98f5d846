"""What only shifted, as a summary: how many, and between which bounds each number moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from edge_agent.comparing.compare import Change, Comparison, How
from edge_agent.comparing.describe import field_name, moved
from edge_agent.comparing.wording import Both


@dataclass(frozen=True, slots=True)
class Shift:
    """One number of one kind of outcome, over all that only shifted."""

    kind: str
    field: str
    name: Both
    count: int
    least: int | None  # the furthest down or least up; None where it is no number
    most: int | None
    unit: str
    text: str  # both bounds as people read them


def shifts(comparison: Comparison) -> tuple[Shift, ...]:
    """A line for each number, in the order in which they first came."""
    moves: dict[tuple[str, str], list[Change]] = {}
    for one in comparison.of(How.SHIFTED):
        for change in one.changes:
            moves.setdefault((one.kind, change.field), []).append(change)
    return tuple(_shift(kind, field, changes) for (kind, field), changes in moves.items())


def _shift(kind: str, field: str, changes: Iterable[Change]) -> Shift:
    known = list(changes)
    moved_by = sorted(change.by for change in known if change.by is not None)
    if not moved_by:
        return Shift(kind, field, field_name(field), len(known), None, None, known[0].unit, "")
    bounds = [moved(replace(known[0], old=0, new=by)) for by in (moved_by[0], moved_by[-1])]
    text = bounds[0] if bounds[0] == bounds[1] else f"{bounds[0]} .. {bounds[1]}"
    return Shift(kind, field, field_name(field), len(known), moved_by[0], moved_by[-1], known[0].unit, text)
