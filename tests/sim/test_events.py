"""Events of a scenario: the same bytes for the same seed, and the truth can be read back from them."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from edge_agent.core.events import (
    ClockStatus,
    PlateSeen,
    RegistersRead,
    SerialBytes,
    Started,
    TemperatureRead,
)
from edge_agent.core.units import S
from edge_agent.core.weigh.protocols.registry import make_decoder
from edge_agent.core.weigh.samples import Samples, VehicleRecord
from edge_agent.journal.codec import encode_event
from edge_agent.sim.behaviours import KMH
from edge_agent.sim.crossing import LAYOUTS
from edge_agent.sim.errors import Dropout, InstrumentErrors
from edge_agent.sim.events import events
from edge_agent.sim.line import Frame, instrument_frames, port_reads, port_traces, reads
from edge_agent.sim.rng import stream
from edge_agent.sim.scenario import InstrumentSim, LaneSim, LineErrors, PlannedPassage, Scenario
from edge_agent.sim.traffic import generate
from edge_agent.sim.truth import truth_lines

TWO_PADS = LaneSim(sensors=LAYOUTS["two-pads"])
ONE_PAD = LaneSim(sensors=LAYOUTS["one-pad-indicator"])
TRUCK = PlannedPassage(at_s=4, kind="truck3", gross_kg=24_000, speed_kmh=15)
INDICATORS = [
    {"kind": "yaohua_a9"},
    {"kind": "yaohua_a12"},
    {"kind": "yaohua_eq", "direction": "reversed", "allow_no_point": True},
    {"kind": "toledo_cont"},
    {"kind": "ascii_stgs"},
    {"kind": "cas22"},
    {"kind": "rinstrum"},
    {"kind": "laumas_fast"},
]


def a_scenario(lane: LaneSim = TWO_PADS, **changes) -> Scenario:
    return Scenario.model_validate(
        {"name": "test", "duration_s": 10, "lanes": (lane,), "passages": (TRUCK,), **changes}
    )


def indicator(protocol: dict[str, object], **changes) -> InstrumentSim:
    return InstrumentSim.model_validate({"protocol": protocol, "rate_hz": 40, "baud": 9600, **changes})


def decoded(scenario: Scenario) -> tuple[np.ndarray, np.ndarray, int]:
    """(times, values, faults) of what the box's decoder makes of the port."""
    decoder = make_decoder(scenario.instruments["wim"].protocol)
    times, values, faults = [], [], 0
    for event in events(scenario, 3):
        if isinstance(event, SerialBytes):
            out = decoder.feed(event.at, event.data)
        elif isinstance(event, RegistersRead):
            out = decoder.feed_registers(event)
        else:
            continue
        blocks = [found for found in out if isinstance(found, Samples)]
        times += [block.at for block in blocks]
        values += [block.values for block in blocks]
        faults += len(out) - len(blocks)
    return np.concatenate(times), np.concatenate(values), faults


def test_the_same_seed_gives_the_same_bytes():
    one, other, third = ([encode_event(e) for e in events(a_scenario(), seed)] for seed in (7, 7, 8))
    assert one == other
    assert one != third


def test_events_come_in_order_and_begin_with_the_start():
    seen = list(events(a_scenario(), 1))
    assert isinstance(seen[0], Started)
    assert all(a.at <= b.at for a, b in pairwise(seen))
    assert {type(e) for e in seen} >= {Started, ClockStatus, TemperatureRead, SerialBytes, PlateSeen}


def test_reads_are_about_twenty_milliseconds_apart():
    at = [e.at for e in events(a_scenario(), 1) if isinstance(e, SerialBytes)]
    assert np.median(np.diff(at)) == pytest.approx(20e6, rel=0.02)


def test_static_loads_can_be_read_back_from_the_converter_bytes():
    scenario = a_scenario(roughness=0, instruments={"wim": InstrumentSim(errors=InstrumentErrors(noise_g=0))})
    [truth] = generate(scenario, 3)
    at, counts, faults = decoded(scenario)
    assert faults == 0
    assert at.size == 10_000
    grams = counts * 5  # 200 counts a kilogram
    for pad in (0, 1):
        gross = grams[:, 2 * pad : 2 * pad + 2].sum() * 1e-3 * 15 * KMH / 800
        assert gross == pytest.approx(truth.vehicle.gross_g, rel=0.002)
    first = at[np.argmax(grams[:, :2].sum(axis=1) > 100_000)] / S
    assert first == pytest.approx(104 - 0.525 / (15 / 3.6), abs=0.04)


