"""The coverage ledger: for how long each zone and lane was truly watched, as one record a period.

"Nothing happened" and "nobody could see" are told apart by it. Each part has one reason at a time why
it is blind, none while it is watched; the time since the last word about a part goes to the reason that
held then, unless it turns out that it did not (`lapse`).

A period ends on a whole multiple of its length in UTC, so that the records of all boxes lie side by
side; on whole multiples of the box's own clock while UTC is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.core.decisions import SealCoverage
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.scene import Watched
from edge_agent.core.units import MS, Ns, S

HOUR_S = 3_600  # a period where the site does not say

# Reasons are few by construction; beyond so many in one period the rest is told as one.
MAX_REASONS = 16
OTHER = "other"


@dataclass(slots=True)
class _Part:
    reason: str
    since: Ns  # accounted up to here
    spent: dict[str, int] = field(default_factory=dict)  # ns by reason; "" is watched

    def account(self, until: Ns, reason: str) -> None:
        if until <= self.since:
            return
        known = reason in self.spent or reason == "" or len(self.spent) < MAX_REASONS
        key = reason if known else OTHER
        self.spent[key] = self.spent.get(key, 0) + until - self.since
        self.since = until


class Coverage:
    """All zones and lanes of the site. Reasons are one word each, empty for watched."""

    def __init__(self, parts: tuple[str, ...], period_s: int, at: Ns, reason: str) -> None:
        self._parts = {part: _Part(reason, at) for part in sorted(parts)}
        self._period = period_s * S
        self._start = at
        # When the running period ends by this clock: asked at every event, and hardly ever another answer.
        self._over: tuple[Ns, ClockStatus | None] | None = None

    def note(self, part: str, at: Ns, reason: str) -> None:
        """What held up to `at` is accounted; from there on `reason` holds."""
        known = self._parts.get(part)
        if known is not None:
            self._over = None
            known.account(at, known.reason)
            known.reason = reason

    def lapse(self, part: str, at: Ns, reason: str) -> None:
        """Since the last word about the part it was `reason`, not what was thought, and still is."""
        known = self._parts.get(part)
        if known is not None:
            self._over = None
            known.reason = reason
            known.account(at, reason)

    def reason(self, part: str) -> str:
        """Why the part is blind now; empty when it is watched."""
        return self._parts[part].reason

    def deadline(self, clock: ClockStatus | None) -> Ns | None:
        """When the running period ends; None when there is nothing to watch."""
        return self._over_at(clock) if self._parts else None

    def advance(self, now: Ns, clock: ClockStatus | None) -> tuple[SealCoverage, ...]:
        """Close the running period when it is over; several that nobody ticked through are one.

        To be called before anything is noted of a time `now`: what is accounted goes to the running period.
        """
        if not self._parts or now < self._over_at(clock):
            return ()
        self._over = None
        start, end = self._start, Ns(self._end(now, clock) - self._period)
        self._start = end
        parts = tuple(self._close(name, part, end) for name, part in self._parts.items())
        return (SealCoverage(now, start, end, parts, clock),)

    def _over_at(self, clock: ClockStatus | None) -> Ns:
        if self._over is None or self._over[1] is not clock:
            self._over = self._end(self._after(), clock), clock
        return self._over[0]

    def _after(self) -> Ns:
        """The running period ends after this.

        A clock that has just become known, or was set, may say that it ended before what is accounted.
        """
        return Ns(max(self._start, *(part.since - 1 for part in self._parts.values())))

    def _end(self, after: Ns, clock: ClockStatus | None) -> Ns:
        """The first whole multiple of the period after that."""
        known = clock is not None and clock.source is not ClockSource.NONE
        ahead = clock.utc_minus_mono if clock is not None and known else 0
        return Ns(((after + ahead) // self._period + 1) * self._period - ahead)

    @staticmethod
    def _close(name: str, part: _Part, end: Ns) -> Watched:
        part.account(end, part.reason)
        spent, part.spent = part.spent, {}
        blind = tuple((reason, ns // MS) for reason, ns in sorted(spent.items()) if reason and ns >= MS)
        return Watched(name, spent.get("", 0) // MS, blind)
