"""Every difference with the reasons for it. A reason is worked out of records and settings, or not known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edge_agent.comparing.bridge_reasons import crossing_reasons
from edge_agent.comparing.compare import Comparison, Difference, How, Reason
from edge_agent.comparing.look_reasons import look_reasons
from edge_agent.comparing.street_reasons import case_reasons
from edge_agent.comparing.two import Two
from edge_agent.comparing.wording import listed, reason, said


def with_reasons(comparison: Comparison, two: Two) -> Comparison:
    """The same comparison, each difference with its reasons."""
    explained = (replace(one, reasons=tuple(_reasons(one, two))) for one in comparison.differences)
    return replace(comparison, differences=tuple(explained))


def _not_asked_for(difference: Difference, two: Two) -> Reason | None:
    """What only one side has, where the other is another part of its recording."""
    if two.left.part == two.right.part:
        return None
    lacks_left = difference.how is How.ADDED or any(c.old is None for c in difference.changes if c.concluded)
    lacks_right = difference.how is How.REMOVED or any(
        c.new is None for c in difference.changes if c.concluded
    )
    part = (two.left.part if lacks_left else "") or (two.right.part if lacks_right else "")
    return reason(said("another_part", part=part), known=False) if part else None


def _reasons(difference: Difference, two: Two) -> Iterator[Reason]:
    away = _not_asked_for(difference, two)
    if away is not None:
        yield away
        return
    match difference.kind:
        case "crossing":
            yield from crossing_reasons(difference, two)
        case "case":
            yield from case_reasons(difference, two)
        case "look":
            yield from look_reasons(difference, two)
        case "suspect":
            keys = two.under("street")
            yield reason(said("look_unknown", listed=listed(keys)), known=False, settings=keys)
        case _:
            return