@pytest.mark.parametrize("protocol", INDICATORS, ids=lambda p: str(p["kind"]))
def test_every_indicator_shows_the_plateau_of_the_heaviest_axle(protocol):
    scenario = a_scenario(
        ONE_PAD,
        roughness=0,
        instruments={"wim": indicator(protocol, errors=InstrumentErrors(noise_g=0, division_g=10_000))},
    )
    [truth] = generate(scenario, 3)
    at, grams, faults = decoded(scenario)
    assert faults == 0
    assert at.size == pytest.approx(400, abs=3)
    assert grams.max() == pytest.approx(max(truth.vehicle.axle_loads_g), abs=5_001)


def test_a_modbus_transmitter_is_polled():
    protocol = {"kind": "modbus_rtu", "address": 7, "poll_ms": 25}
    scenario = a_scenario(
        ONE_PAD, roughness=0, instruments={"wim": indicator(protocol, errors=InstrumentErrors(noise_g=0))}
    )
    [truth] = generate(scenario, 3)
    _, grams, faults = decoded(scenario)
    assert faults == 0
    assert grams.max() == pytest.approx(max(truth.vehicle.axle_loads_g), abs=1_001)


def test_a_controller_reports_the_vehicle_itself():
    scenario = a_scenario(
        instruments={
            "wim": InstrumentSim.model_validate({"protocol": {"kind": "wim_json", "lanes": {"A": "1"}}})
        }
    )
    [truth] = generate(scenario, 3)
    decoder = make_decoder(scenario.instruments["wim"].protocol)
    records = []
    for event in events(scenario, 3):
        if isinstance(event, SerialBytes):
            records += decoder.feed(event.at, event.data)
    [record] = records
    assert isinstance(record, VehicleRecord)
    assert record.lane == "1"
    assert record.gross == pytest.approx(truth.vehicle.gross_g, rel=0.1)
    assert record.axle_offsets == truth.vehicle.axle_offsets_mm


# ---- the line -----------------------------------------------------------------------------------


def frames_of(scenario: Scenario) -> list[Frame]:
    return list(instrument_frames(scenario, "wim", generate(scenario, 3), 3))


def through(scenario: Scenario) -> bytes:
    return b"".join(data for _, data in port_reads(scenario, "wim", generate(scenario, 3), 3))


def test_a_perfect_line_loses_nothing_and_hurries_nothing():
    scenario = a_scenario()
    sent = b"".join(f.data for f in frames_of(scenario))
    assert through(scenario) == sent
    byte_ns = 10e9 / 921_600
    got = 0
    frames = frames_of(scenario)
    for at, data in port_reads(scenario, "wim", generate(scenario, 3), 3):
        got += len(data)
        sent_by_then = sum(len(f.data) for f in frames[: int(at / 20e6) + 1] if f.ready_ns + byte_ns <= at)
        assert got <= sent_by_then


def test_a_slow_line_drops_the_frames_that_it_has_no_time_for():
    """12 bytes at 9600 baud: 80 frames a second at the most."""
    scenario = a_scenario(ONE_PAD, instruments={"wim": indicator({"kind": "yaohua_a9"}, rate_hz=200)})
    arrived = len(through(scenario)) / 12 / 10
    assert arrived == pytest.approx(80, abs=1.5)


def test_lost_and_damaged_frames_come_at_their_rates():
    clean = a_scenario(ONE_PAD, duration_s=60, instruments={"wim": indicator({"kind": "yaohua_a9"})})
    lossy = a_scenario(
        ONE_PAD,
        duration_s=60,
        instruments={"wim": indicator({"kind": "yaohua_a9"}, line=LineErrors(lost_permille=100))},
    )
    assert len(through(lossy)) / len(through(clean)) == pytest.approx(0.9, abs=0.02)
    flipped = a_scenario(
        ONE_PAD,
        duration_s=60,
        instruments={"wim": indicator({"kind": "yaohua_a9"}, line=LineErrors(flipped_permille=100))},
    )
    differs = sum(a != b for a, b in zip(through(clean), through(flipped), strict=True))
    assert differs == pytest.approx(240, abs=50)


