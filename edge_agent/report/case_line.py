"""A street case's moments on a line, out of its records alone: what they say, nothing between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_agent.core.scene import Phase
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_street import Storefront
from edge_agent.report.line_plot import Axis, Pin, draw_records
from edge_agent.report.names import STATE
from edge_agent.report.zone_line import Run

MARGIN_SHARE = 20
MARGIN_LEAST_NS = 20 * 10**9


def draw_moments(
    records: Sequence[Statement],
    *,
    labels: tuple[str, str, str, str],
    roles: Mapping[str, str],
    chinese: bool,
) -> str:
    """The drawing of a case's records, as far as one run of the box's clock goes.

    Args:
        records: of one case, oldest first.
        labels: of the band of states, of a record, of the drawing, of whose clock the axis shows.
        roles: how pictures are called, those that are to be marked.
        chinese: states by their Chinese names too.
    """
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
    band, record, title, clock = labels
    return draw_records(
        axis, band, _states(told, axis), _pins(here, axis, roles, record), title,
        STATE if chinese else {}, clock if known else "",
    )  # fmt: skip


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


def _pins(here: Sequence[Statement], axis: Axis, roles: Mapping[str, str], record: str) -> list[Pin]:
    pictures = {
        attachment.sha256: Pin(attachment.captured_monotonic_us * 1000, roles[attachment.role])
        for one in here
        for attachment in one.attachments
        if attachment.role in roles and attachment.captured_monotonic_us is not None
    }
    records = [
        Pin(said.judged_monotonic_us * 1000, f"{record} {said.revision}", record=True)
        for said in (one.storefront for one in here)
        if said is not None
    ]
    return [pin for pin in (*pictures.values(), *records) if axis.start <= pin.at <= axis.end]
