"""Live traffic: real bytes through a real pseudo-terminal, real HTTP pushes, at their times."""

from __future__ import annotations

import errno
import hashlib
import os
import pty
import select
import threading
import time
import tty
from typing import Self

import pytest

from edge_agent.core.units import Ns
from edge_agent.devices.anpr_push.routes import AnprPush
from edge_agent.devices.anpr_push.settings import AnprSettings
from edge_agent.errors import UsageError
from edge_agent.sim.crossing import LAYOUTS
from edge_agent.sim.events import all_reads
from edge_agent.sim.line import port_reads
from edge_agent.sim.live import LiveTraffic
from edge_agent.sim.push import Account, HttpPush, PushedRead, camera_time, isapi_body, json_body
from edge_agent.sim.scenario import CameraSim, InstrumentSim, LaneSim, PlannedPassage, Scenario
from edge_agent.sim.snapshot import plain_picture
from edge_agent.web.server import HttpServer

SPEED_UP = 5
UTC_0 = 1_778_572_800 * 10**9


def clock() -> int:
    """Five times as fast as real time."""
    return time.monotonic_ns() * SPEED_UP


def a_scenario(duration_s: float = 5, **camera) -> Scenario:
    return Scenario(
        name="live",
        duration_s=duration_s,
        lanes=(LaneSim(sensors=LAYOUTS["two-pads"]),),
        passages=(
            PlannedPassage(at_s=1, kind="truck3", gross_kg=24_000, speed_kmh=30),
            PlannedPassage(at_s=3, kind="semi6", gross_kg=40_000, speed_kmh=30),
        ),
        cameras={"cam1": CameraSim(miss_share=0, misread_share=0, duplicate_share=0, **camera)},
    )


class Line:
    """A pty whose slave is read like a serial port."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.got = bytearray()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        os.close(self.master)
        os.close(self.slave)

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self.slave], [], [], 0.05)
            if ready:
                self.got += os.read(self.slave, 4096)
            elif self._done.is_set():
                return


def test_every_byte_arrives_through_the_terminal_and_every_read_is_pushed():
    scenario = a_scenario()
    pushed: list[PushedRead] = []
    said: list[str] = []
    with Line() as line:
        live = LiveTraffic(
            scenario, 4, line.master, pushed.append, plain_picture, clock, UTC_0 - clock(),
            lambda what, _thing: said.append(what),
        )  # fmt: skip
        began = clock()
        live.start()
        assert live.join(30)
        took_s = (clock() - began) / 1e9
    passages = live.passages
    expected = b"".join(data for _, data in port_reads(scenario, "wim", passages, 4))
    assert live.counts.serial_dropped == 0
    assert bytes(line.got) == expected
    assert took_s == pytest.approx(5.2, abs=2.5)
    assert [p.read.text for p in pushed] == [r.text for r in all_reads(scenario, passages, 4)]
    assert said.count("passage") == said.count("read") == 2
    for push in pushed:
        assert push.jpeg is not None
        assert push.jpeg.startswith(b"\xff\xd8")
        said_ns = push.read.said_ns
        assert said_ns is not None
        assert push.captured_utc_ns == live.origin_ns + said_ns + live._utc_minus_mono
    assert [t["first_axle_at"] - live.origin_ns for t in live.truth()] == [10**9, 3 * 10**9]


def test_it_can_be_stopped_early():
    with Line() as line:
        live = LiveTraffic(
            a_scenario(600), 4, {"wim": line.master}, lambda _: None, None, time.monotonic_ns, 0
        )
        live.start()
        live.stop()
        assert live.join(5)


def test_a_line_that_nobody_reads_loses_bytes_and_does_not_hang():
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        scenario = a_scenario(3)
        live = LiveTraffic(scenario, 4, master, lambda _: None, None, lambda: clock() * 2, 0)
        live.start()
        assert live.join(30)
        assert live.counts.serial_dropped > 0
    finally:
        os.close(master)
        os.close(slave)


def test_a_box_that_does_not_answer_is_counted_and_survived():
    def refuse(_: PushedRead) -> None:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody there")

    with Line() as line:
        live = LiveTraffic(a_scenario(), 4, line.master, refuse, None, clock, 0)
        live.start()
        assert live.join(30)
    assert (live.counts.pushed, live.counts.push_failed) == (0, 2)


def test_a_modbus_instrument_cannot_be_played():
    modbus = InstrumentSim.model_validate({"protocol": {"kind": "modbus_rtu", "address": 7}, "rate_hz": 20})
    scenario = a_scenario().model_copy(update={"instruments": {"wim": modbus}})
    with pytest.raises(UsageError, match="Modbus"):
        LiveTraffic(scenario, 4, 0, lambda _: None, None, clock, 0)


# ---- over HTTP, into the box's own door ---------------------------------------------------------


@pytest.fixture
def box(tmp_path):
    """The box's push server with one camera of each protocol; gives (server, what it took in)."""
    secret = tmp_path / "secret"
    secret.write_text("correct horse")
    secret.chmod(0o600)
    camera = {"auth": "basic", "username": "sim", "password_file": str(secret), "lanes": {"1": "1"}}
    settings = AnprSettings.model_validate(
        {"port": 0, "cameras": {name: {**camera, "protocol": name} for name in ("json", "isapi")}}
    )
    taken = []
    push = AnprPush(settings, taken.append, lambda: Ns(1), lambda data: hashlib.sha256(data).hexdigest())
    server = HttpServer(push.routes(), settings.host, settings.port)
    server.start()
    yield server, taken
    server.stop()


