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
from edge_agent.report.line_plot import Axis, Pin, draw_records
from edge_agent.report.names import EVENT, FINDING, ROUTE, STATE, STRENGTH, TIER
from edge_agent.report.times import span, to_the_second
from edge_agent.report.zone_line import Run
from edge_agent.web.words import Words

MARGIN_SHARE = 20
MARGIN_LEAST_NS = 20 * 10**9


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
    """The case's moments on a line, as far as one run of the box's clock goes."""
    boot = records[-1].chain.boot_id
    here = [record for record in records if record.chain.boot_id == boot and record.storefront is not None]
    told = [record.storefront for record in here if record.storefront is not None]
    begins = min(said.first_seen_monotonic_us or said.judged_monotonic_us for said in told) * 1000
    ends = max(said.judged_monotonic_us for said in told) * 1000
    margin = max((ends - begins) // MARGIN_SHARE, MARGIN_LEAST_NS)
    time = here[0].time
    known = time.event_utc_us is not None and time.event_monotonic_us is not None
    offset = (time.event_utc_us or 0) - (time.event_monotonic_us or 0) if known else None
    axis = Axis(begins - margin, ends + margin, offset)
    drawn = draw_records(
        axis, words("story_state"), _states(told, axis), _pins(here, axis, words), words("story"),
        STATE if words.chinese else {}, words("china_time") if known else "",
    )  # fmt: skip
    return Markup(drawn)  # noqa: S704 - our own drawing; its texts are escaped there


def _states(told: Sequence[Storefront], axis: Axis) -> list[Run]:
    """What the records say that the zone's state was; nothing beyond the last of them."""
    last = told[-1]
    corners: list[tuple[int, str]] = []
    for at_us, state in (
        (last.candidate_monotonic_us, "candidate"),
        (last.confirmed_monotonic_us, "confirmed"),
        *((said.judged_monotonic_us, "ongoing") for said in told if said.phase is Phase.ONGOING),
        *((said.judged_monotonic_us, "clear") for said in told if said.phase is Phase.CLEARED),
        *((said.judged_monotonic_us, "confirmed") for said in told if said.phase is Phase.REOPENED),
    ):
        if at_us is not None and axis.start <= at_us * 1000 <= axis.end:
            corners.append((at_us * 1000, state))
    if not corners:
        return []  # an inspection looks once
    corners.sort()
    until = last.judged_monotonic_us * 1000
    ends = [*(at for at, _ in corners[1:]), max(until, corners[-1][0])]
    return [Run(at, end, state) for (at, state), end in zip(corners, ends, strict=True) if end > at]


def _pins(here: Sequence[Statement], axis: Axis, words: Words) -> list[Pin]:
    pictures = {
        attachment.sha256: Pin(attachment.captured_monotonic_us * 1000, words.name(attachment.role, ROLES))
        for record in here
        for attachment in record.attachments
        if attachment.role in ROLES and attachment.captured_monotonic_us is not None
    }
    records = [
        Pin(said.judged_monotonic_us * 1000, f"{words('revision')} {said.revision}", record=True)
        for said in (record.storefront for record in here)
        if said is not None
    ]
    return [pin for pin in (*pictures.values(), *records) if axis.start <= pin.at <= axis.end]
