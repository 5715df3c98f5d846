"""Pictures wait in memory, each for its own time and in a bounded amount; neither kind starves the other."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.units import S
from edge_agent.devices.staging import KEEP, LONGEST, SHORT, SUPERSEDED, Staging


def test_bytes_are_had_back_by_their_digest_until_their_time_is_over():
    now = [0]
    staging = Staging(lambda: now[0])
    digest = staging.put(b"picture")

    assert digest == hashlib.sha256(b"picture").hexdigest()
    now[0] = KEEP
    assert staging.get(digest) == b"picture"
    now[0] = KEEP + 1
    assert staging.get(digest) is None


def test_the_first_picture_of_a_ten_minute_rule_is_still_there_when_the_case_is_sealed():
    now = [0]
    staging = Staging(lambda: now[0], max_bytes=1_000)
    first_seen = staging.put(b"first seen", 660 * S)
    for second in range(600):
        now[0] = second * S
        staging.put(b"pushed by a camera" + bytes([second % 256, second // 256]) * 100)

    assert staging.get(first_seen) == b"first seen"
    now[0] = 661 * S
    assert staging.get(first_seen) is None


def test_nothing_is_held_longer_than_two_hours_whatever_was_asked():
    now = [0]
    staging = Staging(lambda: now[0])
    digest = staging.put(b"picture", 10 * LONGEST)

    now[0] = LONGEST + 1
    assert staging.get(digest) is None


def test_of_passing_pictures_the_oldest_go_first_when_there_is_too_much():
    staging = Staging(lambda: 0, max_bytes=10)
    first, second = staging.put(b"aaaaaa"), staging.put(b"bbbbbb")

    assert staging.get(first) is None
    assert staging.get(second) == b"bbbbbb"
    assert staging.lost == 1


def test_what_a_case_counts_on_is_kept_and_the_newcomer_turned_away():
    staging = Staging(lambda: 0, max_asked_bytes=16)
    first, second = staging.put(b"aaaaaaaa", SHORT + 1), staging.put(b"bbbbbbbb", SHORT + 1)

    assert staging.get(first) == b"aaaaaaaa"
    assert staging.get(second) is None
    assert staging.lost == 1


def test_room_is_left_for_a_case_that_is_about_to_be_sealed():
    staging = Staging(lambda: 0, max_asked_bytes=16)
    staging.put(b"first seen 12"[:12], SHORT + 1)
    confirmed = staging.put(b"conf", SHORT)

    assert staging.get(confirmed) == b"conf"
    assert staging.lost == 0


def test_many_cases_leave_the_bridges_pictures_alone():
    staging = Staging(lambda: 0, max_bytes=10, max_asked_bytes=10)
    plate = staging.put(b"plate")
    for number in range(20):
        staging.put(f"shop {number:3}".encode(), KEEP)

    assert staging.get(plate) == b"plate"


def test_a_stay_that_came_to_nothing_is_forgotten_when_the_next_begins_and_not_at_its_end():
    now = [0]
    staging = Staging(lambda: now[0])
    first = staging.put(b"a barrow", 1_800 * S, "door_s1/first_seen")
    now[0] = 100 * S
    second = staging.put(b"another", 1_800 * S, "door_s1/first_seen")

    assert staging.get(first) == b"a barrow"  # a record that is being sealed may still want it
    now[0] += SUPERSEDED + 1
    assert staging.get(first) is None
    assert staging.get(second) == b"another"


def test_what_two_zones_want_is_kept_until_neither_does():
    now = [0]
    staging = Staging(lambda: now[0])
    both = staging.put(b"one picture", 1_800 * S, "door_s1/first_seen")
    staging.put(b"one picture", 1_800 * S, "door_s2/first_seen")
    staging.put(b"newer", 1_800 * S, "door_s1/first_seen")
    now[0] = 1_000 * S
    assert staging.get(both) == b"one picture"
    staging.put(b"newest", 1_800 * S, "door_s2/first_seen")
    now[0] += SUPERSEDED + 1
    assert staging.get(both) is None


def test_what_is_sealed_is_let_go_at_once_but_for_what_another_zone_wants_too():
    staging = Staging(lambda: 0)
    own = staging.put(b"confirmed", SHORT)
    pushed = staging.put(b"pushed")
    shared = staging.put(b"middle", 600 * S, "a/middle")
    staging.put(b"middle", 600 * S, "b/middle")

    staging.release([own, pushed, shared, "0" * 64])

    assert staging.get(own) is None
    assert staging.get(pushed) is None
    assert staging.get(shared) == b"middle"
    assert staging.held_bytes == len(b"middle")
    assert staging.lost == 0


def test_passers_by_all_day_fill_no_memory():
    now = [0]
    staging = Staging(lambda: now[0])
    for minute in range(24 * 60):
        now[0] = minute * 60 * S
        staging.put(b"%05d" % minute * 200, 1_800 * S, "door_s1/first_seen")
    assert staging.held_bytes <= 3 * 1_000
    assert staging.lost == 0


def test_a_picture_that_was_turned_away_from_a_slot_may_come_again_without_one():
    staging = Staging(lambda: 0, max_asked_bytes=8)
    staging.put(b"full....", SHORT)
    away = staging.put(b"x", SHORT, "a")
    assert staging.get(away) is None

    now = [0]
    staging = Staging(lambda: now[0], max_asked_bytes=8)
    staging.put(b"full....", 10)
    staging.put(b"x", SHORT, "a")
    now[0] = 11
    loose = staging.put(b"x", SHORT)
    staging.put(b"y", SHORT, "a")
    assert staging.get(loose) == b"x"


def test_the_same_picture_twice_is_held_once_and_for_the_longer_time():
    now = [0]
    staging = Staging(lambda: now[0], max_bytes=10, max_asked_bytes=20)
    digest = staging.put(b"aaaaaa")
    assert staging.put(b"aaaaaa") == digest
    assert staging.held_bytes == 6

    staging.put(b"aaaaaa", 2 * KEEP)
    staging.put(b"aaaaaa", KEEP)
    staging.put(b"aaaaaa")
    assert staging.held_bytes == 6
    now[0] = 2 * KEEP
    assert staging.get(digest) == b"aaaaaa"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 400),
            st.binary(max_size=30),
            st.none() | st.integers(0, 3 * LONGEST),
            st.sampled_from(["", "a", "b"]),
        ),
        max_size=60,
    )
)
def test_whatever_comes_both_rooms_keep_their_bounds_and_their_books(puts):
    now = [0]
    staging = Staging(lambda: now[0], max_bytes=60, max_asked_bytes=80)
    for seconds, data, hold, slot in puts:
        now[0] += seconds * S
        digest = staging.put(data, hold, slot)
        assert staging.get(digest) in (data, None)
        assert staging.held_bytes <= 60 + 80
    now[0] += LONGEST + 1
    staging.get("")
    assert staging.held_bytes == 0
