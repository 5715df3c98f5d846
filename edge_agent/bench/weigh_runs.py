"""One simulated passage through the scale: what was true, what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.core.records import Crossing
from edge_agent.core.units import MS, S
from edge_agent.core.weigh.samples import Samples, Unit
from edge_agent.core.weigh.scale import Scale
from edge_agent.core.weigh.settings import (
    ScaleSettings,
    SensorSettings,
    SeparatorSettings,
    ZeroSettings,
)
from edge_agent.sim.crossing import LAYOUTS
from edge_agent.sim.errors import NOISY, InstrumentErrors
from edge_agent.sim.kinematics import first_time_at
from edge_agent.sim.loadcells import PATCH_MM, Loop, Trace, presence_ns, weigh_trace
from edge_agent.sim.world import Passage

# Empty scale before the first wheel: a second of it gives the zero, the guard takes the rest.
LEAD_NS = 2 * S
# The empty scale behind the last vehicle: slow samples, for their number costs time and tells nothing.
TAIL_STEP_NS = 200 * MS
TAIL_SAMPLES = 10
# By now every vehicle has been given up.
LATEST_NS = 130 * S

# Loops under the lane that cover the sensors: what separates vehicles on a well equipped lane.
LOOPS = {
    "two-pads": Loop(position_mm=1400, length_mm=4400),
    "one-pad": Loop(position_mm=0, length_mm=2000),
    "long-pad": Loop(position_mm=0, length_mm=4000),
    "strips": Loop(position_mm=1400, length_mm=4400),
}


def settings_for(layout: str, *, loop: bool = False) -> ScaleSettings:
    """The shipped defaults for the layout, without warm-up, which would flag every run."""
    return ScaleSettings(
        sensors=LAYOUTS[layout],
        separator=SeparatorSettings(bit=0) if loop else None,
        zero=ZeroSettings(warm_up_s=0),
    )


@dataclass(frozen=True, slots=True)
class Said:
    """One crossing beside the passage that it was of."""

    crossing: Crossing
    true_g: int
    axles: int

    @property
    def error(self) -> float | None:
        """Relative error of the gross weight."""
        return None if self.crossing.gross is None else self.crossing.gross / self.true_g - 1

    @property
    def covered(self) -> bool:
        """The true weight lies in the stated interval."""
        gross, half = self.crossing.gross, self.crossing.gross_interval
        return gross is not None and half is not None and abs(gross - self.true_g) <= half

    @property
    def clean(self) -> bool:
        """No flag at all."""
        return not self.crossing.flags


def samples_of(trace: Trace) -> Samples:
    """The trace as a protocol would hand it over."""
    return Samples(trace.at_ns, np.rint(trace.grams).astype(np.int64), trace.status, trace.inputs, Unit.GRAMS)


def traced(
    passages: Sequence[Passage],
    sensors: Sequence[SensorSettings],
    rate_hz: float,
    rng: np.random.Generator,
    errors: InstrumentErrors = NOISY,
    loops: Sequence[Loop] = (),
) -> Trace:
    """From before the first passage until after the last."""
    stays = [stay for p in passages if (stay := presence_ns(p, sensors, loops)) is not None]
    start = max(0, round(min(s[0] for s in stays)) - LEAD_NS)
    end = round(max(s[1] for s in stays)) + S
    return weigh_trace(passages, sensors, rate_hz, start, end, rng, errors, loops)


def crossings_of(block: Samples, settings: ScaleSettings) -> list[Crossing]:
    """All crossings of the block; the empty scale goes on, at a slow rate, until the last has ended."""
    scale = Scale("lane-1", settings)
    out = list(scale.feed(block))
    at = int(block.at[-1])
    end = at + LATEST_NS
    while scale.occupied and at < end:
        times = at + TAIL_STEP_NS * np.arange(1, TAIL_SAMPLES + 1, dtype=np.int64)
        values = np.repeat(block.values[-1:], TAIL_SAMPLES, axis=0)
        no_bits = np.zeros(values.shape, np.uint8)
        out += scale.feed(Samples(times, values, no_bits, 0 * times, block.unit))
        at = int(times[-1])
    return [one for one in out if isinstance(one, Crossing)]


def compared(crossings: Sequence[Crossing], passages: Sequence[Passage]) -> list[Said]:
    """Each crossing with the passage whose first axle was nearest in time on the first sensor."""
    said = []
    for crossing in crossings:
        nearest = min(
            passages, key=lambda p: (abs((first_time_at(p.motion, 0.0) or 0) - crossing.first_axle_at), p.id)
        )
        said.append(Said(crossing, nearest.vehicle.gross_g, len(nearest.vehicle.axle_loads_g)))
    return said


def bound_error(passage: Passage, sensors: Sequence[SensorSettings], rate_hz: float) -> float:
    """The published bound on this very truck: each axle's plateau mean, edges, zero and gain known.

    Only the suspension is left; equal mean over the sensors. Axles are taken singly, even where two
    stand on a long pad together.
    """
    leg = passage.motion.legs[0]
    total = 0.0
    for sensor in sensors:
        half_s = (sensor.length_mm - PATCH_MM) / 2 / leg.v_mm_s
        for k, (offset, static) in enumerate(
            zip(passage.vehicle.axle_offsets_mm, passage.vehicle.axle_loads_g, strict=True)
        ):
            middle_s = (sensor.position_mm + offset) / leg.v_mm_s
            n = max(1, int(2 * half_s * rate_hz))
            t = middle_s + (np.arange(n) + 0.5) / n * 2 * half_s - half_s
            total += static * (1 + float(_wave(passage, k, t).mean()))
    return total / len(sensors) / passage.vehicle.gross_g - 1


def _wave(passage: Passage, axle: int, t: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    d = passage.dynamics
    bounce: npt.NDArray[np.float64] = d.bounce_amplitude * np.sin(
        2 * np.pi * d.bounce_hz * t + d.bounce_phases[axle]
    )
    return bounce + d.hop_amplitude * np.sin(2 * np.pi * d.hop_hz * t + d.hop_phases[axle])


def random_start_ns(rng: np.random.Generator) -> int:
    """When the first axle is at x = 0: late enough for the lead, at a random instant."""
    return round((30 + rng.uniform(0, 0.1)) * 1e3) * MS
