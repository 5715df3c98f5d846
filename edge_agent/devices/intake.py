"""Where all devices' events meet: one bounded queue, one order, and ticks when the core asked for one.

The last event is `Stopped`: the core then seals what it had concluded and still held back.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from edge_agent.core.events import Event, Stopped, Tick
from edge_agent.core.units import Ns, S
from edge_agent.progress import Pulse

# 3 ports at 50 reads a second fill this in over a minute; a producer then waits, it never drops.
CAPACITY = 10_000

# Upper bound of one wait, so that a stop is noticed.
LONGEST_WAIT = 1 * S

# How long a producer without room waits before it looks whether anybody still takes events.
ROOM_WAIT_S = 0.2

# The core's step and every sink together take milliseconds; the sealer may make them wait for the disk.
LONGEST_ROUND_S = 60

_END = object()


class Intake:
    """A live source: devices `emit` from their own threads, the runner iterates."""

    def __init__(self, clock: Callable[[], Ns], capacity: int = CAPACITY) -> None:
        self._clock = clock
        # Of the queues only the simple one may be used in a signal handler: the other's lock may be
        # held by the very thread that was interrupted. It has no bound, so room is counted beside it.
        self._queue: queue.SimpleQueue[Event | object] = queue.SimpleQueue()
        self._room = threading.Semaphore(capacity)
        self._over = False
        self.pulse = Pulse("runner", LONGEST_ROUND_S)

    def emit(self, event: Event) -> None:
        """Take an event in; waits when the core is far behind, drops what comes after the end."""
        while not self._over:
            if self._room.acquire(timeout=ROOM_WAIT_S):
                self._queue.put(event)
                return

    def end(self) -> None:
        """No event comes after those already taken in. Safe in a signal handler; never waits."""
        self._queue.put(_END)

    @property
    def depth(self) -> int:
        """How many events wait."""
        return self._queue.qsize()

    def events(self, deadline: Callable[[], Ns | None]) -> Iterator[Event]:
        """Events in the order of their arrival; a `Tick` when the deadline passes first; `Stopped` last."""
        try:
            with self.pulse:
                yield from self._until_end(deadline)
            yield Stopped(self._clock())
        finally:
            self._over = True

    def _until_end(self, deadline: Callable[[], Ns | None]) -> Iterator[Event]:
        while True:
            self.pulse.beat()
            wanted = deadline()
            now = self._clock()
            if wanted is not None and wanted <= now:
                # A busy queue must not starve the core's deadlines, nor a tick jump the queue's order
                # in time: what has already arrived happened before now.
                yield from self._arrived(self._queue.qsize())
                yield Tick(max(wanted, self._clock()))
                continue
            wait = LONGEST_WAIT if wanted is None else min(wanted - now, LONGEST_WAIT)
            try:
                event = self._queue.get(timeout=wait / S)
            except queue.Empty:
                continue
            if event is _END:
                return
            self._room.release()
            yield event  # type: ignore[misc]

    def _arrived(self, count: int) -> Iterator[Event]:
        for _ in range(count):
            event = self._queue.get_nowait()
            if event is _END:
                self._queue.put(_END)
                return
            self._room.release()
            yield event  # type: ignore[misc]
