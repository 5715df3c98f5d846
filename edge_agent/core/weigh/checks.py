"""Reasons not to believe a weight. Each function looks at one side of a crossing and returns flags.

A flag says that the weight is unsafe, never that anybody did wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np

from edge_agent.core.records import Axle, Flag, SpeedSource
from edge_agent.core.units import MS, MilliCelsius, S, div_round
from edge_agent.core.weigh.groups import can_be_two, is_vehicle
from edge_agent.core.weigh.layout import RAIL
from edge_agent.core.weigh.motion import Motion, Timed
from edge_agent.core.weigh.passes import Pass
from edge_agent.core.weigh.samples import BAD_FAULT, BAD_OVERLOAD, BAD_UNDERLOAD, INFO_GAP, Int64
from edge_agent.core.weigh.settings import EnvelopeSettings, ScaleSettings
from edge_agent.core.weigh.trace import Signal, Trace

STATUS_FLAGS = (
    (BAD_OVERLOAD, Flag.OVERLOAD),
    (RAIL, Flag.SATURATION),
    (BAD_FAULT | BAD_UNDERLOAD | INFO_GAP, Flag.SENSOR_FAULT),
)
# A channel that noise moved before and that then stands still for this long is stuck.
STUCK_NS = 200 * MS
STUCK_SAMPLES = 20
# Each axle's speed, between the sensors and on each of them, lies on one straight line in time. Half
# heights wander by 1 % with the bounce at 20 km/h, and by more where the speed is inferred from them.
UNSTEADY_PERMILLE = 80
UNSTEADY_INFERRED_PERMILLE = 150


def of_trace(
    trace: Trace,
    grams: Int64,
    signals: Sequence[Signal],
    seen: Sequence[Sequence[Pass]],
    settings: ScaleSettings,
) -> set[Flag]:
    """What the samples themselves say: the instrument's status, a moved zero, a stuck channel."""
    flags = set()
    bits = 0
    for one in chain.from_iterable(seen):
        bits |= one.status
    flags |= {flag for mask, flag in STATUS_FLAGS if bits & mask}
    if trace.holed:
        flags.add(Flag.SENSOR_FAULT)
    for signal, passes in zip(signals, seen, strict=True):
        if abs(_unloaded_level(signal, passes)) > settings.zero.suspect_g:
            flags.add(Flag.ZERO_SUSPECT)
        if _has_stuck_channel(trace, grams[:, signal.column.all]):
            flags.add(Flag.SENSOR_FAULT)
    if settings.separator is not None and _present_twice(trace, settings):
        flags.add(Flag.TAILGATING)
    return flags


