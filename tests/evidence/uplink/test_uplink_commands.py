"""Commands come in on the uplink: handed on at once, acknowledged when whoever took them says so."""

import pytest

from edge_agent.evidence import dsse
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.uplink.mqtt import MqttLink
from edge_agent.evidence.uplink.port import LinkDown, Message, Received
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink


class Link(MqttLink):
    """Says what it acknowledged."""

    acknowledged = ()

    def acknowledge(self, token):
        self.acknowledged = (*self.acknowledged, token)
        super().acknowledge(token)


@pytest.fixture
def commanded(rig):
    """A rig whose uplink takes commands; what came, and the links it made."""
    rig.came, rig.links = [], []

    def connect(options):
        rig.links.append(Link(rig.broker.settings(rig.topics.device), options, rig.uplink._waker))
        return rig.links[-1]

    rig.uplink = Uplink(
        rig.store,
        UplinkSettings(mqtt=rig.broker.settings(rig.topics.device), resend_min_s=0.5, resend_max_s=2.0),
        KeyRing({dsse.RECEIPT_TYPE: [rig.receipt_key.public]}),
        tenant=rig.topics.tenant,
        device_id=rig.topics.device,
        on_command=lambda envelope, taken: rig.came.append((envelope, taken)),
        connect=connect,
    )
    rig.start_platform()
    rig.uplink.start()
    assert rig.uplink.wait_idle(15)
    return rig


def test_a_command_is_acknowledged_when_it_was_taken_and_not_before(commanded, eventually):
    sender = commanded.client("sender")
    sender.link.publish(Message(commanded.topics.commands, b"do this", expiry_s=60))
    eventually(lambda: (sender.poll(), commanded.came)[1], "the command")
    [(envelope, taken)] = commanded.came
    assert envelope == b"do this"

    commanded.seal(3)  # evidence goes on and is receipted meanwhile
    assert commanded.uplink.wait_idle(15)
    [link] = commanded.links
    token = taken.args[1].token
    assert link.acknowledged
    assert token not in link.acknowledged
    taken()
    eventually(lambda: token in link.acknowledged, "the PUBACK")


class Deaf:
    """A link that only counts."""

    def __init__(self):
        self.acknowledged = []

    def acknowledge(self, token):
        self.acknowledged.append(token)


def test_a_command_of_an_earlier_connection_or_of_qos_0_is_not_acknowledged(rig):
    uplink = rig.start_uplink()
    uplink.stop(0)
    earlier, now = Deaf(), Deaf()
    for link, token, qos in ((earlier, 1, 1), (now, 2, 1), (now, 0, 0)):
        uplink._command_taken(link, Received(rig.topics.commands, b"", token, qos, retained=False))
    uplink._acknowledge_taken(now)
    assert (earlier.acknowledged, now.acknowledged) == ([], [2])


def test_a_broker_that_lets_us_read_no_commands_costs_nothing_else(rig):
    uplink = rig.start_uplink()
    uplink._subscribed(0, 0x87)
    with pytest.raises(LinkDown):
        uplink._subscribed(0x87, 0)
