"""Which UTC is believed, and every step of it against the monotonic clock, as a record of the chain.

Order and intervals are the monotonic clock's, which no step touches; UTC is `at + utc_minus_mono`. So a
step is a change of `utc_minus_mono` from one report to the next:

* It is told at once (`SealTimeStep`). A clock that goes on stepping is told of in sums, with waits that
  double: a jittering clock cannot fill the chain. Jumps too small to be one add up until they are.
* For a while after it the clock counts as not synced, whatever its source says.
* While the clock is not synced, offset and source of the last report that was hold: somebody who sets the box
  to tomorrow does not move what it saw today, and a street's rule goes on by the hour that it is. A clock
  that was never synced is taken as it is.
"""

from __future__ import annotations

from dataclasses import replace

from edge_agent.core.decisions import Fault, FaultKind, SealTimeStep
from edge_agent.core.events import ClockStatus
from edge_agent.core.units import MS, Ns, S

# After a step a source looks again before it is believed: chrony's shortest default poll is 64 s.
SETTLE = 130 * S
# The wait between two records while steps go on: at most some thirty a day.
FIRST_WAIT, LONGEST_WAIT = 60 * S, 3600 * S


class Timekeeper:
    """Fed with every `ClockStatus`. `step_ms`: a jump from there on is a step."""

    def __init__(self, step_ms: int) -> None:
        self._least = step_ms * MS
        self._before: ClockStatus | None = None  # as reported
        self._synced: ClockStatus | None = None  # the last report that was
        self._stepped_at: Ns | None = None
        self._moved = 0  # of UTC since the last record, or the start; ns
        self._steps = 0  # noticed since then
        self._since = Ns(0)  # the last report before the first of them
        self._told_at: Ns | None = None
        self._wait = 0
        self.clock: ClockStatus | None = None
        """What everybody goes by; None before the first report."""

    def report(self, event: ClockStatus) -> tuple[Fault | SealTimeStep, ...]:
        """The clock was asked."""
        before, self._before = self._before, event
        stepped = before is not None and self._notice(before, event)
        self.clock = self._believed(event)
        out: list[Fault | SealTimeStep] = []
        if stepped:
            detail = f"UTC stepped by {self._moved // MS} ms against the monotonic clock"
            out.append(Fault(event.at, "clock", FaultKind.CLOCK_STEPPED, detail))
        if self._steps and (self._told_at is None or event.at - self._told_at >= self._wait):
            out.append(self._tell(event.at))
        return tuple(out)

    def close(self, now: Ns) -> tuple[SealTimeStep, ...]:
        """The run ends: what was not told yet."""
        return (self._tell(now),) if self._steps else ()

    def _notice(self, before: ClockStatus, event: ClockStatus) -> bool:
        jump = event.utc_minus_mono - before.utc_minus_mono
        self._moved += jump
        if abs(jump) < self._least and (self._steps or abs(self._moved) < self._least):
            return False
        if not self._steps:
            self._since = before.at
        self._steps += 1
        self._stepped_at = event.at
        return True

    def _believed(self, event: ClockStatus) -> ClockStatus:
        if event.synced:
            self._synced = event
        held = self._synced or event
        settled = self._stepped_at is None or event.at - self._stepped_at >= SETTLE
        return replace(
            event,
            utc_minus_mono=held.utc_minus_mono,
            source=held.source,
            synced=event.synced and settled,
        )

    def _tell(self, now: Ns) -> SealTimeStep:
        quiet = self._told_at is None or self._since - self._told_at >= LONGEST_WAIT
        self._wait = FIRST_WAIT if quiet else min(2 * self._wait, LONGEST_WAIT)
        told = SealTimeStep(now, self._since, Ns(self._moved), self._steps, self.clock)
        self._told_at, self._moved, self._steps = now, 0, 0
        return told
