"""One vehicle over one scale: the quick way for tests and benches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edge_agent.core.weigh.settings import ChannelSettings, SensorSettings
from edge_agent.sim.dynamics import Phases, draw_dynamics
from edge_agent.sim.errors import NOISY, InstrumentErrors
from edge_agent.sim.loadcells import Loop, Trace, presence_ns, weigh_trace
from edge_agent.sim.vehicles import reference_truck
from edge_agent.sim.world import Motion, Passage, Vehicle

KMH_MM_S = 1e4 / 36
LEAD_S = 1.5  # empty scale before and after, so that its zero can be seen


def pad(name: str, position_mm: int, first_channel: int, length_mm: int = 800) -> SensorSettings:
    """A pad or strip with a left and a right channel."""
    return SensorSettings(
        id=name,
        kind="pad" if length_mm > 300 else "strip",
        position_mm=position_mm,
        length_mm=length_mm,
        channels=(
            ChannelSettings(index=first_channel, side="left"),
            ChannelSettings(index=first_channel + 1, side="right"),
        ),
    )


LAYOUTS: dict[str, tuple[SensorSettings, ...]] = {
    "one-pad": (pad("pad-1", 0, 0),),
    "one-pad-1m": (pad("pad-1", 0, 0, 1000),),
    "two-pads": (pad("pad-1", 0, 0), pad("pad-2", 2800, 2)),
    "long-pad": (pad("pad-1", 0, 0, 3200),),
    "strips": (pad("strip-1", 0, 0, 50), pad("strip-2", 2800, 2, 50)),
    "deck": (
        SensorSettings(
            id="deck",
            kind="deck",
            position_mm=0,
            length_mm=18_000,
            channels=(ChannelSettings(index=0, side="both"),),
        ),
    ),
    # An indicator with one weight: both halves of the pad are summed before it.
    "one-pad-indicator": (
        SensorSettings(
            id="pad-1", position_mm=0, length_mm=800, channels=(ChannelSettings(index=0, side="both"),)
        ),
    ),
}


def single_crossing(
    layout: str | Sequence[SensorSettings],
    speed_kmh: float,
    rng: np.random.Generator,
    phases: Phases = "independent",
    *,
    vehicle: Vehicle | None = None,
    motion: Motion | None = None,
    rate_hz: float = 1000.0,
    errors: InstrumentErrors = NOISY,
    loops: Sequence[Loop] = (),
    lateral_mm: int = 0,
    roughness: float = 1.0,
    lead_s: float = LEAD_S,
) -> tuple[Passage, Trace]:
    """One vehicle (the 20 t reference truck unless given) over an otherwise empty scale.

    The trace begins `lead_s` before it reaches the first sensor and ends `lead_s` after it has
    left the last; its first axle is at x = 0 at a random instant, so that samples fall anywhere.
    """
    sensors = LAYOUTS[layout] if isinstance(layout, str) else tuple(layout)
    vehicle = vehicle or reference_truck()
    dynamics = draw_dynamics(rng, len(vehicle.axle_loads_g), speed_kmh, phases, roughness=roughness)
    if motion is None:
        reach_s = (max(s.length_mm for s in sensors) / 2 + 300) / (speed_kmh * KMH_MM_S)
        t0_ns = round((lead_s + reach_s + rng.uniform(0, 0.1)) * 1e9)
        motion = Motion.uniform(t0_ns, speed_kmh * KMH_MM_S)
    passage = Passage(1, "lane-1", vehicle, motion, dynamics, lateral_mm)
    stay = presence_ns(passage, sensors)
    if stay is None or not math.isfinite(stay[1]):
        raise ValueError("the vehicle does not cross the whole scale")
    start_ns, end_ns = max(0, round(stay[0] - lead_s * 1e9)), round(stay[1] + lead_s * 1e9)
    return passage, weigh_trace((passage,), sensors, rate_hz, start_ns, end_ns, rng, errors, loops)
