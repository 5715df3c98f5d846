"""A scenario in real time: serial bytes into a terminal, plate reads over HTTP, at their moments.

The threads wait on the clock that they are given, so that a test may run them faster.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.core.units import MS
from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings
from edge_agent.errors import UsageError
from edge_agent.sim.anpr import CameraRead
from edge_agent.sim.events import all_reads
from edge_agent.sim.line import port_reads
from edge_agent.sim.push import PushedRead
from edge_agent.sim.scenario import Scenario
from edge_agent.sim.traffic import generate, when
from edge_agent.sim.truth import truth_lines, truth_of
from edge_agent.sim.world import Passage

Clock = Callable[[], int]
Push = Callable[[PushedRead], None]
Paint = Callable[[Passage], bytes]

LEAD_NS = 200 * MS  # from start() to scenario time 0: the threads are up by then
CHUNK_MS = 10.0
LONGEST_NAP_S = 0.2
WRITE_RETRY_S = 0.005


@dataclass(slots=True)
class Counts:
    """What has happened so far."""

    passages: int = 0
    serial_bytes: int = 0
    serial_dropped: int = 0
    """Bytes that nobody took: a real line loses them too."""
    pushed: int = 0
    push_failed: int = 0


class LiveTraffic:
    """Plays a scenario once; `start`, then `join`, or `stop` to end it early.

    Args:
        scenario: what to play.
        seed: with the scenario determines everything but the exact moments.
        serial: open file descriptor of each port's far end (a pty master), or one for the only port.
            They stay the caller's to close, after `join`.
        push: takes each read at its moment, for example `HttpPush`; an `OSError` is counted.
        picture: JPEG of a passage as the camera sees it; None: reads carry none.
        clock: monotonic ns, the box's own clock.
        utc_minus_mono: UTC minus that clock, ns; what right camera clocks go by.
        progress: called with "passage" and a `Passage` as its first axle reaches the scale, with
            "read" and a `PushedRead` as it has been sent, with "read_failed" and an `OSError`.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        serial: int | Mapping[str, int],
        push: Push,
        picture: Paint | None,
        clock: Clock,
        utc_minus_mono: int,
        progress: Callable[[str, Any], None] | None = None,
    ) -> None:
        self.scenario = scenario
        self.passages = generate(scenario, seed)
        self.counts = Counts()
        self.origin_ns = 0
        """Monotonic time of scenario time 0; known after `start`."""
        self._seed = seed
        self._push, self._picture, self._clock = push, picture, clock
        self._utc_minus_mono = utc_minus_mono
        self._progress = progress or (lambda _what, _thing: None)
        self._stop = threading.Event()
        for port, instrument in scenario.instruments.items():
            if isinstance(instrument.protocol, ModbusRtuSettings):
                raise UsageError(
                    f"instrument {port!r}: a Modbus transmitter answers polls, it cannot be played"
                )
        fds = {next(iter(scenario.instruments)): serial} if isinstance(serial, int) else dict(serial)
        self._threads = [
            threading.Thread(target=self._play_port, args=(port, fd), name=f"sim-{port}", daemon=True)
            for port, fd in fds.items()
        ]
        self._threads.append(threading.Thread(target=self._play_reads, name="sim-cameras", daemon=True))
        self._threads.append(threading.Thread(target=self._play_passages, name="sim-traffic", daemon=True))

    def start(self, origin_ns: int | None = None) -> int:
        """Begin at that monotonic time, or shortly; returns the monotonic time of scenario time 0."""
        self.origin_ns = self._clock() + LEAD_NS if origin_ns is None else origin_ns
        for thread in self._threads:
            thread.start()
        return self.origin_ns

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; False when it has not come in time."""
        for thread in self._threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """End early; `join` then returns soon."""
        self._stop.set()

    def truth(self) -> list[dict[str, Any]]:
        """Ground truth of every passage, in the times of this run."""
        return [truth_of(passage, self.scenario, self.origin_ns) for passage in self.passages]

    def truth_lines(self) -> Iterator[str]:
        """The same as lines of JSON."""
        return truth_lines(self.passages, self.scenario, self.origin_ns)

    # ---- threads --------------------------------------------------------------------------------

    def _wait_until(self, scenario_ns: int) -> bool:
        """Sleep until that scenario time; False when stopped."""
        while not self._stop.is_set():
            left_s = (self.origin_ns + scenario_ns - self._clock()) / 1e9
            if left_s <= 0:
                return True
            self._stop.wait(min(left_s, LONGEST_NAP_S))
        return False

    def _play_port(self, port: str, fd: int) -> None:
        os.set_blocking(fd, False)
        instrument = self.scenario.instruments[port]
        chunked = instrument.model_copy(update={"read_ms": min(CHUNK_MS, instrument.read_ms)})
        instruments = {**self.scenario.instruments, port: chunked}
        scenario = self.scenario.model_copy(update={"instruments": instruments})
        for at, data in port_reads(scenario, port, self.passages, self._seed):
            if not self._wait_until(at):
                return
            self._write(fd, data)

    def _write(self, fd: int, data: bytes) -> None:
        """All of it, or what the terminal takes within a moment: a line does not wait."""
        view = memoryview(data)
        for attempt in range(4):
            try:
                view = view[os.write(fd, view) :]
            except BlockingIOError:
                pass
            except OSError:
                break  # the far end has hung up
            if not view or (attempt < 3 and self._stop.wait(WRITE_RETRY_S)):
                break
        self.counts.serial_bytes += len(data) - len(view)
        self.counts.serial_dropped += len(view)

    def _play_reads(self) -> None:
        by_id = {passage.id: passage for passage in self.passages}
        for read in all_reads(self.scenario, self.passages, self._seed):
            pushed = PushedRead(read, self._said_utc(read), self._painted(by_id.get(read.passage_id)))
            if read.arrives_ns >= self.scenario.duration_ns or not self._wait_until(read.arrives_ns):
                return
            try:
                self._push(pushed)
            except OSError as error:
                self.counts.push_failed += 1
                self._progress("read_failed", error)
            else:
                self.counts.pushed += 1
                self._progress("read", pushed)

    def _said_utc(self, read: CameraRead) -> int | None:
        if read.said_ns is None:
            return None
        return self.origin_ns + read.said_ns + self._utc_minus_mono

    def _painted(self, passage: Passage | None) -> bytes | None:
        return None if passage is None or self._picture is None else self._picture(passage)

    def _play_passages(self) -> None:
        for passage in self.passages:
            if when(passage) >= self.scenario.duration_ns:
                break  # planned for later than this play lasts
            if not self._wait_until(when(passage)):
                return
            self.counts.passages += 1
            self._progress("passage", passage)
        self._wait_until(self.scenario.duration_ns)
