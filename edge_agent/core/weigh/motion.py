"""How a vehicle moved: speed from two sensors, or inferred from the time it took over one.

Times of passage are middles between an axle's two half heights, so neither the tyre's length nor
the height of the pulse matters, and nothing is looked up at the highest sample: on a 770 ms pulse
the place of the maximum wandered by 345 ms in a public study, for a true lag of 9.6 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

from edge_agent.core.records import SpeedSource
from edge_agent.core.units import S, div_round

# Standard deviation that a measured speed has at best, permille: half heights wander with bounce.
MEASURED_FLOOR = 4
INFERRED_FLOOR = 15
# No vehicle on a scale is faster (360 km/h), and no product below leaves 64 bits' worth of sense.
FASTEST = 100_000
# A change of speed counts from this many standard deviations on.
SURE = 2


@dataclass(frozen=True, slots=True)
class Timed:
    """One axle's middle over one or two places."""

    at: int  # ns, halfway between the two places where there are two
    speed: int  # mm/s, negative against the direction of travel


@dataclass(frozen=True, slots=True)
class Motion:
    """The movement of one vehicle."""

    speed: int | None  # mm/s, magnitude
    sd: int | None
    source: SpeedSource
    acceleration: int | None  # mm/s², positive faster
    acceleration_sd: int
    backwards: bool  # any axle moved against the direction of travel
    middle: int  # ns, where the straight line through the axles' speeds has `speed`

    @property
    def _sure_acceleration(self) -> int:
        """The acceleration where it is more than the speeds' own scatter, else none."""
        a = self.acceleration or 0
        return a if abs(a) > SURE * self.acceleration_sd else 0

    def distance(self, start: int, end: int) -> int:
        """Millimetres travelled between two instants; 0 with no speed."""
        if self.speed is None:
            return 0
        mm = div_round(self.speed * (end - start), S)
        from_middle = (end - self.middle) ** 2 - (start - self.middle) ** 2
        mm += div_round(self._sure_acceleration * from_middle, 2 * S * S)
        return mm

    def speed_at(self, at: int) -> int | None:
        """Speed at an instant; never below a quarter of the mean, the line is not followed further."""
        if self.speed is None:
            return None
        there = self.speed + div_round(self._sure_acceleration * (at - self.middle), S)
        return max(there, self.speed // 4, 1)


STANDING = Motion(None, None, SpeedSource.UNKNOWN, None, 0, backwards=False, middle=0)


def pair_speed(distance_mm: int, lag_ns: int) -> int:
    """mm/s over a known distance; the sign is that of the lag. An impossible lag is the fastest."""
    if lag_ns == 0:
        return FASTEST
    return max(-FASTEST, min(FASTEST, div_round(distance_mm * S, abs(lag_ns)) * (1 if lag_ns > 0 else -1)))


def motion_of(axles: Sequence[Timed], distance_mm: int, source: SpeedSource) -> Motion:
    """The movement that the axles' own speeds over `distance_mm` tell.

    Of a steady vehicle the mean is distance over mean lag, because a lag's error is symmetric; of one
    that surely changes speed it is the straight line's value at the middle.
    """
    if not axles:
        return STANDING
    backwards = any(a.speed < 0 for a in axles)
    speeds = [max(1, abs(a.speed)) for a in axles]
    lags = [div_round(distance_mm * S, v) for v in speeds]
    mean = div_round(distance_mm * S * len(lags), sum(lags))
    middle = sum(a.at for a in axles) // len(axles)
    floor = MEASURED_FLOOR if source is SpeedSource.MEASURED else INFERRED_FLOOR
    acceleration, left_over = _slope(axles, speeds, middle)
    sd = max(div_round(mean * floor, 1000), isqrt(left_over // max(1, len(axles))), 1)
    acceleration_sd = _slope_sd(axles, middle, max(sd, isqrt(left_over)))
    if acceleration is not None and abs(acceleration) > SURE * acceleration_sd:
        mean = div_round(sum(speeds), len(speeds))
    return Motion(mean, sd, source, acceleration, acceleration_sd, backwards, middle)


def _slope(axles: Sequence[Timed], speeds: Sequence[int], middle: int) -> tuple[int | None, int]:
    """(acceleration, variance left over) of the straight line through the speeds; ms keep it small."""
    times = [(a.at - middle) // 1_000 for a in axles]  # microseconds
    squares = sum(t * t for t in times)
    mean = div_round(sum(speeds), len(speeds))
    if len(axles) < 2 or squares == 0:
        return None, 0
    slope = div_round(sum(t * (v - mean) for t, v in zip(times, speeds, strict=True)) * 1_000_000, squares)
    rests = [v - mean - div_round(slope * t, 1_000_000) for t, v in zip(times, speeds, strict=True)]
    return slope, div_round(sum(r * r for r in rests), max(1, len(axles) - 2)) if len(axles) > 2 else 0


def _slope_sd(axles: Sequence[Timed], middle: int, speed_sd: int) -> int:
    spread = isqrt(sum(((a.at - middle) // 1_000) ** 2 for a in axles))
    return div_round(speed_sd * 1_000_000, spread) if spread else 0
