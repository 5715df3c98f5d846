from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.match.offset import OffsetLearner
from edge_agent.core.match.settings import LaneMatchSettings, OffsetSettings
from edge_agent.core.units import MS

LANE = LaneMatchSettings(lane="1", distance_mm=12_000, offset_ms=0, offset_sd_ms=150)
SD = 130 * MS


def taught(residuals_ms, **changed):
    learner = OffsetLearner(LANE, OffsetSettings(**changed))
    alarms = [learner.learn(round(r * MS), SD) for r in residuals_ms]
    return learner, alarms


def lone_vehicles(offset_ms, count, seed=1, spread_ms=130):
    random = Random(seed)
    return [random.gauss(offset_ms, spread_ms) for _ in range(count)]


def test_a_constant_clock_error_is_absorbed():
    learner, _ = taught(lone_vehicles(200, 120))

    assert abs(learner.current.value - 200 * MS) < 40 * MS
    assert learner.current.sd < 40 * MS


def test_nothing_learned_is_used_before_enough_vehicles_were_seen():
    learner, _ = taught([200] * 7, min_count=8)

    assert learner.current.value == 0
    assert learner.current.sd == 150 * MS


def test_one_in_five_wrong_pairs_hardly_moves_it():
    good = lone_vehicles(100, 100)
    mixed = [2_000 if n % 5 == 0 else r for n, r in enumerate(good)]
    learner, _ = taught(mixed)

    assert abs(learner.current.value - 100 * MS) < 60 * MS


def test_it_moves_in_bounded_steps_and_says_how_far_behind_it_still_is():
    learner, _ = taught([300] * 8, min_count=8, step_ms=25)

    assert learner.current.value == 25 * MS
    assert learner.current.sd >= 275 * MS


def test_it_never_leaves_the_bound_and_says_so_in_its_spread():
    learner, _ = taught([900] * 200, bound_ms=400)

    assert learner.current.value == 400 * MS
    assert learner.current.sd >= 400 * MS


def test_drift_beyond_the_limit_alarms_once():
    _, alarms = taught([10] * 20 + [300] * 100, alarm_ms=250)

    assert sum(alarms) == 1


def test_drift_that_went_away_and_came_back_alarms_again():
    _, alarms = taught([300] * 80 + [0] * 80 + [300] * 80, alarm_ms=250)

    assert sum(alarms) == 2


def test_spreads_wider_than_configured_are_noticed():
    wide, _ = taught(lone_vehicles(0, 100, spread_ms=350))
    right, _ = taught(lone_vehicles(0, 100, spread_ms=130))

    assert wide.current.widen_permille > 2_000
    assert right.current.widen_permille < 1_400


def test_learning_can_be_turned_off():
    learner, _ = taught([200] * 100, enabled=False)

    assert learner.current.value == 0


@given(st.lists(st.integers(-(10**13), 10**13), max_size=200))
@settings(max_examples=50, deadline=None)
def test_whatever_is_taught_stays_within_bounds(residuals):
    learner = OffsetLearner(LANE, OffsetSettings())
    for residual in residuals:
        learner.learn(residual, SD)

    assert abs(learner.current.value) <= 400 * MS
    assert 0 < learner.current.sd <= 400 * MS
    assert 1_000 <= learner.current.widen_permille <= 4_000
