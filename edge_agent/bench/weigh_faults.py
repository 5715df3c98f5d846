"""Faults of the instrument and behaviours of drivers, one random vehicle at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge_agent.bench.weigh_runs import (
    LOOPS,
    Said,
    compared,
    crossings_of,
    random_start_ns,
    samples_of,
    settings_for,
    traced,
)
from edge_agent.core.units import TONNE
from edge_agent.core.weigh.samples import Samples
from edge_agent.sim.behaviours import BEHAVIOURS, KMH, behave
from edge_agent.sim.crossing import LAYOUTS
from edge_agent.sim.dynamics import draw_dynamics
from edge_agent.sim.errors import Debris, Dropout, InstrumentErrors
from edge_agent.sim.vehicles import draw_vehicle
from edge_agent.sim.world import Motion, Passage

KINDS = ("truck2", "truck3", "truck4", "semi5", "semi6")
SPEEDS_KMH = (5.0, 20.0)
# A crossing that carries no flag must be right within this: R134 vehicle class 5 in service.
LIMIT = 0.05

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of thing that goes wrong: errors of the instrument, a change of the samples, a rate."""

    errors: Callable[[Rng, float], InstrumentErrors]  # (rng, seconds at which the first axle arrives)
    change: Callable[[Samples], Samples] | None = None
    rate_hz: float = 1000.0


def _fixed(**errors: Any) -> Trouble:
    chosen = InstrumentErrors(**errors)
    return Trouble(lambda _rng, _at: chosen)


def _pad_gain(permille: int) -> Trouble:
    """The second pad alone reads more."""

    def change(block: Samples) -> Samples:
        values = block.values.copy()
        values[:, 2:] += values[:, 2:] * permille // 1000
        return replace(block, values=values)

    return Trouble(lambda _rng, _at: InstrumentErrors(), change)


def _dropout(rng: Rng, at_s: float) -> InstrumentErrors:
    start = at_s + rng.uniform(-0.5, 1.5)
    return InstrumentErrors(dropouts=(Dropout(start_s=start, length_s=float(rng.uniform(0.1, 5.0))),))


def _step(rng: Rng, at_s: float) -> InstrumentErrors:
    return InstrumentErrors(zero_step_g=200_000, zero_step_at_s=at_s + rng.uniform(-1.0, 2.0))


def _debris(rng: Rng, at_s: float) -> InstrumentErrors:
    lying = Debris(
        channel=int(rng.integers(4)), start_s=at_s + rng.uniform(-1.5, 1.0), length_s=600,
        load_g=int(rng.integers(30_000, 400_000)),
    )  # fmt: skip
    return InstrumentErrors(debris=(lying,))


def _stuck(rng: Rng, at_s: float) -> InstrumentErrors:
    return InstrumentErrors(stuck_channels=(int(rng.integers(4)),), stuck_at_s=at_s + rng.uniform(-1.5, 1.5))


def _dead(rng: Rng, _at_s: float) -> InstrumentErrors:
    return InstrumentErrors(dead_channels=(int(rng.integers(4)),))


def _filtered(milliseconds: float) -> Trouble:
    errors = InstrumentErrors(filter_ms=milliseconds)
    return Trouble(lambda _rng, _at: errors, rate_hz=50.0)


def _slow(rate_hz: float) -> Trouble:
    return Trouble(lambda _rng, _at: InstrumentErrors(), rate_hz=rate_hz)


