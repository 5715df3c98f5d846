"""What waits for the journal's disk: bounded. What does not fit is counted, and told in its place."""

from __future__ import annotations

import threading
from collections import deque
from enum import Enum, auto
from typing import NamedTuple

from edge_agent.core.decisions import Decision
from edge_agent.core.events import Captured, Event, RegistersRead, SceneSeen, SerialBytes
from edge_agent.core.units import Ns
from edge_agent.journal.gaps import Gap, Tally
from edge_agent.journal.video import VideoPacket

MAX_BYTES = 32_000_000  # of what waits for the disk
VIDEO_BYTES = MAX_BYTES // 2  # no picture pushes an event out
LOW_BYTES = MAX_BYTES // 4  # a queue that was full is filled again from here on
ENTRY_BYTES = 1_000  # of an event without its bytes and boxes, roughly
BOX_BYTES = 300  # of a box of the detector


class Kind(Enum):
    """What an item is."""

    EVENT = auto()
    DECISION = auto()
    VIDEO = auto()
    GAP = auto()
    FLUSH = auto()


class Item(NamedTuple):
    """One thing to write."""

    kind: Kind
    what: Event | Decision | VideoPacket | Gap | threading.Event
    number: int  # of the event; of the last event before it where it is none
    at: Ns
    size: int


class Backlog:
    """A queue that never waits: anybody puts, one thread takes."""

    def __init__(self) -> None:
        self._queue: deque[Item] = deque()
        self._turn = threading.Condition()
        self._overflow = Tally()
        self.closing = False
        self.refusing = False
        self.bytes = 0
        self.lost_events = 0

    def put(self, item: Item, *, urgent: bool = False) -> bool:
        """Queue it, or count that it is lost; whether the losing begins with it."""
        begins = False
        with self._turn:
            if self.closing:
                return False
            self._queue_gap()
            limit = VIDEO_BYTES if item.kind is Kind.VIDEO else MAX_BYTES
            fits = not self.refusing and self.bytes + item.size <= limit
            if fits or item.kind is Kind.FLUSH:
                self._queue.append(item)
                self.bytes += item.size
            else:
                count(self._overflow, item)
                self.lost_events += item.kind is Kind.EVENT
                begins = item.kind is not Kind.VIDEO and not self.refusing
                self.refusing = self.refusing or begins
            if urgent or self.bytes > LOW_BYTES:
                self._turn.notify()
        return begins

    def close(self) -> None:
        """Nothing more comes."""
        with self._turn:
            self.closing = True
            self._queue_gap()
            self._turn.notify()

    def wait(self, timeout_s: float) -> bool:
        """Until there is something to do, or so long; whether nothing more comes."""
        with self._turn:
            if not self._queue and not self.closing:
                self._turn.wait(timeout_s)
            return self.closing

    def first(self) -> Item | None:
        """What has waited longest; it still counts until it is `done`."""
        with self._turn:
            return self._queue[0] if self._queue else None

    def done(self, item: Item) -> None:
        """The first was written, or will never be."""
        with self._turn:
            self._queue.popleft()
            self.bytes -= item.size

    def _queue_gap(self) -> None:
        """Where there is room again, what was refused is told in its place."""
        if self._overflow and (self.closing or self.bytes <= LOW_BYTES):
            self._overflow.reason = "queue_full"
            gap = self._overflow.gap()
            self._queue.append(Item(Kind.GAP, gap, gap.first_event, gap.end, ENTRY_BYTES))
            self.bytes += ENTRY_BYTES
            self._overflow, self.refusing = Tally(), False


def count(tally: Tally, item: Item) -> None:
    """It is lost."""
    match item.kind:
        case Kind.EVENT:
            tally.event(item.number, item.at)
        case Kind.DECISION:
            tally.decision(item.number, item.at)
        case Kind.VIDEO:
            tally.video(item.number, item.at)


def size_of(event: Event) -> int:
    """Bytes of an event in the queue, roughly."""
    match event:
        case SerialBytes():
            return ENTRY_BYTES + len(event.data)
        case RegistersRead():
            return ENTRY_BYTES + 8 * len(event.registers)
        case SceneSeen():
            return ENTRY_BYTES + BOX_BYTES * (len(event.detections) + len(event.still))
        case Captured():
            return ENTRY_BYTES + BOX_BYTES * sum(map(len, event.detections))
        case _:
            return ENTRY_BYTES
