"""A camera's stamps on the box's clock, whatever clock jumps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.camera_time import ENOUGH, CameraTime
from edge_agent.core.events import ClockSource, ClockStatus, PlateSeen
from edge_agent.core.units import MS, S

UTC = 1_790_000_000 * S + 123 * MS
DELAY = 400 * MS


def a_clock(at, utc_minus_mono=UTC, *, synced=True):
    return ClockStatus(at, utc_minus_mono, ClockSource.NTP, synced, 0, 1 * MS)


def a_read(taken, delay=DELAY, camera_error=0):
    return PlateSeen(taken + delay, "cam1", "1", taken + UTC + camera_error, "沪A12345", 950)


def a_camera(reads=ENOUGH, **changes):
    """Its clock is right and it has been heard for a while."""
    times = CameraTime(**({"unstamped_sd_ms": 1_000, "limit_ms": 10_000, "step_ms": 100} | changes))
    times.clock(a_clock(0))
    for n in range(reads):
        times.stamp(a_read(n * S))
    return times


def test_a_read_is_taken_when_its_stamp_says():
    assert a_camera().stamp(a_read(50 * S)) == (50 * S, 0, False)


def test_a_stamp_in_whole_seconds_is_known_to_half_a_second_at_best():
    assert a_camera().stamp(a_read(50 * S - 123 * MS)) == (50 * S - 123 * MS, 500 * MS, False)


@pytest.mark.parametrize("step", [-4_000, -2_000, 900, 2_000, 4_000])
def test_a_jump_of_the_box_clock_moves_no_read(step):
    times = a_camera()

    assert not times.clock(a_clock(40 * S, UTC + step * MS))

    assert times.stamp(a_read(50 * S)) == (50 * S, 0, False)


def test_a_camera_that_follows_the_box_over_a_jump_is_believed_too():
    times = a_camera()
    times.clock(a_clock(40 * S, UTC + 3 * S))

    assert times.stamp(a_read(50 * S, camera_error=3 * S)) == (50 * S, 0, False)


def test_a_slewing_clock_is_followed():
    times = a_camera()
    for n in range(1, 40):
        times.clock(a_clock(n * S, UTC + n * 50 * MS))

    assert times.stamp(a_read(50 * S, camera_error=39 * 50 * MS)) == (50 * S, 0, False)


def test_a_clock_that_was_never_right_is_followed_when_it_jumps_and_that_is_said():
    times = CameraTime(1_000, 10_000, 100)
    times.clock(a_clock(0, UTC - 5 * S, synced=False))

    assert times.clock(a_clock(40 * S))
    assert times.stamp(a_read(50 * S)) == (50 * S, 0, False)


@pytest.mark.parametrize("step", [-2_000, 1_500, 2_000])
def test_a_camera_whose_clock_jumps_is_not_taken_at_its_word_and_that_is_said_once(step):
    times = a_camera()

    said = [times.stamp(a_read((50 + n) * S, camera_error=step * MS)) for n in range(3 * ENOUGH)]

    assert all(sd >= 1_000 * MS for _, sd, _ in said)
    assert [n for n, (_, _, moved) in enumerate(said) if moved] == [ENOUGH - 1]
    assert times.stamp(a_read(200 * S)) == (200 * S, 0, False)  # it is right again


def test_a_camera_that_is_set_right_while_it_runs_is_believed_after_a_while():
    times = CameraTime(1_000, 10_000, 100)
    times.clock(a_clock(0))
    for n in range(ENOUGH):
        times.stamp(a_read(n * S, camera_error=-3 * S))

    said = [times.stamp(a_read((50 + n) * S)) for n in range(ENOUGH + 1)]

    assert [moved for _, _, moved in said] == [False] * (ENOUGH - 1) + [True, False]
    assert said[-1] == ((50 + ENOUGH) * S, 0, False)


def test_one_push_that_was_held_up_keeps_its_time_and_is_no_alarm():
    at, sd, moved = a_camera().stamp(a_read(50 * S, delay=6 * S))

    assert (at, sd, moved) == (50 * S, 6 * S, False)


@pytest.mark.parametrize("event", [PlateSeen(7 * S, "cam1", "1", None, "", 0), a_read(50 * S, delay=60 * S)])
def test_without_a_stamp_that_can_be_believed_the_arrival_must_serve(event):
    assert a_camera().stamp(event)[:2] == (event.at, 1_000 * MS)


TIMES = st.integers(0, 10_000 * S)


@given(
    st.lists(
        st.one_of(
            st.builds(a_clock, TIMES, TIMES, synced=st.booleans()),
            st.builds(a_read, TIMES, st.integers(-20 * S, 20 * S), st.integers(-20 * S, 20 * S)),
        ),
        max_size=60,
    )
)
def test_no_clock_makes_it_raise_or_grow(events):
    times = CameraTime(1_000, 10_000, 100)

    for event in events:
        if isinstance(event, ClockStatus):
            times.clock(event)
        else:
            at, sd, _ = times.stamp(event)
            assert abs(at - event.at) <= 10 * S
            assert sd >= 0
    assert len(times._lags) <= 2 * ENOUGH
    assert len(times._odd) <= ENOUGH
