"""A real daemon with its console, a line that vehicles can be put on, and people who may log in."""

from __future__ import annotations

import os
import pty
import threading
import time
import tty
from contextlib import contextmanager

import yaml

from edge_agent.compose import Agent
from edge_agent.config.loader import load
from edge_agent.console.accounts import TECHNICIAN, VIEW, UsersFile
from edge_agent.console.places import users_file
from tests.test_compose import a_site

PASSWORD = "correct horse battery"
TECH, VIEWER = "王芳", "li.wei"
WAIT_S = 20


def written(folder, device, **changes):
    """SITE.yaml of a bridge with a console on a free port."""
    path = a_site(folder, device)
    tree = yaml.safe_load(path.read_text("utf-8")) | {"console": {"port": 0}} | changes
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    return path


class Served:
    """A daemon in a thread."""

    def __init__(self, agent, line):
        self.agent, self.line = agent, line
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

    def start(self):
        self._thread.start()
        wait(lambda: self.agent.console.alive or self.error)
        assert self.error is None
        return self

    def stop(self):
        self.agent.stop()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        assert self.error is None


def wait(good):
    """Until it is so, and no longer than that."""
    until = time.monotonic() + WAIT_S
    while not good():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)


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
def a_served_box(folder, **changes):
    """It runs until the test is over."""
    with a_line() as (ours, device):
        config = load(written(folder, device, **changes))
        users = UsersFile(users_file(config))
        users.add(TECH, TECHNICIAN, PASSWORD)
        users.add(VIEWER, VIEW, PASSWORD)
        served = Served(Agent(config), ours).start()
        try:
            yield served
        finally:
            served.stop()
