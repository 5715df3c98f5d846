"""A comparison for scripts: everything, integers in the units of the records, times as UTC beside them."""

from __future__ import annotations

from typing import Any

from edge_agent.comparing.compare import Comparison, Difference, How
from edge_agent.comparing.fields import AnyOutcome, Value, fields_of
from edge_agent.comparing.outcomes import counts
from edge_agent.comparing.sides import Side
from edge_agent.comparing.two import Two
from edge_agent.local_time import local_time


def as_json(comparison: Comparison, two: Two) -> dict[str, Any]:
    """The whole comparison.

    Returns:
        same; identical (to the byte); notes; numbers {added, removed, changed, shifted, same}; a and b, each
        {name, software, models, counts, notes}; settings [{key, old, new}]; differences [{kind, how, place,
        run, at, utc, a, b (all fields), changes [{field, old, new, unit, concluded}], reasons [{known, en,
        zh, settings, by, unit}]}].
    """
    return {
        "same": not comparison.differences,
        "identical": two.first_other is None,
        "notes": [english for _, english in two.notes],
        "numbers": comparison.numbers(),
        "a": _side(two.left),
        "b": _side(two.right),
        "settings": [{"key": one.key, "old": one.old, "new": one.new} for one in two.settings],
        "differences": [_difference(one, two) for one in comparison.differences],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "software": side.software,
        "models": dict(side.models),
        "decisions": side.outcomes.decisions,
        "counts": counts(side.outcomes),
        "notes": [english for _, english in side.notes],
    }


def _difference(one: Difference, two: Two) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "how": str(one.how),
        "place": one.place,
        "run": one.run,
        "at": one.at,
        "utc": _utc(one, two),
        "a": _fields(one.left),
        "b": _fields(one.right),
        "changes": [
            {
                "field": change.field,
                "old": change.old,
                "new": change.new,
                "unit": change.unit,
                "concluded": change.concluded,
            }
            for change in one.changes
        ],
        "reasons": [
            {
                "known": reason.known,
                "en": reason.en,
                "zh": reason.zh,
                "settings": list(reason.settings),
                "by": reason.by,
                "unit": reason.unit,
            }
            for reason in one.reasons
        ],
    }


def _fields(outcome: AnyOutcome | None) -> dict[str, Value] | None:
    return None if outcome is None else {name: field.value for name, field in fields_of(outcome).items()}


def _utc(one: Difference, two: Two) -> str | None:
    side = two.left if one.how is How.REMOVED else two.right
    utc = None if one.at is None else side.outcomes.utc(one.run, one.at)
    if utc is None:
        return None
    return local_time(utc, 0).isoformat(timespec="milliseconds").replace("+00:00", "Z")
