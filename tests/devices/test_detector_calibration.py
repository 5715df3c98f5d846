"""Scores that mean how often the model is right: a rising curve, and a class map that says so."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.detector import calibration
from edge_agent.devices.detector.calibration import Calibration, read_points
from edge_agent.devices.detector.class_map import read_class_map
from edge_agent.errors import ConfigError

SHARES = st.floats(0.01, 0.99)


def test_the_examples_hold():
    assert doctest.testmod(calibration).failed == 0


@given(st.lists(st.tuples(SHARES, SHARES), max_size=6), SHARES, SHARES)
def test_a_surer_box_is_never_said_to_be_less_sure(pairs, a, b):
    scores, shares = sorted({x for x, _ in pairs}), sorted(y for _, y in pairs)
    curve = Calibration(tuple(zip(scores, shares, strict=False)))
    low, high = sorted((a, b))
    assert curve.share(low) <= curve.share(high) + 1e-12
    assert 0 <= curve.share(low) <= 1


@given(st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=6), SHARES)
def test_the_backend_is_asked_for_every_box_that_may_be_sure_enough(pairs, share):
    scores, shares = sorted({x for x, _ in pairs}), sorted(y for _, y in pairs)
    curve = Calibration(tuple(zip(scores, shares, strict=False)))
    below = curve.score(share) - 1e-6
    assert below <= calibration.LEAST_RAW or curve.share(below) <= share + 1e-9


def test_without_a_curve_scores_are_taken_as_they_are():
    assert Calibration().share(0.3499) == 0.3499
    assert Calibration().score(0.35) == 0.35


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0.5", "must be a list of at most 20 pairs"),
        ("[[0.5]]", "a pair of numbers between 0 and 1 is expected"),
        ("[[0.5, 1.5]]", "a pair of numbers between 0 and 1 is expected"),
        ("[[0.5, true]]", "a pair of numbers between 0 and 1 is expected"),
        ("[[0.5, 0.5], [0.4, 0.6]]", "must rise"),
        ("[[0.5, 0.5], [0.6, 0.4]]", "must rise"),
        ("[" + "[0.1, 0.1]," * 21 + "]", "at most 20"),
    ],
)
def test_a_map_with_a_bad_curve_is_refused_with_the_reason(tmp_path: Path, text, reason):
    path = tmp_path / "m.yaml"
    path.write_text(f"classes: {{a: {{label: seat, role: evidence}}}}\ncalibration: {text}\n")
    with pytest.raises(ConfigError, match=re.escape(reason)):
        read_class_map(path)


def test_a_map_says_its_curve(tmp_path: Path):
    path = tmp_path / "m.yaml"
    path.write_text("classes: {a: {label: seat, role: evidence}}\ncalibration: [[0.2, 0.6], [0.5, 0.95]]\n")
    assert read_class_map(path).calibration.points == ((0.2, 0.6), (0.5, 0.95))
    assert read_points([]) == ()
