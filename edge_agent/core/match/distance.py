"""The distance from the scale to the camera's reading line, told from vehicles that both have seen.

A vehicle is read `distance / speed` after its first axle met the first sensor, and later still by what
the camera's clock and its reports are off. Slow vehicles show the distance, all of them the delay:

    read - first axle - beyond / speed  =  distance * (1 / speed)  +  delay
                                           slope                      intercept

So a wrong distance and a wrong clock are told apart wherever speeds differ. A running median of residuals
(`offset.py`) cannot do that: it calls both an offset.

Nothing here decides a match. It is for people: a technician who checks a lane or sets one up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import fsum, sqrt
from statistics import median

from edge_agent.core.match.expect import ERRATIC, SLOWEST_MM_S, beyond_line_mm, expect, read_sd
from edge_agent.core.match.offset import Offset
from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings
from edge_agent.core.records import Crossing, SpeedSource
from edge_agent.core.units import MS, Mm, MmPerS, Ns, S

# Fewer vehicles leave no room for one that was braked or taken for another.
FEWEST = 8
# The latest so many are looked at: every pair of them is.
MOST = 200
# The speeds' coefficient of variation below which slope and intercept cannot be told apart.
LEAST_SPREAD = 0.05
# Residuals further out than this many robust standard deviations are other vehicles, or braked ones.
CUT = 3.5
# Median absolute deviation to standard deviation, normal law.
MAD = 1.483
ROUNDS = 3
TELLS_SPEED = (SpeedSource.MEASURED, SpeedSource.REPORTED)


@dataclass(frozen=True, slots=True)
class DistanceObservation:
    """One vehicle that was weighed and read."""

    speed: MmPerS
    travel: Ns  # from the first axle at the first sensor until it was read, by the read's own time
    beyond: Mm  # how far behind the reading line the first axle was then: overhang, wheelbase
    sd: Ns  # of `travel`: driver, overhang, camera


@dataclass(frozen=True, slots=True)
class DistanceEstimate:
    """Where the reading line really is. Intervals are half widths at 95 %."""

    distance_mm: Mm
    interval_mm: Mm
    delay_ms: int  # of reads against the box's clock, whatever the speed
    delay_interval_ms: int
    used: int
    left_out: int  # did not fit the others


def observe(
    crossing: Crossing, read_at: Ns, read_at_sd: Ns, lane: LaneMatchSettings, settings: MatchSettings
) -> DistanceObservation | None:
    """What one matched crossing says of the distance; None where its speed says nothing."""
    speed = crossing.speed
    if speed is None or speed < SLOWEST_MM_S or crossing.speed_source not in TELLS_SPEED:
        return None
    if ERRATIC.intersection(crossing.flags):
        return None
    expected = expect(crossing, lane, Offset(Ns(0), Ns(0)), settings)
    beyond, _ = beyond_line_mm(crossing, lane, speed)
    travel = Ns(read_at - crossing.first_axle_at)
    return DistanceObservation(speed, travel, Mm(beyond), Ns(read_sd(expected, read_at_sd, settings)))


def estimate_distance(observations: Sequence[DistanceObservation]) -> DistanceEstimate | None:
    """Distance and delay that fit the vehicles best; None where they are too few or all equally fast.

    The slope of the median pair is the start; what lies far from it is left out; the rest is fitted by
    least squares, each vehicle by its own spread.
    """
    points = [_point(one) for one in observations[-MOST:]]
    used = points
    line = _of_pairs(points)
    for _ in range(ROUNDS):
        if line is None:
            return None
        used = _near(points, line)
        if len(used) < FEWEST or _spread(used) < LEAST_SPREAD:
            return None
        line = _fitted(used)
    return _estimate(used, len(points) - len(used))


@dataclass(frozen=True, slots=True)
class _Point:
    slowness: float  # s/mm
    delay: float  # s, without what the vehicle's length explains
    weight: float  # 1 / variance


@dataclass(frozen=True, slots=True)
class _Line:
    slope: float  # mm
    intercept: float  # s

    def rest(self, point: _Point) -> float:
        return point.delay - self.slope * point.slowness - self.intercept


def _point(one: DistanceObservation) -> _Point:
    return _Point(1 / one.speed, one.travel / S - one.beyond / one.speed, (S / max(1, one.sd)) ** 2)


def _of_pairs(points: Sequence[_Point]) -> _Line | None:
    """Theil and Sen's line: it holds while no more than a quarter of the vehicles are wrong."""
    if len(points) < FEWEST:
        return None
    slopes = [
        (b.delay - a.delay) / (b.slowness - a.slowness)
        for a, b in combinations(points, 2)
        if abs(b.slowness - a.slowness) > LEAST_SPREAD * (a.slowness + b.slowness) / 2
    ]
    if not slopes:
        return None
    slope = median(slopes)
    return _Line(slope, median(p.delay - slope * p.slowness for p in points))


def _near(points: Sequence[_Point], line: _Line) -> list[_Point]:
    rests = [line.rest(p) for p in points]
    spread = MAD * median(abs(rest) for rest in rests)
    return [p for p, rest in zip(points, rests, strict=True) if abs(rest) <= CUT * spread + MS / S]


def _spread(points: Sequence[_Point]) -> float:
    mean = fsum(p.slowness for p in points) / len(points)
    return sqrt(fsum((p.slowness - mean) ** 2 for p in points) / len(points)) / mean


def _sums(points: Sequence[_Point]) -> tuple[float, float, float, float]:
    """Total weight, weighted means of slowness and delay, weighted squares of slowness about its mean."""
    weight = fsum(p.weight for p in points)
    x = fsum(p.weight * p.slowness for p in points) / weight
    y = fsum(p.weight * p.delay for p in points) / weight
    return weight, x, y, fsum(p.weight * (p.slowness - x) ** 2 for p in points)


def _fitted(points: Sequence[_Point]) -> _Line:
    _, x, y, squares = _sums(points)
    slope = fsum(p.weight * (p.slowness - x) * (p.delay - y) for p in points) / squares
    return _Line(slope, y - slope * x)


def _estimate(points: Sequence[_Point], left_out: int) -> DistanceEstimate:
    line = _fitted(points)
    weight, x, _, squares = _sums(points)
    degrees = len(points) - 2
    # By the scatter that is there, not the one that was expected: drivers differ from the settings.
    scatter = fsum(p.weight * line.rest(p) ** 2 for p in points) / degrees
    sure = _student_95(degrees)
    slope_sd = sqrt(scatter / squares)
    intercept_sd = sqrt(scatter * (1 / weight + x * x / squares))
    return DistanceEstimate(
        distance_mm=Mm(round(line.slope)),
        interval_mm=Mm(round(sure * slope_sd)),
        delay_ms=round(line.intercept * 1_000),
        delay_interval_ms=round(sure * intercept_sd * 1_000),
        used=len(points),
        left_out=left_out,
    )


def _student_95(degrees: int) -> float:
    """Two-sided 95 % of Student's t, by Cornish and Fisher's series; to 0.6 % from six degrees on.

    >>> round(_student_95(6), 2), round(_student_95(30), 2)
    (2.43, 2.04)
    """
    z = 1.959964
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
