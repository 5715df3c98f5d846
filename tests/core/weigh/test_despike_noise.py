"""Spikes of one or two samples go, everything longer stays; noise is told from hum."""

import numpy as np
import pytest

from edge_agent.core.weigh.despike import despike
from edge_agent.core.weigh.noise import difference_scale

THRESHOLD = 100_000


def column(values) -> np.ndarray:
    return np.array(values, dtype=np.int64)[:, None]


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("height", [2_000_000, -2_000_000])
def test_a_spike_of_one_or_two_samples_is_bridged(length, height):
    values = np.full(50, 7_000_000)
    values[20 : 20 + length] += height

    cleaned, count = despike(column(values), THRESHOLD)

    assert count == 1
    assert cleaned.ravel().tolist() == [7_000_000] * 50


def test_a_run_of_three_samples_is_a_load():
    values = np.zeros(50, dtype=np.int64)
    values[20:23] = 2_000_000

    cleaned, count = despike(column(values), THRESHOLD)

    assert count == 0
    assert cleaned.ravel().tolist() == values.tolist()


def test_a_wheel_keeps_its_ramps_and_its_level():
    ramp = np.linspace(0, 7_000_000, 6)
    values = np.concatenate([np.zeros(10), ramp, np.full(5, 7_000_000), ramp[::-1], np.zeros(10)])

    cleaned, count = despike(column(values.astype(np.int64)), THRESHOLD)

    assert count == 0
    assert cleaned.ravel().tolist() == values.astype(np.int64).tolist()


def test_the_peak_of_a_light_axle_at_a_slow_rate_is_no_spike():
    cleaned, count = despike(column([0, 0, 300_000, 900_000, 950_000, 250_000, 0, 0]), THRESHOLD)

    assert count == 0
    assert int(cleaned.max()) == 950_000


def test_the_given_samples_are_not_changed():
    values = column([0] * 10 + [2_000_000] + [0] * 10)
    values.setflags(write=False)

    despike(values, THRESHOLD)


def test_noise_scale_is_the_standard_deviation_and_hardly_sees_hum():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 20_000, 5_000)
    hum = 60_000 * np.sin(2 * np.pi * 50 * np.arange(5_000) / 1000)

    assert difference_scale(noise.astype(np.int64)) == pytest.approx(20_000, rel=0.05)
    assert difference_scale((noise + hum).astype(np.int64)) < 26_000
    assert (noise + hum).std() > 45_000


def test_noise_of_nothing_is_nothing():
    assert difference_scale(np.array([], dtype=np.int64)) == 0
    assert difference_scale(np.array([5], dtype=np.int64)) == 0