def one_push(camera: str, **changes: object) -> PushedRead:
    scenario = a_scenario()
    live = LiveTraffic(scenario, 4, {}, lambda _: None, None, clock, 0)
    read = all_reads(scenario, live.passages, 4)[0]
    fields = {name: getattr(read, name) for name in read.__dataclass_fields__}
    read = type(read)(**{**fields, "camera": camera, **changes})
    return PushedRead(read, UTC_0 + 123_000_000, plain_picture(live.passages[0]))


@pytest.mark.parametrize("protocol", ["json", "isapi"])
def test_the_box_understands_what_the_camera_pushes(box, protocol):
    server, taken = box
    pushed = one_push(protocol)
    HttpPush("127.0.0.1", server.port, {protocol: Account(protocol, "sim", "correct horse")})(pushed)
    [seen] = taken
    assert seen.text == pushed.read.text
    assert seen.camera == protocol
    assert seen.lane == "1"
    assert seen.captured_utc == pushed.captured_utc_ns
    assert seen.confidence // 10 == pushed.read.confidence // 10
    assert seen.colour == pushed.read.colour
    assert seen.vehicle == "truck"
    assert seen.direction == "approaching"
    assert seen.event_id == pushed.read.event_id
    [picture] = seen.pictures
    assert pushed.jpeg is not None
    assert picture.sha256 == hashlib.sha256(pushed.jpeg).hexdigest()
    assert (picture.width, picture.height) == (400, 240)


@pytest.mark.parametrize("protocol", ["json", "isapi"])
@pytest.mark.parametrize("colour", ["blue", "yellow", "green", "yellow_green", "white", "black"])
def test_every_colour_survives_both_forms(box, protocol, colour):
    server, taken = box
    pushed = one_push(protocol, colour=colour)
    HttpPush("127.0.0.1", server.port, {protocol: Account(protocol, "sim", "correct horse")})(pushed)
    assert [seen.colour for seen in taken] == [colour]


def test_a_covered_plate_is_pushed_as_an_empty_read(box):
    server, taken = box
    pushed = one_push("json", text="", confidence=0, colour="", alternatives=())
    HttpPush("127.0.0.1", server.port, {"json": Account("json", "sim", "correct horse")})(pushed)
    assert [(seen.text, seen.confidence) for seen in taken] == [("", 0)]


def test_a_refusal_is_an_error_that_says_why(box):
    server, taken = box
    with pytest.raises(OSError, match=r"401.*credentials"):
        HttpPush("127.0.0.1", server.port, {"json": Account("json", "sim", "wrong")})(one_push("json"))
    assert not taken


def test_a_camera_without_time_states_none_in_either_form():
    pushed = PushedRead(one_push("json").read, None, None)
    assert b"captured" not in json_body(pushed)[0]
    assert b"<dateTime></dateTime>" in isapi_body(pushed)[0]


def test_cameras_write_china_time():
    assert camera_time(UTC_0 + 7_000_000) == "2026-05-12T16:00:00.007+08:00"
