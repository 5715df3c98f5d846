"""Load cells of the simulated bridge, one thing wrong with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_agent.core.records import Axle, Crossing, Flag
from edge_agent.core.units import KG, S
from edge_agent.core.weigh.protocols.settings import LaumasFastSettings
from edge_agent.core.weigh.scale import Scale
from edge_agent.doctor.cell_checks import allowed_noise_g, cell_findings
from edge_agent.doctor.cell_spectrum import alias_hz, hidden
from edge_agent.doctor.decoded import decode
from edge_agent.doctor.finding import State
from edge_agent.doctor.observed import Chunk
from edge_agent.sim.encoders import make_encoder
from edge_agent.sim.matching_traffic import plain_crossing
from tests.doctor.seen import PASSING, Seen, a_bridge, a_road, heard, read_off, with_scale, wrong
from tests.doctor.test_planted_sensors import wired


def found_in(line, config=None, passed=()):
    return list(cell_findings(config or a_bridge(), Seen({"wim": line}, passed=passed)))


def by_key(found, key):
    return [one for one in found if one.key == key]


# -- an empty scale ----------------------------------------------------------------------------------


def test_an_empty_lane_is_good_but_its_wiring_is_not_known():
    found = found_in(heard(a_road()))

    assert [(f.key, f.state) for f in found] == [
        ("cell.ok", State.OK),
        ("cell.order_unknown", State.UNKNOWN),
    ]
    assert found[0].values["noise_kg"] == pytest.approx(15, abs=1)
    assert found[0].values["zero_kg"] == pytest.approx([40] * 4, abs=1)


@pytest.mark.parametrize("channel", range(4))
def test_a_cell_that_is_cut_off_is_named_by_channel_pad_and_side(channel):
    [dead] = by_key(found_in(heard(a_road(*PASSING, dead_channels=(channel,)))), "cell.dead")

    side = ("left", "right")[channel % 2]
    assert (dead.values["channel"], dead.values["sensor"], dead.values["side"]) == (
        channel,
        f"pad-{1 + channel // 2}",
        side,
    )


def test_a_converter_at_its_rail_is_told():
    config = a_bridge()
    first, second = config.lanes["1"].scale.sensors
    channel = first.channels[1].model_copy(update={"rail_high": 7_900})
    railed = first.model_copy(update={"channels": (first.channels[0], channel)})
    found = found_in(heard(a_road()), with_scale(config, sensors=(railed, second)))

    assert [one.values["channel"] for one in by_key(found, "cell.rail")] == [1]


def test_a_zero_half_way_to_its_limit_is_a_warning():
    found = by_key(found_in(heard(a_road(zero_g=3_000_000))), "cell.zero")

    assert {one.state for one in found} == {State.WARNING}
    assert found[0].values["zero_kg"] == pytest.approx(3_000, abs=2)


def test_a_zero_that_creeps_is_unsteady():
    found = found_in(heard(a_road(zero_drift_g_per_h=60_000_000)))

    assert wrong(found) == {"cell.unsteady"}


def test_a_lane_with_debris_all_the_time_has_that_in_its_zero():
    debris = {"channel": 0, "start_s": 0, "length_s": 20, "load_g": 3_000_000}
    road = a_road(
        debris=(type(a_road().instruments["wim"].errors).model_validate({"debris": [debris]}).debris)
    )
    found = found_in(heard(road))

    assert [one.values["channel"] for one in by_key(found, "cell.zero")] == [0]


def test_traffic_without_a_gap_leaves_zero_and_noise_unknown():
    queue = [{"at_s": 0.5 + 1.5 * k, "kind": "truck2", "speed_kmh": 9} for k in range(1)]
    line = heard(a_road(*queue))
    loaded = [c for c in line.chunks if c.at_ns < 2.6 * S and c.at_ns > 0.2 * S]
    found = found_in(replace(line, chunks=tuple(loaded)))

    assert ("cell.never_free", State.UNKNOWN) in [(f.key, f.state) for f in found]
    assert wrong(found) == set()


# -- hum ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amplitude_g", [10_000, 30_000, 100_000, 300_000])
def test_hum_is_measured_as_strong_as_it_is(amplitude_g):
    found = by_key(found_in(heard(a_road(*PASSING, hum_g=amplitude_g))), "cell.hum")

    assert {one.values["sensor"] for one in found} == {"pad-1", "pad-2"}
    for one in found:  # both cells of a pad carry it
        assert one.values["hz"] == 50
        assert one.values["amplitude_kg"] == pytest.approx(2 * amplitude_g / KG, rel=0.06)


def test_hum_weaker_than_a_good_cell_s_noise_is_no_matter():
    assert wrong(found_in(heard(a_road(*PASSING, hum_g=5_000)))) == set()


def indicator(rate_hz, hum_g=0.0, noise_g=2_000.0, seconds=10, seed=1, d_g=1_000):
    """A one-channel indicator that samples so often, with hum at its input."""
    chance, at = np.random.default_rng(seed), np.arange(round(seconds * rate_hz)) / rate_hz
    grams = chance.normal(0, noise_g, at.size) + hum_g * np.sin(2 * np.pi * 50 * at + 0.3)
    shown = np.rint(grams / d_g).astype(np.int64) * d_g
    encoder = make_encoder(LaumasFastSettings())
    status, none = np.zeros((1, 1), dtype=np.uint8), np.zeros(1, dtype=np.int64)
    frames = [encoder.encode(k, np.array([[abs(g)]]), status, none) for k, g in enumerate(shown)]
    return read_off(frames, 38_400, rate_hz)


def single(rate_hz):
    config = a_bridge(baud=38_400, protocol=LaumasFastSettings(frame_rate_mhz=round(rate_hz * 1000)))
    pad = config.lanes["1"].scale.sensors[0]
    channel = pad.channels[0].model_copy(update={"side": "both"})
    pad = pad.model_copy(update={"channels": (channel,)})
    return with_scale(config, sensors=(pad,), separator=None)


def test_where_hum_appears_when_it_is_sampled_slowly():
    assert alias_hz(50, 80) == 30
    assert alias_hz(100, 80) == 20
    assert hidden(50.0)
    assert hidden(10.0)
    assert not hidden(80.0)


def test_hum_at_eighty_samples_a_second_is_found_at_thirty_hertz_and_said_so():
    chance, rate = np.random.default_rng(2), 80
    at = np.arange(10 * rate) / rate
    grams = 500_000 + chance.normal(0, 5_000, at.size) + 60_000 * np.sin(2 * np.pi * 50 * at)
    encoder = make_encoder(LaumasFastSettings())
    status, none = np.zeros((1, 1), dtype=np.uint8), np.zeros(1, dtype=np.int64)
    frames = [encoder.encode(k, np.array([[round(g)]]), status, none) for k, g in enumerate(grams)]
    [hum] = by_key(found_in(read_off(frames, 38_400, rate), single(rate)), "cell.hum")

    assert (hum.values["hz"], hum.values["seen_at_hz"]) == (50, 30.0)
    assert "30.0 Hz" in hum.values["seen_en"]
    assert hum.values["amplitude_kg"] == pytest.approx(60, rel=0.1)


def test_at_fifty_samples_a_second_nobody_can_tell_and_that_is_said():
    found = found_in(indicator(50), single(50))

    assert [f.key for f in found] == ["cell.hum_unknown", "cell.ok", "cell.order_unknown"]


def test_an_indicator_that_rounds_noise_away_is_not_called_dead():
    assert wrong(found_in(indicator(25, noise_g=10.0), single(25))) == set()


@pytest.mark.parametrize("taps", [1, 5, 20])
def test_an_indicator_that_averages_for_longer_than_an_axle_is_on_the_pad(taps):
    chance, rate = np.random.default_rng(4), 80
    noise = chance.normal(500_000, 20_000, 12 * rate + taps - 1)
    shown = np.convolve(noise, np.ones(taps) / taps, "valid")
    encoder, zero = make_encoder(LaumasFastSettings()), np.zeros(1, dtype=np.int64)
    status = np.zeros((1, 1), dtype=np.uint8)
    frames = [encoder.encode(k, np.array([[round(g)]]), status, zero) for k, g in enumerate(shown)]
    found = by_key(found_in(read_off(frames, 38_400, rate), single(rate)), "cell.filtered")

    assert bool(found) == (taps > 4)  # 51 ms on the pad at 35 km/h: four samples of 12.5
    for one in found:
        assert one.values["filter_ms"] == pytest.approx(taps * 12.5, rel=0.6)


def test_frames_that_come_five_at_a_time_are_judged_as_well():
    one_by_one = indicator(80, seconds=12)
    chunks = one_by_one.chunks
    gathered = [
        Chunk(chunks[k + 4].at_ns, b"".join(c.data for c in chunks[k : k + 5]))
        for k in range(0, len(chunks) - 4, 5)
    ]
    config = single(80)
    port = config.ports["wim"].model_copy(update={"protocol": LaumasFastSettings()})  # the rate is not known
    config = config.model_copy(update={"ports": {"wim": port}})
    found = found_in(replace(one_by_one, chunks=tuple(gathered)), config)

    assert wrong(found) == set()
    assert by_key(found, "cell.ok")[0].values["free_s"] == pytest.approx(12, abs=1)


def test_a_whole_pad_that_feels_nothing_is_deaf_and_not_the_wrong_way_round():
    config = a_bridge()
    first, second = config.lanes["1"].scale.sensors
    weak = tuple(c.model_copy(update={"grams_num": 5, "grams_den": 200}) for c in second.channels)
    config = with_scale(config, sensors=(first, second.model_copy(update={"channels": weak})))

    assert wrong(found_in(heard(a_road(*PASSING)), config)) == {"cell.deaf"}


def test_noise_matters_less_where_many_samples_make_a_weight():
    lane = a_bridge().lanes["1"]

    assert allowed_noise_g(lane, 10) <= allowed_noise_g(lane, 1_000)
    assert allowed_noise_g(lane, 1_000) == (250_000 - 120_000) / 4


# -- wiring ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("order", "channels"), [((0, 2, 1, 3), {2, 1}), ((2, 1, 0, 3), {2, 0}), ((3, 1, 2, 0), {3, 0})]
)
def test_a_cell_on_the_other_pad_s_channel_is_named_with_its_partner(order, channels, seed):
    found = found_in(heard(a_road(*PASSING), seed), wired(a_bridge(), *order))

    assert wrong(found) == {"cell.swapped"}
    [swapped] = by_key(found, "cell.swapped")
    assert {swapped.values["channel"], swapped.values["other_channel"]} == channels


def test_left_and_right_exchanged_on_one_pad_is_seen_by_vehicles_that_lean():
    found = [found_in(heard(a_road(*PASSING), seed), wired(a_bridge(), 0, 1, 3, 2)) for seed in (2, 3, 4)]

    assert [wrong(one) for one in found] == [{"cell.sides_swapped"}] * 3
    assert by_key(found[0], "cell.sides_swapped")[0].values["sensor"] == "pad-2"


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 3, 2)])
def test_cells_in_order_and_both_sides_exchanged_alike_raise_no_alarm(order):
    for seed in range(4):
        assert wrong(found_in(heard(a_road(*PASSING), seed), wired(a_bridge(), *order))) == set()


def test_a_cell_that_carries_nothing_is_deaf():
    config = a_bridge()
    first, second = config.lanes["1"].scale.sensors
    weak = first.channels[0].model_copy(update={"grams_num": 5, "grams_den": 200})
    config = with_scale(
        config, sensors=(first.model_copy(update={"channels": (weak, first.channels[1])}), second)
    )
    [deaf] = by_key(found_in(heard(a_road(*PASSING)), config), "cell.deaf")

    assert (deaf.values["channel"], deaf.values["vehicles"]) == (0, 3)


# -- crossings of late -------------------------------------------------------------------------------


def crossings(count=12, left_permille=500, step_s=300, zero_step=0, flags=()):
    """Vehicles whose every axle carries so much on its left."""
    out = []
    for k in range(count):
        plain = plain_crossing(number=k + 1, first_axle_ms=1_000 + k * step_s * 1_000)
        axles = tuple(_leaning(axle, left_permille) for axle in plain.axles)
        out.append(replace(plain, axles=axles, flags=tuple(sorted(flags)), zero=k * zero_step))
    return tuple(out)


def _leaning(axle: Axle, left_permille: int) -> Axle:
    left = axle.load * left_permille // 1000
    return replace(axle, left=left, right=axle.load - left)


@pytest.mark.parametrize(
    ("late", "key"),
    [
        (crossings(flags=(Flag.REVERSE,)), "cell.pads_swapped"),
        (crossings(flags=(Flag.ONE_SIDE, Flag.STRADDLE)), "cell.one_sided"),
        (crossings(flags=(Flag.DISAGREE,)), "cell.pads_disagree"),
        (crossings(left_permille=560), "cell.unbalanced"),
        (crossings(zero_step=15_000), "cell.drift"),
    ],
)
def test_what_only_many_vehicles_can_tell(late, key):
    found = found_in(heard(a_road()), passed=late)

    assert wrong(found) == {key}


@pytest.mark.parametrize("flag", [Flag.ACCEL, Flag.SENSOR_FAULT, Flag.STOP_ON_PAD])
def test_pads_that_disagree_on_vehicles_that_braked_or_were_heard_in_pieces_are_not_accused(flag):
    late = (*crossings(flags=(Flag.DISAGREE, flag)), *crossings(count=8))

    assert wrong(found_in(heard(a_road()), passed=late)) == set()


@pytest.mark.parametrize(
    ("order", "key"), [((0, 2, 1, 3), "cell.crossed"), ((2, 3, 0, 1), "cell.pads_swapped")]
)
def test_wrong_wiring_is_seen_in_the_crossings_of_late_as_well(order, key):
    config = wired(a_bridge(), *order)
    samples = decode(config.ports["wim"].protocol, heard(a_road(*PASSING))).samples
    weighed = Scale("1", config.lanes["1"].scale).feed(samples)
    late = tuple(one for one in weighed if isinstance(one, Crossing))

    assert wrong(found_in(heard(a_road()), config, late)) == {key}


def test_a_single_vehicle_that_met_the_last_pad_first_is_a_warning_only():
    found = found_in(heard(a_road(PASSING[1])), wired(a_bridge(), 2, 3, 0, 1))

    assert [(one.key, one.state) for one in found] == [("cell.pads_swapped", State.WARNING)]


def test_a_vehicle_that_stands_on_the_scale_is_no_zero():
    chance, protocol = np.random.default_rng(6), a_bridge().ports["wim"].protocol
    counts = np.rint(chance.normal(8_000, 2_000, (10_000, 4))).astype(np.int64)
    counts[1_500:8_500, :2] += 700_000  # 3.5 t on either side of the first pad, for seven seconds of ten
    encoder = make_encoder(protocol)
    status, none = np.zeros((20, 4), dtype=np.uint8), np.zeros(20, dtype=np.int64)
    frames = [encoder.encode(k, counts[k : k + 20], status, none) for k in range(0, 10_000, 20)]
    found = found_in(read_off(frames, 921_600, 50), with_scale(a_bridge(), separator=None))

    assert wrong(found) == set()


def test_a_few_vehicles_of_which_one_turned_back_say_nothing():
    late = (*crossings(5), *crossings(1, flags=(Flag.REVERSE,)))

    assert wrong(found_in(heard(a_road()), passed=late)) == set()


def test_crossings_of_another_lane_do_not_count():
    late = tuple(replace(one, lane="2") for one in crossings(flags=(Flag.REVERSE,)))

    assert wrong(found_in(heard(a_road()), passed=late)) == set()


def test_drift_is_told_in_kilograms_an_hour():
    [drift] = by_key(found_in(heard(a_road()), passed=crossings(zero_step=-15_000)), "cell.drift")

    assert drift.values["kg_per_h"] == pytest.approx(-180, rel=0.01)  # 15 kg in five minutes
