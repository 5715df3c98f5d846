import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.calibration.fit import Run, fit, unlike_the_others
from edge_agent.core.weigh.calibration import calibrated
from edge_agent.core.weigh.settings import CalibrationSettings

ENDS = (3_000, 6_000, 9_000)
TRUE = 25_000_000
SLOW, MIDDLE, FAST = 2_000, 5_000, 8_000


def runs(truth_ppm, per_bin=10, sd=4_000, seed=1, used=None):
    """What a scale that reads off by -truth_ppm(speed) weighed, with the calibration `used`."""
    chance, used = random.Random(seed), used or CalibrationSettings()
    made = []
    for speed in (SLOW, MIDDLE, FAST):
        for _ in range(per_bin):
            bare = TRUE / (1 + truth_ppm(speed) / 1e6) * (1 + chance.gauss(0, sd) / 1e6)
            weighed = calibrated(round(bare), used, speed, None)
            made.append(Run(speed, weighed, round(1e6 * (weighed / bare - 1))))
    return made


def test_a_truth_that_does_not_depend_on_speed_is_found_as_one_factor():
    found = fit(runs(lambda _speed: 12_000), TRUE, 20_000, ENDS)
    assert abs(found.factor_ppm - 12_000) <= found.interval_ppm
    assert [one.differs for one in found.bins] == [False, False, False]
    made = found.settings(CalibrationSettings(), "cal-2", "2026-11-30")
    assert made.speed_bins == ()
    assert made.residual_permille >= 2


def test_a_bin_that_differs_gets_its_own_correction_and_the_weights_come_out_true():
    def truth(speed):
        return 30_000 if speed == FAST else 10_000

    found = fit(runs(truth), TRUE, 20_000, ENDS)
    made = found.settings(CalibrationSettings(), "cal-2", "2026-11-30")
    for speed in (SLOW, FAST):
        bare = round(TRUE / (1 + truth(speed) / 1e6))
        assert calibrated(bare, made, speed, None) == pytest.approx(TRUE, rel=0.004)


def test_the_calibration_of_then_is_taken_out_first():
    used = CalibrationSettings(factor_ppm=50_000)
    bare = fit(runs(lambda _s: 12_000), TRUE, 0, ENDS)
    again = fit(runs(lambda _s: 12_000, used=used), TRUE, 0, ENDS)
    assert abs(bare.factor_ppm - again.factor_ppm) <= 2


def test_a_bin_of_two_runs_is_never_trusted_with_a_correction():
    few = [*runs(lambda _s: 10_000), Run(20_000, round(TRUE * 0.8)), Run(20_000, round(TRUE * 0.8))]
    found = fit(few, TRUE, 0, (*ENDS, 30_000))
    assert found.bins[-1].runs == 2
    assert not found.bins[-1].differs


def test_what_is_left_over_at_a_speed_lies_within_the_residual_that_is_stated():
    """Speeds differ by a little, too little to be sure of with six runs each."""
    within = []
    for seed in range(150):
        chance = random.Random(seed)
        truth = {speed: chance.gauss(0, 6_000) for speed in (SLOW, MIDDLE, FAST)}
        made = fit(runs(truth.get, 6, 9_000, seed), TRUE, 0, ENDS).settings(CalibrationSettings(), "", "")
        for speed, ppm in truth.items():
            weighed = calibrated(round(TRUE / (1 + ppm / 1e6)), made, speed, None)
            within.append(abs(weighed - TRUE) * 1000 <= made.residual_permille * TRUE)
    assert sum(within) / len(within) > 0.95


def test_an_uncertain_truck_makes_an_uncertain_calibration():
    sure = fit(runs(lambda _s: 0), TRUE, 0, ENDS)
    unsure = fit(runs(lambda _s: 0), TRUE, 250_000, ENDS)
    assert sure.residual_permille <= 3
    assert unsure.residual_permille >= 10


@given(truth=st.integers(-80_000, 80_000), seed=st.integers(0, 10**6))
def test_the_true_factor_is_within_three_intervals(truth, seed):
    found = fit(runs(lambda _s: truth, seed=seed), TRUE, 0, ENDS)
    assert abs(found.factor_ppm - truth) <= 3 * found.interval_ppm + 2


def test_a_lorry_of_the_traffic_with_the_truck_s_axles_is_told_by_its_weight():
    made = runs(lambda speed: 40_000 if speed == FAST else 0, per_bin=4)
    assert unlike_the_others(made, TRUE, ENDS) == []
    lighter = Run(MIDDLE, round(TRUE * 0.85))
    [(which, off)] = unlike_the_others([*made, lighter], TRUE, ENDS)
    assert which == len(made)
    assert off < -100_000


@settings(deadline=None)
@given(seed=st.integers(0, 10**6), sd=st.integers(1_000, 18_000), per_bin=st.integers(2, 12))
def test_a_truck_that_is_driven_as_trucks_are_is_never_taken_for_another(seed, sd, per_bin):
    assert unlike_the_others(runs(lambda _s: 0, per_bin, sd, seed), TRUE, ENDS) == []
