"""Eyes that several checks may use at once: each device is looked at once, by one of them at a time.

A line that two checks opened together would be busy for one of them, and a camera decoded twice.
"""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from edge_agent.config.settings import SiteConfig
from edge_agent.core.records import Crossing
from edge_agent.doctor.box import DaemonSeen, StoreSeen, box_of
from edge_agent.doctor.observed import WATCH_S, CameraSeen, Eyes, SerialSeen
from edge_agent.taps import Matched

T = TypeVar("T")

AT_ONCE = 4  # cameras: more are slower than one after the other on a small box


class Looks:
    """Other eyes, remembered. Any thread may ask.

    Args:
        config: of the site.
        eyes: that look.
        seconds: no look at a device takes longer; 0: as long as is asked for.
    """

    def __init__(self, config: SiteConfig, eyes: Eyes, seconds: float = 0.0) -> None:
        self._eyes = eyes
        self._box = box_of(config, eyes)
        self._seconds = seconds
        self._lock = threading.Lock()  # of the two below
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # by device
        self._seen: dict[str, object] = {}

    def serial(self, port: str, seconds: float) -> SerialSeen:
        """Listen to a line; the first look counts for all."""
        return self._once(f"port/{port}", lambda: self._eyes.serial(port, self._cut(seconds)))

    def serial_at(self, port: str, baud: int, seconds: float) -> SerialSeen | None:
        """Listen to a line at another rate."""
        with self._turn(f"port/{port}"):
            return self._eyes.serial_at(port, baud, self._cut(seconds))

    def camera(self, camera: str, seconds: float) -> CameraSeen:
        """Watch a camera; the first look counts for all."""
        return self._once(f"camera/{camera}", lambda: self._eyes.camera(camera, self._cut(seconds)))

    def crossings(self) -> Sequence[Crossing]:
        """As the others know them."""
        return self._eyes.crossings()

    def matched(self) -> Sequence[Matched]:
        """As the others know them."""
        return self._eyes.matched()

    def store(self) -> StoreSeen:
        """As the others see it."""
        return self._once("store", self._box.store)

    def daemon(self) -> DaemonSeen | None:
        """As the others see it."""
        return self._box.daemon()

    def _once(self, device: str, look: Callable[[], T]) -> T:
        with self._turn(device):
            if device not in self._seen:
                self._seen[device] = look()
            return self._seen[device]  # type: ignore[return-value]  # of the same look

    @contextlib.contextmanager
    def _turn(self, device: str) -> Iterator[None]:
        with self._lock:
            turn = self._turns[device]
        with turn:
            yield

    def _cut(self, seconds: float) -> float:
        return min(seconds, self._seconds) if self._seconds else seconds


def watch_all(eyes: Eyes, cameras: Sequence[str]) -> None:
    """Look at cameras side by side; who asks for one afterwards has it already."""
    waiting = list(reversed(cameras))

    def watch() -> None:
        while waiting:
            with contextlib.suppress(Exception):  # the check asks again, and says what is wrong
                eyes.camera(waiting.pop(), WATCH_S)

    threads = [threading.Thread(target=watch, name="doctor-cameras", daemon=True) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
