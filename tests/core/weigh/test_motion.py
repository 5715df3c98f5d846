"""Speed and its change, from when axles were where."""

import pytest

from edge_agent.core.records import SpeedSource
from edge_agent.core.units import S
from edge_agent.core.weigh.motion import FASTEST, Timed, motion_of, pair_speed

MEASURED = SpeedSource.MEASURED


def test_speed_is_distance_over_time_and_its_sign_the_direction():
    assert pair_speed(2800, S // 2) == 5600
    assert pair_speed(2800, -S // 2) == -5600
    assert pair_speed(2800, 0) == FASTEST
    assert pair_speed(2800, 1) == FASTEST


def test_a_steady_vehicle_has_no_acceleration():
    motion = motion_of([Timed(0, 5600), Timed(S, 5600), Timed(2 * S, 5600)], 2800, MEASURED)

    assert motion.speed == 5600
    assert motion.acceleration == 0
    assert motion.distance(0, S) == 5600


def test_braking_is_seen_and_the_spacing_corrected_for_it():
    # 6 m/s, braking with 1 m/s²: positions 0, 5.5 m after 1 s, 10 m after 2 s.
    motion = motion_of([Timed(0, 6000), Timed(S, 5000), Timed(2 * S, 4000)], 2800, MEASURED)

    assert motion.acceleration == -1000
    assert motion.distance(0, S) == pytest.approx(5500, abs=60)
    assert motion.speed_at(2 * S) == pytest.approx(4000, abs=60)


def test_the_speed_line_is_never_followed_to_a_standstill():
    motion = motion_of([Timed(0, 6000), Timed(S, 2000)], 2800, MEASURED)

    speed = motion.speed_at(60 * S)
    assert speed is not None
    assert speed > 0


def test_one_axle_backwards_is_a_vehicle_that_went_backwards():
    assert motion_of([Timed(0, 5600), Timed(S, -1000)], 2800, MEASURED).backwards
    assert not motion_of([Timed(0, 5600), Timed(S, 5600)], 2800, MEASURED).backwards


def test_no_axle_no_motion():
    assert motion_of([], 2800, MEASURED).speed is None


def test_an_inferred_speed_is_said_to_be_less_sure():
    axles = [Timed(0, 5600), Timed(S, 5600)]
    measured, inferred = (motion_of(axles, 2800, s) for s in (MEASURED, SpeedSource.INFERRED))

    assert measured.sd is not None
    assert inferred.sd is not None
    assert inferred.sd > measured.sd
