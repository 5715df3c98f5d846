"""A record of the core and the UTC that it happened at.

Records have the box's monotonic time, which no step of a clock touches; UTC is what the core believed then
(`core/timekeeper.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from edge_agent.core.decisions import CrossingSeen, Decision, Seal, SealCoverage, SealStreet
from edge_agent.core.events import ClockStatus, Event, Started
from edge_agent.core.timekeeper import Timekeeper
from edge_agent.core.units import US, Ns

T_co = TypeVar("T_co", covariant=True)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Timed(Generic[T_co]):
    """One record of the core, as it is, and when it happened.

    Attributes:
        utc_ns: UTC in nanoseconds since 1970; None where the recording does not say what time it was.
        record: the core's own record: integers, in the units of `core/units.py`.
    """

    utc_ns: Ns | None
    record: T_co

    @property
    def utc(self) -> datetime | None:
        """The same to the microsecond, with its zone."""
        return None if self.utc_ns is None else EPOCH + timedelta(microseconds=self.utc_ns // US)


class Clock:
    """Fed with the recording's clock reports; says what time the core believed that it was."""

    def __init__(self, step_ms: int) -> None:
        self._step_ms = step_ms
        self._keeper = Timekeeper(step_ms)
        self._run = ""

    def begin(self, run: str) -> None:
        """A file begins that is of this run, where it says so; in the middle of another nothing is known."""
        if run != self._run:
            self._keeper = Timekeeper(self._step_ms)
        self._run = run

    def take(self, event: Event) -> None:
        """A report is noted; after a start nothing is known of the clock."""
        if isinstance(event, Started):
            self._keeper = Timekeeper(self._step_ms)
        elif isinstance(event, ClockStatus):
            self._keeper.report(event)

    def hearing(self, events: Iterable[Event]) -> Iterator[Event]:
        """The same events, each taken before it is passed on."""
        for event in events:
            self.take(event)
            yield event

    def utc(self, at: Ns) -> Ns | None:
        """UTC of an instant of the monotonic clock."""
        believed = self._keeper.clock
        return None if believed is None else Ns(at + believed.utc_minus_mono)


def happened_at(record: Decision) -> Ns:
    """The instant, monotonic, that a reader means.

    A crossing's is its first axle on the scale, a zone's the picture that decided it, a record of what was
    watched ends at it; anything else happened when it was decided.
    """
    match record:
        case CrossingSeen() | Seal():
            return record.crossing.first_axle_at
        case SealStreet():
            return record.report.judged_at
        case SealCoverage():
            return record.end
        case _:
            return record.at
