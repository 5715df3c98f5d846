"""Calibration: factor, speed bin, temperature; one rounding."""

import pytest

from edge_agent.core.units import MilliCelsius
from edge_agent.core.weigh.calibration import calibrated
from edge_agent.core.weigh.settings import CalibrationSettings, SpeedBin

BINS = CalibrationSettings(
    speed_bins=(
        SpeedBin(up_to_mm_s=2_000, correction_ppm=0),
        SpeedBin(up_to_mm_s=5_000, correction_ppm=10_000),
    )
)


def test_no_calibration_changes_nothing():
    assert calibrated(7_000_001, CalibrationSettings(), 5_000, MilliCelsius(20_000)) == 7_000_001


@pytest.mark.parametrize(
    ("speed", "expect"), [(2_000, 1_000_000), (2_001, 1_010_000), (9_000, 1_010_000), (None, 1_000_000)]
)
def test_the_bin_of_the_speed_corrects_and_the_last_one_holds_above(speed, expect):
    assert calibrated(1_000_000, BINS, speed, None) == expect


def test_sensors_that_read_more_when_warm_are_corrected_down():
    settings = CalibrationSettings(temperature_ppm_per_c=200, reference_mc=20_000)

    assert calibrated(1_004_000, settings, None, MilliCelsius(40_000)) == 1_000_000
    assert calibrated(1_000_000, settings, None, MilliCelsius(20_000)) == 1_000_000


def test_factor_and_bin_multiply():
    settings = CalibrationSettings(
        factor_ppm=100_000, speed_bins=(SpeedBin(up_to_mm_s=1, correction_ppm=100_000),)
    )
    assert calibrated(1_000_000, settings, 5, None) == 1_210_000
