"""Suspension dynamics: body bounce and axle hop on top of each axle's static load.

The load of axle i at time t is
    static · (1 + A·sin(2π·f·t + φᵢ) + H·sin(2π·h·t + ψᵢ)),
bounce f of 1.5 to 4 Hz, hop h of 8 to 15 Hz, one frequency of each a vehicle. The amplitude grows
with speed, A = 0.336 % · v(km/h) - 1.9 % but no less than 1 %, and H = A / 5. Axles move in phase
(one φ for all) or each with its own phase; real trucks lie between the two.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from edge_agent.sim.world import Dynamics

Phases = Literal["in_phase", "independent"]

BOUNCE_HZ = (1.5, 4.0)
HOP_HZ = (8.0, 15.0)
AMPLITUDE_FLOOR = 0.01
AMPLITUDE_CEILING = 0.25  # wheels leave the road above
HOP_SHARE = 1 / 5


def bounce_amplitude(speed_kmh: float) -> float:
    """Amplitude of body bounce as a fraction of the static load.

    >>> round(bounce_amplitude(20), 4), bounce_amplitude(3)
    (0.0482, 0.01)
    """
    return min(AMPLITUDE_CEILING, max(AMPLITUDE_FLOOR, 0.00336 * speed_kmh - 0.019))


def draw_dynamics(
    rng: np.random.Generator,
    axles: int,
    speed_kmh: float,
    phases: Phases = "independent",
    bounce_hz: tuple[float, float] = BOUNCE_HZ,
    roughness: float = 1.0,
) -> Dynamics:
    """Random frequencies and phases; `roughness` scales the amplitudes (0 = a perfect road)."""
    amplitude = bounce_amplitude(speed_kmh) * roughness
    drawn = 1 if phases == "in_phase" else axles
    bounce = rng.uniform(0, 2 * math.pi, drawn)
    hop = rng.uniform(0, 2 * math.pi, drawn)
    return Dynamics(
        bounce_hz=rng.uniform(*bounce_hz),
        bounce_amplitude=amplitude,
        hop_hz=rng.uniform(*HOP_HZ),
        hop_amplitude=amplitude * HOP_SHARE,
        bounce_phases=_for_each(bounce, axles),
        hop_phases=_for_each(hop, axles),
    )


def still(axles: int) -> Dynamics:
    """No bounce and no hop: the load on the road is the static load."""
    return Dynamics(2.0, 0.0, 10.0, 0.0, (0.0,) * axles, (0.0,) * axles)


def _for_each(phases: np.ndarray[tuple[int, ...], np.dtype[np.float64]], axles: int) -> tuple[float, ...]:
    values = [float(phase) for phase in phases]
    return tuple(values * axles) if len(values) == 1 else tuple(values)
