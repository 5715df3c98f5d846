"""A scenario's vehicles: who crosses when, how fast and how heavy. Deterministic in (scenario, seed)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_agent.core.units import KG, S
from edge_agent.sim.behaviours import KMH, accelerating, behave, following
from edge_agent.sim.dynamics import draw_dynamics
from edge_agent.sim.kinematics import first_time_at, times_at
from edge_agent.sim.rng import stream
from edge_agent.sim.scenario import LaneSim, PlannedPassage, Scenario, SpeedSettings, TrafficSettings
from edge_agent.sim.vehicles import MODELS, Model, draw_vehicle
from edge_agent.sim.world import Leg, Motion, Passage, Vehicle

# Vehicles of one lane must not drive through each other on this stretch.
ZONE_MM = (-15_000, 45_000)
PLACES_MM = (-15_000, -5_000, 0, 5_000, 15_000, 30_000, 45_000)
LEAST_GAP_NS = S // 5
LONGEST_WAIT_NS = 120 * S
# A planned approach far enough ahead that wandering drivers are steady again at the far end.
WANDER_MM = (5_000, 40_000)


def generate(scenario: Scenario, seed: int) -> list[Passage]:
    """Every passage of the scenario in order of time, ids from 1."""
    passages: list[Passage] = []
    planned = stream(seed, "planned")
    for plan in scenario.passages:
        passages += _planned(planned, scenario, plan)
    for lane in scenario.lanes:
        if lane.traffic is not None:
            fixed = [p for p in passages if p.lane == lane.id]
            passages += _random_traffic(stream(seed, "traffic", lane.id), scenario, lane, fixed)
    passages.sort(key=lambda p: (when(p), p.lane, p.lateral_mm, p.vehicle.plate))
    return [replace(passage, id=number) for number, passage in enumerate(passages, start=1)]


def when(passage: Passage) -> int:
    """When the first axle is first at x = 0."""
    first = first_time_at(passage.motion, 0.0)
    return passage.t0_ns if first is None else first


# ---- single passages ----------------------------------------------------------------------------


def _planned(rng: np.random.Generator, scenario: Scenario, plan: PlannedPassage) -> list[Passage]:
    lane = scenario.lane(plan.lane) if plan.lane else scenario.lanes[0]
    traffic = lane.traffic or TrafficSettings()
    vehicle = draw_vehicle(rng, plan.kind, plan.gross_kg * KG if plan.gross_kg else None)
    if plan.plate is not None:
        vehicle = replace(vehicle, plate=plan.plate)
    drawn = _speed_mm_s(rng, traffic.speeds)
    speed = plan.speed_kmh * KMH if plan.speed_kmh else drawn
    calm = _calm(rng, scenario, lane.id, vehicle, round(plan.at_s * S), speed)
    passages = [calm]
    for name in plan.behaviours:
        head, *company = behave(name, rng, passages[0])
        passages = [head, *passages[1:], *company]
    return passages


def _calm(
    rng: np.random.Generator, scenario: Scenario, lane: str, vehicle: Vehicle, t0_ns: int, v_mm_s: float
) -> Passage:
    axles = len(vehicle.axle_loads_g)
    return Passage(
        id=0,
        lane=lane,
        vehicle=vehicle,
        motion=Motion.uniform(t0_ns, v_mm_s),
        dynamics=draw_dynamics(rng, axles, v_mm_s / KMH, scenario.phases, roughness=scenario.roughness),
        lateral_mm=round(rng.normal(0, 120)),
    )


def _speed_mm_s(rng: np.random.Generator, speeds: SpeedSettings) -> float:
    drawn = rng.normal(speeds.mean_kmh, speeds.sd_kmh)
    return float(np.clip(drawn, speeds.low_kmh, speeds.high_kmh)) * KMH


def shifted(passage: Passage, by_ns: int) -> Passage:
    """The same passage later."""
    legs = tuple(Leg(g.t_ns + by_ns, g.x_mm, g.v_mm_s, g.a_mm_s2) for g in passage.motion.legs)
    return replace(passage, motion=Motion(legs))


# ---- random traffic -----------------------------------------------------------------------------


def _random_traffic(
    rng: np.random.Generator, scenario: Scenario, lane: LaneSim, fixed: list[Passage]
) -> list[Passage]:
    traffic = lane.traffic
    assert traffic is not None
    mean_gap_s = max(0.0, 3600 / traffic.vehicles_per_hour - traffic.min_gap_s - _passing_s(traffic))
    out: list[Passage] = []
    clear_s = traffic.from_s
    while True:
        start_s = clear_s + traffic.min_gap_s + rng.exponential(mean_gap_s)
        if start_s >= scenario.duration_s:
            return out
        group = _draw_group(rng, scenario, lane, round(start_s * S))
        placed = _placed(group, fixed, out[-4:])
        if placed is not None:
            out += placed
            clear_s = max(clear_s, _clear_s(placed))
        else:
            clear_s = start_s


def _passing_s(traffic: TrafficSettings) -> float:
    """About how long a vehicle covers the first sensor."""
    return 7.0 / (traffic.speeds.mean_kmh / 3.6)


def _clear_s(group: list[Passage]) -> float:
    """When the last of a group has left the first sensor behind."""
    ends = [_times_of(p, 0.0, rear=True) for p in group]
    return max(max(times) for times in ends if times) / S


def _draw_group(rng: np.random.Generator, scenario: Scenario, lane: LaneSim, t0_ns: int) -> list[Passage]:
    """One vehicle, or several that belong together, the first at x = 0 at about `t0_ns`."""
    traffic = lane.traffic
    assert traffic is not None
    vehicle = _draw_load(rng, traffic, scenario.posted_limit_kg)
    calm = _calm(rng, scenario, lane.id, vehicle, t0_ns, _speed_mm_s(rng, traffic.speeds))
    name = _draw_name(rng, traffic.behaviours)
    if name is not None:
        return list(behave(name, rng, calm))
    if rng.random() < traffic.tailgate_share:
        second = _draw_load(rng, traffic, scenario.posted_limit_kg)
        gap_mm = rng.uniform(*traffic.tailgate_gap_s) * calm.motion.legs[0].v_mm_s
        follower = following(rng, calm, gap_mm, second)
        return [replace(p, behaviours=("tailgate",)) for p in (calm, follower)]
    return [_wandering(rng, calm, traffic.wander_mm_s2)]


def _draw_name(rng: np.random.Generator, shares: dict[str, float]) -> str | None:
    point = rng.random()
    for name, share in sorted(shares.items()):
        if point < share:
            return name
        point -= share
    return None


def _draw_load(rng: np.random.Generator, traffic: TrafficSettings, limit_kg: int) -> Vehicle:
    kinds = sorted(traffic.mix)
    weights = np.array([traffic.mix[kind] for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    model = MODELS[kind]
    over, most = rng.random() < traffic.overweight_share, sum(model.full_kg) * 1.3
    low, high = traffic.overweight_kg
    if most > limit_kg and most > low:
        gross_kg = rng.uniform(low, min(high, most)) if over else _legal_kg(rng, model, limit_kg)
        return draw_vehicle(rng, kind, round(gross_kg) * KG)
    return draw_vehicle(rng, kind)


def _legal_kg(rng: np.random.Generator, model: Model, limit_kg: int) -> float:
    """Within the posted limit: most are well below, few come near."""
    empty = sum(model.empty_kg)
    most = max(float(empty), min(sum(model.full_kg), 0.97 * limit_kg))
    return float(rng.uniform(empty, most)) if empty < limit_kg else float(empty)


def _wandering(rng: np.random.Generator, passage: Passage, sd_mm_s2: float) -> Passage:
    if not sd_mm_s2:
        return passage
    a = float(np.clip(rng.normal(0, sd_mm_s2), -3 * sd_mm_s2, 3 * sd_mm_s2))
    motion = accelerating(passage.t0_ns, passage.motion.legs[0].v_mm_s, a, *WANDER_MM)
    return replace(passage, motion=motion)


# ---- keeping apart ------------------------------------------------------------------------------


def _placed(group: list[Passage], fixed: list[Passage], recent: list[Passage]) -> list[Passage] | None:
    """The group, moved later until it touches nobody; None when there is no room for long."""
    others = recent + fixed
    waited = 0
    while waited <= LONGEST_WAIT_NS:
        delay = max((_delay(a, b) for a in others for b in group), default=0)
        if not delay:
            return group
        group = [shifted(p, delay) for p in group]
        waited += delay
    return None


def _delay(there: Passage, comes: Passage) -> int:
    """How much later `comes` must be to follow `there` at a distance; 0 when they never meet."""
    if not (_steady(there) and _steady(comes)):
        (there_in, there_out), (in_, out) = _stay(there), _stay(comes)
        return 0 if there_in > out or in_ > there_out else round(there_out - in_) + LEAST_GAP_NS
    needed = _head_way(there, comes)
    return 0 if needed <= 0 or _head_way(comes, there) <= 0 else round(needed) + 1


def _head_way(first: Passage, second: Passage) -> float:
    """Nanoseconds that are missing between the rear of `first` and the front of `second`, at worst."""
    return max(
        _times_of(first, place, rear=True)[-1] + LEAST_GAP_NS - _times_of(second, place, rear=False)[0]
        for place in PLACES_MM
    )


def _steady(passage: Passage) -> bool:
    """Never stands and never goes back."""
    return all(leg.v_mm_s > 0 for leg in passage.motion.legs)


def _stay(passage: Passage) -> tuple[float, float]:
    """First and last moment at which any of the vehicle is on the stretch."""
    low, high = ZONE_MM
    times = [
        *_times_of(passage, low, rear=False), *_times_of(passage, low, rear=True),
        *_times_of(passage, high, rear=False), *_times_of(passage, high, rear=True),
    ]  # fmt: skip
    return min(times), max(times)


def _times_of(passage: Passage, place_mm: float, *, rear: bool) -> tuple[float, ...]:
    """Moments at which the front (or rear) bumper is at a place."""
    front = passage.vehicle.front_overhang_mm
    return times_at(passage.motion, place_mm - front + (passage.vehicle.length_mm if rear else 0))
