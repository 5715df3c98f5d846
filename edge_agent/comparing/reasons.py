"""Every difference with the reasons for it. A reason is worked out of records and settings, or not known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edge_agent.comparing.bridge_reasons import crossing_reasons
from edge_agent.comparing.compare import Comparison, Difference, Reason
from edge_agent.comparing.look_reasons import look_reasons
from edge_agent.comparing.street_reasons import case_reasons
from edge_agent.comparing.two import Two
from edge_agent.comparing.wording import listed, reason, said


def with_reasons(comparison: Comparison, two: Two) -> Comparison:
    """The same comparison, each difference with its reasons."""
    explained = (replace(one, reasons=tuple(_reasons(one, two))) for one in comparison.differences)
    return replace(comparison, differences=tuple(explained))


def _reasons(difference: Difference, two: Two) -> Iterator[Reason]:
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
