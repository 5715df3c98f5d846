"""A broker that sends what no client asked for: the connection ends, and memory stays where it was."""

import time

import pytest

from edge_agent.bench.torture.fake_broker import PUBLISH, FakeBroker
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker
from edge_agent.evidence.uplink.port import Closed, LinkOptions, Received
from edge_agent.evidence.uplink.settings import BrokerSettings

LIMIT = 10_000


class Sends(FakeBroker):
    """Sends this once a client has connected."""

    def __init__(self, *messages, qos=1):
        super().__init__()
        self._messages = messages
        self._qos = qos

    def connected(self, peer):
        super().connected(peer)
        for mid, message in enumerate(self._messages, 1):
            if isinstance(message, int):  # announced, and not all there
                peer.sock.sendall(bytes([PUBLISH << 4 | 2]) + _length(message) + bytes(1000))
            else:
                peer.publish("t", message, mid, self._qos)


def _length(size):
    return bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128, size >> 21])


@pytest.fixture
def listen():
    """What a link hears of such a broker until it ends, or is quiet for a while."""
    ended = []

    def hear(broker):
        broker.start()
        waker = Waker()
        link = MqttLink(
            BrokerSettings(port=broker.port),
            LinkOptions(client_id="box", mqtt5=True, maximum_packet_size=LIMIT),
            waker,
        )
        ended.extend([link.abort, waker.close, broker.stop])
        link.open()
        polls = []
        until = time.monotonic() + 10
        while time.monotonic() < until and not any(isinstance(e, Closed) for p in polls for e in p):
            polls.append(link.poll(0.5))
            if not polls[-1]:
                break
        return polls

    yield hear
    for end in ended:
        end()


def received(polls):
    return [event for events in polls for event in events if isinstance(event, Received)]


def test_a_message_within_the_limit_is_read(listen):
    assert len(received(listen(Sends(bytes(LIMIT - 100))))) == 1


@pytest.mark.parametrize("size", [LIMIT + 1, 200_000_000])
def test_a_message_beyond_the_limit_ends_the_connection_before_its_first_byte(listen, size):
    polls = listen(Sends(size))

    assert not received(polls)
    assert isinstance(polls[-1][-1], Closed)


def test_a_message_with_qos_2_is_not_kept(listen):
    with pytest.raises(Exception, match="QoS 2"):
        listen(Sends(b"1", qos=2))


def test_a_flood_is_taken_in_portions(listen):
    polls = listen(Sends(*[bytes(5000)] * 100))

    assert len(received(polls)) == 100
    assert max(sum(len(e.payload) for e in events if isinstance(e, Received)) for events in polls) < 3 * LIMIT
