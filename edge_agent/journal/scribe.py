"""The black box's pen: writes while the disk takes it, leaves a disk that refused alone for a while.

What was lost meanwhile is the first thing that the disk gets.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from edge_agent.core.units import Ns
from edge_agent.errors import JournalError
from edge_agent.journal.backlog import Item, Kind, count
from edge_agent.journal.gaps import Gap, Tally
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.segments import NoRoom
from edge_agent.journal.video import VideoPacket

log = logging.getLogger(__name__)

RETRY_S = 10.0  # a disk that refused


class Scribe:
    """One thread at a time. Never fails.

    Args:
        make: makes the recorder; called again after a bug.
        well: called when the disk takes what it is given.
        failed: called with the reason when it does not.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        make: Callable[[], Recorder],
        well: Callable[[], None],
        failed: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._well = well
        self._failed = failed
        self._clock = clock
        self._again_s = 0.0
        self._lost = Tally()
        self._written_before = 0  # by recorders that had a bug
        self.recorder: Recorder | None = None
        self.down = True
        self.lost_events = 0

    @property
    def written_bytes(self) -> int:
        """Since the start, as of the last flush."""
        recorder = self.recorder  # the thread may begin with another one meanwhile
        return self._written_before + (recorder.written_bytes if recorder else 0)

    def write(self, item: Item) -> None:
        """Write it, or count that it is lost."""
        written = self._if_up(lambda recorder: _write(recorder, item))
        if isinstance(item.what, threading.Event):
            item.what.set()
        elif isinstance(item.what, Gap):
            if written:
                self._well()
            else:
                self._lost.add(item.what)
        elif written is None:
            self.lost_events += item.kind is Kind.EVENT
            count(self._lost, item)

    def flush(self, at: Ns) -> None:
        """Hand what there is to the kernel; `at` is now."""
        self._if_up(lambda recorder: recorder.flush(at))

    def close(self) -> None:
        """A last try, and the index."""
        self._again_s = 0.0
        self._if_up(Recorder.close)

    def _if_up(self, work: Callable[[Recorder], None]) -> bool | None:
        """Whether it was done. None: not tried, the disk has refused a short while ago."""
        if not self._come_up():
            return None
        assert self.recorder is not None
        try:
            work(self.recorder)
        except Exception as error:  # noqa: BLE001 - whatever it is, evidence goes on
            self._give_up(error)
            return False
        return True

    def _come_up(self) -> bool:
        """Whether the disk takes anything. What was lost until now is the first thing that it gets."""
        if not self.down:
            return True
        if self._clock() < self._again_s:
            return False
        try:
            self.recorder = self.recorder or self._make()
            if self._lost:
                self.recorder.gap(self._lost.gap())
        except Exception as error:  # noqa: BLE001 - same
            self._give_up(error)
            return False
        self._lost, self.down = Tally(), False
        self._well()
        return True

    def _give_up(self, error: Exception) -> None:
        if self.recorder is not None:
            self.recorder.give_up()
            lost = self.recorder.take_lost()
            if lost:
                self._lost.add(lost.gap())
                self.lost_events += lost.events
        if not isinstance(error, JournalError):  # a bug: begin with another recorder
            log.error("the journal failed", exc_info=error)
            self._written_before = self.written_bytes
            self.recorder = None
        self._lost.reason = "reserve" if isinstance(error, NoRoom) else "disk"
        self.down, self._again_s = True, self._clock() + RETRY_S
        self._failed(error)


def _write(recorder: Recorder, item: Item) -> None:
    match item.kind, item.what:
        case Kind.VIDEO, VideoPacket() as packet:
            recorder.video(packet, item.at, item.number)
        case Kind.GAP, Gap() as gap:
            recorder.gap(gap)
        case Kind.FLUSH, _:
            recorder.flush(item.at)
        case Kind.DECISION, decision:
            recorder.decision(decision, item.number)  # type: ignore[arg-type] # the kind says what it is
        case _, event:
            recorder.event(event, item.number)  # type: ignore[arg-type] # same
