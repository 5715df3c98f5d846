"""A statement in one look: what it is about, when, and how sure; for a row of the list and a page's head."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.records import MatchStatus, Outcome
from edge_agent.core.units import TONNE
from edge_agent.devices.pictures.words import ROLES
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_bridge import Limit
from edge_agent.evidence.statement_operator import Calibration, Commissioning, OperatorAction
from edge_agent.evidence.statement_records import Coverage
from edge_agent.inbox.sites import Sites
from edge_agent.report.names import EVENT, FINDING
from edge_agent.report.times import span, to_the_second
from edge_agent.report.words import DONE, KIND, KIND_EN
from edge_agent.web.words import Words


@dataclass(frozen=True, slots=True)
class Brief:
    """What a person sees first."""

    kind: str
    plate: str  # as read and matched; empty where none is named
    plate_colour: str
    title: str  # shop, zone, or why no plate is named
    where: str
    when: str
    figure: str  # the one number that matters
    beside: str  # what it is to be compared with
    tone: str  # of the figure: "bad" only where a limit says over


def brief(statement: Statement, sites: Sites, words: Words) -> Brief:
    """Of any statement."""
    kind = words.name(statement.kind.value, KIND, KIND_EN)
    when = to_the_second(statement.time.event_utc_us)
    if statement.time.event_utc_us is None:
        when = to_the_second(statement.time.sealed_utc_us) if statement.record else words("time_unknown")
    if statement.measurement is not None:
        return _bridge(statement, kind, when, words)
    if statement.storefront is not None:
        return _street(statement, kind, when, sites, words)
    figure, beside = _of_record(statement, words)
    return Brief(kind, "", "", kind, statement.site_id, when, figure, beside, "")


def _bridge(statement: Statement, kind: str, when: str, words: Words) -> Brief:
    measured, recognised = statement.measurement, statement.recognition
    assert measured is not None
    plate = recognised.plate if recognised else None
    unnamed = ""
    if plate is None and recognised is not None and recognised.status is not MatchStatus.MATCHED:
        unnamed = words(f"no_plate_{recognised.status.value}")
    limit = decisive(measured.limits)
    figure = words("no_gross") if measured.gross_g is None else f"{measured.gross_g / TONNE:.2f} t"
    if measured.gross_g is not None and measured.gross_interval95_g is not None:
        figure += f" ± {measured.gross_interval95_g / TONNE:.2f}"
    beside = ""
    if limit is not None and limit.limit_g is not None:
        beside = f"{words('limit')} {limit.limit_g / TONNE:.2f} t"
        if limit.excess_g is not None and limit.outcome is Outcome.OVER:
            beside += f" · {words('excess')} {limit.excess_g / TONNE:.2f} t"
    over = limit is not None and limit.outcome is Outcome.OVER
    return Brief(
        kind=kind,
        plate=plate.text if plate else "",
        plate_colour=plate.colour if plate else "",
        title=unnamed,
        where=f"{statement.site_id} · {words('lane')} {measured.lane}",
        when=when,
        figure=figure,
        beside=beside,
        tone="bad" if over else "",
    )


def decisive(limits: list[Limit]) -> Limit | None:
    """The limit that a reader should see first: of verified rules one that says over, if any does."""
    known = [limit for limit in limits if not limit.reference_only and limit.limit_g is not None]
    over = [limit for limit in known if limit.outcome is Outcome.OVER]
    return next(iter(over or known), None)


def _street(statement: Statement, kind: str, when: str, sites: Sites, words: Words) -> Brief:
    said = statement.storefront
    assert said is not None
    shop = sites.shop(statement.device_id, said.shop) if said.shop else ""
    phase = words.name(said.phase.value, ROLES)
    event = words.name(said.event_type, EVENT)
    looked = said.phase.value in {"recheck", "inspection"}
    figure = words.name(said.finding.value, FINDING) if looked else span(said.dwell_ms)
    beside = phase if looked else f"{phase} · {words('asked')} {span(said.stay_ms)}"
    return Brief(
        kind=kind,
        plate="",
        plate_colour="",
        title=shop or said.zone,
        where=f"{statement.site_id} · {said.zone} · {event}",
        when=when,
        figure=figure,
        beside=beside,
        tone="",
    )


def _of_record(statement: Statement, words: Words) -> tuple[str, str]:
    """What matters of it, and what stands beside."""
    record = statement.record
    match record:
        case Coverage():
            period_ms = (record.end_monotonic_us - record.start_monotonic_us) // 1000
            least = min((part.watched_ms for part in record.parts), default=0)
            return (f"{least / period_ms:.1%}" if period_ms else ""), ""
        case Commissioning():
            return words.name(record.outcome, DONE), f"{record.by} · {record.organisation}"
        case Calibration():
            factor = "–" if record.factor_ppm is None else f"{record.factor_ppm / 10_000:+.2f} %"
            return factor, f"{words('lane')} {record.lane} · {words.name(record.outcome, DONE)}"
        case OperatorAction():
            return words.name(record.outcome, DONE), f"{record.by} · {record.action.replace('_', ' ')}"
    return f"seq {statement.chain.seq}", ""
