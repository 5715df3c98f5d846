"""The trace of a lane in use becomes crossings: one vehicle each, with every reason to doubt it.

trace ─> signals ─> passes of each sensor ─> axles (one pass a sensor) ─> vehicles ─> Crossing
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import isqrt

from edge_agent.core.records import Axle, Crossing, Flag, SpeedSource
from edge_agent.core.units import MS, US, Grams, MilliCelsius, Mm, MmPerS, Ns, S, div_round
from edge_agent.core.weigh import checks
from edge_agent.core.weigh.calibration import calibrated
from edge_agent.core.weigh.groups import grouped, split_points
from edge_agent.core.weigh.layout import Layout
from edge_agent.core.weigh.motion import STANDING, Motion, Timed, motion_of, pair_speed
from edge_agent.core.weigh.passes import Pass, find_passes
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.core.weigh.trace import Signal, Trace, cleaned, signals
from edge_agent.core.weigh.uncertainty import axle_interval, gross_interval

# The noise must be this many times below the threshold, or the threshold rises.
ON_NOISES = 8
# About a period of body bounce (1.5 to 4 Hz): a plateau this long averages it by itself.
LONG_PLATEAU_NS = 300 * MS


@dataclass(frozen=True, slots=True)
class Context:
    """What the scale knows besides the trace."""

    lane: str
    closed_at: Ns
    zero: Grams
    temperature: MilliCelsius | None
    flags: frozenset[Flag]  # those that hold for whatever the trace shows


@dataclass(frozen=True, slots=True)
class Weighed:
    """A crossing, its gross weight by sensor (empty where an axle has no value), and what it rests on."""

    crossing: Crossing
    totals: tuple[int, ...]
    axles: tuple[AxleSeen, ...] = ()  # as the crossing's
    loads: tuple[Loads, ...] = ()  # of each axle, by sensor


@dataclass(frozen=True, slots=True)
class AxleSeen:
    """One axle: its passes over the sensors that saw it, in the order of the sensors."""

    passes: tuple[Pass, ...]
    timed: Timed | None

    @property
    def at(self) -> int:
        """Middle of its passage over the first sensor that saw it."""
        return self.passes[0].centre


def weigh(trace: Trace, layout: Layout, settings: ScaleSettings, context: Context) -> tuple[Weighed, ...]:
    """Every vehicle in the trace, in order; numbers are the caller's business (0 here)."""
    grams, _ = cleaned(trace)
    per_sensor = signals(trace, layout, grams)
    on_g = max(settings.detect.on_g, ON_NOISES * trace.noise)
    seen = [find_passes(signal, settings, on_g) for signal in per_sensor]
    if not any(seen) or _nothing_but_a_bump(per_sensor, seen, on_g):
        return ()
    counts_differ = len({len(passes) for passes in seen}) > 1
    axles = _axles(seen, settings)
    flags = set(context.flags) | checks.of_trace(trace, grams, per_sensor, seen, settings)
    if counts_differ:
        flags.add(Flag.AXLE_COUNT)
        if len(seen[-1]) < len(seen[0]):
            flags |= checks.turned_back(seen)
    vehicles = _vehicles(axles, settings)
    weighed = tuple(
        _crossing(part, settings, replace(context, flags=frozenset(flags)), trace.period, trace.noise)
        for part in vehicles
    )
    return _doubting_each_other(weighed)


# One of these in a part of a trace that was cut by spacing, and the cut itself is in doubt.
CUT_IN_DOUBT = {Flag.STOP_ON_PAD, Flag.CREEP, Flag.ACCEL, Flag.REVERSE, Flag.AXLE_COUNT}


def _doubting_each_other(parts: tuple[Weighed, ...]) -> tuple[Weighed, ...]:
    """A vehicle that stopped between its axles looks like two: then no part can be trusted alone."""
    if len(parts) < 2 or not any(CUT_IN_DOUBT & set(part.crossing.flags) for part in parts):
        return parts
    return tuple(
        replace(
            part,
            crossing=replace(part.crossing, flags=tuple(sorted({*part.crossing.flags, Flag.TAILGATING}))),
        )
        for part in parts
    )


