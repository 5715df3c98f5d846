"""Likelihoods to confidences: rising, never certain, and only of the recogniser that it was measured for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.bench.plates_calibration import Judged, fitted, for_check, judged
from edge_agent.devices.plate_reader.calibration import SHIPPED, UNCALIBRATED, Calibration, read_calibration
from edge_agent.devices.plate_reader.opening import LINE
from edge_agent.errors import ConfigError

DIGEST = "0" * 64
curves = st.builds(
    Calibration, offset=st.floats(-8, 8), slope=st.floats(0.05, 4), most=st.floats(0.01, 0.9999)
)
shares = st.floats(0, 1)


@given(curves, shares, shares)
def test_a_likelier_plate_is_never_the_less_sure(curve, a, b):
    low, high = sorted((a, b))
    assert curve.confidence(low) <= curve.confidence(high)


@given(curves, shares)
def test_no_read_is_certain(curve, likelihood):
    assert 0 <= curve.confidence(likelihood) <= curve.most < 1
    assert curve.confidence(likelihood) <= likelihood
    assert UNCALIBRATED.confidence(likelihood) <= 0.9


@pytest.mark.parametrize(
    "wrong", [{"slope": 0}, {"slope": -1}, {"most": 1}, {"most": 0}, {"offset": float("nan")}]
)
def test_a_curve_that_falls_or_ends_in_certainty_is_none(wrong):
    with pytest.raises(ValueError, match="must"):
        Calibration(**{"offset": 0.0, "slope": 1.0, "most": 0.9, **wrong})


def test_the_shipped_one_is_of_the_shipped_recogniser():
    assert read_calibration(SHIPPED).recogniser_sha256 == LINE[1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "and nothing else"),
        ("[1", "cannot be read"),
        (f"recogniser_sha256: '{DIGEST}'\noffset: 0\nslope: 1\n", "and nothing else"),
        (f"recogniser_sha256: '{DIGEST}'\noffset: 0\nslope: 1\nmost: 0.9\nmore: 1\n", "and nothing else"),
        ("recogniser_sha256: abc\noffset: 0\nslope: 1\nmost: 0.9\n", "64 hexadecimal"),
        (f"recogniser_sha256: '{DIGEST}'\noffset: x\nslope: 1\nmost: 0.9\n", "must be numbers"),
        (f"recogniser_sha256: '{DIGEST}'\noffset: 0\nslope: -1\nmost: 0.9\n", "must be above 0"),
        ("!!python/object/apply:os.getcwd []", "cannot be read"),
    ],
)
def test_what_is_no_calibration_is_refused_with_the_reason(tmp_path, text, why):
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=why):
        read_calibration(path)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_calibration(tmp_path / "gone.yaml")


def reads_of(truth, count=4_000, seed=1):
    """Reads whose truth is what a calibration says."""
    numbers = np.random.default_rng(seed)
    raw = 1 / (1 + np.exp(-numbers.normal(1.5, 2.5, count)))
    return [Judged(float(x), bool(numbers.random() < truth.confidence(float(x)))) for x in raw]


def test_the_curve_that_made_the_reads_is_found_again():
    truth = Calibration(offset=-1.2, slope=0.6, most=0.999)
    found = fitted(reads_of(truth), DIGEST)
    assert found.offset == pytest.approx(truth.offset, abs=0.15)
    assert found.slope == pytest.approx(truth.slope, abs=0.06)
    assert found.recogniser_sha256 == DIGEST


def test_fitted_confidences_are_nearer_to_the_truth_than_raw_ones_on_other_reads():
    truth = Calibration(offset=-1.2, slope=0.6, most=0.999)
    other = reads_of(truth, seed=2)
    raw, fit = judged(other, UNCALIBRATED), judged(other, fitted(reads_of(truth), DIGEST))
    assert fit["log_loss"] < raw["log_loss"]
    assert fit["error"] < 0.03 < raw["error"]
    assert sum(row["of"] for row in fit["bins"]) == len(other)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.builds(Judged, shares, st.booleans()), min_size=20, max_size=60))
def test_any_reads_give_a_curve(reads):
    curve = fitted(reads, DIGEST)
    assert curve.slope > 0
    assert curve.most < 1


def test_two_numbers_are_not_fitted_on_a_handful():
    with pytest.raises(ValueError, match="fewer than 20"):
        fitted([Judged(0.5, right=True)] * 19, DIGEST)


def test_a_picture_is_for_checking_by_its_name_alone_and_about_half_are():
    names = [f"{k}.jpg" for k in range(400)]
    assert 160 < sum(map(for_check, names)) < 240
    assert for_check("a.jpg") is for_check("a.jpg")
