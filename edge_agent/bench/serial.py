"""Serial bytes to samples and to crossings, against loops that only read the same terminal.

The same stream (eight channels at 1 kHz, a lorry every ten seconds, simulated) is pushed through a
pseudo-terminal as fast as it goes, in turn to each of these. As in the daemon, the port reads on a thread of
its own and the intake hands over.

bare       pyserial's manual: read what is waiting, throw it away. The goal is half of its pace
least      the same with bare system calls, all that is there at a time: nothing can read for less
samples    the port and its decoder
crossings  the port, its decoder and a scale

How long reading takes on the wall is the kernel's business: four times as long when writer and reader wake
each other up across two idle cores as when they share a busy one. CPU time does not hang on that.
"""

from __future__ import annotations

import contextlib
import os
import select
import statistics
import subprocess
import tempfile
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edge_agent.bench.weigh_faults import calm
from edge_agent.core.events import SerialBytes
from edge_agent.core.records import Crossing
from edge_agent.core.units import Ns, S
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.protocols.settings import AdcSettings
from edge_agent.core.weigh.samples import Samples
from edge_agent.core.weigh.scale import Scale
from edge_agent.core.weigh.settings import ChannelSettings, ScaleSettings, SensorSettings, ZeroSettings
from edge_agent.devices.intake import Intake
from edge_agent.devices.serial import READ_BYTES, SerialPort, open_line
from edge_agent.devices.settings_ports import SerialPortSettings
from edge_agent.errors import EdgeAgentError
from edge_agent.sim.encoders.adc import AdcEncoder
from edge_agent.sim.errors import NOISY
from edge_agent.sim.loadcells import weigh_trace
from edge_agent.sim.world import Motion, Passage

ADC = AdcSettings(channels=8)
FRAME_BYTES = 20 + 4 * ADC.channels * ADC.samples_per_frame + 4
VEHICLE_EVERY_S = 10
BAUD = 921_600
GIVE_UP_S = 120.0


def run(*, seconds: int = 300, runs: int = 5) -> dict[str, Any]:
    """Print and return throughput, ratios to the bare loop, and multiples of real time."""
    with tempfile.NamedTemporaryFile(suffix=".adc") as file:
        stream = _stream(seconds)
        file.write(stream)
        file.flush()
        path, size = Path(file.name), len(stream)
        ways: dict[str, Callable[[], Took]] = {
            "bare": lambda: _only_reading(path, size, _pyserials_way),
            "least": lambda: _only_reading(path, size, _all_there_is),
            "samples": lambda: _port(path, size, _Weigher(None)),
            "crossings": lambda: _port(path, size, _Weigher(Scale("lane-1", _scale()))),
        }
        took: dict[str, list[Took]] = {name: [] for name in ways}
        for _ in range(runs):
            for name, way in ways.items():
                took[name].append(way())
    return _summary(took, size, seconds, runs)


def _summary(took: dict[str, list[Took]], size: int, seconds: int, runs: int) -> dict[str, Any]:
    medians = {name: statistics.median(one.wall_s for one in times) for name, times in took.items()}
    cpu = {name: statistics.median(one.cpu_s for one in times) for name, times in took.items()}
    return {
        "simulated": True,
        "seconds": seconds,
        "bytes": size,
        "runs": runs,
        "bytes_per_s": {name: round(size / t) for name, t in medians.items()},
        "ratio_to_bare": {name: medians["bare"] / t for name, t in medians.items()},
        "times_real_time": {name: seconds / t for name, t in medians.items()},
        "times_real_time_of_cpu": {name: seconds / t for name, t in cpu.items()},
        "spread": {name: [min(times).wall_s, max(times).wall_s] for name, times in took.items()},
    }


def text(result: dict[str, Any]) -> str:
    """For a person."""
    stream = f"{result['seconds']} s of 8 channels x 1 kHz (simulated), {result['bytes']} bytes"
    lines = [f"serial: {stream} through a pseudo-terminal, medians of {result['runs']} interleaved runs"]
    for name, rate in result["bytes_per_s"].items():
        ratio, times = result["ratio_to_bare"][name], result["times_real_time"][name]
        cpu = result["times_real_time_of_cpu"][name]
        said = f"{rate / 1e6:7.1f} MB/s   {ratio:5.2f} x bare   {times:7.0f} x real time"
        lines.append(f"  {name:<10} {said}   {cpu:7.0f} x by CPU time")
    return "\n".join(lines)


