"""What a box says of itself, for its page: the fields of the record, and what was truly watched."""

from __future__ import annotations

from typing import Any

from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_records import Coverage
from edge_agent.report.times import span, to_the_second
from edge_agent.report.words import blind
from edge_agent.web.words import Words

# The type is the page's title; parts have a table of their own.
ELSEWHERE = frozenset({"type", "parts"})
UTC = "_utc_us"


def record_detail(statement: Statement, words: Words) -> dict[str, Any] | None:
    """What the page shows of it; None where the statement is a case."""
    record = statement.record
    if record is None:
        return None
    said = record.model_dump(mode="json").items()
    return {
        "facts": [_fact(name, value) for name, value in said if name not in ELSEWHERE],
        "parts": _watched(record, words) if isinstance(record, Coverage) else [],
    }


def _fact(name: str, value: object) -> tuple[str, str]:
    """The field's own name, and its value; a time as people read it."""
    if name.endswith(UTC) and isinstance(value, int):
        return name.removesuffix(UTC).replace("_", " "), to_the_second(value)
    return name.replace("_", " "), "–" if value is None else str(value)


def _watched(record: Coverage, words: Words) -> list[dict[str, str]]:
    period_ms = -(-(record.end_monotonic_us - record.start_monotonic_us) // 1000)
    return [
        {
            "part": part.part,
            "watched": span(part.watched_ms),
            "share": f"{part.watched_ms / period_ms:.1%}",
            "blind": " · ".join(f"{blind(lost.reason, words)} {span(lost.blind_ms)}" for lost in part.blind),
        }
        for part in record.parts
    ]
