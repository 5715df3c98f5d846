"""The demo's numbers: what the box decided against what really drove over the bridge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.core.records import MatchStatus
from edge_agent.core.units import MS
from edge_agent.demo.board import Row

# A crossing is the passage whose first axle was at the first sensor within this.
SAME_NS = 400 * MS


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the statements, counted on both sides."""

    sealed: int
    published: int
    receipted: int
    verified: int


def summarise(
    rows: Sequence[Row], truth: Sequence[dict[str, Any]], delivery: Delivery, **more: object
) -> dict[str, Any]:
    """`summary.json`, as scripts may rely on it."""
    cases = [row for row in rows if row.seal is not None and row.match is not None]
    statuses = [row.match.status for row in cases if row.match is not None]
    latencies = sorted(row.latency_ms for row in rows if row.latency_ms is not None)
    return {
        "simulated": True,
        "crossings": len(rows),
        "passages": len(truth),
        "overweight": {
            "true": sum(1 for passage in truth if passage["overweight"]),
            "decided": sum(1 for row in rows if row.over),
            "falsely": sum(1 for row in rows if row.over and not _truly_over(row, truth)),
        },
        "matches": {
            "matched": statuses.count(MatchStatus.MATCHED),
            "ambiguous": statuses.count(MatchStatus.AMBIGUOUS),
            "unmatched": statuses.count(MatchStatus.UNMATCHED),
            "wrong": sum(1 for row in cases if _wrong(row, truth)),
        },
        "statements": {
            "sealed": delivery.sealed,
            "published": delivery.published,
            "receipted": delivery.receipted,
            "verified": delivery.verified,
        },
        "latency_ms": {"p50": percentile(latencies, 50), "p95": percentile(latencies, 95)},
        **more,
    }


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """The smallest value that at least `percent` of the values do not exceed; None of nothing.

    >>> percentile([10, 20, 30], 50), percentile([], 95)
    (20, None)
    """
    if not ordered:
        return None
    return ordered[-(-len(ordered) * percent // 100) - 1]


def passage_of(row: Row, truth: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """What really drove there; None when nothing did."""
    at, lane = row.crossing.first_axle_at, row.crossing.lane
    near = [
        passage
        for passage in truth
        if passage["lane"] == lane
        and passage["first_axle_at"] is not None
        and abs(passage["first_axle_at"] - at) <= SAME_NS
    ]
    return min(near, key=lambda passage: (abs(passage["first_axle_at"] - at), passage["id"]), default=None)


def _truly_over(row: Row, truth: Sequence[dict[str, Any]]) -> bool:
    passage = passage_of(row, truth)
    return passage is not None and bool(passage["overweight"])


def _wrong(row: Row, truth: Sequence[dict[str, Any]]) -> bool:
    """A statement named somebody else, be it amended later or not."""
    passage = passage_of(row, truth)
    own = {passage["plate"], passage["plate_rear"]} if passage else set()
    return any(text not in own for text in row.named)
