"""A weighing in full, for its page: the weight, every limit, the axles, the plate's match, the trace."""

from __future__ import annotations

import logging
from typing import Any

from markupsafe import Markup

from edge_agent.core.records import MatchStatus, Outcome
from edge_agent.core.units import TONNE, US, Ns
from edge_agent.core.weigh.limits.facts import ASSUMPTIONS
from edge_agent.errors import EdgeAgentError
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_bridge import Limit, MeasuredAxle, Recognition
from edge_agent.inbox.sites import Sites
from edge_agent.ingest.attachments import AttachmentReader
from edge_agent.report.trace_data import lines_of_bytes
from edge_agent.report.trace_plot import Mark, draw_trace
from edge_agent.report.words import EVALUATOR, EVALUATOR_EN, FLAG
from edge_agent.web.words import Words

log = logging.getLogger(__name__)

TONE = {
    Outcome.OVER: "bad",
    Outcome.WITHIN: "good",
    Outcome.NOT_COVERED: "soft",
    Outcome.NOT_ASSESSED: "warn",
}
MAX_RAW = 64 * 1024 * 1024


def bridge_detail(
    statement: Statement, sites: Sites, files: AttachmentReader, words: Words
) -> dict[str, Any]:
    """What the page shows of it."""
    measured, recognised = statement.measurement, statement.recognition
    assert measured is not None
    trace, note = _trace(statement, sites, files, words)
    return {
        "gross": _tonnes(measured.gross_g),
        "interval": _tonnes(measured.gross_interval95_g),
        "speed": "–" if measured.speed_mm_s is None else f"{measured.speed_mm_s * 0.0036:.1f} km/h",
        "lane": measured.lane,
        "flags": [words.name(flag.value, FLAG) for flag in measured.flags],
        "assumptions": [_assumed(key, words) for key in measured.assumptions],
        "limits": [_limit(limit, words) for limit in measured.limits],
        "axles": [_axle(number, axle) for number, axle in enumerate(measured.axles, start=1)],
        "match": _match(recognised, words) if recognised else [],
        "candidates": _candidates(recognised) if recognised else [],
        "trace": trace,
        "trace_note": note,
    }


def _assumed(key: str, words: Words) -> str:
    english, chinese = ASSUMPTIONS.get(key, (key, key))
    return chinese if words.chinese else english


def _tonnes(grams: int | None) -> str:
    return "–" if grams is None else f"{grams / TONNE:.2f}"


def _kg(grams: int | None) -> str:
    return "–" if grams is None else f"{grams / 1000:,.0f}"


def _limit(limit: Limit, words: Words) -> dict[str, Any]:
    return {
        "name": words.name(limit.evaluator, EVALUATOR, EVALUATOR_EN),
        "subject": limit.subject,
        "measured": _kg(limit.measured_g),
        "deduction": _kg(limit.deduction_g),
        "deducted": _kg(limit.deducted_g),
        "limit": _kg(limit.limit_g),
        "excess": _kg(limit.excess_g),
        "result": words(limit.outcome.value),
        "tone": TONE[limit.outcome],
        "text": limit.text.zh if words.chinese else limit.text.en,
        "basis": limit.legal_basis,
        "unverified": limit.reference_only,
    }


def _axle(number: int, axle: MeasuredAxle) -> dict[str, str]:
    return {
        "number": str(number),
        "load": _tonnes(axle.load_g),
        "interval": _tonnes(axle.interval95_g),
        "left": _tonnes(axle.left_g),
        "right": _tonnes(axle.right_g),
        "offset": "–" if axle.offset_mm is None else f"{axle.offset_mm / 1000:.2f}",
    }


def _match(recognised: Recognition, words: Words) -> list[tuple[str, str]]:
    """Label and value."""
    seen = {True: "vehicle_yes", False: "vehicle_no", None: "vehicle_unknown"}[recognised.vehicle_confirmed]
    rows = [
        (words("posterior"), f"{recognised.posterior_ppm / 10_000:.2f} %"),
        (words("runner_up"), f"{recognised.runner_up_ppm / 10_000:.2f} %"),
    ]
    if recognised.plate is not None:
        plate = recognised.plate
        rows.append((words("plate_confidence"), f"{plate.confidence_permille / 10:.1f} %"))
        rows.append((words("reads"), f"{plate.agreeing} / {plate.reads}"))
    return [*rows, (words("pictures"), words(seen))]


def _candidates(recognised: Recognition) -> list[tuple[str, str]]:
    """Plates that might be it, where none is named: a reviewer must see that there are several."""
    if recognised.status is MatchStatus.MATCHED:
        return []
    return [(found.plate.text, f"{found.posterior_ppm / 10_000:.2f} %") for found in recognised.candidates]


def _trace(statement: Statement, sites: Sites, files: AttachmentReader, words: Words) -> tuple[Markup, str]:
    """The drawing, and what must be said of it."""
    measured = statement.measurement
    assert measured is not None
    nothing = Markup("")
    if measured.raw is None or measured.raw.sha256 is None:
        return nothing, words("no_raw")
    data = files.read(measured.raw.sha256)
    if data is None or len(data) > MAX_RAW:
        return nothing, words("not_here")
    config = sites.of(statement.device_id)
    lane = config.lanes.get(measured.lane) if config else None
    if config is None or lane is None:
        return nothing, words("no_site")
    first = measured.first_axle_monotonic_us
    try:
        lines = lines_of_bytes(data, config.ports[lane.port].protocol, lane.scale, Ns(first * US))
    except EdgeAgentError as error:
        log.warning("raw bytes of %s: %s", statement.packet_id, error)
        return nothing, words("undrawable")
    if not lines:
        return nothing, words("undrawable")
    marks = [
        Mark((axle.at_monotonic_us - first) / 1e6, f"{axle.load_g / TONNE:.2f}") for axle in measured.axles
    ]
    drawn = draw_trace(lines, marks, words("trace"), words("trace_axes_x"), words("trace_axes_y"))
    same = config.sha256() == statement.software.config_sha256
    return Markup(drawn), "" if same else words("other_site")  # noqa: S704 - ours; its texts are escaped
