"""From samples to the reads of a serial port: frames, their time on the line, what gets lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.core.units import MS, S
from edge_agent.core.weigh.protocols.settings import (
    AdcSettings,
    HbmAedSettings,
    ModbusRtuSettings,
    ProtocolSettings,
    WimJsonSettings,
)
from edge_agent.core.weigh.samples import Int64
from edge_agent.sim.controller import record_lines, records
from edge_agent.sim.encoders import make_encoder
from edge_agent.sim.encoders.modbus import ModbusEncoder
from edge_agent.sim.loadcells import Trace, presence_ns, sample, sample_step_ns, seen_from
from edge_agent.sim.rng import stream
from edge_agent.sim.scenario import InstrumentSim, LaneSim, LineErrors, Scenario
from edge_agent.sim.world import Passage

BLOCK_S = 10  # of samples made at a time
BITS_PER_BYTE = 10  # 8N1
# The box does not wake up on time: mean and most of how late a read returns.
LATE_MEAN_NS = 0.3 * MS
LATE_MOST_NS = 5.0 * MS


@dataclass(frozen=True, slots=True)
class Frame:
    """What the instrument sends at once."""

    ready_ns: int  # true time of its last sample: when it can begin to be sent
    data: bytes


def port_reads(
    scenario: Scenario, port: str, passages: Sequence[Passage], seed: int
) -> Iterator[tuple[int, bytes]]:
    """(scenario ns when the read returned, bytes) of one port, in order."""
    instrument = scenario.instruments[port]
    frames = instrument_frames(scenario, port, passages, seed)
    damaged = damage(frames, instrument.line, stream(seed, "line", port))
    return reads(damaged, instrument, stream(seed, "reads", port))


def instrument_frames(
    scenario: Scenario, port: str, passages: Sequence[Passage], seed: int
) -> Iterator[Frame]:
    """Every frame of the instrument for the scenario's duration, dropouts left out."""
    instrument = scenario.instruments[port]
    protocol = instrument.protocol
    if isinstance(protocol, WimJsonSettings):
        reported = records(scenario, port, passages, stream(seed, "controller", port))
        yield from (Frame(at, line) for at, line in record_lines(protocol, reported))
        return
    encoder = make_encoder(protocol, decimals=instrument.decimals)
    rows = protocol.samples_per_frame if isinstance(protocol, AdcSettings) else 1
    for trace in port_traces(scenario, port, passages, seed, rows):
        values = _values(trace, protocol)
        for begin in range(0, trace.at_ns.size, rows):
            part = slice(begin, begin + rows)
            ready = int(trace.at_ns[part][-1])
            data = encoder.encode(ready, values[part], trace.status[part], trace.inputs[part])
            if not _dropped(ready / S, instrument):
                yield Frame(ready, data)


def register_polls(
    scenario: Scenario, port: str, passages: Sequence[Passage], seed: int
) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """(scenario ns, first address, registers) of each poll of a Modbus transmitter; lost ones are missing."""
    instrument = scenario.instruments[port]
    protocol = instrument.protocol
    assert isinstance(protocol, ModbusRtuSettings)
    encoder = ModbusEncoder(protocol, decimals=instrument.decimals)
    lost = stream(seed, "line", port)
    for trace in port_traces(scenario, port, passages, seed):
        values, status = _values(trace, protocol)[:, 0].tolist(), trace.status[:, 0].tolist()
        for at, value, bits in zip(trace.at_ns.tolist(), values, status, strict=True):
            if lost.random() * 1000 >= instrument.line.lost_permille and not _dropped(at / S, instrument):
                yield at, protocol.first_register, encoder.registers(value, bits)


def _values(trace: Trace, protocol: ProtocolSettings) -> Int64:
    raw = isinstance(protocol, HbmAedSettings) or (
        isinstance(protocol, AdcSettings) and protocol.unit == "counts"
    )
    return trace.counts if raw else np.rint(trace.grams).astype(np.int64)


def _dropped(at_s: float, instrument: InstrumentSim) -> bool:
    return any(d.start_s <= at_s < d.start_s + d.length_s for d in instrument.errors.dropouts)


# ---- samples of all lanes of a port -------------------------------------------------------------


def port_traces(
    scenario: Scenario, port: str, passages: Sequence[Passage], seed: int, multiple_of: int = 1
) -> Iterator[Trace]:
    """The instrument's samples in blocks, each a multiple of that many samples long."""
    instrument = scenario.instruments[port]
    lanes = [lane for lane in scenario.lanes if lane.port == port]
    protocol = instrument.protocol
    channels = protocol.channels if isinstance(protocol, AdcSettings) else 1
    errors = instrument.errors.model_copy(update={"dropouts": ()})
    step_ns = sample_step_ns(instrument.rate_hz, errors)
    block = max(1, round(BLOCK_S * instrument.rate_hz / multiple_of)) * multiple_of
    total = int(scenario.duration_ns / step_ns) // multiple_of * multiple_of
    near = {lane.id: _near(scenario, lane, passages) for lane in lanes}
    noise = {lane.id: stream(seed, "noise", port, lane.id) for lane in lanes}
    for start in range(0, total, block):
        which = range(start, min(start + block, total))
        span = which.start * step_ns - S, which.stop * step_ns + S
        traces = {}
        for lane in lanes:
            here = [p for p, (since, until) in near[lane.id] if since < span[1] and until > span[0]]
            loops = (lane.loop,) if lane.loop else ()
            traces[lane.id] = sample(
                here, lane.sensors, instrument.rate_hz, 0, which, noise[lane.id], errors, loops
            )
        yield _joined([(lane, traces[lane.id]) for lane in lanes], channels)


