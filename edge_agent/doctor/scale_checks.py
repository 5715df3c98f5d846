"""The scales' papers: verification certificate and calibration of each lane."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.config.settings import LaneConfig, SiteConfig
from edge_agent.core.civil import days_of_iso, local_day
from edge_agent.core.records import UseClass
from edge_agent.core.units import US, Ns
from edge_agent.core.use_class import UNCALIBRATED
from edge_agent.doctor.box import utc_us
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes

SOON_DAYS = 30


def check(name: str, lane: LaneConfig, today: int, *, test: bool) -> Iterator[Finding]:
    """What is to be said of a lane's papers.

    Args:
        name: of the lane.
        lane: its configuration.
        today: local day, from 1970-01-01.
        test: nothing of this site is ever more than a test.
    """
    subject, held = f"lane/{name}", lane.certificate
    if UNCALIBRATED in lane.scale.calibration.id and not test:
        calibration = lane.scale.calibration.id
        yield Finding("scale.uncalibrated", subject, State.WARNING, {"calibration": calibration})
    if held is None:
        if test:
            yield Finding("scale.test", subject, State.OK)
        else:
            yield Finding("scale.no_certificate", subject, State.WARNING)
        return
    calibration = lane.scale.calibration.id
    if held.calibration_id not in {"", calibration}:
        verified = {"verified": held.calibration_id, "calibration": calibration}
        yield Finding("scale.not_verified", subject, State.WARNING, verified)
    last = days_of_iso(held.valid_until)
    left = -1 if last is None else last - today
    values = {"number": held.number, "until": held.valid_until, "days": left}
    if left < 0:
        yield Finding("scale.expired", subject, State.FAULT, values)
    elif left <= SOON_DAYS:
        yield Finding("scale.expires_soon", subject, State.WARNING, values)
    else:
        yield Finding("scale.ok", subject, State.OK, values)


def scale_findings(config: SiteConfig, _eyes: Eyes) -> Iterator[Finding]:
    """Look at the papers of every lane."""
    legal = config.site.legal
    today = local_day(Ns(utc_us(config) * US), legal.utc_offset_minutes)
    for name, lane in config.lanes.items():
        yield from check(name, lane, today, test=legal.use_class is UseClass.TEST)
