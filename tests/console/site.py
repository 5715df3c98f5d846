"""A real daemon with its console, a line that vehicles can be put on, and people who may log in."""

from __future__ import annotations

import os
import pty
import re
import threading
import time
import tty
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from edge_agent.commanded import ConfigKeeper
from edge_agent.compose import Agent
from edge_agent.config.loader import load
from edge_agent.console.accounts import TECHNICIAN, VIEW, UsersFile
from edge_agent.console.places import users_file
from edge_agent.core.units import S
from edge_agent.devices import clock
from edge_agent.evidence.reading import open_reading
from edge_agent.sim.live import LiveTraffic
from edge_agent.web import passwords
from tests.road import POSTED, a_scenario
from tests.test_compose import a_site

A_MILLION_POINTS = '{"shapes": [{"kind": "mask", "polygon": [' + ",".join(["[0.5, 0.5]"] * 1_000_000) + "]}]}"
PASSWORD = "correct horse battery"
TECH, VIEWER = "王芳", "li.wei"
WAIT_S = 20
ROOT = Path(__file__).parents[2]


def written(folder, device, **changes):
    """SITE.yaml of a bridge with a console on a free port."""
    path = a_site(folder, device)
    tree = yaml.safe_load(path.read_text("utf-8")) | {"console": {"port": 0}} | changes
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    return path


def two_pads(folder, device):
    """SITE.yaml of the simulator's bridge: two pads on a converter that the box reads itself."""
    scenario = a_scenario()
    [lane] = scenario.lanes
    instrument = scenario.instruments[lane.port]
    sensors = [sensor.model_dump(mode="json") for sensor in lane.sensors]
    for sensor in sensors:
        for channel in sensor["channels"]:
            channel.update(grams_num=1000, grams_den=int(instrument.errors.counts_per_kg))
    scale = {"sensors": sensors, "zero": {"warm_up_s": 0}, "calibration": {"id": "test"}}
    if lane.loop:
        scale["separator"] = {"bit": lane.loop.bit}
    limits = {"posted": POSTED, "gvw_art3": {}, "axle_group": {}}
    return written(
        folder,
        device,
        ports={
            lane.port: {
                "device": device,
                "baud": 921_600,
                "back_date": False,
                "protocol": instrument.protocol.model_dump(mode="json"),
            }
        },
        lanes={lane.id: {"port": lane.port, "scale": scale, "limits": limits}},
    )


class Served:
    """A daemon in a thread."""

    def __init__(self, agent, line, path=None):
        self.agent, self.line, self.path = agent, line, path
        self.error = None
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            self.agent.run()
        except BaseException as error:  # noqa: BLE001 - the test shows it
            self.error = error

    @property
    def base(self):
        return f"http://127.0.0.1:{self.agent.console.port}"

    def start(self, *, pages=True):
        self._thread.start()
        wait(lambda: not pages or self.agent.console.alive or self.error)
        wait(lambda: self.agent.health.devices.get("port/wim") or self.error)
        assert self.error is None
        return self

    def stop(self):
        self.agent.stop()
        self.ended()

    def ended(self):
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        assert self.error is None

    def left(self, kind):
        """Of the chain of a daemon that has ended."""
        with open_reading(self.agent.config.evidence.store.directory) as reading:
            return [reading.statement(listed.seq) for listed in reading.statements(kind=kind)]

    def drives(self, *passages, duration_s=8):
        """Vehicles of the simulator cross, in real time."""
        scenario = a_scenario(*passages, duration_s=duration_s)
        port = next(iter(scenario.instruments))
        traffic = LiveTraffic(
            scenario, 1, {port: self.line}, lambda _: None, None, clock.monotonic, clock.utc_minus_mono()
        )
        traffic.start(clock.monotonic() + S // 5)
        return traffic

    def records(self, kind):
        """Of the chain, newest first."""
        reading = self.agent.store.reading()
        return [reading.statement(listed.seq) for listed in reading.statements(kind=kind)]


def wait(good):
    """Until it is so, and no longer than that."""
    until = time.monotonic() + WAIT_S
    while not (found := good()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)
    return found


@contextmanager
def a_line():
    """(our end, name of the box's end) of a terminal line."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        yield ours, os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


@contextmanager
def a_served_box(folder, make=written, *, pages=True, **changes):
    """It runs until the test is over; passwords are made with less work."""
    with a_line() as (ours, device), pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", 2**4)
        patch.setattr(passwords, "PASSES", 1)
        path = make(folder, device, **changes)
        config = load(path)
        users = UsersFile(users_file(config))
        users.add(TECH, TECHNICIAN, PASSWORD)
        users.add(VIEWER, VIEW, PASSWORD)
        served = Served(Agent(config, keeper=ConfigKeeper(path)), ours, path).start(pages=pages)
        try:
            yield served
        finally:
            served.stop()


def csrf(answer):
    """The form's token."""
    return re.search(r'name="csrf" value="([0-9a-f]{64})"', answer.text).group(1)


def logged_in(base, name):
    """A browser without a screen, logged in. The name keeps it from the free pass of the box itself."""
    client = httpx.Client(base_url=base, headers={"x-forwarded-for": "192.0.2.7"}, timeout=30)
    form = {"name": name, "password": PASSWORD, "csrf": csrf(client.get("/login"))}
    assert client.post("/login", data=form).headers["location"] == "/"
    return client
