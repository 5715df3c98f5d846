"""Truth in, truth out: what the simulated sensors carry is the vehicle that was put on them."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.units import KG, TONNE
from edge_agent.core.weigh.samples import BAD_OVERLOAD
from edge_agent.sim.behaviours import KMH
from edge_agent.sim.crossing import LAYOUTS, single_crossing
from edge_agent.sim.dynamics import still
from edge_agent.sim.errors import CLEAN, NOISY, Debris, Dropout, InstrumentErrors
from edge_agent.sim.loadcells import Loop, sample, seen_from, sensor_celsius, weigh_trace
from edge_agent.sim.vehicles import MODELS, draw_vehicle, reference_truck
from edge_agent.sim.world import Motion, Passage, Vehicle

S = 10**9
PADS = LAYOUTS["two-pads"]


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def smooth(vehicle: Vehicle | None = None, speed_kmh: float = 18, **changes) -> Passage:
    """A passage on a perfect road, first axle at x = 0 after 5 s."""
    vehicle = vehicle or reference_truck()
    motion = Motion.uniform(5 * S, speed_kmh * KMH)
    return replace(Passage(1, "1", vehicle, motion, still(len(vehicle.axle_loads_g))), **changes)


def trace_of(passage: Passage, errors: InstrumentErrors = CLEAN, seconds: int = 10, **kwargs):
    return weigh_trace((passage,), kwargs.pop("sensors", PADS), 1000, 0, seconds * S, rng(), errors, **kwargs)


def on_pad(trace, pad: int = 0) -> np.ndarray:
    return trace.grams[:, 2 * pad : 2 * pad + 2].sum(axis=1)


@given(
    kind=st.sampled_from(sorted(MODELS)),
    seed=st.integers(0, 2**32),
    speed_kmh=st.floats(4, 60),
    layout=st.sampled_from(["two-pads", "long-pad", "strips", "one-pad-indicator"]),
)
@settings(max_examples=40, deadline=None)
def test_static_weight_is_area_times_speed_over_length_on_any_sensor(kind, seed, speed_kmh, layout):
    vehicle = draw_vehicle(rng(seed), kind)
    sensors = LAYOUTS[layout]
    passage, trace = single_crossing(
        sensors, speed_kmh, rng(seed), vehicle=vehicle, errors=CLEAN, roughness=0.0
    )
    speed = passage.motion.legs[0].v_mm_s
    for sensor in sensors:
        grams = trace.grams[:, [channel.index for channel in sensor.channels]].sum()
        weight = grams * 1e-3 * speed / sensor.length_mm
        assert weight == pytest.approx(vehicle.gross_g, rel=0.01)


def test_a_pad_shows_each_axle_as_a_plateau_of_its_static_load():
    trace = trace_of(smooth())
    x = (trace.at_ns - 5 * S) / 1e9 * 18 * KMH
    for pad, position in ((0, 0), (1, 2800)):
        for offset, load in zip((0, 3800, 5200), (6, 7, 7), strict=True):
            plateau = on_pad(trace, pad)[np.abs(x - offset - position) < 270]
            assert plateau == pytest.approx(load * TONNE)


def test_a_deck_carries_the_whole_vehicle_at_once():
    trace = trace_of(smooth(motion=Motion.uniform(5 * S, 5 * KMH)), sensors=LAYOUTS["deck"], seconds=30)
    assert trace.grams.max() == pytest.approx(20 * TONNE)


def test_left_and_right_channels_share_as_the_load_lies():
    trace = trace_of(smooth(replace(reference_truck(), left_permille=460)))
    assert trace.grams[:, 0].sum() / on_pad(trace).sum() == pytest.approx(0.46, abs=1e-6)


@pytest.mark.parametrize(("lateral_mm", "seen"), [(0, 1.0), (350, 1.0), (1050, 0.5), (1750, 0.5)])
def test_a_vehicle_beside_the_lane_leaves_load_beside_the_sensor(lateral_mm, seen):
    trace = trace_of(smooth(lateral_mm=lateral_mm))
    assert on_pad(trace).max() <= 7 * TONNE * (1.0 if seen == 1.0 else 0.75)
    assert on_pad(trace).sum() == pytest.approx(on_pad(trace_of(smooth())).sum() * seen, rel=0.01)


def test_a_straddling_vehicle_is_seen_whole_by_two_lanes_together():
    passage = smooth(lateral_mm=1750)
    own = on_pad(trace_of(passage))
    next_lane = on_pad(trace_of(seen_from(passage, 0, 3500)))
    assert own + next_lane == pytest.approx(on_pad(trace_of(smooth())), rel=1e-6)


def test_s_driving_changes_sides_between_the_pads():
    trace = trace_of(smooth(lateral_mm=0, drift_mm_per_m=300))
    left = [trace.grams[:, 2 * pad].sum() / on_pad(trace, pad).sum() for pad in (0, 1)]
    assert left[0] == pytest.approx(0.5)
    assert abs(left[1] - 0.5) > 0.1


def test_braking_moves_load_forward_and_keeps_the_sum():
    hard = smooth(motion=Motion.uniform(5 * S, 20 * KMH, -1500.0))
    trace = weigh_trace((hard,), LAYOUTS["long-pad"], 1000, 4 * S, 7 * S, rng())
    calm = weigh_trace((smooth(speed_kmh=20),), LAYOUTS["long-pad"], 1000, 4 * S, 7 * S, rng())
    assert trace.grams[900:1100].sum(axis=1).max() > calm.grams[900:1100].sum(axis=1).max() * 1.1
    deck = weigh_trace((hard,), LAYOUTS["deck"], 1000, 4 * S, 8 * S, rng())
    assert deck.grams.max() == pytest.approx(20 * TONNE)


def test_the_loop_is_set_while_the_body_is_above_it():
    trace = trace_of(smooth(), loops=(Loop(position_mm=1400, length_mm=4000, bit=3),))
    speed = 18 * KMH
    lasts_s = (4000 + reference_truck().length_mm) / speed
    assert set(trace.inputs.tolist()) == {0, 8}
    assert (trace.inputs > 0).sum() / 1000 == pytest.approx(lasts_s, abs=0.002)
    first = trace.at_ns[np.argmax(trace.inputs > 0)] / S
    assert first == pytest.approx(5 + (-600 - 1400) / speed, abs=0.002)


def test_same_arguments_same_trace():
    one, other = (single_crossing("two-pads", 20, rng(4))[1] for _ in range(2))
    assert one.grams.tobytes() == other.grams.tobytes()
    assert one.counts.tobytes() == other.counts.tobytes()


def test_a_trace_in_blocks_is_the_trace_in_one_piece():
    errors = InstrumentErrors(noise_g=20_000, clock_skew_ppm=37, hum_g=5_000)
    passage = (smooth(),)
    whole = sample(passage, PADS, 1000, 0, range(9000), rng(), errors)
    generator = rng()
    parts = [
        sample(passage, PADS, 1000, 0, range(k, k + 1500), generator, errors) for k in range(0, 9000, 1500)
    ]
    assert np.concatenate([p.at_ns for p in parts]).tobytes() == whole.at_ns.tobytes()
    assert np.concatenate([p.grams for p in parts]).tobytes() == whole.grams.tobytes()


def test_one_crossing_takes_little_time():
    single_crossing("two-pads", 20, rng())
    started = time.perf_counter()
    for _ in range(20):
        single_crossing("two-pads", 20, rng(), loops=(Loop(),))
    assert (time.perf_counter() - started) / 20 < 0.02  # about 0.7 ms on an idle core


# ---- the instrument's errors --------------------------------------------------------------------

EMPTY = smooth(motion=Motion.uniform(10**6 * S, 5000.0))


def empty(errors: InstrumentErrors, seconds: int = 10, rate_hz: float = 1000):
    return weigh_trace((EMPTY,), PADS, rate_hz, 0, seconds * S, rng(), errors)


def test_noise_is_that_of_a_whole_sensor():
    assert on_pad(empty(NOISY)).std() == pytest.approx(20_000, rel=0.05)


def test_zero_drifts_and_steps():
    trace = empty(
        InstrumentErrors(
            noise_g=0, zero_g=1000, zero_drift_g_per_h=36_000, zero_step_g=200_000, zero_step_at_s=5
        )
    )
    assert trace.grams[0].tolist() == [1000] * 4
    assert trace.grams[4000].tolist() == pytest.approx([1040] * 4)
    assert trace.grams[6000].tolist() == pytest.approx([201_060, 1060, 1060, 1060])


def test_gain_error_scales_the_load():
    plain, more = (
        on_pad(trace_of(smooth(), e)) for e in (CLEAN, InstrumentErrors(noise_g=0, gain_error_permille=30))
    )
    assert more.max() / plain.max() == pytest.approx(1.03)


def test_the_sensor_warms_up_behind_the_air():
    errors = InstrumentErrors(noise_g=0, span_ppm_per_c=-200, warming_c_per_h=10, sensor_lag_min=30)
    warm = sensor_celsius(np.array([0.0, 1800.0, 36_000.0]), errors)
    assert warm[0] == 20
    assert 20 < warm[1] < 25  # the air is at 25 by then
    assert warm[2] == pytest.approx(120 - 5, abs=0.1)  # half an hour behind, for ever
    late = smooth(motion=Motion.uniform(36_000 * S, 5000.0))
    trace = weigh_trace((late,), PADS, 1000, 35_999 * S, 36_003 * S, rng(), errors)
    assert on_pad(trace).max() / (7 * TONNE) == pytest.approx(1 - 200e-6 * 95, rel=1e-4)


def test_hum_is_50_hertz():
    trace = empty(InstrumentErrors(noise_g=0, hum_g=10_000), seconds=1)
    spectrum = np.abs(np.fft.rfft(trace.grams[:, 0]))
    assert np.argmax(spectrum) == 50
    assert spectrum[50] / 500 == pytest.approx(10_000, rel=1e-3)


def test_spikes_are_one_or_two_samples_long():
    trace = empty(InstrumentErrors(noise_g=0, spikes_per_s=2, spike_g=10**6), seconds=60)
    high = (trace.grams >= 10**6).any(axis=1)
    starts = np.flatnonzero(np.diff(high.astype(int)) == 1)
    assert 70 < starts.size < 180
    assert high.sum() <= 2 * starts.size + 4


def test_a_dead_cell_shows_nothing_and_a_stuck_cell_what_it_had():
    dead = trace_of(smooth(), InstrumentErrors(noise_g=0, dead_channels=(1,)))
    assert dead.grams[:, 1].max() == 0
    assert dead.grams[:, 0].max() == pytest.approx(3.5 * TONNE)
    stuck = trace_of(smooth(), InstrumentErrors(noise_g=0, stuck_channels=(0,), stuck_at_s=5.0))
    assert set(stuck.grams[5000:, 0].tolist()) == {3.0 * TONNE}


def test_debris_lies_there_for_its_time():
    trace = empty(
        InstrumentErrors(noise_g=0, debris=(Debris(channel=2, start_s=2, length_s=3, load_g=90 * KG),))
    )
    assert (trace.grams[:, 2] == 90 * KG).sum() == 3000
    assert trace.grams[:, [0, 1, 3]].max() == 0


def test_a_dropout_leaves_no_samples():
    trace = empty(InstrumentErrors(noise_g=0, dropouts=(Dropout(start_s=4, length_s=0.5),)))
    assert trace.at_ns.size == 9500
    assert np.diff(trace.at_ns).max() == 501 * 10**6


def test_saturation_is_flagged_and_clipped():
    trace = trace_of(smooth(), InstrumentErrors(noise_g=0, full_scale_g=3 * TONNE))
    assert trace.grams.max() == 3 * TONNE
    assert set(trace.status[trace.grams >= 3 * TONNE].tolist()) == {BAD_OVERLOAD}
    assert trace.status[0].tolist() == [0] * 4


def test_counts_follow_the_span_and_the_zero_of_the_converter():
    trace = trace_of(smooth(), InstrumentErrors(noise_g=0, counts_per_kg=200, zero_counts=-1234))
    assert trace.counts[0].tolist() == [-1234] * 4
    assert trace.counts[:, 0].max() == 3500 * 200 - 1234


def test_an_indicator_rounds_to_its_division():
    trace = trace_of(smooth(), InstrumentErrors(division_g=50_000))
    assert set((trace.grams % 50_000).ravel().tolist()) == {0.0}


def test_a_skewed_clock_puts_samples_further_apart():
    assert empty(InstrumentErrors(noise_g=0, clock_skew_ppm=500)).at_ns[-1] == pytest.approx(
        9_994 * 1_000_500, abs=2_000_500
    )


def test_a_display_filter_lowers_and_delays_a_short_plateau():
    sensors = LAYOUTS["one-pad-indicator"]
    peaks, centres = [], []
    for filter_ms in (0, 200, 800):
        errors = InstrumentErrors(noise_g=0, filter_ms=filter_ms)
        trace = weigh_trace((smooth(),), sensors, 20, 0, 12 * S, rng(), errors)
        peaks.append(trace.grams.max())
        centres.append(np.average(trace.at_ns, weights=trace.grams[:, 0]) / S)
    assert peaks[0] == pytest.approx(7 * TONNE)
    assert peaks[0] > peaks[1] > peaks[2]
    assert centres[1] - centres[0] == pytest.approx(0.1, abs=0.02)
    assert centres[2] - centres[0] == pytest.approx(0.4, abs=0.02)


def test_latency_delays_what_is_shown():
    plain = trace_of(smooth())
    late = trace_of(smooth(), InstrumentErrors(noise_g=0, latency_ms=150))
    assert np.argmax(on_pad(late) > TONNE) - np.argmax(on_pad(plain) > TONNE) == 150


@pytest.mark.parametrize("rate_hz", [10, 20, 50, 80, 300, 1000])
def test_every_rate_gives_its_number_of_samples(rate_hz):
    assert empty(CLEAN, rate_hz=rate_hz).at_ns.size == 10 * rate_hz
