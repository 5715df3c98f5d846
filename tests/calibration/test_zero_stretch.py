"""The empty scale: what its channels read, and whether the zero is followed."""

import numpy as np
import pytest

from edge_agent.calibration.report_static import zero_proposal, zero_text
from edge_agent.calibration.samples import Tenths, joined
from edge_agent.calibration.zero import measure_zero
from edge_agent.core.weigh.samples import Unit
from edge_agent.core.weigh.zero import BIN_NS
from edge_agent.errors import UsageError
from edge_agent.sim.errors import Debris, InstrumentErrors
from edge_agent.sim.loadcells import weigh_trace
from tests.calibration.test_span import SCALE

RATE_HZ = 100


def seen(seconds, **errors):
    trace = weigh_trace(
        (), SCALE.sensors, RATE_HZ, 0, seconds * 10**9, np.random.default_rng(1), InstrumentErrors(**errors)
    )
    rows = trace.grams.reshape(-1, RATE_HZ // 10, 4)
    noise = np.sqrt((np.diff(rows, axis=1) ** 2).mean(axis=1) / 2)
    return Tenths(np.arange(len(rows)) * BIN_NS, rows.mean(axis=1), noise, Unit.GRAMS)


def test_level_noise_and_drift_of_each_channel_are_those_that_were_planted():
    found = measure_zero(seen(900, zero_g=40_000, zero_drift_g_per_h=12_000, noise_g=20_000), SCALE)
    assert [c.index for c in found.channels] == [0, 1, 2, 3]
    for channel in found.channels:
        assert channel.level_g == pytest.approx(41_500, abs=800)
        assert channel.noise_g == pytest.approx(20_000 / np.sqrt(2), rel=0.07)
        assert channel.drift_g_per_h == pytest.approx(12_000, abs=4_000)
    assert found.holds
    assert (found.unloaded_s, found.loaded_s) == (900, 0)


def test_a_load_that_comes_and_goes_is_left_out():
    load = [Debris(channel=1, start_s=20, length_s=10, load_g=3_000_000)]
    found = measure_zero(seen(60, debris=tuple(load)), SCALE)
    assert found.loaded_s == pytest.approx(10.8 + 0.3, abs=0.5)
    assert found.channels[1].level_g == pytest.approx(0, abs=1_000)
    assert found.channels[1].drift_g_per_h is None  # a minute does not say
    assert found.holds


def test_a_zero_that_jumps_is_not_held_and_the_text_says_what_to_look_for():
    found = measure_zero(seen(60, zero_step_g=100_000, zero_step_at_s=40), SCALE)
    assert not found.holds
    assert found.events[0] == "suspect"
    assert found.worst_g > found.limit_g
    assert "does NOT hold" in zero_text("1", found, "en")
    assert "石块" in zero_text("1", found, "zh")
    assert "does not hold" in zero_proposal("1", "cal", found).record.detail


def test_a_zero_at_the_end_of_its_range_is_not_held():
    assert not measure_zero(seen(60, zero_g=6_000_000), SCALE).holds


def test_too_little_unloaded_time_is_refused():
    with pytest.raises(UsageError, match="were unloaded"):
        measure_zero(seen(15), SCALE)


def test_recordings_out_of_order_are_refused():
    one = seen(20)
    with pytest.raises(UsageError, match="follow each other"):
        joined([one, one])
