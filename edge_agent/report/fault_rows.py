"""What was wrong with the road or the box, one row a source and kind."""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.core.decisions import Decision, Fault
from edge_agent.core.units import MS, US
from edge_agent.report.plates import detail_of
from edge_agent.report.times import span, to_the_second

MOST = 100


def fault_rows(
    decisions: Iterable[Decision], offset_us: int | None, *, plates: bool
) -> tuple[list[dict[str, str]], int]:
    """Most frequent first, and how many are left out; what cameras said of themselves stands elsewhere.

    Args:
        decisions: others are passed over.
        offset_us: UTC less the box's clock; None: not known.
        plates: show what was read of others too.
    """
    groups: dict[tuple[str, str], list[Fault]] = {}
    for decision in decisions:
        if isinstance(decision, Fault) and not decision.source.startswith("camera/"):
            groups.setdefault((decision.source, decision.kind.value), []).append(decision)
    ranked = sorted(groups.values(), key=lambda faults: -sum(fault.count for fault in faults))
    rows = [_row(faults, offset_us, plates=plates) for faults in ranked[:MOST]]
    return rows, len(ranked) - len(rows)


def _row(faults: list[Fault], offset_us: int | None, *, plates: bool) -> dict[str, str]:
    def when(at: int) -> str:
        return to_the_second(at // US + offset_us) if offset_us is not None else span(at // MS)

    return {
        "first": when(faults[0].at),
        "last": when(faults[-1].at),
        "source": faults[0].source,
        "kind": faults[0].kind.value.replace("_", " "),
        "count": str(sum(fault.count for fault in faults)),
        "detail": detail_of(faults[0], plates=plates),
    }
