"""Lines that do not speak as configured: which setting is wrong is told from the bytes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.events import RegistersRead
from edge_agent.core.units import MS, S
from edge_agent.core.weigh.protocols.settings import (
    AdcSettings,
    AsciiStGsSettings,
    Cas22Settings,
    HbmAedSettings,
    LaumasFastSettings,
    ModbusRtuSettings,
    RinstrumSettings,
    ToledoContSettings,
    WimJsonSettings,
    YaohuaA9Settings,
    YaohuaA12Settings,
)
from edge_agent.doctor.baud import FURTHEST, RATES, guessed_rate
from edge_agent.doctor.finding import State, say
from edge_agent.doctor.observed import Chunk, SerialSeen
from edge_agent.doctor.serial_checks import fastest_mm_s, serial_findings
from edge_agent.sim.uart import resampled
from tests.doctor.seen import (
    ALL_TEXTS,
    THERE,
    Seen,
    a_bridge,
    a_road,
    findings,
    frames_of,
    heard,
    missing,
    read_off,
    there,
    with_scale,
    wrong,
)

A9 = YaohuaA9Settings(frame_rate_mhz=25_000)
# Light and heavy vehicles among an empty scale, as no fingerprint has them.
SHOWN = [0, 0, 20_000, 0, 3_460_000, 12_300_000, 0, -20_000, 8_040_000, 0] * 5


def listened(config, line, at_rates=None, adapter=THERE):
    [*found] = serial_findings(config, Seen({"wim": line}, at_rates), lambda _: adapter)
    return found


def one(config, line, **more):
    [found] = listened(config, line, **more)
    return found


# -- the rate ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("read_baud", [4_800, 9_600, 115_200])
@pytest.mark.parametrize("protocol", [A9, ToledoContSettings(), AsciiStGsSettings()], ids=lambda p: p.kind)
def test_the_bytes_alone_tell_the_rate_whatever_the_pair(protocol, read_baud):
    frames = frames_of(protocol, SHOWN, seed=5)
    near = [rate for rate in RATES if max(rate, read_baud) <= FURTHEST * min(rate, read_baud)]
    for sent in near:
        for resync in (True, False):  # both kinds of receiver
            data = resampled(frames, sent * 1.002, read_baud, gap_bits=25, resync=resync)
            guess = guessed_rate(data, protocol, read_baud)
            assert (guess.baud if guess else read_baud) == sent


def test_a_line_that_may_be_tried_is_tried_until_it_reads():
    config = a_bridge(baud=9_600, protocol=A9)
    right = read_off(frames_of(A9, SHOWN), 4_800)
    rubbish = read_off([resampled([f], 4_800, 9_600) for f in frames_of(A9, SHOWN)], 9_600)
    found = one(config, rubbish, at_rates={4_800: right})

    assert (found.key, found.state, found.values["right_baud"]) == ("serial.wrong_baud", State.FAULT, 4_800)


def test_a_line_that_the_daemon_holds_is_guessed_and_called_a_guess():
    config = a_bridge(baud=9_600, protocol=A9)
    rubbish = read_off([resampled([f], 19_200, 9_600) for f in frames_of(A9, SHOWN)], 9_600)
    found = one(config, replace(rubbish, held_by_daemon=True))

    assert (found.key, found.values["right_baud"]) == ("serial.likely_baud", 19_200)


def test_another_instrument_at_another_rate_is_named_with_both():
    config = a_bridge(baud=9_600, protocol=A9)
    toledo = ToledoContSettings()
    right = read_off(frames_of(toledo, SHOWN), 4_800)
    rubbish = read_off([resampled([f], 4_800, 9_600) for f in frames_of(toledo, SHOWN)], 9_600)
    found = one(config, rubbish, at_rates={4_800: right})

    assert found.key == "serial.wrong_baud_and_protocol"
    assert (found.values["right_baud"], found.values["spoken"]) == (4_800, "toledo_cont")


def test_noise_that_no_setting_reads_is_called_nothing_else():
    chance = random.Random(3)
    noise = read_off([chance.randbytes(12) for _ in range(40)], 9_600)

    assert one(a_bridge(baud=9_600, protocol=A9), noise, at_rates={}).key == "serial.not_frames"


# -- framing, instrument, options --------------------------------------------------------------------


@pytest.mark.parametrize(("framing", "odd"), [("7E1", 0), ("7O1", 1)])
def test_a_parity_bit_in_every_byte_is_seven_bits(framing, odd):
    frames = frames_of(A9, SHOWN)
    parity = [bytes(b | ((b.bit_count() & 1) ^ odd) << 7 for b in frame) for frame in frames]
    found = one(a_bridge(baud=9_600, protocol=A9), read_off(parity, 9_600))

    assert (found.key, found.values["framing"]) == ("serial.wrong_framing", framing)


@pytest.mark.parametrize(
    "spoken",
    [
        ToledoContSettings(),
        ToledoContSettings(length=17),
        AsciiStGsSettings(),
        Cas22Settings(),
        RinstrumSettings(),
        LaumasFastSettings(),
        YaohuaA12Settings(),
        HbmAedSettings(),
    ],
    ids=lambda p: p.kind,
)
def test_frames_of_another_instrument_are_recognised(spoken):
    found = one(a_bridge(baud=9_600, protocol=A9), read_off(frames_of(spoken, SHOWN), 9_600))

    assert (found.key, found.values["spoken"]) == ("serial.wrong_protocol", spoken.kind)


def test_our_own_stream_says_how_many_channels_it_has():
    six = AdcSettings(channels=6)
    found = one(a_bridge(protocol=six), heard(a_road()))

    assert (found.key, found.values["options"]) == ("serial.wrong_options", "channels: 4")


def test_a_frame_without_its_checksum_is_another_length():
    found = one(
        a_bridge(baud=9_600, protocol=ToledoContSettings(length=18)),
        read_off(frames_of(ToledoContSettings(length=17), SHOWN), 9_600),
    )

    assert (found.key, found.values["options"]) == ("serial.wrong_options", "length: 17")


def test_a_controller_that_reports_vehicles_is_recognised():
    line = b'{"v":1,"id":"7","lane":"1","axles":[{"load_g":1}]}\n'
    found = one(a_bridge(protocol=A9), read_off([line] * 5, 9_600))

    assert (found.key, found.values["spoken"]) == ("serial.wrong_protocol", "wim_json")


# -- nothing, or no way to it ------------------------------------------------------------------------


def silent(**changed):
    return replace(SerialSeen((), 10.0, 9_600), **changed)


@pytest.mark.parametrize(
    ("problem", "adapter", "key"),
    [
        ("[Errno 2] No such file", replace(THERE, exists=False), "serial.missing"),
        ("[Errno 13] Permission denied: '/dev/ttyUSB0'", THERE, "serial.permission"),
        ("[Errno 11] Could not exclusively lock port", THERE, "serial.busy"),
        ("[Errno 5] Input/output error", THERE, "serial.unreadable"),
        ("", THERE, "serial.silent"),
    ],
)
def test_why_nothing_comes_is_told_apart(problem, adapter, key):
    found = one(a_bridge(protocol=A9), silent(problem=problem), adapter=adapter)

    assert (found.key, found.state) == (key, State.FAULT)


def test_who_may_open_the_port_is_named():
    found = one(a_bridge(), silent(problem="Permission denied"), adapter=replace(THERE, group="tty"))

    assert found.values["group"] == "tty"


def test_a_serial_server_that_refuses_is_no_missing_adapter():
    config = a_bridge(device="socket://192.0.2.1:4001")

    assert one(config, silent(problem="Connection refused"), adapter=THERE).key == "serial.unreachable"


def test_a_controller_that_waits_for_a_vehicle_is_not_called_broken():
    found = one(a_bridge(protocol=WimJsonSettings(lanes={"1": "1"})), silent())

    assert (found.key, found.state) == ("serial.waiting", State.UNKNOWN)


def test_a_transmitter_that_does_not_answer():
    polls = tuple(RegistersRead(k * 50 * MS, "wim", 7, (), "no answer") for k in range(20))
    found = one(a_bridge(protocol=ModbusRtuSettings(address=7)), silent(registers=polls))

    assert (found.key, found.values["problem"]) == ("serial.no_answer", "no answer")


def test_a_transmitter_that_answers_is_good():
    config = a_bridge(protocol=ModbusRtuSettings(address=7))
    polls = tuple(RegistersRead(k * 5 * MS, "wim", 7, (0, 20)) for k in range(400))

    assert one(config, silent(registers=polls)).key == "serial.ok"


# -- frames, but --------------------------------------------------------------------------------------


def damaged(permille):
    frames = frames_of(A9, SHOWN * 8)
    every = 1000 // permille
    return [f[:4] + b"9" + f[5:] if k % every == every - 1 else f for k, f in enumerate(frames)]


@pytest.mark.parametrize(("permille", "state"), [(20, State.WARNING), (200, State.FAULT)])
def test_damaged_frames_are_counted(permille, state):
    slow = with_scale(a_bridge(baud=9_600, protocol=A9), sensors=())
    found = one(slow, read_off(damaged(permille), 9_600))

    assert (found.key, found.state) == ("serial.damaged", state)
    assert found.values["damaged_permille"] == pytest.approx(permille, rel=0.2)


def test_an_indicator_that_is_too_slow_for_the_envelope_says_up_to_which_speed_it_weighs():
    config = a_bridge(baud=9_600, protocol=A9)
    found = one(config, read_off(frames_of(A9, SHOWN), 9_600, rate_hz=25))

    assert (found.key, found.state) == ("serial.too_slow", State.WARNING)
    # 0.5 m of plateau in four samples of 25 a second
    assert found.values["fastest_kmh"] == pytest.approx(11.2, abs=0.3)
    assert found.values["wanted_hz"] == 78


def test_an_indicator_that_cannot_even_weigh_the_slowest_is_a_fault():
    slow = YaohuaA9Settings()
    found = one(a_bridge(baud=9_600, protocol=slow), read_off(frames_of(slow, SHOWN), 9_600, rate_hz=7))

    assert (found.key, found.state) == ("serial.too_slow", State.FAULT)


def test_below_the_least_rate_no_speed_above_that_of_slow_instruments_is_carried():
    long_pad = a_bridge().lanes["1"].scale
    long = [s.model_copy(update={"length_mm": 3_200}) for s in long_pad.sensors]
    scale = long_pad.model_copy(update={"sensors": tuple(long)})

    assert fastest_mm_s(19.0, scale) == scale.envelope.slow_rate_speed_mm_s
    assert fastest_mm_s(21.0, scale) > scale.envelope.slow_rate_speed_mm_s


def test_a_rate_that_is_not_the_configured_one_is_told():
    config = with_scale(a_bridge(baud=9_600, protocol=A9), sensors=())
    found = one(config, read_off(frames_of(A9, SHOWN), 9_600, rate_hz=20))

    assert (found.key, found.values["nominal_hz"]) == ("serial.rate_differs", 25.0)


def test_pauses_of_the_samples_are_told():
    line = heard(a_road())
    late = [replace(c, at_ns=c.at_ns + (c.at_ns > 3 * S) * 400 * MS + (c.at_ns > 6 * S) * 500 * MS)
            for c in line.chunks]  # fmt: skip
    lost = tuple(c for c in late if not (3 * S < c.at_ns < 3.7 * S or 6.4 * S < c.at_ns < 7.2 * S))
    found = one(a_bridge(), replace(line, chunks=lost))

    assert found.key == "serial.gaps"
    assert found.values["gap_ms"] > 150


def test_the_latency_timer_and_autosuspend_are_warnings_beside_a_good_line():
    adapter = replace(THERE, latency_ms=16, may_sleep=True)
    found = listened(a_bridge(), heard(a_road()), adapter=adapter)

    assert [f.key for f in found] == ["serial.latency", "serial.may_sleep", "serial.ok"]


def test_another_program_that_listens_too_is_named():
    adapter = replace(THERE, holders=("minicom (77)",))
    found = listened(a_bridge(), heard(a_road()), adapter=adapter)

    assert [f.key for f in found] == ["serial.shared", "serial.ok"]
    assert found[0].values["holders"] == "minicom (77)"


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from(frames_of(A9, SHOWN[:4])), max_size=30),
    st.sampled_from([A9, ToledoContSettings(), AdcSettings(channels=4), WimJsonSettings(lanes={"1": "1"})]),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_whatever_comes_the_line_is_judged_and_nothing_raises(pieces, protocol):
    found = listened(a_bridge(baud=9_600, protocol=protocol), read_off(pieces, 9_600))

    assert found
    for one_of_them in found:
        assert say(one_of_them, ALL_TEXTS, "en").found


def test_every_text_of_a_line_can_be_said():
    dead = silent(problem="[Errno 5]")
    config = a_bridge().model_copy(update={"cameras": {}})
    lines = [(heard(a_road()), there), (dead, there), (dead, missing), (silent(), there)]
    keys = {key for line, adapter in lines for key in wrong(findings(config, Seen({"wim": line}), adapter))}

    assert keys == {"serial.unreadable", "serial.missing", "serial.silent"}


def test_bytes_in_any_pieces_are_judged_alike():
    whole = b"".join(frames_of(A9, SHOWN))
    pieces = tuple(Chunk(S + k * 7 * MS, whole[k * 5 : k * 5 + 5]) for k in range(len(whole) // 5))
    config = with_scale(a_bridge(protocol=YaohuaA9Settings()), sensors=())

    assert one(config, SerialSeen(pieces, 5.0, 9_600)).key == "serial.ok"
