"""How fast bytes become crossings, and how fast the zero finds back."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from edge_agent.bench.weigh_faults import calm
from edge_agent.core.records import Crossing
from edge_agent.core.units import KG, MS, Ns, S
from edge_agent.core.weigh.protocols.registry import make_decoder
from edge_agent.core.weigh.protocols.settings import AdcSettings
from edge_agent.core.weigh.samples import Int64, Samples, Unit
from edge_agent.core.weigh.scale import Scale
from edge_agent.core.weigh.settings import ChannelSettings, ScaleSettings, SensorSettings, ZeroSettings
from edge_agent.sim.encoders.adc import AdcEncoder
from edge_agent.sim.errors import NOISY
from edge_agent.sim.loadcells import weigh_trace
from edge_agent.sim.world import Motion, Passage

FRAME = 20
VEHICLE_EVERY_S = 10
STEP_KG = 200


def _eight_channels() -> ScaleSettings:
    """Two pads with four cells each."""
    sides = ("left", "left", "right", "right")
    sensors = tuple(
        SensorSettings(
            id=f"pad-{k + 1}",
            position_mm=2800 * k,
            length_mm=800,
            channels=tuple(
                ChannelSettings(index=4 * k + i, side=side, grams_num=5)  # type: ignore[arg-type]
                for i, side in enumerate(sides)
            ),
        )
        for k in range(2)
    )
    return ScaleSettings(sensors=sensors, zero=ZeroSettings(warm_up_s=0))


def throughput(seconds: int) -> dict[str, Any]:
    """Bytes of our own converter stream through decoder and scale; a lorry every ten seconds."""
    settings = _eight_channels()
    rng = np.random.default_rng(0)
    passages = [
        Passage(
            k, "lane-1", (one := calm(rng)).vehicle,
            Motion.uniform(k * VEHICLE_EVERY_S * S, one.motion.legs[0].v_mm_s), one.dynamics,
        )
        for k in range(1, seconds // VEHICLE_EVERY_S)
    ]  # fmt: skip
    trace = weigh_trace(passages, settings.sensors, 1000.0, 0, seconds * S, rng, NOISY)
    adc = AdcSettings(channels=8, samples_per_frame=FRAME)
    encoder, decoder, scale = AdcEncoder(adc), make_decoder(adc), Scale("lane-1", settings)
    frames = []
    for end in range(FRAME, trace.at_ns.size + 1, FRAME):
        rows = slice(end - FRAME, end)
        data = encoder.encode(0, trace.counts[rows], trace.status[rows], trace.inputs[rows])
        frames.append((Ns(int(trace.at_ns[end - 1])), data))
    crossings = 0
    in_scale = 0.0
    begun = time.perf_counter()
    for at, frame in frames:
        for block in decoder.feed(at, frame):
            if isinstance(block, Samples):
                mark = time.perf_counter()
                crossings += sum(isinstance(one, Crossing) for one in scale.feed(block))
                in_scale += time.perf_counter() - mark
    took = time.perf_counter() - begun
    return {
        "seconds": seconds,
        "crossings": crossings,
        "ratio": seconds / took,
        "scale_ratio": seconds / in_scale,
        "idle_block_us": _idle_block_us(settings),
    }


def _idle_block_us(settings: ScaleSettings) -> float:
    scale = Scale("lane-1", settings)
    rng = np.random.default_rng(1)
    blocks = [_empty_block(rng, k * FRAME * MS, 8) for k in range(500)]
    for block in blocks[:200]:
        scale.feed(block)
    begun = time.perf_counter()
    for block in blocks[200:]:
        scale.feed(block)
    return (time.perf_counter() - begun) / 300 * 1e6


def _empty_block(rng: np.random.Generator, start_ns: int, channels: int, level: Int64 | int = 0) -> Samples:
    at = start_ns + np.arange(FRAME, dtype=np.int64) * MS
    values = np.rint(rng.normal(0, 2_000, (FRAME, channels))).astype(np.int64) + level
    return Samples(at, values, np.zeros(values.shape, np.uint8), np.zeros(FRAME, np.int64), Unit.COUNTS)


def zero_after_step() -> dict[str, Any]:
    """The empty scale's first channel jumps by 200 kg: how the tracked zero follows."""
    settings = _eight_channels()
    scale = Scale("lane-1", settings)
    rng = np.random.default_rng(2)
    step = np.array([STEP_KG * KG // 5] + [0] * 7, dtype=np.int64)
    step_at, within, after_60 = 30 * S, None, 0.0
    for start in range(0, 95 * S, FRAME * MS):
        scale.feed(_empty_block(rng, start, 8, step if start >= step_at else 0))
        off = (scale.zero_g or 0) - STEP_KG * KG
        if start >= step_at and within is None and abs(off) <= 20 * KG:
            within = (start - step_at) / S
        if start <= step_at + 60 * S:
            after_60 = off / KG
    return {"step_kg": STEP_KG, "after_60_s_kg": after_60, "within_20_kg_s": within or float("inf")}
