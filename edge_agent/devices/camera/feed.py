"""Packets on their way from the thread that reads a camera to one that decodes.

Bounded: a decoder that cannot keep up with a live stream loses whole groups of pictures and goes on at
the next keyframe; a file that is read without regard to time waits for its decoder instead.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.core.units import Ns
from edge_agent.devices.camera.ring import StoredPacket
from edge_agent.progress import IDLE_S

MOST_PACKETS = 512  # 20 s at 25 pictures a second
MOST_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Arrived:
    """A packet, and when its picture was taken as far as was known when it arrived."""

    packet: StoredPacket
    captured_at: Ns
    uncertainty: Ns


class Feed:
    """A queue between two threads.

    Args:
        lossless: who puts waits for room; otherwise what waits is dropped when there is no room.
    """

    def __init__(self, *, lossless: bool) -> None:
        self._lossless = lossless
        self._changed = threading.Condition()
        self._waiting: deque[Arrived] = deque()
        self._bytes = 0
        self._broken = False  # packets were dropped: only a keyframe can be decoded next
        self._closed = False
        self._finished = False
        self.dropped = 0  # packets that nobody decoded in time

    def put(self, arrived: Arrived, waiting: Callable[[], None] = lambda: None) -> None:
        """Hand over a packet; `waiting` is called now and then while there is no room."""
        with self._changed:
            while self._lossless and self._is_full() and not self._closed:
                waiting()
                self._changed.wait(IDLE_S)
            if self._closed:
                return
            if self._is_full():
                self.dropped += len(self._waiting)
                self._waiting.clear()
                self._bytes, self._broken = 0, True
            if self._broken and not arrived.packet.keyframe:
                self.dropped += 1
                return
            self._broken = False
            self._waiting.append(arrived)
            self._bytes += len(arrived.packet.data)
            self._changed.notify_all()

    def _is_full(self) -> bool:
        return len(self._waiting) >= MOST_PACKETS or self._bytes >= MOST_BYTES

    def get(self, waiting: Callable[[], None] = lambda: None) -> Arrived | None:
        """The next packet; `waiting` is called now and then until it comes. None when no more will."""
        with self._changed:
            while not self._waiting and not self._closed and not self._finished:
                waiting()
                self._changed.wait(IDLE_S)
            if self._closed or not self._waiting:
                return None
            arrived = self._waiting.popleft()
            self._bytes -= len(arrived.packet.data)
            self._changed.notify_all()
            return arrived

    def finish(self) -> None:
        """No packet comes any more; those that wait are still to be had."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody decodes any more: never hold up who puts."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._bytes = 0
            self._changed.notify_all()
