"""What a camera sent lately, over reconnects and changes of resolution."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera.history import MOST_SEGMENTS, History
from edge_agent.devices.camera.ring import StoredPacket, StreamInfo
from edge_agent.devices.camera.timeline import Timeline

INFO = StreamInfo("h264", None, 160, 96, Fraction(1, 1000), b"")
WIDE = replace(INFO, width=320)


def at(offset_s: float) -> Timeline:
    """A time line whose zero lies at this time of the box's clock."""
    timeline = Timeline(0, 0)
    timeline.fix(int(offset_s * S))
    return timeline


def send(history: History, info: StreamInfo, start_ms: int, end_ms: int, size: int = 100) -> None:
    """Pictures every 40 ms, a keyframe every second."""
    for ms in range(start_ms, end_ms, 40):
        history.add(StoredPacket(ms * MS, ms, ms, (ms - start_ms) % 1000 == 0, bytes(size), info))


def interrupted(second: StreamInfo = INFO) -> History:
    """Taken from 100 s to 104 s, away until 106 s, again until 110 s; the stream's own time begins at 0."""
    history = History(30, 10**9)
    history.begin(INFO, at(100))
    send(history, INFO, 0, 4_000)
    history.begin(second, at(106))
    send(history, second, 0, 4_000)
    return history


def test_the_newest_keyframe_needs_nothing_before_it():
    history = interrupted()
    found = history.newest_keyframe()
    assert (found.run, found.captured_at) == ((found.packet,), 109 * S)
    assert found.packet.keyframe
    history.begin(WIDE, at(112))  # connected again, and nothing has come yet
    assert history.newest_keyframe().captured_at == 109 * S
    assert History(30, 10**9).newest_keyframe() is None


def test_what_was_seen_before_a_reconnect_is_still_there():
    history = interrupted()
    assert (history.oldest, history.newest) == (100 * S, 109_960 * MS)
    found = history.nearest(Ns(102_480 * MS), 20 * MS)
    assert found.captured_at == 102_480 * MS
    assert [p.shown // MS for p in found.run][0::12] == [2_000, 2_480]
    assert history.nearest(Ns(107_000 * MS), 20 * MS).packet.shown == 1 * S


def test_there_is_no_picture_of_the_time_between_two_connections():
    assert interrupted().nearest(Ns(105 * S), 250 * MS) is None


def test_a_clip_over_a_reconnect_of_the_same_stream_keeps_the_gap():
    run = interrupted().between(Ns(103 * S), Ns(107 * S))
    assert run[0][1] == 103 * S
    assert run[-1][1] == 107 * S
    assert [b - a for (_, a), (_, b) in pairwise(run) if b - a > 40 * MS] == [2_040 * MS]


def test_streams_of_different_size_are_never_in_one_clip_and_the_longer_part_is_given():
    run = interrupted(WIDE).between(Ns(103 * S), Ns(109 * S))
    assert {p.stream for p, _ in run} == {WIDE}
    assert run[-1][1] == 109 * S
    run = interrupted(WIDE).between(Ns(101 * S), Ns(107 * S))
    assert {p.stream for p, _ in run} == {INFO}


def test_a_former_connection_is_forgotten_when_it_is_too_old():
    history = History(5, 10**9)
    history.begin(INFO, at(0))
    send(history, INFO, 0, 4_000)
    history.begin(INFO, at(4))
    send(history, INFO, 0, 20_000)
    assert history.oldest >= 18 * S
    assert history.newest - history.oldest <= 6 * S


def test_all_segments_together_stay_within_the_bytes():
    history = History(600, 60_000)
    for k in range(10):
        history.begin(INFO, at(10 * k))
        send(history, INFO, 0, 4_000, size=400)
        assert history.bytes <= 60_000


def test_a_camera_that_changes_its_size_with_every_keyframe_fills_no_memory_with_headers():
    history = History(600, 10**9)
    for k in range(500):
        history.begin(replace(INFO, width=160 + k), at(k))
        send(history, replace(INFO, width=160 + k), 0, 80)
    assert history.newest - history.oldest <= MOST_SEGMENTS * S


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5_000), st.booleans()), max_size=100),
    st.integers(1, 20),
)
def test_whatever_comes_is_bounded_and_every_answer_decodes_from_a_keyframe_of_its_own_stream(arrivals, kb):
    infos = [replace(INFO, width=160 * k) for k in (1, 2, 3, 4)]
    history, last = History(2, kb * 1000), None
    for which, ms, key in arrivals:
        if which != last:
            history.begin(infos[which], at(which))
            last = which
        history.add(StoredPacket(ms * MS, ms, ms, key, bytes(100), infos[which]))
        assert history.bytes <= kb * 1000
        found = history.nearest(Ns(ms * MS), 10 * S)
        if found:
            assert found.run[0].keyframe
            assert {p.stream for p in found.run} == {found.packet.stream}
        run = history.between(Ns(0), Ns(20 * S))
        assert len({p.stream for p, _ in run}) <= 1
