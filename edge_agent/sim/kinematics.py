"""Where a passage is at each instant, and when it reaches a place: whole arrays at a time."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edge_agent.sim.world import Leg, Motion

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

# Legs meet at whole nanoseconds: a place that is passed there must not fall between two legs.
JOINT_S = 1e-6


def track(motion: Motion, at_ns: Int64) -> tuple[Float64, Float64, Float64]:
    """Position (mm), velocity (mm/s) and acceleration (mm/s²) of the first axle, each (n,).

    `at_ns` must not decrease. Before the first and after the last leg a vehicle that would come to
    rest stays at rest: extrapolated braking must not roll it back over the sensors.
    """
    x, v, a = (np.empty(at_ns.size) for _ in range(3))
    legs = motion.legs
    cuts = [0, *(int(np.searchsorted(at_ns, leg.t_ns)) for leg in legs[1:]), at_ns.size]
    for leg, begin, end in zip(legs, cuts, cuts[1:], strict=False):
        dt = (at_ns[begin:end] - leg.t_ns) / 1e9
        if leg.a_mm_s2:
            low = _rest(leg, past=True) if leg is legs[0] else -math.inf
            high = _rest(leg, past=False) if leg is legs[-1] else math.inf
            moving = (dt > low) & (dt < high)
            dt = np.clip(dt, low, high)
            a[begin:end] = np.where(moving, leg.a_mm_s2, 0.0)
        else:
            a[begin:end] = 0.0
        v[begin:end] = leg.v_mm_s + leg.a_mm_s2 * dt
        x[begin:end] = leg.x_mm + dt * (leg.v_mm_s + leg.a_mm_s2 / 2 * dt)
    return x, v, a


def _rest(leg: Leg, *, past: bool) -> float:
    """Seconds from the leg's start to its standstill in that direction of time; infinite if none."""
    if leg.a_mm_s2:
        dt = -leg.v_mm_s / leg.a_mm_s2
        if (past and dt < 0) or (not past and dt > 0):
            return dt
    return -math.inf if past else math.inf


def times_at(motion: Motion, x_mm: float) -> tuple[float, ...]:
    """Every instant (scenario ns) at which the first axle is at `x_mm`, in order."""
    legs = motion.legs
    if len(legs) == 1 and not legs[0].a_mm_s2:
        return tuple(legs[0].t_ns + dt * 1e9 for dt in _roots(legs[0], x_mm))
    found: list[float] = []
    for i, leg in enumerate(legs):
        low = _rest(leg, past=True) if i == 0 else 0.0
        high = (legs[i + 1].t_ns - leg.t_ns) / 1e9 if i + 1 < len(legs) else _rest(leg, past=False)
        for dt in _roots(leg, x_mm):
            if low - JOINT_S <= dt <= high + JOINT_S:
                at = leg.t_ns + dt * 1e9
                if not found or at - found[-1] > 2e9 * JOINT_S:
                    found.append(at)
    return tuple(found)


def _roots(leg: Leg, x_mm: float) -> tuple[float, ...]:
    """Seconds from the leg's start at which it would be at `x_mm`, in order."""
    away = leg.x_mm - x_mm
    if not leg.a_mm_s2:
        return (-away / leg.v_mm_s,) if leg.v_mm_s else ()
    under = leg.v_mm_s**2 - 2 * leg.a_mm_s2 * away
    if under < 0:
        return ()
    # The stable form of the quadratic formula: a small acceleration must not cancel digits away.
    q = -(leg.v_mm_s + math.copysign(math.sqrt(under), leg.v_mm_s))
    one, other = q / leg.a_mm_s2, 2 * away / q if q else 0.0
    return (one, other) if one <= other else (other, one)


def first_time_at(motion: Motion, x_mm: float) -> int | None:
    """Scenario ns when the first axle first reaches `x_mm`; None when it never does."""
    times = times_at(motion, x_mm)
    return round(times[0]) if times else None


def last_time_at(motion: Motion, x_mm: float) -> int | None:
    """Scenario ns when the first axle is at `x_mm` for the last time; None when it never is."""
    times = times_at(motion, x_mm)
    return round(times[-1]) if times else None


def stay_ns(motion: Motion, low_mm: float, high_mm: float) -> tuple[float, float] | None:
    """First and last moment at which the first axle is between two places; None when it never is.

    Infinite where it has always been there or never leaves.
    """
    times = times_at(motion, low_mm) + times_at(motion, high_mm)
    first, last = motion.legs[0], motion.legs[-1]
    begins = -math.inf if not first.v_mm_s and low_mm <= first.x_mm <= high_mm else min(times, default=None)
    rest_s = _rest(last, past=False)
    ends_mm = last.x_mm + last.v_mm_s * rest_s / 2 if math.isfinite(rest_s) else last.x_mm
    stands = math.isfinite(rest_s) or not (last.v_mm_s or last.a_mm_s2)
    ends = math.inf if stands and low_mm <= ends_mm <= high_mm else max(times, default=None)
    return None if begins is None or ends is None else (begins, ends)
