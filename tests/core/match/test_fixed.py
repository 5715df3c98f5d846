from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.match.fixed import (
    ONE,
    exp_neg,
    from_ppm,
    normal_density,
    per_hour,
    times,
    uniform_density,
)
from edge_agent.core.units import MS, S


@given(st.floats(min_value=0, max_value=30))
def test_the_exponential_agrees_with_the_float_one(x):
    found = exp_neg(int(x * 2**80)) / 2**80

    assert found == pytest.approx(math.exp(-x), rel=1e-11)


def test_the_exponential_of_something_huge_is_nothing():
    assert exp_neg(10**6 << 80) == 0


@given(
    st.integers(min_value=-3_000 * MS, max_value=3_000 * MS),
    st.integers(min_value=200 * MS, max_value=2_000 * MS),
)
def test_the_normal_density_agrees_with_the_float_one(distance, sd):
    z = distance / sd
    truth = math.exp(-z * z / 2) / (sd / S * math.sqrt(2 * math.pi))

    assert normal_density(distance, sd * sd) / ONE == pytest.approx(truth, rel=1e-8, abs=1e-13)


def test_a_variance_of_zero_is_not_divided_by():
    assert normal_density(0, 0) > 0
    assert uniform_density(0) > 0


def test_shares_and_rates_are_what_they_say():
    assert from_ppm(500_000) == ONE // 2
    assert per_hour(3_600) == ONE
    assert times(ONE // 2, ONE // 2) == ONE // 4


def test_densities_are_the_same_bits_for_ever():
    # A change here changes every recorded posterior: replay would differ.
    assert normal_density(100 * MS, (165 * MS) ** 2) == 566377090340570
    assert exp_neg(1 << 80) == 444738954937557665364705