TROUBLES: dict[str, Trouble] = {
    "clean": _fixed(),
    "zero drift 50 kg/h": _fixed(zero_drift_g_per_h=50_000),
    "zero step 200 kg": Trouble(_step),
    "debris 30-400 kg": Trouble(_debris),
    "hum 100 kg": _fixed(hum_g=100_000),
    "spikes 2 t, 2/s": _fixed(spikes_per_s=2.0),
    "dropout 0.1-5 s": Trouble(_dropout),
    "channel dead": Trouble(_dead),
    "channel stuck": Trouble(_stuck),
    "saturated at 2.5 t a channel": _fixed(full_scale_g=2_500_000),
    "division 50 kg": _fixed(division_g=50_000),
    "clock 200 ppm slow": _fixed(clock_skew_ppm=200),
    "-0.02 %/°C, 20 °C off": _fixed(span_ppm_per_c=-200, start_c=40),
    "display filter 0.2 s, 50 Hz": _filtered(200),
    "display filter 0.5 s, 50 Hz": _filtered(500),
    "display filter 1 s, 50 Hz": _filtered(1000),
    "80 Hz": _slow(80.0),
    "50 Hz": _slow(50.0),
    "20 Hz": _slow(20.0),
    "10 Hz": _slow(10.0),
    "second pad +3 %": _pad_gain(30),
    "second pad +10 %": _pad_gain(100),
}
# Errors of gain that all sensors share: nothing in the trace can show them. Reported, not counted.
BLIND: dict[str, Trouble] = {
    "all sensors +1 %": _fixed(gain_error_permille=10),
    "all sensors +3 %": _fixed(gain_error_permille=30),
    "all sensors +5 %": _fixed(gain_error_permille=50),
}


def calm(rng: Rng, kind: str | None = None, gross_g: int | None = None) -> Passage:
    """A random lorry in steady motion."""
    vehicle = draw_vehicle(rng, kind or KINDS[int(rng.integers(len(KINDS)))], gross_g)
    kmh = float(rng.uniform(*SPEEDS_KMH))
    phases = "in_phase" if rng.random() < 0.5 else "independent"
    dynamics = draw_dynamics(rng, len(vehicle.axle_loads_g), kmh, phases)  # type: ignore[arg-type]
    return Passage(1, "lane-1", vehicle, Motion.uniform(random_start_ns(rng), kmh * KMH), dynamics)


def trouble_run(name: str, seed: int, *, layout: str = "two-pads", loop: bool = True) -> list[Said]:
    """One lorry under one trouble."""
    rng = np.random.default_rng((seed, 1))
    trouble = (TROUBLES | BLIND)[name]
    passage = calm(rng)
    errors = trouble.errors(rng, passage.t0_ns / 1e9)
    loops = (LOOPS[layout],) if loop else ()
    block = samples_of(traced((passage,), LAYOUTS[layout], trouble.rate_hz, rng, errors, loops))
    if trouble.change:
        block = trouble.change(block)
    return compared(crossings_of(block, settings_for(layout, loop=loop)), (passage,))


def behaviour_run(name: str, seed: int, *, layout: str = "two-pads", loop: bool = True) -> list[Said]:
    """One lorry, and its company, behaving."""
    rng = np.random.default_rng((seed, 2))
    passages = behave(name, rng, calm(rng))
    loops = (LOOPS[layout],) if loop else ()
    block = samples_of(traced(passages, LAYOUTS[layout], 1000.0, rng, loops=loops))
    return compared(crossings_of(block, settings_for(layout, loop=loop)), passages)


def tally(runs: int, said: list[Said]) -> dict[str, Any]:
    """Counts of one row of the table."""
    wrong = [s for s in said if s.clean and (s.error is None or abs(s.error) > LIMIT)]
    flags: dict[str, int] = {}
    for one in said:
        for flag in one.crossing.flags:
            flags[flag.value] = flags.get(flag.value, 0) + 1
    errors = [abs(s.error) for s in said if s.clean and s.error is not None]
    return {
        "runs": runs,
        "crossings": len(said),
        "accepted": sum(s.clean for s in said),
        "refused": sum(not s.clean for s in said),
        "wrongly_accepted": len(wrong),
        "worst_accepted": max(errors, default=0.0),
        "covered": sum(s.covered for s in said if s.clean),
        "wrong_axles_accepted": sum(s.clean and len(s.crossing.axles) != s.axles for s in said),
        "over_said_wrongly": sum(s.clean and over_20_t(s) and s.true_g <= 19 * TONNE for s in said),
        "flags": dict(sorted(flags.items(), key=lambda item: (-item[1], item[0]))[:4]),
    }


def over_20_t(said: Said) -> bool:
    """Over 20 t after a deduction of 5 %."""
    return said.crossing.gross is not None and said.crossing.gross * 95 // 100 > 20 * TONNE


NAMES = tuple(BEHAVIOURS)
