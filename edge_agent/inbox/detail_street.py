"""A record of a street's case in full, for its page: the stay, the goods, the rule, the case's records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from edge_agent.core.scene import Phase
from edge_agent.devices.pictures.words import LABELS, ROLES
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_street import StoodItem, Storefront
from edge_agent.ingest.store import Stored
from edge_agent.report.case_line import draw_moments
from edge_agent.report.names import EVENT, FINDING, ROUTE, STRENGTH, TIER
from edge_agent.report.times import span, to_the_second
from edge_agent.web.words import Words


def street_detail(statement: Statement, records: Sequence[Statement], words: Words) -> dict[str, Any]:
    """What the page shows of it.

    Args:
        statement: the page's own record.
        records: all of the case that are here, this one too, oldest first.
        words: in which language.
    """
    said = statement.storefront
    assert said is not None
    return {
        "text": said.text.zh if words.chinese else said.text.en,
        "event": words.name(said.event_type, EVENT),
        "phase": words.name(said.phase.value, ROLES),
        "finding": words.name(said.finding.value, FINDING),
        "tier": said.tier,
        "tier_name": words.name(said.tier, TIER) if said.tier else "",
        "zone": said.zone,
        "camera": said.camera,
        "order": said.order,
        "stay": _stay(said, words),
        "goods": [_item(item, words) for item in said.items],
        "rule": [(fact.name, fact.value) for fact in said.in_force],
        "routes": [words.name(route, ROUTE) for route in said.routes],
        "story": _story(records, words),
    }


def record_line(stored: Stored, statement: Statement, words: Words) -> dict[str, Any]:
    """One record of the case, for the list of them."""
    said, measured = statement.storefront, statement.measurement
    what = ""
    if said is not None:
        what = f"{words.name(said.phase.value, ROLES)} · {words.name(said.finding.value, FINDING)}"
    return {
        "place": stored.place,
        "revision": said.revision if said else measured.revision if measured else 0,
        "what": what,
        "when": to_the_second(statement.time.event_utc_us),
        "use_class": stored.use_class,
    }


def _stay(said: Storefront, words: Words) -> list[tuple[str, str]]:
    """Label and value; what was not measured, or did not happen, is not said."""
    times = (
        ("first_seen", said.first_seen_utc_us),
        ("confirmed_at", said.confirmed_utc_us),
        ("ended_at", said.ended_utc_us),
    )
    rows = [(words(name), to_the_second(at)) for name, at in times if at is not None]
    if said.phase is not Phase.INSPECTION:
        rows.append((words("dwell"), f"{span(said.dwell_ms)} / {span(said.stay_ms)}"))
        rows.append((words("paused"), span(said.paused_ms)))
    rows.append((words("looks"), f"{said.samples_present} / {said.samples}"))
    rows.append((words("share"), f"{said.share_permille / 10:.1f} %"))
    if said.area_cm2 is not None:
        rows.append((words("area"), f"{said.area_cm2 / 10_000:.2f} m²"))
    if said.passable_mm is not None:
        rows.append((words("passable"), f"{said.passable_mm / 1000:.2f} m"))
    if said.protrusion_mm is not None:
        rows.append((words("protrusion"), f"{said.protrusion_mm / 1000:.2f} m"))
    return rows


def _item(item: StoodItem, words: Words) -> dict[str, str]:
    return {
        "label": words.name(item.label, LABELS),
        "strength": words.name(item.strength, STRENGTH),
        "score": f"{item.score_permille / 10:.0f} %",
        "samples": str(item.samples),
        "stood": span((item.last_seen_monotonic_us - item.first_seen_monotonic_us) // 1000),
        "inside": f"{item.share_permille / 10:.0f} %",
    }


def _story(records: Sequence[Statement], words: Words) -> Markup:
    """The case's moments on a line."""
    drawn = draw_moments(
        records,
        labels=(words("story_state"), words("revision"), words("story"), words("china_time")),
        roles={role: words.name(role, ROLES) for role in ROLES},
        chinese=words.chinese,
    )
    return Markup(drawn)  # noqa: S704 - our own drawing; its texts are escaped there