def _scale() -> ScaleSettings:
    """Two pads of four cells."""
    sensors = tuple(
        SensorSettings(
            id=f"pad-{pad}",
            position_mm=2_800 * pad,
            length_mm=800,
            channels=tuple(ChannelSettings(index=4 * pad + i, grams_num=5) for i in range(4)),
        )
        for pad in range(2)
    )
    return ScaleSettings(sensors=sensors, zero=ZeroSettings(warm_up_s=0))


def _stream(seconds: int) -> bytes:
    """What the converter sends."""
    rng = np.random.default_rng(0)
    passages = []
    for k in range(1, seconds // VEHICLE_EVERY_S):
        one = calm(rng)
        motion = Motion.uniform(k * VEHICLE_EVERY_S * S, one.motion.legs[0].v_mm_s)
        passages.append(Passage(k, "lane-1", one.vehicle, motion, one.dynamics))
    trace = weigh_trace(passages, _scale().sensors, 1000.0, 0, seconds * S, rng, NOISY)
    return AdcEncoder(ADC).encode(0, trace.counts, trace.status, trace.inputs)


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[int, SerialPortSettings]]:
    """The far end of a pseudo-terminal, and the settings of a port on its near end."""
    far, near = os.openpty()
    tty.setraw(near)
    settings = SerialPortSettings(
        id="bench", device=os.ttyname(near), baud=BAUD, back_date=False, protocol=ADC
    )
    try:
        yield far, settings
    finally:
        os.close(near)
        os.close(far)


def _send(path: Path, far: int) -> subprocess.Popen[bytes]:
    """Another process writes, so that it does not share our interpreter."""
    return subprocess.Popen(["cat", str(path)], stdout=far)  # noqa: S603, S607  a file of our own


class Took(NamedTuple):
    """What one run took: on the wall, and of the CPU by this process."""

    wall_s: float
    cpu_s: float


class _Watch:
    """A stopwatch, running from when it is made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def took(self) -> Took:
        """Until now."""
        return Took(time.perf_counter() - self._wall, time.process_time() - self._cpu)


def _only_reading(path: Path, size: int, reads: Callable[[Any], int]) -> Took:
    """A loop that reads and throws away."""
    with _terminal() as (far, settings):
        line = open_line(settings)
        line.timeout = 1
        watch, read = _Watch(), 0
        sender = _send(path, far)
        while read < size:
            read += reads(line)
        took = watch.took()
        sender.wait()
        line.close()
    return took


def _pyserials_way(line: Any) -> int:
    return len(line.read(max(1, line.in_waiting)))


def _all_there_is(line: Any) -> int:
    descriptor = line.fileno()
    select.select([descriptor], [], [], 1)
    size = 0
    with contextlib.suppress(BlockingIOError):
        while data := os.read(descriptor, READ_BYTES):
            size += len(data)
    return size


class _Weigher:
    """Decodes and weighs what the port has read, and counts what comes of it."""

    def __init__(self, scale: Scale | None) -> None:
        self._decoder = make_decoder(ADC)
        self._scale = scale
        self._bytes = 0
        self.samples = 0
        self.crossings = 0

    def take(self, data: bytes) -> None:
        """Bytes at the time of the stream, not of the machine: an hour in a second must look like an hour."""
        self._bytes += len(data)
        at = Ns(S + self._bytes * ADC.period_ns * ADC.samples_per_frame // FRAME_BYTES)
        for block in self._decoder.feed(at, data):
            if isinstance(block, Samples):
                self.samples += len(block.at)
                if self._scale is not None:
                    self.crossings += sum(isinstance(out, Crossing) for out in self._scale.feed(block))


def _port(path: Path, size: int, weigher: _Weigher) -> Took:
    """The port on its thread, the intake, and what is behind it on ours."""
    wanted = size // FRAME_BYTES * ADC.samples_per_frame
    intake = Intake(_now)
    give_up = threading.Timer(GIVE_UP_S, intake.end)
    give_up.start()
    with _terminal() as (far, settings):
        port = SerialPort(settings, intake.emit, _now)
        port.start()
        events = intake.events(lambda: None)
        next(events)  # the port is open
        watch = _Watch()
        sender = _send(path, far)
        while weigher.samples < wanted:
            event = next(events, None)
            if not isinstance(event, SerialBytes):
                raise EdgeAgentError(f"{weigher.samples} of {wanted} samples came through, then {event}")
            weigher.take(event.data)
        took = watch.took()
        give_up.cancel()
        sender.wait()
        port.stop()
    return took


def _now() -> Ns:
    return Ns(time.monotonic_ns())