def test_parity_read_as_data_sets_bit_seven_of_odd_bytes():
    seven = a_scenario(
        ONE_PAD, instruments={"wim": indicator({"kind": "yaohua_a9"}, line=LineErrors(parity_7e1=True))}
    )
    data = through(seven)
    assert all(byte.bit_count() % 2 == 0 for byte in data)
    assert max(data) > 127


def test_a_wrong_baud_rate_gives_the_decoder_nothing():
    scenario = a_scenario(
        ONE_PAD, instruments={"wim": indicator({"kind": "yaohua_a9"}, line=LineErrors(garbage=True))}
    )
    decoder = make_decoder(scenario.instruments["wim"].protocol)
    out = [found for at, data in port_reads(scenario, "wim", [], 3) for found in decoder.feed(at, data)]
    assert sum(found.at.size for found in out if isinstance(found, Samples)) <= 2


def test_a_dropout_is_silence_on_the_line():
    errors = InstrumentErrors(dropouts=(Dropout(start_s=4, length_s=2),))
    scenario = a_scenario(instruments={"wim": InstrumentSim(errors=errors)})
    at = [when for when, _ in port_reads(scenario, "wim", [], 3)]
    assert np.diff(at).max() == pytest.approx(2e9, rel=0.03)


def test_reads_split_frames_anywhere():
    instrument = InstrumentSim(read_ms=1, baud=9600)
    frame = [Frame(5_000_000, bytes(range(100)))]
    got = list(reads(frame, instrument, stream(1, "x")))
    assert b"".join(data for _, data in got) == bytes(range(100))
    assert len(got) > 50
    assert got[0][0] >= 5_000_000


def test_a_straddling_vehicle_loads_both_lanes_of_one_instrument():
    wide = tuple(
        s.model_copy(
            update={"channels": tuple(c.model_copy(update={"index": c.index + 4}) for c in s.channels)}
        )
        for s in LAYOUTS["two-pads"]
    )
    lanes = (TWO_PADS, LaneSim(id="2", centre_mm=3500, sensors=wide))
    straddler = TRUCK.model_copy(update={"behaviours": ("straddle",)})
    scenario = a_scenario(
        lanes=lanes,
        passages=(straddler,),
        roughness=0,
        instruments={
            "wim": InstrumentSim.model_validate(
                {"protocol": {"kind": "adc", "channels": 8}, "errors": {"noise_g": 0}}
            )
        },
    )
    for seed in range(8):  # to the right for some seed
        passages = generate(scenario, seed)
        if passages[0].lateral_mm > 0:
            break
    [trace] = port_traces(scenario, "wim", passages, seed)
    own, other = trace.grams[:, :2].sum(), trace.grams[:, 4:6].sum()
    assert own == pytest.approx(other, rel=0.25)
    assert (own + other) * 1e-3 * 15 * KMH / 800 == pytest.approx(24_000_000, rel=0.002)


# ---- truth --------------------------------------------------------------------------------------


def test_the_truth_says_when_each_vehicle_was_where():
    scenario = a_scenario()
    [line] = truth_lines(generate(scenario, 3), scenario)
    truth = json.loads(line)
    assert truth["gross_g"] == sum(truth["axle_loads_g"]) == 24_000_000
    assert truth["overweight"] is True
    assert truth["speed_mm_s"] == 4167
    assert truth["first_axle_at"] == 104 * S
    last_mm = truth["axle_offsets_mm"][-1] + 2800 + 400
    assert truth["last_axle_at"] == pytest.approx(104 * S + last_mm / (15 * KMH) * 1e9, abs=10)
    assert truth["camera_at"]["cam1"] > truth["first_axle_at"]
    assert line == next(truth_lines(generate(scenario, 3), scenario))


def test_who_comes_from_the_far_end_is_at_the_camera_first():
    scenario = a_scenario(
        passages=(TRUCK.model_copy(update={"behaviours": ("wrong_way",)}),),
        cameras={"cam1": {"distance_mm": 6000}},
    )
    [line] = truth_lines(generate(scenario, 3), scenario)
    assert json.loads(line)["camera_at"]["cam1"] < json.loads(line)["first_axle_at"]
