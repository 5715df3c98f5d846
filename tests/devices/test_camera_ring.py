"""The ring of compressed packets: what it keeps, what it lets go, what must be decoded for a picture."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.units import MS, S
from edge_agent.devices.camera.ring import OVERHEAD, Ring, StoredPacket, StreamInfo, to_ns

INFO = StreamInfo("h264", None, 160, 96, Fraction(1, 1000), b"")


def packet(ms: int, *, key: bool = False, size: int = 100, stream: StreamInfo = INFO) -> StoredPacket:
    return StoredPacket(ms * MS, ms, ms, key, bytes(size), stream)


def filled(seconds: int, gop_ms: int = 1000, ring_s: int = 5, max_bytes: int = 10**9) -> Ring:
    ring = Ring(ring_s, max_bytes)
    for ms in range(0, seconds * 1000, 40):
        ring.add(packet(ms, key=ms % gop_ms == 0))
    return ring


def test_it_begins_with_a_keyframe_whatever_comes_first():
    ring = Ring(5, 10**9)
    ring.add(packet(0))
    ring.add(packet(40))
    assert len(ring) == 0
    ring.add(packet(80, key=True))
    assert ring.oldest == 80 * MS


def test_it_keeps_at_least_the_seconds_asked_for_and_at_most_one_group_more():
    ring = filled(60)
    assert ring.newest == 59_960 * MS
    assert 5 * S <= ring.newest - ring.oldest <= 6 * S


def test_it_never_exceeds_its_bytes():
    ring = Ring(600, 50_000)
    for ms in range(0, 60_000, 40):
        ring.add(packet(ms, key=ms % 400 == 0, size=1_000))
        assert ring.bytes <= 50_000
    assert ring.bytes == sum(len(p.data) + OVERHEAD for p in ring.between(0, 10**18))
    assert ring.dropped_for_size > 0


def test_a_stream_that_sends_no_second_keyframe_cannot_fill_the_memory():
    ring = Ring(600, 50_000)
    for ms in range(0, 60_000, 40):
        ring.add(packet(ms, key=ms == 0, size=1_000))
        assert ring.bytes <= 50_000


def test_a_picture_needs_its_group_from_the_keyframe_on():
    ring = filled(4)
    target = ring.nearest(2_130 * MS)
    run = ring.run_up_to(target)
    assert target.shown == 2_120 * MS
    assert run[0].keyframe
    assert run[0].shown == 2_000 * MS
    assert run[-1] is target


def test_a_picture_shown_before_its_keyframe_needs_the_group_before():
    ring = Ring(60, 10**9)
    for ms, key in ((0, True), (80, False), (40, False), (160, True), (120, False), (240, False)):
        ring.add(packet(ms, key=key))
    leading = ring.nearest(120 * MS)
    assert [p.shown // MS for p in ring.run_up_to(leading)] == [0, 80, 40, 160, 120]


def test_of_two_pictures_equally_near_the_earlier_is_taken():
    assert filled(1).nearest(20 * MS).shown == 0


def test_the_newest_certain_picture_lies_behind_when_pictures_come_out_of_order():
    ring = Ring(60, 10**9)
    for ms, key in ((0, True), (120, False), (40, False), (80, False)):
        ring.add(packet(ms, key=key))
    assert ring.newest <= 40 * MS


@given(st.lists(st.tuples(st.integers(0, 5_000), st.booleans()), max_size=120), st.integers(1, 40))
def test_any_sequence_of_packets_leaves_a_ring_that_can_be_decoded(arrivals, kilobytes):
    ring = Ring(2, kilobytes * 1000)
    for ms, key in arrivals:
        ring.add(packet(ms, key=key))
        assert ring.bytes <= kilobytes * 1000
        held = ring.between(-(10**18), 10**18)
        if held:
            assert held[0].keyframe
            nearest = ring.nearest(ms * MS)
            assert ring.run_up_to(nearest)[-1] is nearest


@pytest.mark.parametrize(
    ("ticks", "base", "ns"), [(90_000, 90_000, S), (1, 90_000, 11_111), (-45_000, 90_000, -S // 2)]
)
def test_ticks_become_nanoseconds(ticks, base, ns):
    assert to_ns(ticks, Fraction(1, base)) == ns
