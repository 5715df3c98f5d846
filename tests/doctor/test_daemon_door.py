"""While the daemon runs it has line, camera, store and connection: the doctor looks through it."""

import json
import os
import pty
import socket
import stat
import threading
import time
import tty
import warnings

import numpy as np
import pytest

from edge_agent.cli.main import main
from edge_agent.compose import Agent, Hooks
from edge_agent.core.decisions import CrossingSeen
from edge_agent.doctor.box import OwnBox
from edge_agent.errors import DeviceError
from edge_agent.evidence.uplink.events import UplinkEventKind
from edge_agent.local_door import NAME, ask_doctor, own_folder
from edge_agent.local_socket import listen, short_name
from tests.doctor.box import Box, Broker
from tests.films import a_video

WAIT_S = 20
VEHICLE = {
    "v": 1,
    "id": "one",
    "lane": "1",
    "first_axle_age_ms": 900,
    "last_axle_age_ms": 400,
    "axles": [{"load_g": 4_000_000, "offset_mm": 0}, {"load_g": 5_000_000, "offset_mm": 4_000}],
    "gross_g": 9_000_000,
    "speed_mm_s": 8_000,
}


class Running:
    """The daemon of a box, on a terminal line and with a film for a camera."""

    def __init__(self, box: Box, broker: Broker) -> None:
        self._broker = broker
        self.line, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        film = box.folder / "film.mp4"
        a_video(film, [np.full((72, 96, 3), 9 * i, np.uint8) for i in range(25)])
        box.change("ports", "wim", "device", os.ttyname(self._theirs))
        box.change("cameras", "cam1", "video", {"url": str(film), "loop": True})
        self.crossed, self.connected = threading.Event(), threading.Event()
        self.config = box.config()
        self.agent = Agent(self.config, Hooks(decided=self._decided, uplink=self._uplink))
        self._thread = threading.Thread(target=self.agent.run)
        self._thread.start()

    def _decided(self, decision) -> None:
        if isinstance(decision, CrossingSeen):
            self.crossed.set()

    def _uplink(self, event) -> None:
        if event.kind is UplinkEventKind.CONNECTED:
            self.connected.set()

    def up(self) -> None:
        """Connected, and the door, which comes last, is open."""
        assert self.connected.wait(WAIT_S)
        until_s = time.monotonic() + WAIT_S
        while not self.door.is_socket():
            assert time.monotonic() < until_s
            time.sleep(0.01)

    @property
    def door(self):
        return own_folder(self.config) / NAME

    def stop(self) -> None:
        self._broker.stop()  # nobody signs receipts here: the daemon would wait for them
        self.agent.stop()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        os.close(self.line)
        os.close(self._theirs)


@pytest.fixture
def daemon(box, broker, platform):
    running = Running(box, broker)
    yield running
    running.stop()


def test_the_doctor_sees_through_the_daemon_and_its_connection_goes_on(box, daemon, capsys):
    daemon.up()
    while not daemon.crossed.wait(0.5):
        os.write(daemon.line, json.dumps(VEHICLE).encode() + b"\n")
    eyes = daemon.agent.eyes

    heard = eyes.serial("wim", 3.0)
    assert b'"gross_g"' in b"".join(chunk.data for chunk in heard.chunks)
    assert (heard.held_by_daemon, heard.problem, eyes.serial_at("wim", 9600, 1.0)) == (True, "", None)
    assert eyes.crossings()[-1].gross == 9_000_000
    seen = eyes.camera("cam1", 1.0)
    assert (seen.width, seen.height, seen.problem) == (96, 72, "")
    assert 20 < seen.frames_per_s < 30
    assert seen.pictures[0].shape == (72, 96, 3)

    told = ask_doctor(daemon.config, ["software", "store", "broker", "keys"], 1.0)
    named = {one["key"] for one in told["findings"]}
    assert {"broker.daemon_connected", "broker.tls", "receipt.ok", "key.ok"} <= named
    assert OwnBox(daemon.config).daemon() is not None
    assert daemon.agent.uplink.counters.disconnects == 0

    assert main(["doctor", "--config", str(box.path), "--only", "store,keys", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seen_by"] == "daemon"


def test_the_door_is_its_users_alone_and_closed_behind_the_daemon(box, broker, platform):
    running = Running(box, broker)
    try:
        running.up()
        assert stat.S_IMODE(running.door.stat().st_mode) == 0o600
        with pytest.raises(DeviceError, match="no check bogus"):
            ask_doctor(running.config, ["bogus"], 0)
        box.change("site", "device_id", "another-box")
        assert ask_doctor(box.config(), ["keys"], 0) is None
    finally:
        running.stop()

    assert not running.door.exists()
    assert OwnBox(running.config).daemon() is None
    assert OwnBox(running.config).store().holds.seq >= 1


def test_a_door_that_nobody_answers_is_let_go_of_at_once(box):
    config = box.config()
    path = own_folder(config) / NAME
    path.parent.mkdir()
    with listen(path, 1):
        pass

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert ask_doctor(config, ["keys"], 0) is None

    assert path.is_socket()
    assert warned == []  # ResourceWarning: unclosed


def test_a_door_that_cannot_be_made_does_not_stop_the_daemon(box, broker, platform):
    (box.folder / "run").write_text("a file where the folder should be")

    running = Running(box, broker)
    assert running.connected.wait(WAIT_S)
    running.stop()
    told = running.agent.health.unwell()
    assert [part.state for part in told if part.part == "door"] == ["degraded"]


def test_a_door_has_any_path_and_takes_the_place_of_one_that_a_killed_daemon_left(box, broker, platform):
    folder = box.folder / ("a folder with quite a long name, as they come " * 3)
    box.change("evidence", "store", "directory", str(folder / "evidence"))
    (folder / "run").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as left, short_name(folder / "run" / NAME) as name:
        left.bind(name)

    running = Running(box, broker)
    try:
        assert running.connected.wait(WAIT_S)
        until_s = time.monotonic() + WAIT_S
        while ask_doctor(running.config, ["keys"], 0) is None:
            assert time.monotonic() < until_s
            time.sleep(0.01)
    finally:
        running.stop()
    assert not running.door.exists()
