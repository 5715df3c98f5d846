"""Which pictures are looked at: as often as asked, at the cost of as few decoded ones as can be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera.cadence import Cadence


def taken_ms(cadence: Cadence, seconds: int, gop: int, fps: int = 25, start: int = 0) -> list[int]:
    """Times of the pictures that are wanted of a camera with a keyframe every `gop` pictures."""
    times = [Ns(start * S + k * S // fps) for k in range(seconds * fps)]
    return [t // MS for k, t in enumerate(times) if cadence.wants(t, keyframe=k % gop == 0)]


@pytest.mark.parametrize("gop", [1, 10, 25, 50, 51, 100, 250])
@pytest.mark.parametrize("period_ms", [200, 400, 900, 1_000, 2_000, 5_000])
def test_the_pace_is_kept_within_a_tenth_whatever_the_distance_of_keyframes(gop, period_ms):
    seconds = 120
    times = taken_ms(Cadence(period_ms * MS), seconds, gop)
    assert abs((times[-1] - times[0]) / (len(times) - 1) - period_ms) <= period_ms / 10
    # Of keyframes alone the nearest is taken: half a group early or late.
    most = period_ms * 1.1 + max(40, gop * 40 if gop * 40 <= period_ms * 1.1 else 0)
    assert max(b - a for a, b in pairwise(times[2:])) <= most


def test_due_times_are_drawn_to_keyframes():
    # 51 pictures are 2.04 s: one picture a second falls on keyframe, middle, keyframe, middle.
    times = taken_ms(Cadence(1 * S), 60, 51)
    assert [t % 2_040 for t in times[4:14]] == [0, 1_000] * 5


def test_keyframes_alone_serve_a_pace_that_they_suffice_for():
    assert all(t % 2_000 == 0 for t in taken_ms(Cadence(5 * S), 120, 50)[1:])
    assert taken_ms(Cadence(0), 10, 50) == [0, 2_000, 4_000, 6_000, 8_000]


def test_a_new_pace_holds_from_the_last_picture_on():
    cadence = Cadence(0)
    taken_ms(cadence, 5, 50)  # the last one at 4 s
    cadence.pace(400 * MS)
    assert taken_ms(cadence, 2, 50, start=6)[:3] == [6_000, 6_400, 6_800]


def test_when_keyframes_come_more_seldom_the_pace_is_kept_all_the_same():
    cadence = Cadence(2 * S)
    taken_ms(cadence, 20, 50)
    later = taken_ms(cadence, 60, 500, start=20)
    assert max(b - a for a, b in pairwise(later)) <= 3_000


def test_it_knows_whether_more_of_the_group_will_be_wanted():
    cadence = Cadence(1 * S)
    taken_ms(cadence, 10, 50)
    cadence.wants(Ns(10 * S), keyframe=True)
    assert cadence.more_before_next_keyframe
    cadence.wants(Ns(11 * S), keyframe=False)
    assert not cadence.more_before_next_keyframe


@given(
    st.integers(0, 3_000),
    st.lists(st.tuples(st.integers(-2_000, 5_000), st.booleans(), st.integers(0, 3_000)), max_size=200),
)
def test_times_of_what_is_taken_only_grow_whatever_comes(period_ms, steps):
    cadence, at, last = Cadence(period_ms * MS), 0, None
    for step_ms, key, pace_ms in steps:
        at += step_ms * MS
        if pace_ms % 7 == 0:
            cadence.pace(pace_ms * MS)
        if cadence.wants(Ns(at), keyframe=key):
            assert last is None or at > last
            last = at
