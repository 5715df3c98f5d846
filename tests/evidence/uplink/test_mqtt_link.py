"""What the link hands to paho, packet by packet."""

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.evidence.uplink import mqtt
from edge_agent.evidence.uplink.port import Message


@pytest.mark.parametrize("content_type", ["application/octet-stream", ""])
def test_a_chunks_properties_that_are_packed_once_are_those_that_paho_packs_and_reads(content_type):
    chunk = Message("att/a", b"chunk", content_type=content_type)
    fresh, read = (Properties(PacketTypes.PUBLISH) for _ in range(2))
    if content_type:
        fresh.ContentType = content_type

    packed = [mqtt._publish_properties(chunk).pack() for _ in range(2)]
    read.unpack(packed[0])

    assert packed == [fresh.pack()] * 2
    assert getattr(read, "ContentType", "") == content_type


def test_a_message_with_more_to_say_is_packed_each_time():
    first, second = (
        mqtt._publish_properties(Message("stmt", b"", content_type="a/b", correlation=name))
        for name in (b"1", b"2")
    )

    assert first.pack() != second.pack()
