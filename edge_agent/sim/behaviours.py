"""What drivers do that makes a weight unsafe: each behaviour rewrites one calm passage.

A calm passage is in uniform motion with its first axle at x = 0 at `t0_ns`. The result is one or
more passages; the first is the one that was given. Ids of added ones are left at 0 for the caller.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edge_agent.sim.dynamics import draw_dynamics
from edge_agent.sim.vehicles import draw_vehicle
from edge_agent.sim.world import Leg, Motion, Passage, Vehicle

KMH = 1e4 / 36  # mm/s
MM_S2 = 1000.0  # of one m/s²
LANE_WIDTH_MM = 3500
CREEP_KMH = 1.0
BUMPER_KMH = 5.0
WALK_KMH = 4.0
SLOWEST_MM_S = 300.0  # a braking vehicle keeps rolling
BRAKE_MM_S2 = 1500.0
START_MM_S2 = 1000.0
BACKING_MM_S = 3 * KMH

Behaviour = Callable[[np.random.Generator, Passage], tuple[Passage, ...]]


def speed_of(passage: Passage) -> float:
    """Speed of a calm passage, mm/s."""
    return passage.motion.legs[0].v_mm_s


# ---- motions ------------------------------------------------------------------------------------


class _Drive:
    """Legs one after the other, each taking over the state in which the one before ended."""

    def __init__(self, t_s: float, x_mm: float, v_mm_s: float) -> None:
        self.t_s, self.x_mm, self.v_mm_s = t_s, x_mm, v_mm_s
        self.legs: list[Leg] = []
        self.go(0.0, 0.0)

    def go(self, a_mm_s2: float, seconds: float) -> None:
        """One leg of `seconds` at this acceleration."""
        self.legs.append(Leg(round(self.t_s * 1e9), self.x_mm, self.v_mm_s, a_mm_s2))
        self.x_mm += self.v_mm_s * seconds + a_mm_s2 * seconds**2 / 2
        self.v_mm_s += a_mm_s2 * seconds
        self.t_s += seconds

    def to_speed(self, v_mm_s: float, a_mm_s2: float) -> None:
        """Change speed at the rate `a_mm_s2` (its sign is found); ends at exactly that speed."""
        change = v_mm_s - self.v_mm_s
        self.go(math.copysign(a_mm_s2, change), abs(change) / a_mm_s2)
        self.v_mm_s = v_mm_s

    def motion(self) -> Motion:
        """All legs, the last one going on for ever."""
        self.go(0.0, 0.0)
        return Motion(tuple(self.legs))


def accelerating(t0_ns: int, v_mm_s: float, a_mm_s2: float, before_mm: float, after_mm: float) -> Motion:
    """Constant acceleration from `before_mm` before x = 0 to `after_mm` past it, steady elsewhere.

    The speed at x = 0 is `v_mm_s`; neither end of the stretch may be slower than `SLOWEST_MM_S`.
    Who braked picks up speed again afterwards.
    """
    reach = max(0.0, v_mm_s**2 - SLOWEST_MM_S**2) / (2 * abs(a_mm_s2))
    before = min(before_mm, reach) if a_mm_s2 > 0 else before_mm
    after = min(after_mm, reach) if a_mm_s2 < 0 else after_mm
    v_start = math.sqrt(v_mm_s**2 - 2 * a_mm_s2 * before)
    v_end = math.sqrt(v_mm_s**2 + 2 * a_mm_s2 * after)
    drive = _Drive(t0_ns / 1e9 - (v_mm_s - v_start) / a_mm_s2, -before, v_start)
    drive.to_speed(v_end, abs(a_mm_s2))
    if a_mm_s2 < 0:
        drive.to_speed(v_mm_s, START_MM_S2)
    return drive.motion()


def stopping(t0_ns: int, v_mm_s: float, stops_mm: tuple[float, ...], dwell_s: float) -> Motion:
    """Stand for `dwell_s` with the first axle at each of `stops_mm`; drive on after the last.

    Between stops the vehicle picks up as much speed as the distance allows. Without the stops its
    first axle would be at x = 0 at `t0_ns`.
    """
    drive = _braking_to(t0_ns, v_mm_s, stops_mm[0])
    drive.go(0.0, dwell_s)
    for stop in stops_mm[1:]:
        gap = stop - drive.x_mm
        peak = min(v_mm_s, math.sqrt(2 * gap / (1 / START_MM_S2 + 1 / BRAKE_MM_S2)))
        drive.to_speed(peak, START_MM_S2)
        drive.go(0.0, max(0.0, stop - peak**2 / (2 * BRAKE_MM_S2) - drive.x_mm) / peak)
        drive.to_speed(0.0, BRAKE_MM_S2)
        drive.go(0.0, dwell_s)
    drive.to_speed(v_mm_s, START_MM_S2)
    return drive.motion()


def backing(t0_ns: int, v_mm_s: float, to_mm: float, back_mm: float) -> Motion:
    """Drive until the first axle is at `to_mm`, back up by `back_mm`, then drive on over the scale."""
    drive = _braking_to(t0_ns, v_mm_s, to_mm)
    drive.go(0.0, 1.0)
    ramp_mm = BACKING_MM_S**2 / (2 * START_MM_S2)
    drive.to_speed(-BACKING_MM_S, START_MM_S2)
    drive.go(0.0, max(0.0, back_mm - 2 * ramp_mm) / BACKING_MM_S)
    drive.to_speed(0.0, START_MM_S2)
    drive.go(0.0, 1.0)
    drive.to_speed(v_mm_s, START_MM_S2)
    return drive.motion()


def _braking_to(t0_ns: int, v_mm_s: float, stop_mm: float) -> _Drive:
    """Cruise, then stand at `stop_mm`; unbraked it would be at x = 0 at `t0_ns`."""
    brake_at_mm = stop_mm - v_mm_s**2 / (2 * BRAKE_MM_S2)
    drive = _Drive(t0_ns / 1e9 + brake_at_mm / v_mm_s, brake_at_mm, v_mm_s)
    drive.to_speed(0.0, BRAKE_MM_S2)
    return drive


def mirrored(vehicle: Vehicle) -> Vehicle:
    """The vehicle with its last axle counted first, for one that comes from the other end."""
    last = vehicle.axle_offsets_mm[-1]
    rear_overhang = vehicle.length_mm - last - vehicle.front_overhang_mm
    return replace(
        vehicle,
        axle_offsets_mm=tuple(last - offset for offset in reversed(vehicle.axle_offsets_mm)),
        axle_loads_g=tuple(reversed(vehicle.axle_loads_g)),
        front_overhang_mm=rear_overhang,
        left_permille=1000 - vehicle.left_permille,
    )


# ---- one vehicle --------------------------------------------------------------------------------


def _named(passage: Passage, name: str, motion: Motion | None = None) -> Passage:
    return replace(passage, motion=motion or passage.motion, behaviours=(*passage.behaviours, name))


def _changing_speed(name: str, a_m_s2: float) -> Behaviour:
    def behave(_rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
        after = 6000 + passage.vehicle.axle_offsets_mm[-1]
        motion = accelerating(passage.t0_ns, speed_of(passage), a_m_s2 * MM_S2, 2000, after)
        return (_named(passage, name, motion),)

    return behave


def _stop(rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    """One axle stands on the first sensor for 2 to 60 s (mostly short)."""
    axle = int(rng.integers(len(passage.vehicle.axle_offsets_mm)))
    at = passage.vehicle.axle_offsets_mm[axle] + rng.uniform(-200, 200)
    dwell = float(np.exp(rng.uniform(np.log(2), np.log(60))))
    return (_named(passage, "stop", stopping(passage.t0_ns, speed_of(passage), (at,), dwell)),)


def _stop_and_go(rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    reach = passage.vehicle.axle_offsets_mm[-1] + 3000
    stops = sorted(float(x) for x in rng.uniform(-500, reach, 3))
    # Nearer than half a metre is one stop.
    apart = tuple(x for i, x in enumerate(stops) if i == 0 or x - stops[i - 1] > 500)
    dwell = rng.uniform(1.0, 4.0)
    return (_named(passage, "stop_and_go", stopping(passage.t0_ns, speed_of(passage), apart, dwell)),)


def _reverse(rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    to = passage.vehicle.axle_offsets_mm[-1] * rng.uniform(0.2, 1.0) + 600
    motion = backing(passage.t0_ns, speed_of(passage), to, to + 1500)
    return (_named(passage, "reverse", motion),)


def _wrong_way(_rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    """It comes from the far end: last sensor first."""
    motion = Motion.uniform(passage.t0_ns, -speed_of(passage))
    return (_named(replace(passage, vehicle=mirrored(passage.vehicle)), "wrong_way", motion),)


def _creep(_rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    return (_named(passage, "creep", Motion.uniform(passage.t0_ns, CREEP_KMH * KMH)),)


def _offset(name: str, share: float) -> Behaviour:
    """Beside the lane's centre by this share of its width, to either side."""

    def behave(rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
        side = 1 if rng.random() < 0.5 else -1
        return (_named(replace(passage, lateral_mm=round(side * share * LANE_WIDTH_MM)), name),)

    return behave


def _lane_change(rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    side = 1 if rng.random() < 0.5 else -1
    drift = round(side * rng.uniform(80, 250))
    return (_named(replace(passage, drift_mm_per_m=drift), "lane_change"),)


def _covered_plate(_rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    return (_named(passage, "covered_plate"),)


# ---- company ------------------------------------------------------------------------------------


def following(
    rng: np.random.Generator, leader: Passage, gap_mm: float, vehicle: Vehicle | None = None
) -> Passage:
    """Another vehicle at the leader's speed, its front `gap_mm` behind the leader's rear."""
    kind = ("truck2", "truck3", "car", "bus")[int(rng.integers(4))]
    vehicle = vehicle or draw_vehicle(rng, kind)
    v = speed_of(leader)
    rear = leader.vehicle.length_mm - leader.vehicle.front_overhang_mm
    behind_s = (rear + gap_mm + vehicle.front_overhang_mm) / v
    return Passage(
        id=0,
        lane=leader.lane,
        vehicle=vehicle,
        motion=Motion.uniform(leader.t0_ns + round(behind_s * 1e9), v),
        dynamics=draw_dynamics(rng, len(vehicle.axle_loads_g), v / KMH),
        behaviours=("follower",),
    )


def _tailgate(rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    follower = following(rng, passage, rng.uniform(0.5, 2.0) * speed_of(passage))
    return _named(passage, "tailgate"), _named(follower, "tailgate")


def _bumper(rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    """A queue at 5 km/h, half a metre to a metre apart."""
    slow = replace(passage, motion=Motion.uniform(passage.t0_ns, BUMPER_KMH * KMH))
    follower = following(rng, slow, rng.uniform(500, 1000))
    return _named(slow, "bumper"), _named(follower, "bumper")


def _motorbike_between(rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    bike = following(rng, passage, rng.uniform(500, 1500), draw_vehicle(rng, "motorbike"))
    bike = replace(bike, lateral_mm=int(rng.integers(-800, 800)))
    second = following(rng, bike, rng.uniform(500, 1500))
    name = "motorbike_between"
    return _named(passage, name), _named(bike, name), _named(second, name)


def _pedestrians(rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    """People walk along the lane behind the vehicle while it leaves."""
    out = [_named(passage, "pedestrians")]
    clear_s = passage.vehicle.length_mm / speed_of(passage) + 0.5
    for _ in range(int(rng.integers(1, 4))):
        person = draw_vehicle(rng, "pedestrian")
        start_ns = passage.t0_ns + round((clear_s + rng.uniform(0, 2)) * 1e9)
        out.append(
            Passage(
                id=0,
                lane=passage.lane,
                vehicle=person,
                motion=Motion.uniform(start_ns, rng.uniform(0.7, 1.3) * WALK_KMH * KMH),
                dynamics=draw_dynamics(rng, 1, WALK_KMH),
                lateral_mm=int(rng.integers(-1500, 1500)),
                behaviours=("pedestrians",),
            )
        )
    return tuple(out)


BEHAVIOURS: dict[str, Behaviour] = {
    "brake": _changing_speed("brake", -0.5),
    "brake_hard": _changing_speed("brake_hard", -1.5),
    "accelerate": _changing_speed("accelerate", 0.5),
    "accelerate_hard": _changing_speed("accelerate_hard", 1.5),
    "stop": _stop,
    "stop_and_go": _stop_and_go,
    "reverse": _reverse,
    "wrong_way": _wrong_way,
    "creep": _creep,
    "offset_10": _offset("offset_10", 0.10),
    "offset_30": _offset("offset_30", 0.30),
    "straddle": _offset("straddle", 0.50),
    "lane_change": _lane_change,
    "tailgate": _tailgate,
    "bumper": _bumper,
    "motorbike_between": _motorbike_between,
    "pedestrians": _pedestrians,
    "covered_plate": _covered_plate,
}


def behave(name: str, rng: np.random.Generator, passage: Passage) -> tuple[Passage, ...]:
    """The passage (and its company) with the named behaviour; see `BEHAVIOURS`."""
    return BEHAVIOURS[name](rng, passage)
