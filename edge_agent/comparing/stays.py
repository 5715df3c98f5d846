"""A zone's time line into stays: how long something stood there, and how much was asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from edge_agent.comparing.outcomes import ZoneStay
from edge_agent.core.decisions import ZoneChanged
from edge_agent.core.scene import Finding
from edge_agent.core.units import Ns

# A step of the rule, as `core/street/timeline.py` tells it: the mark, and the dwell of what was asked for.
STEP = re.compile(r"(?P<mark>[a-z]+) \d+ of (?P<asked>\d{1,12}) ms$")


@dataclass(slots=True)
class _Open:
    """A stay that has not ended."""

    run: int
    camera: str
    zone: str
    began_at: Ns
    until: Ns
    dwell_ms: int = 0
    asked_ms: int | None = None
    confirmed: bool = False
    details: set[str] = field(default_factory=set)

    def closed(self) -> ZoneStay:
        return ZoneStay(
            self.run,
            self.camera,
            self.zone,
            self.began_at,
            self.until,
            self.dwell_ms,
            self.asked_ms,
            self.confirmed,
            tuple(sorted(self.details)),
        )


class Stays:
    """All stays so far. A stay begins with goods, and ends where its dwell begins anew."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._closed: list[ZoneStay] = []

    def add(self, run: int, change: ZoneChanged) -> None:
        """One point of a zone's time line."""
        step = STEP.match(change.detail)
        there = change.finding is Finding.PRESENT or change.dwell_ms > 0
        stay = self._open.get(change.zone)
        if stay is not None and (stay.run != run or change.dwell_ms < stay.dwell_ms or not there):
            self._closed.append(self._open.pop(change.zone).closed())
            stay = None
        if not there:
            return
        if stay is None:
            stay = _Open(run, change.camera, change.zone, change.at, change.at)
            self._open[change.zone] = stay
        stay.until, stay.dwell_ms = change.at, change.dwell_ms
        if step is not None:
            stay.asked_ms = int(step["asked"])
            stay.confirmed = stay.confirmed or step["mark"] == "stayed"
        elif change.detail:
            stay.details.add(change.detail)

    def all(self) -> tuple[ZoneStay, ...]:
        """Every stay, those that have not ended included, by their beginning."""
        stays = [*self._closed, *(stay.closed() for stay in self._open.values())]
        return tuple(sorted(stays, key=lambda stay: (stay.run, stay.began_at, stay.zone)))
