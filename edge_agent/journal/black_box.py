"""The black box beside the runner: a queue, and a thread that writes. Evidence never waits for it.

    runner ──event, decision──> Backlog (bounded) ──> thread: Scribe ──> Recorder ──> disk
    cameras ──video──────────────┘

The runner puts and goes on. A disk that is slow fills the queue, a disk that refuses empties it into nothing:
either way events are lost in the journal alone, and a gap in the recording says how many and when.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.core.decisions import Decision, Seal, SealStreet
from edge_agent.core.events import Event
from edge_agent.core.units import Ns
from edge_agent.journal.backlog import ENTRY_BYTES, Backlog, Item, Kind, size_of
from edge_agent.journal.numbering import EventCount
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.scribe import Scribe
from edge_agent.journal.video import VideoPacket
from edge_agent.progress import Pulse

log = logging.getLogger(__name__)

# The thread looks by itself so often: a wake-up for every read of a line would cost more than the writing.
LOOK_S = 0.2
IDLE_FLUSH_S = 1.0  # nothing more comes: what came last is written all the same
CLOSE_S = 5.0  # at the end, for what is still queued
# A write that takes longer hangs.
LONGEST_ROUND_S = 60.0

PART = "journal"


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the journal."""

    boot_id: str
    number: int  # of the last event
    at: Ns  # of the last event
    written_bytes: int  # since the start
    lost_events: int


class BlackBox:
    """A recorder that never waits and never fails.

    Args:
        make: makes the recorder; called on the thread, and again after a bug.
        say: what there is to be said of it: part, state, detail.
        poll_s: how often the thread looks by itself.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        make: Callable[[], Recorder],
        say: Callable[[str, str, str], None],
        poll_s: float = LOOK_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._poll_s = poll_s
        self._clock = clock
        self._backlog = Backlog()
        self._scribe = Scribe(make, self._tell_well, self._tell_failed, clock)
        self._count = EventCount()
        self._told = ""
        self._thread = threading.Thread(target=self._work, name=PART, daemon=True)
        self.pulse = Pulse(PART, LONGEST_ROUND_S)

    # -- on the runner's thread, and the cameras' ---------------------------------------------------

    def event(self, event: Event) -> None:
        """Queue it, or count that it is lost."""
        number = self._count.take(event)
        self._put(Item(Kind.EVENT, event, number, event.at, size_of(event)))

    def decision(self, decision: Decision) -> None:
        """Queue it; what leads to a statement is written at once."""
        urgent = isinstance(decision, Seal | SealStreet)
        item = Item(Kind.DECISION, decision, self._count.number, decision.at, ENTRY_BYTES)
        self._put(item, urgent=urgent)

    def video(self, packet: VideoPacket, at: Ns) -> None:
        """Queue a compressed picture; safe from any thread."""
        self._put(Item(Kind.VIDEO, packet, self._count.number, at, ENTRY_BYTES + len(packet.data)))

    def _put(self, item: Item, *, urgent: bool = False) -> None:
        if self._backlog.put(item, urgent=urgent):
            self._tell("degraded", "the disk does not keep up: the journal loses events, evidence none")

    # -- asked --------------------------------------------------------------------------------------

    @property
    def lost_events(self) -> int:
        """Events that the journal lacks, since the start."""
        return self._backlog.lost_events + self._scribe.lost_events

    @property
    def held_bytes(self) -> int:
        """Of all recordings in the folder, as of the last look."""
        recorder = self._scribe.recorder
        return recorder.held_bytes if recorder else 0

    @property
    def queued_bytes(self) -> int:
        """Of what waits for the disk, roughly."""
        return self._backlog.bytes

    def mark(self) -> Mark:
        """Where the journal is now."""
        count = self._count
        return Mark(count.boot_id, count.number, count.at, self._scribe.written_bytes, self.lost_events)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was put before is with the kernel; False: not yet, or the disk refuses it."""
        done = threading.Event()
        self._put(Item(Kind.FLUSH, done, self._count.number, self._count.at, 0), urgent=True)
        return done.wait(timeout_s) and not self._scribe.down

    # -- its life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin writing."""
        self._thread.start()

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Write what is queued and the index; a disk that hangs is not waited for."""
        self._backlog.close()
        if self._thread.ident is None:
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            log.warning("the journal's disk hangs: %d bytes are not written", self.queued_bytes)

    def _work(self) -> None:
        with self.pulse:
            flushed_s = self._clock()
            closing = False
            while not closing:
                self.pulse.beat()
                closing = self._backlog.wait(self._poll_s)
                while (item := self._backlog.first()) is not None:
                    self.pulse.beat()
                    self._scribe.write(item)
                    self._backlog.done(item)
                if self._clock() - flushed_s >= IDLE_FLUSH_S:
                    flushed_s = self._clock()
                    self._scribe.flush(self._count.at)
            self._scribe.close()

    # -- what is said of it -------------------------------------------------------------------------

    def _tell_well(self) -> None:
        if not self._backlog.refusing:
            self._tell("ok", "")

    def _tell_failed(self, error: Exception) -> None:
        self._tell("degraded", f"nothing is recorded, evidence goes on: {error}")

    def _tell(self, state: str, detail: str) -> None:
        if (told := state + detail) != self._told:
            self._told = told
            log.log(logging.INFO if state == "ok" else logging.WARNING, "journal %s: %s", state, detail)
            self._say(PART, state, detail)
