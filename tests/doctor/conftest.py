"""A box that a test may plant a fault in."""

import pytest

from edge_agent.bench.broker import find_mosquitto
from tests.doctor.box import Box, Broker, listening


@pytest.fixture
def broker(tmp_path):
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    broker = Broker(tmp_path).start()
    yield broker
    broker.stop()


@pytest.fixture
def platform(broker):
    with listening(broker) as link:
        yield link


@pytest.fixture
def box(tmp_path, broker):
    return Box(tmp_path, broker)
