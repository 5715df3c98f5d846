"""Inspections that the configuration names by local date and time, and orders that come twice."""

from __future__ import annotations

from edge_agent.core.civil import days_of_iso
from edge_agent.core.events import ClockStatus, InspectionOrdered
from edge_agent.core.standing import utc_of
from edge_agent.core.street.hours import LocalTime, minute_of
from edge_agent.core.street.settings import InspectionSettings
from edge_agent.core.units import Ns, S

# Orders whose repetition is noticed.
MAX_ORDERS = 4_096


class Inspections:
    """Orders that wait for their local time. Nothing is due while the clock is unknown."""

    def __init__(self, settings: tuple[InspectionSettings, ...], local: LocalTime, at: Ns) -> None:
        waiting = [
            (local.utc(days_of_iso(chosen.date) or 0, minute_of(chosen.time)), chosen.order, chosen)
            for chosen in settings
        ]
        self._waiting = sorted(waiting, key=lambda one: one[:2])
        self._began = at
        self._seen: dict[tuple[str, str], None] = {}

    def new(self, order: str, zone: str) -> bool:
        """Whether the order has not come before for this zone; it may name several."""
        if (order, zone) in self._seen:
            return False
        while len(self._seen) >= MAX_ORDERS:
            del self._seen[next(iter(self._seen))]
        self._seen[order, zone] = None
        return True

    def due(self, now: Ns, clock: ClockStatus | None) -> tuple[InspectionOrdered, ...]:
        """Orders whose time has come.

        One whose window was over before the start was another run's. One whose window passed while the
        clock was unknown has expired, and that is what gets recorded.
        """
        utc, began = utc_of(now, clock), utc_of(self._began, clock)
        if utc is None or began is None or not self._waiting or self._waiting[0][0] > utc:
            return ()
        ready = [one for one in self._waiting if one[0] <= utc]
        self._waiting = self._waiting[len(ready) :]
        ends = [(chosen, due_utc + chosen.window_s * S) for due_utc, _, chosen in ready]
        return tuple(
            InspectionOrdered(now, chosen.order, chosen.zone, now, Ns(max(now, now + end - utc)))
            for chosen, end in ends
            if end > began
        )

    def deadline(self, clock: ClockStatus | None) -> Ns | None:
        """When the next is due; None when there is none, or no clock."""
        if clock is None or not self._waiting or utc_of(Ns(0), clock) is None:
            return None
        return Ns(self._waiting[0][0] - clock.utc_minus_mono)
