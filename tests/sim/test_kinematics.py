"""Positions and arrival times agree with each other and with `Motion.x_at`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.sim.behaviours import BEHAVIOURS, KMH, accelerating, behave, stopping
from edge_agent.sim.dynamics import still
from edge_agent.sim.kinematics import first_time_at, stay_ns, times_at, track
from edge_agent.sim.vehicles import reference_truck
from edge_agent.sim.world import Motion, Passage

S = 10**9


def calm(speed_kmh: float = 20) -> Passage:
    return Passage(1, "1", reference_truck(), Motion.uniform(20 * S, speed_kmh * KMH), still(3))


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_no_behaviour_jumps_in_place_or_speed(name):
    for passage in behave(name, np.random.Generator(np.random.PCG64(5)), calm()):
        at = np.arange(0, 90 * S, 10**6)
        x, v, a = track(passage.motion, at)
        assert np.abs(np.diff(x)).max() < 30  # mm in a millisecond
        assert np.abs(np.diff(v)).max() < 1.6  # 1.5 m/s² at the most
        assert np.abs(a).max() <= 1500
        places = [passage.motion.x_at(int(t)) for t in at[::997]]
        assert np.allclose(x[::997], places, atol=1e-3)


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_times_at_a_place_are_the_crossings_of_that_place(name):
    passage = behave(name, np.random.Generator(np.random.PCG64(6)), calm())[0]
    x, _, _ = track(passage.motion, np.arange(0, 200 * S, 10**6))
    for place in (-3001.3, 0.7, 1234.6, 9001.9):
        seen = np.flatnonzero((x[:-1] - place) * (x[1:] - place) < 0)
        times = [t for t in times_at(passage.motion, place) if 0 <= t < 200 * S]
        assert len(times) == len(seen)
        assert np.allclose(times, seen * 1e6, atol=1.01e6)


@given(st.floats(2, 60), st.sampled_from([-1.5, -0.5, 0.5, 1.5]))
def test_an_accelerating_vehicle_is_at_the_sensor_at_its_time_and_speed(speed_kmh, a):
    motion = accelerating(20 * S, speed_kmh * KMH, a * 1000, 2000, 10_000)
    x, v, _ = track(motion, np.array([20 * S]))
    assert x[0] == pytest.approx(0, abs=0.1)
    assert v[0] == pytest.approx(speed_kmh * KMH, rel=1e-4)


@given(st.floats(3, 40), st.floats(-500, 8000), st.floats(0.5, 60))
def test_a_stopping_vehicle_stands_where_and_as_long_as_it_was_told(speed_kmh, place, dwell_s):
    motion = stopping(20 * S, speed_kmh * KMH, (place,), dwell_s)
    at = np.arange(0, 150 * S, 10**8)
    x, v, _ = track(motion, at)
    standing = np.flatnonzero(np.abs(v) < 1e-6)
    assert standing.size * 0.1 == pytest.approx(dwell_s, abs=0.25)
    assert x[standing] == pytest.approx(place, abs=1)


def test_a_vehicle_that_brakes_to_rest_stays_there():
    motion = Motion.uniform(0, 5000.0, -1000.0)
    x, v, _ = track(motion, np.array([5 * S, 60 * S]))
    assert x.tolist() == [12_500.0, 12_500.0]
    assert v.tolist() == [0.0, 0.0]
    assert stay_ns(motion, 10_000, 13_000) == (pytest.approx(2.764 * S, rel=1e-3), float("inf"))
    assert first_time_at(motion, 13_000) is None