def _nothing_but_a_bump(per_sensor: Sequence[Signal], seen: Sequence[Sequence[Pass]], on_g: int) -> bool:
    """No wheel's shape anywhere, and nothing heavier than a zero that moved: debris, a person."""
    if any(one.whole for one in chain.from_iterable(seen)):
        return False
    return all(int(signal.load.max()) < 2 * on_g for signal in per_sensor)


def _axles(seen: Sequence[Sequence[Pass]], settings: ScaleSettings) -> list[AxleSeen]:
    """Pair the passes in order where all sensors saw as many; else those of the sensor that saw most."""
    sensors = settings.sensors
    if len({len(passes) for passes in seen}) > 1:
        most = max(range(len(seen)), key=lambda k: (len(seen[k]), -k))
        return [
            AxleSeen((p,), _timed_alone(p, sensors[most].length_mm, sensors[most].kind)) for p in seen[most]
        ]
    axles = []
    for passes in zip(*seen, strict=True):
        if len(sensors) == 1:
            timed = _timed_alone(passes[0], sensors[0].length_mm, sensors[0].kind)
        else:
            first, last = passes[0].centre, passes[-1].centre
            timed = Timed((first + last) // 2, pair_speed(sensors[-1].position_mm, last - first))
        axles.append(AxleSeen(tuple(passes), timed))
    return axles


def _timed_alone(one: Pass, length_mm: int, kind: str) -> Timed | None:
    """Speed from the time on one sensor; a strip's width is the tyre's, and says nothing."""
    if kind == "strip" or not one.whole or one.width <= 0:
        return None
    return Timed(one.centre, pair_speed(length_mm, one.width))


def _vehicles(axles: list[AxleSeen], settings: ScaleSettings) -> list[list[AxleSeen]]:
    """Cut where no vehicle is so long between two axles; a separator has done that already."""
    if settings.separator is not None:
        return [axles]
    spacings = []
    for a, b in itertools.pairwise(axles):
        known = [abs(x.timed.speed) for x in (a, b) if x.timed is not None]
        speed = div_round(sum(known), len(known)) if known else 0
        spacings.append(div_round(speed * abs(b.at - a.at), S))
    points = [0, *split_points(spacings, settings.vehicle), len(axles)]
    return [axles[i:j] for i, j in itertools.pairwise(points)]


def _motion(axles: Sequence[AxleSeen], settings: ScaleSettings) -> Motion:
    timed = [a.timed for a in axles]
    if any(t is None for t in timed):
        return STANDING
    measured = len(settings.sensors) > 1 and all(len(a.passes) == len(settings.sensors) for a in axles)
    if measured:
        return motion_of([t for t in timed if t], settings.sensors[-1].position_mm, SpeedSource.MEASURED)
    return motion_of([t for t in timed if t], settings.sensors[0].length_mm, SpeedSource.INFERRED)


@dataclass(frozen=True, slots=True)
class Loads:
    """One axle's load as each sensor saw it, calibrated; None where it has no value."""

    by_sensor: tuple[int, ...] | None
    sides: tuple[tuple[int, int], ...]  # (left, right) by sensor that can tell; for shares only

    @property
    def left_permille(self) -> list[int]:
        """Share of the left wheels on each sensor that can tell."""
        return [div_round(1000 * left, left + right) for left, right in self.sides]

    @property
    def mean(self) -> int:
        """Equal mean of the sensors."""
        assert self.by_sensor is not None
        return div_round(sum(self.by_sensor), len(self.by_sensor))


def _loads(axle: AxleSeen, motion: Motion, settings: ScaleSettings, context: Context) -> Loads:
    values = []
    sides = []
    for one, sensor in zip(axle.passes, settings.sensors, strict=False):
        load = _load(one, sensor.length_mm, motion)
        if load is None:
            return Loads(None, ())
        values.append(calibrated(load, settings.calibration, motion.speed, context.temperature))
        if one.sides is not None and sum(one.sides) > 0:
            sides.append(one.sides)
    return Loads(tuple(values), tuple(sides))


def _load(one: Pass, length_mm: int, motion: Motion) -> int | None:
    """Area times speed over length; the mean of the plateau where the area is not one axle's.

    The area weights the wheel's load over the whole L + c of its way with soft ends, the plateau over
    L - c with hard ones: of the bounce at 10 to 20 km/h the area leaves 15 to 40 % less. What the
    speed is off, the area is off too. From two sensors that is little; from one sensor's own half
    heights it is less than what is gained, as long as the plateau is too short to average the bounce.
    """
    speed = motion.speed_at(one.centre)
    if one.area is None or speed is None:
        return one.load
    long = one.load is not None and one.plateau > LONG_PLATEAU_NS
    if long and motion.source is SpeedSource.INFERRED:
        return one.load
    return div_round(one.area * speed, length_mm * 1_000_000)


def _crossing(
    axles: list[AxleSeen], settings: ScaleSettings, context: Context, period: int, noise: int
) -> Weighed:
    motion = _motion(axles, settings)
    rate_mhz = div_round(1000 * S, period) if period else 0
    loads = [_loads(a, motion, settings, context) for a in axles]
    records = tuple(_axle(a, loads[k], axles[0], motion, settings, noise) for k, a in enumerate(axles))
    sensors = len(axles[0].passes)
    gross = expected = interval = None
    apart = 0
    totals: list[int] = []
    # More axles than any vehicle has (a cell that sticks, a queue on the scale): nobody's gross weight.
    if len(axles) <= settings.vehicle.max_axles and all(x.by_sensor is not None for x in loads):
        totals = [sum(x.by_sensor[k] for x in loads if x.by_sensor) for k in range(sensors)]
        gross = div_round(sum(totals), sensors)
        apart = max(totals) - min(totals)
        halves = [a.interval for a in records]
        expected = gross_interval(halves, gross, sensors, settings.calibration, 0)
        interval = gross_interval(halves, gross, sensors, settings.calibration, apart)
    flags = set(context.flags)
    passes = [a.passes for a in axles]
    timed = [a.timed for a in axles if a.timed is not None]
    flags |= checks.of_motion(motion, passes, timed, period, settings)
    flags |= checks.of_axles(passes, records, rate_mhz, motion, settings)
    flags |= checks.of_sides([x.left_permille for x in loads], settings.envelope)
    flags |= checks.of_gross(gross, expected, interval, apart, settings.envelope)
    flags |= checks.of_conditions(context.temperature, settings)
    first = axles[0].passes[0]
    crossing = Crossing(
        lane=context.lane,
        number=0,
        first_axle_at=Ns(first.centre),
        last_axle_at=Ns(max(p.leave for a in axles for p in a.passes)),
        closed_at=context.closed_at,
        axles=records,
        groups=grouped(records, settings.vehicle.group_spacing_mm),
        gross=None if gross is None else Grams(gross),
        gross_interval=None if interval is None else Grams(interval),
        speed=None if motion.speed is None else MmPerS(motion.speed),
        speed_sd=None if motion.sd is None else MmPerS(motion.sd),
        speed_source=motion.source,
        acceleration=motion.acceleration,
        flags=tuple(sorted(flags)),
        rate_mhz=rate_mhz,
        zero=context.zero,
        temperature=context.temperature,
        calibration=settings.calibration.id,
    )
    return Weighed(crossing, tuple(totals), tuple(axles), tuple(loads))


def _axle(
    axle: AxleSeen, loads: Loads, first: AxleSeen, motion: Motion, settings: ScaleSettings, noise: int
) -> Axle:
    """The record; an axle without a value has load 0 on 0 samples."""
    offset = None if motion.speed is None else Mm(abs(motion.distance(first.at, axle.at)))
    if loads.by_sensor is None:
        return Axle(Ns(axle.at), Grams(0), Grams(0), None, None, offset, 0)
    load = loads.mean
    samples = max(1, min(p.samples for p in axle.passes))
    left = right = None
    if loads.sides:
        left = div_round(load * sum(s[0] for s in loads.sides), sum(sum(s) for s in loads.sides))
        right = load - left
    speed = motion.speed or settings.envelope.speed_max_mm_s
    # With a measured speed, the area's soft window leaves no more of the bounce than a hard one of the
    # time from end to end would; an inferred speed gives part of that back.
    measured = motion.source is SpeedSource.MEASURED
    averaged = min(p.width if measured and p.area is not None else p.plateau for p in axle.passes) // US
    noise_of_mean = div_round(noise, isqrt(samples))
    interval = axle_interval(load, speed, averaged, len(axle.passes), noise_of_mean, settings.calibration)
    return Axle(
        Ns(axle.at), Grams(load), Grams(interval), None if left is None else Grams(left),
        None if right is None else Grams(right), offset, samples,
    )  # fmt: skip
