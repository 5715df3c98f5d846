"""Packets between two threads: bounded, and never a group without its keyframe."""

from __future__ import annotations

import threading
from fractions import Fraction

from edge_agent.core.units import MS, Ns
from edge_agent.devices.camera.feed import MOST_BYTES, MOST_PACKETS, Arrived, Feed
from edge_agent.devices.camera.ring import StoredPacket, StreamInfo

INFO = StreamInfo("h264", None, 160, 96, Fraction(1, 1000), b"")


def arrived(number: int, *, key: bool = False, size: int = 10) -> Arrived:
    return Arrived(StoredPacket(number * MS, number, number, key, bytes(size), INFO), Ns(number * MS), Ns(0))


def drained(feed: Feed) -> list[Arrived]:
    feed.finish()
    return list(iter(feed.get, None))


def test_what_nobody_decodes_in_time_is_dropped_up_to_the_next_keyframe():
    feed = Feed(lossless=False)
    for k in range(MOST_PACKETS + 60):
        feed.put(arrived(k, key=k % 50 == 0))
    rest = drained(feed)
    assert rest[0].packet.keyframe
    assert rest[0].packet.pts == -(-MOST_PACKETS // 50) * 50
    assert feed.dropped == MOST_PACKETS + 60 - len(rest)


def test_huge_packets_are_counted_by_their_bytes():
    feed = Feed(lossless=False)
    for k in range(20):
        feed.put(arrived(k, key=True, size=MOST_BYTES // 3))
    assert sum(len(a.packet.data) for a in drained(feed)) <= MOST_BYTES * 4 // 3


def test_a_file_waits_for_its_decoder_and_loses_nothing():
    feed = Feed(lossless=True)
    count = MOST_PACKETS * 2

    def put_all() -> None:
        for k in range(count):
            feed.put(arrived(k, key=k % 50 == 0))
        feed.finish()

    writer = threading.Thread(target=put_all)
    writer.start()
    assert [a.packet.pts for a in iter(feed.get, None)] == list(range(count))
    writer.join(5)
    assert feed.dropped == 0


def test_who_waits_for_room_is_let_go_when_nobody_decodes_any_more():
    feed = Feed(lossless=True)
    for k in range(MOST_PACKETS):
        feed.put(arrived(k, key=True))
    writer = threading.Thread(target=feed.put, args=(arrived(9999),))
    writer.start()
    feed.close()
    writer.join(5)
    assert not writer.is_alive()
    assert feed.get() is None
