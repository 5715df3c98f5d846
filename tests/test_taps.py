"""What the daemon keeps of the last moments, for the doctor and the console."""

from __future__ import annotations

from edge_agent.core.events import DeviceChanged, PlateSeen, RegistersRead, SerialBytes, Tick
from edge_agent.core.units import MS, Ns, S
from edge_agent.evidence.examples import a_case
from edge_agent.taps import SERIAL_BYTES, Taps


def test_a_lines_last_twenty_seconds_are_kept_and_nothing_older():
    taps = Taps(Ns(0))

    for number in range(60):
        taps.stepped(SerialBytes(Ns(number * S), "wim", bytes([number])), ())

    assert [read.at // S for read in taps.serial("wim")] == list(range(39, 60))


def test_a_fast_line_is_kept_up_to_its_bytes():
    taps = Taps(Ns(0))

    for number in range(40):
        taps.stepped(SerialBytes(Ns(number * MS), "wim", bytes(SERIAL_BYTES // 10)), ())

    kept = taps.serial("wim")
    assert len(kept) == 10
    assert kept[-1].at == 39 * MS


def test_lines_do_not_mix_and_modbus_keeps_its_registers():
    taps = Taps(Ns(0))

    taps.stepped(SerialBytes(Ns(1), "wim", b"a"), ())
    taps.stepped(RegistersRead(Ns(2), "deck", 0, (1, 2)), ())

    assert [read.at for read in taps.serial("wim")] == [1]
    assert [read.at for read in taps.serial("deck")] == [2]
    assert taps.serial("nobody") == ()


def test_that_a_camera_pushed_is_known_and_what_it_read_is_not():
    taps = Taps(Ns(0))

    for at in (5, 9):
        taps.stepped(PlateSeen(Ns(at), "cam1", None, None, "京A12345", 900), ())
    taps.stepped(PlateSeen(Ns(11), "cam2", "1", None, "京A12345", 900, request="r1"), ())

    assert {name: (one.count, one.last_at) for name, one in taps.pushes().items()} == {"cam1": (2, 9)}
    assert "A12345" not in repr(vars(taps))


def test_an_overweight_vehicle_and_the_time_of_its_read_are_kept_without_the_plate():
    taps, (seal, *_) = Taps(Ns(0)), a_case(1)
    taps.stepped(Tick(Ns(1)), (seal,))

    [matched] = taps.matched()
    read = seal.match.read
    assert (matched.crossing, matched.camera, matched.read_at) == (seal.crossing, read.camera, read.at)
    assert read.text not in repr(matched)


def test_a_devices_last_word_counts():
    taps = Taps(Ns(0))

    taps.stepped(DeviceChanged(Ns(1), "port/wim", "up"), ())
    taps.stepped(DeviceChanged(Ns(2), "port/wim", "down", "gone"), ())

    assert taps.devices()["port/wim"].state == "down"
