"""When a vehicle that crossed the scale should be read, and how well that is known.

    predicted = first axle + travel / speed + offset of the camera's clock in this lane
    variance  = (travel * speed_sd / speed**2)**2 + (overhang_sd / speed)**2
                + (t**2 * acceleration / (2 * speed))**2 + clock_sd**2 + offset_sd**2

`travel` runs from the first sensor to the reading line, shortened or lengthened by the part of the
vehicle that is read; t is the travel time. The camera's own spread is added for each read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isqrt

from edge_agent.core.match.offset import Offset
from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings, Reference
from edge_agent.core.records import Crossing, Flag, SpeedSource
from edge_agent.core.units import MS, Ns, S, div_round

ERRATIC = frozenset({Flag.STOP_ON_PAD, Flag.CREEP, Flag.REVERSE})

# Slower than walking pace 1/x is no use for a prediction; such arrivals meet `max_sd_ms` anyway.
SLOWEST_MM_S = 300
TYPICAL_WHEELBASE_MM = 5_000


@dataclass(frozen=True, slots=True)
class Expected:
    """A vehicle's expected read, frozen when its crossing became known."""

    at: Ns
    variance: int  # ns², without the camera's own spread
    travel: Ns  # from first axle at the first sensor until it is read
    unshifted: Ns  # `at` without the clock offset in use: what the offset is learned from
    base_variance: int  # ns², of `unshifted`, as configured: what the spreads are checked against
    widen_permille: int  # how much wider than configured the spreads have proved to be


def expect(crossing: Crossing, lane: LaneMatchSettings, offset: Offset, settings: MatchSettings) -> Expected:
    """Predict the read of one crossing."""
    speed, speed_sd = _speed(crossing, lane, settings)
    distance, bumper = _distance_mm(crossing, lane, speed)
    travel = div_round(distance * S, speed)
    by_speed = abs(distance) * speed_sd * S // (speed * speed)
    by_overhang = lane.overhang_sd_mm * S // speed if bumper else 0
    measured = abs(crossing.acceleration or 0)
    acceleration = isqrt(settings.acceleration_sd_mm_s2**2 + measured * measured)
    by_driver = travel * travel * acceleration // (2 * speed * S)
    spread = isqrt(by_speed**2 + by_overhang**2 + by_driver**2)
    if ERRATIC.intersection(crossing.flags):
        spread = max(spread, settings.erratic_sd_ms * MS)
    spread = min(spread, settings.max_sd_ms * MS)
    base = spread**2 + (settings.clock_sd_ms * MS) ** 2
    widened = min(spread * offset.widen_permille // 1_000, settings.max_sd_ms * MS)
    variance = widened**2 + (settings.clock_sd_ms * MS) ** 2 + offset.sd**2
    unshifted = Ns(crossing.first_axle_at + travel)
    at = Ns(unshifted + offset.value)
    return Expected(at, variance, Ns(travel), unshifted, base, offset.widen_permille)


def behind(
    expected: Expected, crossing: Crossing, leader: tuple[Expected, Crossing], settings: MatchSettings
) -> Expected:
    """The same, held up by the vehicle ahead in the lane: nobody drives through it.

    Its front cannot be at the line before the leader's length has passed it. Cameras that read the
    rear see it a little later still: this is the least delay, and the spread says it is no more.
    """
    ahead, first = leader
    if first.first_axle_at >= crossing.first_axle_at:
        return expected
    length = first.axles[-1].at - first.axles[0].at if first.axles else 0
    free = ahead.at + max(0, length) + settings.follow_gap_ms * MS
    held = free - expected.at
    if held <= 0:
        return expected
    held = min(held, settings.max_sd_ms * MS)
    worst = expected.variance + (settings.max_sd_ms * MS) ** 2
    return replace(
        expected,
        at=Ns(expected.at + held),
        travel=Ns(expected.travel + held),
        unshifted=Ns(expected.unshifted + held),
        variance=min(max(expected.variance, ahead.variance) + (held // 2) ** 2, worst),
    )


def read_sd(expected: Expected, at_sd: Ns, settings: MatchSettings) -> int:
    """How far a read may fall from this prediction, one standard deviation, ns.

    The camera's own spread is in it: the configured one, or what the read states if that is worse.
    """
    camera = max(settings.camera_sd_ms * MS * expected.widen_permille // 1_000, at_sd)
    return isqrt(expected.variance + min(camera, settings.max_sd_ms * MS) ** 2)


def widest_window(settings: MatchSettings) -> int:
    """No read further than this from a prediction is ever considered, ns."""
    offset_sd = max([lane.offset_sd_ms for lane in settings.lanes] + [settings.offset.bound_ms])
    worst = 3 * settings.max_sd_ms**2 + settings.clock_sd_ms**2 + (2 * offset_sd) ** 2
    return settings.window_sigmas * (isqrt(worst) + 1) * MS


def _speed(crossing: Crossing, lane: LaneMatchSettings, settings: MatchSettings) -> tuple[int, int]:
    floor = {
        SpeedSource.MEASURED: settings.measured_speed_sd_permille,
        SpeedSource.REPORTED: settings.reported_speed_sd_permille,
        SpeedSource.INFERRED: settings.inferred_speed_sd_permille,
    }.get(crossing.speed_source)
    if floor is None or crossing.speed is None or crossing.speed <= 0:
        return lane.assumed_speed_mm_s, lane.assumed_speed_sd_mm_s
    speed = max(crossing.speed, SLOWEST_MM_S)
    return speed, max(crossing.speed_sd or 0, speed * floor // 1_000)


def _distance_mm(crossing: Crossing, lane: LaneMatchSettings, speed: int) -> tuple[int, bool]:
    """How far the first axle travels until the vehicle is read, and whether an overhang is in it."""
    beyond, bumper = beyond_line_mm(crossing, lane, speed)
    return lane.distance_mm + beyond, bumper


def beyond_line_mm(crossing: Crossing, lane: LaneMatchSettings, speed: int) -> tuple[int, bool]:
    """How far behind the reading line the first axle is when the vehicle is read; is an overhang in it?"""
    if lane.reference is Reference.FIRST_AXLE:
        return 0, False
    if lane.reference is Reference.FRONT_BUMPER:
        return -lane.front_overhang_mm, True
    wheelbase = wheelbase_mm(crossing, speed)
    if lane.reference is Reference.LAST_AXLE:
        return wheelbase, False
    return wheelbase + lane.rear_overhang_mm, True


def wheelbase_mm(crossing: Crossing, speed: int) -> int:
    """First axle to last; from the times of the axles where the scale gave no offsets."""
    if len(crossing.axles) < 2:
        return TYPICAL_WHEELBASE_MM
    last = crossing.axles[-1]
    if last.offset is not None:
        return last.offset
    return max(0, last.at - crossing.axles[0].at) * speed // S
