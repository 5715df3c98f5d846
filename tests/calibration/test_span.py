"""Known loads on the sensors: each channel's factor, recovered from cells whose errors are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.calibration.guide import ATTEMPTS, Guide
from edge_agent.calibration.samples import Tenths
from edge_agent.calibration.span import (
    Reading,
    SpanPlan,
    Step,
    measure_span,
    plan_of_loads,
    reading_of,
)
from edge_agent.calibration.span_proposal import gain, span_proposal
from edge_agent.core.weigh.layout import Layout
from edge_agent.core.weigh.samples import Unit
from edge_agent.core.weigh.settings import CalibrationSettings, ChannelSettings, ScaleSettings, SpeedBin
from edge_agent.core.weigh.zero import BIN_NS
from edge_agent.errors import UsageError
from edge_agent.sim.errors import Debris, InstrumentErrors
from edge_agent.sim.loadcells import weigh_trace

PADS = [
    {
        "id": f"pad-{k}",
        "position_mm": 2800 * (k - 1),
        "length_mm": 800,
        "channels": [{"index": 2 * k - 2, "side": "left"}, {"index": 2 * k - 1, "side": "right"}],
    }
    for k in (1, 2)
]
SCALE = ScaleSettings.model_validate({"sensors": PADS})
LAYOUT = Layout.of(SCALE)
LOADS = (0, 500, 1000, 1500, 1000, 500, 0)
PLAN = plan_of_loads(LOADS, SCALE)
LAST_S = 6


def placed(plan, share=1.0):
    """The plan with its times, and the loads as they lie on the cells: `share` on the side named."""
    steps, debris = [], []
    for number, step in enumerate(plan.steps):
        begin = 2 + LAST_S * number
        steps.append(step.model_copy(update={"from_s": float(begin), "to_s": float(begin + LAST_S - 2)}))
        pad = int(step.sensor[-1]) - 1
        left = {"left": share, "right": 1 - share, "middle": 0.5}[step.side]
        for channel, part in ((2 * pad, left), (2 * pad + 1, 1 - left)):
            load = round(step.kg * 1000 * part)
            debris.append(Debris(channel=channel, start_s=begin - 1, length_s=LAST_S - 0.1, load_g=load))
    return steps, debris


def readings(plan, share=1.0, rate_hz=100, seed=1, **errors):
    """The simulated cells' readings of each step."""
    steps, debris = placed(plan, share)
    instrument = InstrumentErrors(debris=tuple(debris), noise_g=5_000, **errors)
    end = (2 + LAST_S * len(steps)) * 10**9
    trace = weigh_trace((), SCALE.sensors, rate_hz, 0, end, np.random.default_rng(seed), instrument)
    tenth = rate_hz // 10
    grams = trace.grams[: len(trace.grams) // tenth * tenth].reshape(-1, tenth, 4).mean(axis=1)
    seen = Tenths(np.arange(len(grams)) * BIN_NS, grams, np.zeros_like(grams), Unit.COUNTS)
    return [reading_of(seen, step, LAYOUT, 0) for step in steps]


def true_ppm(permille):
    return 1e6 * (1 / (1 + permille / 1000) - 1)


GAINS = (24.0, 18.0, 30.0, -12.0)


@pytest.mark.parametrize("share", [1.0, 0.8])  # a load on one half presses on the other cell too
def test_every_cell_s_own_error_is_found_and_the_sensors_are_called_straight(share):
    found = measure_span(readings(PLAN, share, channel_gain_permille=GAINS), SCALE, 0.2)
    assert [span.sensor for span in found] == ["pad-1", "pad-2"]
    for channel, permille in zip((c for span in found for c in span.channels), GAINS, strict=True):
        assert channel.factor_ppm == pytest.approx(true_ppm(permille), abs=800)
    for span in found:
        assert span.separate
        assert span.corner_after_permille < 2
        assert span.linearity_permille < 2
        assert span.hysteresis_permille < 2
        assert abs(span.return_g) < 1_000
    assert found[1].corner_permille == pytest.approx(42 * (2 * share - 1), abs=3)


def test_the_intervals_hold_the_true_factors_as_often_as_they_say():
    inside, widest = [], 0
    for seed in range(25):
        found = measure_span(readings(PLAN, 0.9, seed=seed, channel_gain_permille=GAINS), SCALE, 0)
        channels = [c for span in found for c in span.channels]
        inside += [
            abs(channel.factor_ppm - true_ppm(permille)) <= channel.interval_ppm
            for channel, permille in zip(channels, GAINS, strict=True)
        ]
        widest = max(widest, *(channel.interval_ppm for channel in channels))
    assert 0.90 <= sum(inside) / len(inside) <= 0.99
    assert widest < 1_200


def test_a_vehicle_on_the_pads_gives_one_factor_for_each():
    steps = [
        {"sensor": pad, "side": "middle", "kg": kg}
        for pad in ("pad-1", "pad-2")
        for kg in (0, 2000, 4000, 7000)
    ]
    plan = SpanPlan.model_validate({"steps": steps})
    found = measure_span(readings(plan, gain_error_permille=24), SCALE, 1)
    for span in found:
        assert not span.separate
        left, right = span.channels
        assert (left.factor_ppm, left.interval_ppm) == (right.factor_ppm, right.interval_ppm)
        assert abs(left.factor_ppm - true_ppm(24)) <= left.interval_ppm
        assert span.corner_permille is None
        assert span.hysteresis_permille is None
        assert span.return_g is None


def test_a_zero_that_wanders_is_taken_off_and_told():
    found = measure_span(readings(PLAN, zero_drift_g_per_h=200_000), SCALE, 0.2)
    for span in found:
        for channel in span.channels:
            assert channel.factor_ppm == pytest.approx(0, abs=800)
        assert span.return_g == pytest.approx(2 * 200_000 * 13 * LAST_S / 3600, rel=0.1)


def shown(loads, grams, side="middle"):
    """Readings of a sensor without sides, as given."""
    return [
        Reading(Step(sensor="deck", side=side, kg=kg), float(number), (one,))
        for number, (kg, one) in enumerate(zip(loads, grams, strict=True))
    ]


DECK = ScaleSettings.model_validate(
    {"sensors": [{"id": "deck", "position_mm": 0, "length_mm": 3200, "channels": [{"index": 0}]}]}
)


def test_a_sensor_that_bends_or_comes_back_another_way_says_so():
    bent = shown((0, 1000, 2000, 3000), (0, 1_000_000, 2_030_000, 3_000_000))
    assert measure_span(bent, DECK, 0)[0].linearity_permille == pytest.approx(9, abs=2)
    way_back = shown((0, 1000, 2000, 1000, 3000, 0), (0, 1e6, 2e6, 1.012e6, 3e6, 4e3))
    [span] = measure_span(way_back, DECK, 0)
    assert span.hysteresis_permille == pytest.approx(4, abs=0.8)
    assert span.return_g == 4_000


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (((500, 1000, 1500), (1, 2, 3)), "first step must have nothing"),
        (((0, 500, 1000, 500), (0, 5e5, 1e6, 5e5)), "3 different loads"),
        (((0, 500, 1000, 1500), (0, 5e3, 1e4, 1.5e4)), "no calibration"),
        (((0, 500, 1000, 1500, 1000), (0, 5e5, 5e5, 1.5e6, 1e6)), "1000 kg .* off the straight line"),
    ],
)
def test_steps_that_tell_no_factor_are_refused_plainly(steps, said):
    with pytest.raises(UsageError, match=said):
        measure_span(shown(*steps), DECK, 1)


