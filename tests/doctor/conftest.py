"""A box that a test may plant a fault in."""

import pytest

from edge_agent.bench.broker import find_mosquitto
from tests.doctor.box import Box, Broker


@pytest.fixture
def broker(tmp_path):
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    broker = Broker(tmp_path).start()
    yield broker
    broker.stop()


@pytest.fixture
def box(tmp_path, broker):
    return Box(tmp_path, broker)


@pytest.fixture
def platform(box, broker):
    with box.platform(broker) as service:
        yield service
