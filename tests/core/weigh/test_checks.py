"""Sides, gross weight and conditions against the envelope."""

import pytest

from edge_agent.core.records import Flag
from edge_agent.core.units import MilliCelsius
from edge_agent.core.weigh import checks
from edge_agent.core.weigh.balance import FEWEST, SensorBalance
from edge_agent.core.weigh.settings import CalibrationSettings, EnvelopeSettings, ScaleSettings

ENVELOPE = EnvelopeSettings()


@pytest.mark.parametrize(
    ("shares", "flags"),
    [
        ([[500, 510], [490, 500]], set()),
        ([[450, 455], [545, 540]], set()),  # a load to one side in front, to the other behind
        ([[380, 380], [380, 380]], {Flag.OFF_SCALE}),
        ([[990, 1000], [1000, 990]], {Flag.ONE_SIDE, Flag.STRADDLE, Flag.OFF_SCALE}),
        ([[1000], [0]], {Flag.ONE_SIDE, Flag.STRADDLE, Flag.ABREAST, Flag.DISAGREE}),
        ([[500, 350], [500, 350]], {Flag.DISAGREE}),  # it drove an S between the sensors
        ([], set()),
    ],
)
def test_left_and_right_tell_who_was_not_wholly_on_the_scale(shares, flags):
    assert checks.of_sides(shares, ENVELOPE) == flags


def test_sensors_may_differ_by_what_dynamics_explain_and_no_more():
    gross, expected = 20_000_000, 400_000
    assert checks.of_gross(gross, expected, expected, 800_000, ENVELOPE) == set()
    assert checks.of_gross(gross, expected, expected, 1_000_000, ENVELOPE) == {Flag.DISAGREE}


def test_an_interval_wider_than_the_envelope_is_uncertain():
    assert checks.of_gross(20_000_000, 1_100_000, 1_100_000, 0, ENVELOPE) == {Flag.UNCERTAIN}


@pytest.mark.parametrize(
    ("celsius", "coefficient", "out"),
    [(20, 0, False), (61, 0, True), (-21, 0, True), (None, 0, False), (None, 200, True)],
)
def test_a_temperature_outside_the_certified_range_or_needed_and_unknown_is_flagged(
    celsius, coefficient, out
):
    settings = ScaleSettings(calibration=CalibrationSettings(temperature_ppm_per_c=coefficient))
    temperature = None if celsius is None else MilliCelsius(celsius * 1000)

    assert (Flag.TEMPERATURE_OUT in checks.of_conditions(temperature, settings)) is out


def test_two_sensors_that_drift_apart_are_found_by_the_median_of_many_vehicles():
    balance = SensorBalance(15)
    known = [balance.note((10_000_000, 10_000_000 + (300_000 if k % 3 else -400_000))) for k in range(FEWEST)]

    assert known == [False] * (FEWEST - 1) + [True]
    assert balance.drifted
    assert "permille" in balance.detail

    for _ in range(2 * FEWEST):
        balance.note((10_000_000, 10_050_000))
    assert not balance.drifted
