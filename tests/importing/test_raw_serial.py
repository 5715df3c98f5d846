"""Bytes without times are put in time by what is known of their rate."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.config.loader import load
from edge_agent.core.decisions import CrossingSeen
from edge_agent.core.events import SerialBytes
from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings, WimJsonSettings, YaohuaA9Settings
from edge_agent.devices.settings_ports import SerialPortSettings
from edge_agent.errors import ConfigError, UsageError
from edge_agent.importing.raw_serial import Rate, read_serial_dump
from edge_agent.importing.writing import write_recording
from edge_agent.journal.reader import Recording
from edge_agent.sim.events import events
from tests.road import ROOT, a_scenario

LORRY = {"at_s": 4, "kind": "truck3", "gross_kg": 25_800, "speed_kmh": 20, "plate": "沪A12345"}
SECOND = 10**9
START = 1_780_000_000 * SECOND
A9 = SerialPortSettings(id="wim", device="/dev/ttyS0", baud=9600, protocol=YaohuaA9Settings())
FRAME = bytes.fromhex("022b30303230303032314203")


def dump(tmp_path, data):
    path = tmp_path / "dump.bin"
    path.write_bytes(data)
    return path


def weighed(tmp_path, site, happened, name):
    write_recording(tmp_path / name, site, happened, {}, None)
    [seen] = [d for d in Recording.open(tmp_path / name).decisions() if isinstance(d, CrossingSeen)]
    return seen.crossing


def test_a_converter_s_dump_weighs_as_its_timed_capture_does(tmp_path):
    """Its period is configured: nothing else need be said."""
    site = load(ROOT / "configs" / "bridge.yaml")
    timed = [e for e in events(a_scenario(LORRY, duration_s=9), 1) if isinstance(e, SerialBytes)]
    path = dump(tmp_path, b"".join(e.data for e in timed))

    raw = read_serial_dump(path, site.ports["wim"], START, Rate())

    before = weighed(tmp_path, site, [replace(e, at=e.at + START) for e in timed], "timed.mcap")
    after = weighed(tmp_path, site, raw, "raw.mcap")
    assert abs(after.gross - before.gross) < 20_000  # grams
    assert abs(after.speed - before.speed) < 30  # mm/s of 5556
    assert len(after.axles) == 3


def test_frames_a_second_spread_the_bytes_over_as_many_periods(tmp_path):
    path = dump(tmp_path, FRAME * 100)

    reads = read_serial_dump(path, A9, START, Rate(frames_mhz=25_000))

    assert b"".join(read.data for read in reads) == FRAME * 100
    assert reads[-1].at == START + 4 * SECOND


def test_at_a_line_that_was_never_idle_a_byte_takes_its_ten_bits(tmp_path):
    path = dump(tmp_path, b"x" * 960)

    assert read_serial_dump(path, A9, START, Rate(baud=9600))[-1].at == START + SECOND


def test_damage_between_frames_takes_its_time_too(tmp_path):
    path = dump(tmp_path, FRAME * 50 + b"\xff" * 1200 + FRAME * 50)

    last = read_serial_dump(path, A9, START, Rate(frames_mhz=25_000))[-1].at

    assert 7.5 * SECOND < last - START < 8.5 * SECOND  # twice as many bytes as the frames alone


@pytest.mark.parametrize(
    ("data", "port", "rate", "said"),
    [
        (FRAME, A9, Rate(), "how fast did it come"),
        (b"\x00" * 100, A9, Rate(frames_mhz=1000), "no frame of yaohua_a9"),
        (b"", A9, Rate(baud=9600), "empty"),
        (
            FRAME,
            A9.model_copy(update={"protocol": WimJsonSettings(lanes={"1": "1"})}),
            Rate(baud=9600),
            "--vehicles",
        ),
        (
            FRAME,
            A9.model_copy(update={"protocol": ModbusRtuSettings(address=0)}),
            Rate(baud=9600),
            "nobody knows what was asked",
        ),
    ],
)
def test_what_cannot_be_put_in_time_is_said(tmp_path, data, port, rate, said):
    with pytest.raises((UsageError, ConfigError), match=said):
        read_serial_dump(dump(tmp_path, data), port, START, rate)


def test_a_file_that_is_too_long_is_refused_before_it_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("edge_agent.journal.importer.MAX_BYTES", 1 << 20)

    with pytest.raises(ConfigError, match="longer than 1 MiB"):
        read_serial_dump(dump(tmp_path, b"x" * ((1 << 20) + 1)), A9, START, Rate(baud=9600))


@given(st.binary(min_size=1, max_size=4000), st.integers(50, 921_600))
def test_no_byte_is_lost_and_time_never_goes_back(tmp_path_factory, data, baud):
    path = dump(tmp_path_factory.getbasetemp(), data)

    reads = read_serial_dump(path, A9, START, Rate(baud=baud))

    assert b"".join(read.data for read in reads) == data
    assert all(a.at <= b.at for a, b in pairwise(reads))
    assert reads[-1].at == START + len(data) * 10 * SECOND // baud