def _near(
    scenario: Scenario, lane: LaneSim, passages: Sequence[Passage]
) -> list[tuple[Passage, tuple[float, float]]]:
    """Passages that may touch the lane's sensors, as seen from it, with when."""
    out = []
    for passage in passages:
        seen = seen_from(passage, scenario.lane(passage.lane).centre_mm, lane.centre_mm)
        stay = presence_ns(passage, lane.sensors, (lane.loop,) if lane.loop else ())
        if stay is not None:
            out.append((seen, stay))
    return out


def _joined(traces: Sequence[tuple[LaneSim, Trace]], channels: int) -> Trace:
    """One trace of all the port's channels; those of no sensor stay at 0."""
    first = traces[0][1]
    n = first.at_ns.size
    grams, counts = np.zeros((n, channels)), np.zeros((n, channels), dtype=np.int64)
    status = np.zeros((n, channels), dtype=np.uint8)
    inputs = np.zeros(n, dtype=np.int64)
    for lane, trace in traces:
        own = [channel.index for sensor in lane.sensors for channel in sensor.channels]
        grams[:, own], counts[:, own] = trace.grams[:, own], trace.counts[:, own]
        status[:, own] = trace.status[:, own]
        inputs |= trace.inputs
    return Trace(first.at_ns, grams, counts, inputs, status)


# ---- the line -----------------------------------------------------------------------------------


def damage(frames: Iterable[Frame], errors: LineErrors, rng: np.random.Generator) -> Iterator[Frame]:
    """Lose frames, flip bits, misread the line."""
    if errors == LineErrors():
        yield from frames
        return
    for frame in frames:
        lost = rng.random() * 1000 < errors.lost_permille
        flipped = rng.random() * 1000 < errors.flipped_permille
        data = bytearray(frame.data)
        if flipped and data:
            place = int(rng.integers(len(data)))
            data[place] ^= 1 << int(rng.integers(8))
        if errors.parity_7e1:
            data = bytearray((byte & 0x7F) | (((byte & 0x7F).bit_count() & 1) << 7) for byte in data)
        if errors.garbage:
            data = bytearray(rng.integers(0, 256, len(data), dtype=np.uint8).tobytes())
        if not lost and data:
            yield Frame(frame.ready_ns, bytes(data))


def reads(
    frames: Iterable[Frame], instrument: InstrumentSim, rng: np.random.Generator
) -> Iterator[tuple[int, bytes]]:
    """Reads about every `read_ms`, each with the bytes that had come over the line by then.

    A frame that the line has no time for within a frame's length is never sent.
    """
    byte_ns = BITS_PER_BYTE * 1e9 / instrument.baud
    every = instrument.read_ms * MS
    late_most = min(LATE_MOST_NS, every / 2)
    line_free = 0.0
    waiting: list[tuple[float, bytes]] = []  # (when its first byte begins, bytes not yet read)
    read_number = 1
    read_at = every + min(late_most, rng.exponential(LATE_MEAN_NS))
    for frame in frames:
        if line_free - frame.ready_ns > len(frame.data) * byte_ns:
            continue
        starts = max(line_free, float(frame.ready_ns))
        line_free = starts + len(frame.data) * byte_ns
        while read_at < starts:
            yield from _arrived(waiting, read_at, byte_ns)
            read_number += 1
            read_at = read_number * every + min(late_most, rng.exponential(LATE_MEAN_NS))
        waiting.append((starts, frame.data))
    while waiting:
        yield from _arrived(waiting, read_at, byte_ns)
        read_number += 1
        read_at = read_number * every + min(late_most, rng.exponential(LATE_MEAN_NS))


def _arrived(waiting: list[tuple[float, bytes]], now: float, byte_ns: float) -> Iterator[tuple[int, bytes]]:
    """One read of what has come by `now`, if anything has; the rest stays in `waiting`."""
    out = bytearray()
    while waiting:
        starts, data = waiting[0]
        count = min(len(data), int((now - starts) / byte_ns + 1e-6))
        if count <= 0:
            break
        out += data[:count]
        if count < len(data):
            waiting[0] = (starts + count * byte_ns, data[count:])
            break
        waiting.pop(0)
    if out:
        yield round(now), bytes(out)
