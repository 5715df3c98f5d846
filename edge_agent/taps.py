"""What has just passed through the daemon, kept a little while for people who look at it.

The runner's thread writes down what the core was given and what it said; the doctor and the console
read from theirs. Every list is bounded, in time or in number, and in bytes. No plate is kept: only that
a camera has pushed one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.core.decisions import CrossingSeen, Decision
from edge_agent.core.events import DeviceChanged, Event, PlateSeen, RegistersRead, SerialBytes
from edge_agent.core.units import Ns, S

SERIAL_NS = 20 * S
SERIAL_BYTES = 1_000_000  # 20 s of a line at 460800 baud; a network line may be faster
CROSSINGS = 500

Read = SerialBytes | RegistersRead


@dataclass(frozen=True, slots=True)
class Pushes:
    """What a camera has pushed since the start."""

    count: int
    last_at: Ns  # monotonic


class Taps:
    """One for a daemon. Any thread may ask; `stepped` is the runner's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}  # by port
        self._crossings: deque[CrossingSeen] = deque(maxlen=CROSSINGS)
        self._pushes: dict[str, Pushes] = {}  # by camera
        self._devices: dict[str, DeviceChanged] = {}  # by name: port/wim, camera/cam1

    def stepped(self, event: Event, decisions: tuple[Decision, ...]) -> None:
        """The core was given an event, and answered."""
        with self._lock:
            match event:
                case SerialBytes() | RegistersRead():
                    self._lines.setdefault(event.port, _Line()).add(event)
                case PlateSeen(request=""):
                    before = self._pushes.get(event.camera)
                    self._pushes[event.camera] = Pushes((before.count if before else 0) + 1, event.at)
                case DeviceChanged():
                    self._devices[event.device] = event
            self._crossings.extend(one for one in decisions if isinstance(one, CrossingSeen))

    def serial(self, port: str) -> tuple[Read, ...]:
        """The last reads of a line, oldest first; Modbus lines have registers instead of bytes."""
        with self._lock:
            line = self._lines.get(port)
            return tuple(line.reads) if line else ()

    def crossings(self) -> tuple[CrossingSeen, ...]:
        """The last vehicles that were weighed, newest last."""
        with self._lock:
            return tuple(self._crossings)

    def pushes(self) -> Mapping[str, Pushes]:
        """By camera: those that have pushed plate reads since the start."""
        with self._lock:
            return dict(self._pushes)

    def devices(self) -> Mapping[str, DeviceChanged]:
        """By name (`port/wim`, `camera/cam1`): what each device said last of itself."""
        with self._lock:
            return dict(self._devices)


class _Line:
    """The last reads of one port. Not locked: `Taps` is."""

    def __init__(self) -> None:
        self.reads: deque[Read] = deque()
        self._bytes = 0

    def add(self, read: Read) -> None:
        self.reads.append(read)
        self._bytes += _size(read)
        while self._bytes > SERIAL_BYTES or self.reads[0].at < read.at - SERIAL_NS:
            self._bytes -= _size(self.reads.popleft())


def _size(read: Read) -> int:
    return len(read.data) if isinstance(read, SerialBytes) else 2 * len(read.registers)