def _unloaded_level(signal: Signal, passes: Sequence[Pass]) -> int:
    """Median of what the sensor read while no axle was near it."""
    free = np.ones(signal.at.size, dtype=np.bool_)
    for one in passes:
        margin = one.width // 2 if one.width < S else S // 2
        first, last = np.searchsorted(signal.at, (one.enter - margin, one.leave + margin))
        free[first:last] = False
    unloaded = signal.load[free]
    if unloaded.size < 5:
        return 0
    return int(np.partition(unloaded, unloaded.size // 2)[unloaded.size // 2])


def _has_stuck_channel(trace: Trace, grams: Int64) -> bool:
    """One channel that noise no longer moves, while it moved before or its neighbours still do."""
    moved = grams[1:] != grams[:-1]
    if moved.shape[0] < 2 * STUCK_SAMPLES:
        return False
    still = ~moved.any(axis=0)
    if still.any() and not still.all():
        return True
    tail = moved[np.searchsorted(trace.at[1:], trace.at[-1] - STUCK_NS) :]
    usually = 2 * moved.sum(axis=0) > moved.shape[0]
    return tail.shape[0] >= STUCK_SAMPLES and bool((usually & ~tail.any(axis=0)).any())


def _present_twice(trace: Trace, settings: ScaleSettings) -> bool:
    assert settings.separator is not None
    present = (trace.inputs >> settings.separator.bit) & 1
    if settings.separator.active == "low":
        present = 1 - present
    return int((np.diff(present) > 0).sum()) + int(present[0]) > 1


def turned_back(seen: Sequence[Sequence[Pass]]) -> set[Flag]:
    """The first sensor saw axles twice that the last one saw less often: it may have backed off."""
    return {Flag.REVERSE} if len(seen[0]) >= 2 * max(1, len(seen[-1])) else set()


def of_motion(
    motion: Motion,
    passes: Sequence[Sequence[Pass]],
    timed: Sequence[Timed],
    period: int,
    settings: ScaleSettings,
) -> set[Flag]:
    """Speed and its changes against the envelope. `passes` and `timed` are by axle."""
    envelope = settings.envelope
    flags = set()
    if motion.source is SpeedSource.INFERRED:
        flags.add(Flag.SPEED_INFERRED)
    if motion.backwards:
        flags.add(Flag.REVERSE)
    if motion.speed is None or not envelope.speed_min_mm_s <= motion.speed <= envelope.speed_max_mm_s:
        flags.add(Flag.SPEED_OUT)
    if motion.speed is not None and motion.speed < envelope.creep_mm_s:
        flags.add(Flag.CREEP)
    if motion.acceleration is not None:
        # A speed inferred from pulse widths carries the bounce: only a sure change counts there.
        doubt = 2 * motion.acceleration_sd if motion.source is SpeedSource.INFERRED else 0
        if abs(motion.acceleration) > envelope.acceleration_mm_s2 + doubt:
            flags.add(Flag.ACCEL)
    speeds = _speeds_on_sensors(passes, period, settings)
    if any(speed < envelope.stop_mm_s for _, speed, _ in speeds):
        flags.add(Flag.STOP_ON_PAD)
    speeds += [(one.at, abs(one.speed), 0) for one in timed]
    if any(_off_the_line(motion, at, speed, doubt) for at, speed, doubt in speeds):
        flags.add(Flag.ACCEL)
    return flags


def _speeds_on_sensors(
    passes: Sequence[Sequence[Pass]], period: int, settings: ScaleSettings
) -> list[tuple[int, int, int]]:
    """(when, mm/s, doubt in permille) that each time on a sensor says; a strip's says nothing."""
    return [
        (one.centre, div_round(sensor.length_mm * S, max(1, one.width)), 500 * period // max(1, one.width))
        for each in passes
        for one, sensor in zip(each, settings.sensors, strict=False)
        if sensor.kind != "strip"
    ]


def _off_the_line(motion: Motion, at: int, speed: int, doubt: int) -> bool:
    """No steady change of speed explains this one: it braked and drove on, or stood."""
    expected = motion.speed_at(at)
    if expected is None:
        return False
    allowed = (
        UNSTEADY_PERMILLE if motion.source is SpeedSource.MEASURED else UNSTEADY_INFERRED_PERMILLE
    ) + doubt
    return 1000 * abs(speed - expected) > allowed * expected


def of_axles(
    passes: Sequence[Sequence[Pass]],
    axles: Sequence[Axle],
    rate_mhz: int,
    motion: Motion,
    settings: ScaleSettings,
) -> set[Flag]:
    """Samples enough, axles apart, and not two vehicles."""
    envelope, vehicle = settings.envelope, settings.vehicle
    flags = set()
    each = list(chain.from_iterable(passes))
    if min((p.samples for p in each if p.whole), default=0) < envelope.min_plateau_samples:
        flags.add(Flag.FEW_SAMPLES)
    too_fast = motion.speed is None or motion.speed > envelope.slow_rate_speed_mm_s
    if rate_mhz < envelope.min_rate_hz * 1000 and too_fast:
        flags.add(Flag.FEW_SAMPLES)
    if any(not p.whole for p in each):
        flags.add(Flag.AXLE_COUNT)
    if settings.sensors[0].kind != "deck" and any(not p.alone for p in each):
        flags.add(Flag.TANDEM_OVERLAP)
    offsets = [a.offset for a in axles if a.offset is not None]
    spacings = [b - a for a, b in pairwise(offsets)]
    if len(axles) > vehicle.max_axles or can_be_two(spacings, vehicle):
        flags.add(Flag.TAILGATING)
    if max(spacings, default=0) > vehicle.max_axle_spacing_mm:
        flags.add(Flag.TAILGATING)
    if not is_vehicle(spacings, vehicle):
        flags.add(Flag.AXLE_COUNT)
    return flags


def of_sides(shares: Sequence[Sequence[int]], envelope: EnvelopeSettings) -> set[Flag]:
    """Left shares in permille, by axle and sensor: whether all wheels were on, and stayed so."""
    each = list(chain.from_iterable(shares))
    if not each:
        return set()
    flags = set()
    left_only = [s > 1000 - envelope.one_side_permille for s in each]
    right_only = [s < envelope.one_side_permille for s in each]
    if any(left_only) or any(right_only):
        flags |= {Flag.ONE_SIDE, Flag.STRADDLE}
    if any(left_only) and any(right_only):
        flags.add(Flag.ABREAST)
    mean = div_round(sum(each), len(each))
    if min(mean, 1000 - mean) < envelope.side_min_permille:
        flags.add(Flag.OFF_SCALE)
    if max(each) - min(each) > envelope.side_shift_permille:
        flags.add(Flag.DISAGREE)
    return flags


def of_gross(
    gross: int | None, expected: int | None, stated: int | None, apart: int, envelope: EnvelopeSettings
) -> set[Flag]:
    """Sensors against each other, and the stated interval against the envelope.

    A mean of two sensors is off by half of what they differ, so dynamics would explain a difference
    of twice the `expected` interval in 5 of 100 crossings if that were no wider than it must be; it
    is, and 1.5 times it refuses next to no clean crossing.
    """
    if gross is None or expected is None or stated is None:
        return set()
    flags = set()
    if 2 * apart > 3 * expected + div_round(2 * gross * envelope.disagree_permille, 1000):
        flags.add(Flag.DISAGREE)
    if 1000 * stated > gross * envelope.max_interval_permille:
        flags.add(Flag.UNCERTAIN)
    return flags


def of_conditions(temperature: MilliCelsius | None, settings: ScaleSettings) -> set[Flag]:
    """Temperature against the envelope; an unknown one matters where the weight depends on it."""
    if temperature is None:
        return {Flag.TEMPERATURE_OUT} if settings.calibration.temperature_ppm_per_c else set()
    envelope = settings.envelope
    inside = envelope.temperature_min_mc <= temperature <= envelope.temperature_max_mc
    return set() if inside else {Flag.TEMPERATURE_OUT}
