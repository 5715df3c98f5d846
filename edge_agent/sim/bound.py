"""The floor below which no plateau mean can go: what suspension dynamics alone make of its error.

It knows from the truth when each axle stands wholly on a sensor, and what zero and gain are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_agent.core.weigh.settings import SensorSettings
from edge_agent.sim.crossing import LAYOUTS, single_crossing
from edge_agent.sim.dynamics import Phases
from edge_agent.sim.kinematics import Float64, track
from edge_agent.sim.loadcells import PATCH_MM, Trace
from edge_agent.sim.rng import stream
from edge_agent.sim.world import Passage


def perfect_gross_g(passage: Passage, trace: Trace, sensors: Sequence[SensorSettings]) -> float:
    """Sum over axles of the mean over sensors of the mean over the plateau; NaN when one has no sample."""
    x, _, _ = track(passage.motion, trace.at_ns)
    gross = 0.0
    for sensor in sensors:
        load = trace.grams[:, [channel.index for channel in sensor.channels]].sum(axis=1)
        for offset in passage.vehicle.axle_offsets_mm:
            on = np.abs(x - offset - sensor.position_mm) < (sensor.length_mm - PATCH_MM) / 2
            gross += (load[on].mean() if on.any() else np.nan) / len(sensors)
    return gross


def plateau_mean_errors(
    layout: str, speed_kmh: float, phases: Phases, passes: int, seed: int, rate_hz: float = 200
) -> Float64:
    """Relative errors of the reference truck's gross weight, one a pass.

    Args:
        layout: a key of `LAYOUTS`, of pads too short for two axles.
        speed_kmh: constant speed.
        phases: whether its axles bounce together.
        passes: how many; each has its own frequencies and phases.
        seed: of all of them.
        rate_hz: above 80 it hardly matters.
    """
    rng = stream(seed, "bound", layout, phases)
    errors = np.empty(passes)
    for i in range(passes):
        passage, trace = single_crossing(layout, speed_kmh, rng, phases, rate_hz=rate_hz, lead_s=0.01)
        errors[i] = perfect_gross_g(passage, trace, LAYOUTS[layout]) / passage.vehicle.gross_g - 1
    return errors
