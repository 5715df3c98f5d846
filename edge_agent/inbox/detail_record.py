"""What a box says of itself, and what people did at it: the record's fields, and its tables."""

from __future__ import annotations

from typing import Any

from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_operator import Calibration, Commissioning, OperatorAction
from edge_agent.evidence.statement_records import Coverage
from edge_agent.report.times import span, to_the_second
from edge_agent.report.words import DONE, FIELD, blind
from edge_agent.web.words import Words

# The type is the page's title; parts have a table of their own.
ELSEWHERE = frozenset({"type", "parts", "factors"})
UTC = "_utc_us"
# Fields whose values are words of the program; all else in these records people wrote.
WORDS = frozenset({"outcome", "method", "via"})
OF_PEOPLE = Calibration | Commissioning | OperatorAction


def record_detail(statement: Statement, words: Words) -> dict[str, Any] | None:
    """What the page shows of it; None where the statement is a case."""
    record = statement.record
    if record is None:
        return None
    said = {n: v for n, v in record.model_dump(mode="json").items() if n not in ELSEWHERE}
    of_people = isinstance(record, OF_PEOPLE)
    return {
        "title": "people_record" if of_people else "own_record",
        "facts": [(_of_people if of_people else _fact)(name, value, words) for name, value in said.items()],
        "parts": _watched(record, words) if isinstance(record, Coverage) else [],
        "factors": _factors(record) if isinstance(record, Calibration) else [],
        "report": _report(statement),
    }


def _of_people(name: str, value: object, words: Words) -> tuple[str, str]:
    """A field of what people did, in the reader's language."""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    said = words.name(str(value), DONE) if name in WORDS else str(value)
    return words.name(name, FIELD), "–" if value in {None, ""} else said


def _fact(name: str, value: object, _words: Words) -> tuple[str, str]:
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


def _factors(record: Calibration) -> list[dict[str, str]]:
    """A row a speed bin: km/h and per cent."""
    return [
        {
            "up_to": f"{one.up_to_mm_s * 0.0036:.0f}",
            "factor": f"{one.factor_ppm / 10_000:+.2f}",
            "interval": "–" if one.interval_ppm is None else f"{one.interval_ppm / 10_000:.2f}",
            "runs": str(one.runs),
        }
        for one in record.factors
    ]


def _report(statement: Statement) -> str:
    """SHA-256 of the attached report that the record rests on; empty where there is none."""
    named = getattr(statement.record, "report_sha256", None)
    return next((a.sha256 for a in statement.attachments if a.sha256 == named), "")