def test_swapped_cells_are_named():
    swapped = [Reading(r.step, r.at_s, r.grams[::-1]) for r in readings(PLAN) if r.step.sensor == "pad-1"]
    with pytest.raises(UsageError, match="swapped"):
        measure_span(swapped, SCALE, 1)


def test_a_sensor_that_does_not_exist_or_was_left_out_is_named():
    with pytest.raises(UsageError, match="no sensor 'pad-9'"):
        measure_span([Reading(Step(sensor="pad-9", kg=0), 0.0, (0.0, 0.0))], SCALE, 1)
    half = [r for r in readings(PLAN) if r.step.sensor == "pad-1"]
    spans = measure_span(half, SCALE, 1)
    with pytest.raises(UsageError, match="pad-2"):
        span_proposal("1", SCALE, Unit.COUNTS, spans, PLAN, "x", "2026-12-01")


def test_counts_change_the_channels_and_mass_changes_the_lane_s_factor():
    old = CalibrationSettings(
        id="old", factor_ppm=5_000, speed_bins=(SpeedBin(up_to_mm_s=3_000, correction_ppm=9),)
    )
    scale = SCALE.model_copy(update={"calibration": old})
    spans = measure_span(readings(PLAN, gain_error_permille=24), SCALE, 0.2)
    counts = span_proposal("1", scale, Unit.COUNTS, spans, PLAN, "new", "2026-12-01")
    assert (counts.measured_with, counts.calibration.id, counts.calibration.factor_ppm) == ("old", "new", 0)
    assert [gain.index for gain in counts.channels] == [0, 1, 2, 3]
    mass = span_proposal("1", scale, Unit.GRAMS, spans, PLAN, "new", "2026-12-01")
    assert mass.channels == ()
    assert abs(mass.calibration.factor_ppm - true_ppm(24)) < 1_000
    assert mass.calibration.speed_bins == ()


@given(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1), st.integers(-400_000, 400_000))
def test_a_gain_keeps_its_value_to_a_millionth_and_fits_the_settings(numerator, denominator, ppm):
    before = ChannelSettings(index=0, grams_num=numerator, grams_den=denominator)
    wanted = numerator / denominator * (1 + ppm / 1e6)
    if not 1e-2 <= wanted <= 1e6:
        return  # no converter: 10 mg or a tonne a count
    after = gain(before, ppm)
    assert after.grams_num / after.grams_den == pytest.approx(wanted, rel=1e-6)
    assert 0 < after.grams_num < 2**31
    assert 0 < after.grams_den < 2**31


def test_a_load_that_swings_is_read_when_it_rests_and_asked_for_again_when_it_does_not():
    asked, told, listened = [], [], []

    def listen():
        """Swings more than may be until it was asked for a second time and read once more."""
        listened.append(1)
        swing = 30_000 if len(listened) <= ATTEMPTS + 1 else 100
        grams = 1_000_000 + swing * np.array([[0.0], [0.0], [1.0], [1.0]])
        return Tenths(np.arange(4) * BIN_NS, grams, np.zeros((4, 1)), Unit.GRAMS)

    guide = Guide(DECK, listen, asked.append, told.append, "zh")
    reading = guide.take(Step(sensor="deck", kg=1_000), 0.4)
    assert len(asked) == 2
    assert len(listened) == ATTEMPTS + 2
    assert reading.grams == (1_000_050.0,)
    assert "读数一直不稳定" in "".join(told)
