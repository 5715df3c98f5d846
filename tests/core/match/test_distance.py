"""The distance to the reading line, recovered from traffic whose distance is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.core.match.distance import estimate_distance, observe
from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings
from edge_agent.core.records import Crossing, Flag, SpeedSource
from edge_agent.core.units import MS, S
from edge_agent.sim.matching_traffic import Traffic, make, plain_crossing

CONFIGURED = LaneMatchSettings(lane="1", distance_mm=12_000)
SETTINGS = MatchSettings(lanes=(CONFIGURED,))
CALM = Traffic("calm", 100, 25, lanes=("1",), tailgating=0, stray_per_hour=0, late_push=0)


def matched(traffic, vehicles=64, seed=1):
    """Every crossing with the first read of the same vehicle, as a matcher without a fault gives them."""
    arrivals, truth = make(traffic, vehicles, seed)
    items = [a.item for a in arrivals]
    reads = {}
    for read in (i for i in items if not isinstance(i, Crossing)):
        reads.setdefault(truth.vehicle_of_read[read.id], read)
    crossings = [i for i in items if isinstance(i, Crossing)]
    pairs = [(c, reads.get(truth.vehicle_of_crossing[c.lane, c.number])) for c in crossings]
    return [(c, r) for c, r in pairs if r is not None]


def observed(pairs):
    seen = (observe(c, r.at, r.at_sd, CONFIGURED, SETTINGS) for c, r in pairs)
    return [one for one in seen if one is not None]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("true_mm", [6_000, 12_000, 18_000])
def test_the_true_distance_lies_in_the_interval_whatever_is_configured(true_mm, seed):
    found = estimate_distance(observed(matched(replace(CALM, distance_mm=true_mm), seed=seed)))

    assert abs(found.distance_mm - true_mm) <= 1.5 * found.interval_mm
    assert found.interval_mm < 3_000


def test_a_clock_that_is_wrong_is_a_delay_and_no_distance():
    right = estimate_distance(observed(matched(CALM)))
    late = estimate_distance(observed(matched(replace(CALM, clock_error_s=0.5))))

    assert abs(late.distance_mm - right.distance_mm) <= 5
    assert late.delay_ms - right.delay_ms == pytest.approx(500, abs=2)


def test_one_in_six_taken_for_another_vehicle_hardly_moves_it():
    pairs = matched(CALM, 120)
    wrong = [(c, replace(r, at=r.at + 4 * S) if n % 6 == 0 else r) for n, (c, r) in enumerate(pairs)]
    found = estimate_distance(observed(wrong))

    assert abs(found.distance_mm - 12_000) <= 2 * found.interval_mm
    assert found.left_out >= len(pairs) // 6


def a_vehicle(speed):
    crossing = plain_crossing(speed=speed)
    travel = (12_000 - 1_300) * S // speed
    return observe(crossing, crossing.first_axle_at + travel, 50 * MS, CONFIGURED, SETTINGS)


def test_vehicles_that_are_all_equally_fast_say_nothing():
    assert estimate_distance([a_vehicle(7_000 + n) for n in range(40)]) is None


def test_seven_vehicles_are_too_few_and_eight_are_enough():
    vehicles = [a_vehicle(4_000 + 500 * n) for n in range(8)]

    assert estimate_distance(vehicles[:7]) is None
    assert estimate_distance(vehicles).distance_mm == pytest.approx(12_000, abs=5)


def test_without_error_distance_and_delay_are_exact():
    shifted = [replace(a_vehicle(4_000 + 100 * n), travel=0) for n in range(40)]
    exact = [replace(o, travel=round((9_500 + o.beyond) * S / o.speed) - 80 * MS) for o in shifted]
    found = estimate_distance(exact)

    assert (found.distance_mm, found.delay_ms, found.left_out) == (9_500, -80, 0)
    assert found.interval_mm <= 1


@pytest.mark.parametrize(
    "changed",
    [
        {"speed": None, "speed_source": SpeedSource.UNKNOWN},
        {"speed_source": SpeedSource.INFERRED},
        {"flags": (Flag.STOP_ON_PAD,)},
    ],
)
def test_a_vehicle_whose_speed_is_not_known_says_nothing(changed):
    crossing = replace(plain_crossing(), **changed)

    assert observe(crossing, crossing.first_axle_at + S, 50 * MS, CONFIGURED, SETTINGS) is None
