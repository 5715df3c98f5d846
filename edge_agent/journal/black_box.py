"""The black box beside the runner: a queue, and a thread that writes. Evidence never waits for it.

    runner ──event, decision──> queue (bounded) ──> thread ──> Recorder ──> disk
    cameras ──video──────────────┘

The runner puts and goes on. A disk that is slow fills the queue, a disk that refuses empties it into nothing:
either way events are lost in the journal alone, and a gap in the recording says how many and when.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from edge_agent.core.decisions import Decision, Seal, SealStreet
from edge_agent.core.events import Captured, Event, RegistersRead, SceneSeen, SerialBytes
from edge_agent.core.units import Ns
from edge_agent.errors import JournalError
from edge_agent.journal.gaps import Gap, Tally
from edge_agent.journal.numbering import EventCount
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.segments import NoRoom
from edge_agent.journal.video import VideoPacket
from edge_agent.progress import Pulse

log = logging.getLogger(__name__)

MAX_BYTES = 32_000_000  # of what waits for the disk
VIDEO_BYTES = MAX_BYTES // 2  # no picture pushes an event out
LOW_BYTES = MAX_BYTES // 4  # a queue that was full is filled again from here on
ENTRY_BYTES = 1_000  # of an event without its bytes and boxes, roughly
BOX_BYTES = 300  # of a box of the detector
# The thread looks by itself so often: a wake-up for every read of a line would cost more than the writing.
LOOK_S = 0.2
IDLE_FLUSH_S = 1.0  # nothing more comes: what came last is written all the same
RETRY_S = 10.0  # a disk that refused
CLOSE_S = 5.0  # at the end, for what is still queued
# A write that takes longer hangs.
LONGEST_ROUND_S = 60.0

PART = "journal"


class _Kind(Enum):
    EVENT = auto()
    DECISION = auto()
    VIDEO = auto()
    GAP = auto()
    FLUSH = auto()


class _Item(NamedTuple):
    kind: _Kind
    what: Event | Decision | VideoPacket | Gap | threading.Event
    number: int  # of the event; of the last event before it where it is none
    at: Ns
    size: int


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
        self._make = make
        self._say = say
        self._poll_s = poll_s
        self._clock = clock
        self._queue: deque[_Item] = deque()
        self._queued_bytes = 0
        self._turn = threading.Condition()
        self._closing = False
        self._refusing = False
        self._overflow = Tally()
        self._overflown = 0  # events
        self._count = EventCount()
        self._told = ""
        # The thread's own.
        self._recorder: Recorder | None = None
        self._down = True
        self._again_s = 0.0
        self._lost = Tally()
        self._refused = 0  # events
        self._thread = threading.Thread(target=self._work, name=PART, daemon=True)
        self.pulse = Pulse(PART, LONGEST_ROUND_S)

    # -- on the runner's thread, and the cameras' ---------------------------------------------------

    def event(self, event: Event) -> None:
        """Queue it, or count that it is lost."""
        number = self._count.take(event)
        self._put(_Item(_Kind.EVENT, event, number, event.at, ENTRY_BYTES + _extra_bytes(event)))

    def decision(self, decision: Decision) -> None:
        """Queue it; what leads to a statement is written at once."""
        urgent = isinstance(decision, Seal | SealStreet)
        self._put(
            _Item(_Kind.DECISION, decision, self._count.number, decision.at, ENTRY_BYTES), urgent=urgent
        )

    def video(self, packet: VideoPacket, at: Ns) -> None:
        """Queue a compressed picture; safe from any thread."""
        size = ENTRY_BYTES + len(packet.data)
        self._put(_Item(_Kind.VIDEO, packet, self._count.number, at, size))

    # -- asked --------------------------------------------------------------------------------------

    @property
    def lost_events(self) -> int:
        """Events that the journal lacks, since the start."""
        return self._overflown + self._refused

    @property
    def held_bytes(self) -> int:
        """Of all recordings in the folder, as of the last look."""
        recorder = self._recorder
        return recorder.held_bytes if recorder else 0

    @property
    def queued_bytes(self) -> int:
        """Of what waits for the disk, roughly."""
        return self._queued_bytes

    def mark(self) -> Mark:
        """Where the journal is now."""
        count, recorder = self._count, self._recorder  # the thread may begin with another one meanwhile
        written = recorder.written_bytes if recorder else 0
        return Mark(count.boot_id, count.number, count.at, written, self.lost_events)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was put before is with the kernel; False: not yet, or the disk refuses it."""
        done = threading.Event()
        self._put(_Item(_Kind.FLUSH, done, self._count.number, self._count.at, 0), urgent=True)
        return done.wait(timeout_s) and not self._down

    # -- its life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin writing."""
        self._thread.start()

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Write what is queued and the index; a disk that hangs is not waited for."""
        with self._turn:
            self._closing = True
            self._queue_gap()
            self._turn.notify()
        if self._thread.ident is None:
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            log.warning("the journal's disk hangs: %d bytes are not written", self._queued_bytes)

    # -- the queue ----------------------------------------------------------------------------------

    def _put(self, item: _Item, *, urgent: bool = False) -> None:
        begins = False
        with self._turn:
            if self._closing:
                return
            self._queue_gap()
            limit = VIDEO_BYTES if item.kind is _Kind.VIDEO else MAX_BYTES
            fits = not self._refusing and self._queued_bytes + item.size <= limit
            if fits or item.kind is _Kind.FLUSH:
                self._queue.append(item)
                self._queued_bytes += item.size
            else:
                _count(self._overflow, item)
                self._overflown += item.kind is _Kind.EVENT
                begins = item.kind is not _Kind.VIDEO and not self._refusing
                self._refusing = self._refusing or begins
            if urgent or self._queued_bytes > LOW_BYTES:
                self._turn.notify()
        if begins:
            self._tell("degraded", "the disk does not keep up: the journal loses events, evidence none")

    def _queue_gap(self) -> None:
        """Where there is room again, what was refused is told in its place."""
        if self._overflow and (self._closing or self._queued_bytes <= LOW_BYTES):
            self._overflow.reason = "queue_full"
            gap = self._overflow.gap()
            self._queue.append(_Item(_Kind.GAP, gap, gap.first_event, gap.end, ENTRY_BYTES))
            self._queued_bytes += ENTRY_BYTES
            self._overflow, self._refusing = Tally(), False

    def _next(self) -> _Item | None:
        with self._turn:
            return self._queue[0] if self._queue else None

    def _done(self, item: _Item) -> None:
        with self._turn:
            self._queue.popleft()
            self._queued_bytes -= item.size

    # -- the thread ---------------------------------------------------------------------------------

    def _work(self) -> None:
        with self.pulse:
            flushed_s = self._clock()
            closing = False
            while not closing:
                self.pulse.beat()
                with self._turn:
                    if not self._queue and not self._closing:
                        self._turn.wait(self._poll_s)
                    closing = self._closing
                while (item := self._next()) is not None:
                    self.pulse.beat()
                    self._write(item)
                    self._done(item)
                if self._clock() - flushed_s >= IDLE_FLUSH_S:
                    flushed_s = self._clock()
                    self._if_up(lambda recorder: recorder.flush(self._count.at))
            self._again_s = 0.0  # a last try
            self._if_up(Recorder.close)

    def _write(self, item: _Item) -> None:
        written = self._if_up(lambda recorder: _write(recorder, item))
        if isinstance(item.what, threading.Event):
            item.what.set()
        elif isinstance(item.what, Gap):
            if written:
                self._tell_well()
            else:
                self._lost.add(item.what)
        elif written is None:
            self._refused += item.kind is _Kind.EVENT
            _count(self._lost, item)

    def _if_up(self, work: Callable[[Recorder], None]) -> bool | None:
        """Whether it was done. None: not tried, the disk has refused a short while ago."""
        if not self._come_up():
            return None
        assert self._recorder is not None
        try:
            work(self._recorder)
        except Exception as error:  # noqa: BLE001 - whatever it is, evidence goes on
            self._failed(error)
            return False
        return True

    def _come_up(self) -> bool:
        """Whether the disk takes anything. What was lost until now is the first thing that it gets."""
        if not self._down:
            return True
        if self._clock() < self._again_s:
            return False
        try:
            self._recorder = self._recorder or self._make()
            if self._lost:
                self._recorder.gap(self._lost.gap())
        except Exception as error:  # noqa: BLE001 - same
            self._failed(error)
            return False
        self._lost, self._down = Tally(), False
        self._tell_well()
        return True

    def _failed(self, error: Exception) -> None:
        if self._recorder is not None:
            self._recorder.give_up()
            lost = self._recorder.take_lost()
            if lost:
                self._lost.add(lost.gap())
                self._refused += lost.events
        if not isinstance(error, JournalError):  # a bug: begin with another recorder
            log.error("the journal failed", exc_info=error)
            self._recorder = None
        self._lost.reason = "reserve" if isinstance(error, NoRoom) else "disk"
        self._down, self._again_s = True, self._clock() + RETRY_S
        self._tell("degraded", f"nothing is recorded, evidence goes on: {error}")

    def _tell_well(self) -> None:
        if not self._refusing:
            self._tell("ok", "")

    def _tell(self, state: str, detail: str) -> None:
        if (told := state + detail) != self._told:
            self._told = told
            log.log(logging.INFO if state == "ok" else logging.WARNING, "journal %s: %s", state, detail)
            self._say(PART, state, detail)


def _write(recorder: Recorder, item: _Item) -> None:
    match item.kind, item.what:
        case _Kind.VIDEO, VideoPacket() as packet:
            recorder.video(packet, item.at)
        case _Kind.GAP, Gap() as gap:
            recorder.gap(gap)
        case _Kind.FLUSH, _:
            recorder.flush(item.at)
        case _Kind.DECISION, decision:
            recorder.decision(decision)  # type: ignore[arg-type] # the kind says what it is
        case _, event:
            recorder.event(event, item.number)  # type: ignore[arg-type] # same


def _count(tally: Tally, item: _Item) -> None:
    match item.kind:
        case _Kind.EVENT:
            tally.event(item.number, item.at)
        case _Kind.DECISION:
            tally.decision(item.number, item.at)
        case _Kind.VIDEO:
            tally.video(item.number, item.at)


def _extra_bytes(event: Event) -> int:
    match event:
        case SerialBytes():
            return len(event.data)
        case RegistersRead():
            return 8 * len(event.registers)
        case SceneSeen():
            return BOX_BYTES * (len(event.detections) + len(event.still))
        case Captured():
            return BOX_BYTES * sum(map(len, event.detections))
        case _:
            return 0
