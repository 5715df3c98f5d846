"""What holds for all tests."""

import logging

import pytest
from hypothesis import settings

from edge_agent.bench.broker import Mosquitto, find_mosquitto
from tests.inbox.browser import chromium

# A slow machine is no wrong answer: what takes long is measured by `edge-agent bench`.
settings.register_profile("edge-agent", deadline=None)
settings.load_profile("edge-agent")


@pytest.fixture(autouse=True)
def a_command_s_log_ends_with_its_test():
    """Commands set the log up for their process; the next test of this one has another standard error."""
    root = logging.getLogger()
    before = [*root.handlers]
    yield
    for handler in {*root.handlers} - {*before}:
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)


@pytest.fixture
def broker(tmp_path):
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    broker = Mosquitto(tmp_path).start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found
