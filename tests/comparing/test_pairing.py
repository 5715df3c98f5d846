"""Which outcome of one run is which of the other."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.comparing.pairing import Span, pair


@dataclass(frozen=True)
class Stay:
    place: str
    start: int
    end: int


def span(stay):
    return Span(stay.place, stay.start, stay.end)


stays = st.builds(
    lambda place, start, long: Stay(place, start, start + long),
    st.sampled_from("ab"),
    st.integers(0, 300),
    st.integers(0, 40),
)


def test_a_vehicle_that_is_seen_a_little_later_is_the_same_vehicle():
    assert pair([Stay("1", 100, 140)], [Stay("1", 103, 144)], span) == [
        (Stay("1", 100, 140), Stay("1", 103, 144))
    ]


def test_what_does_not_meet_in_time_or_place_is_another_thing():
    left, right = Stay("1", 100, 140), Stay("1", 150, 190)

    assert pair([left], [right, Stay("2", 100, 140)], span) == [
        (left, None),
        (None, right),
        (None, Stay("2", 100, 140)),
    ]


def test_one_vehicle_that_falls_into_two_is_the_one_that_begins_nearest():
    whole, first, second = Stay("1", 100, 300), Stay("1", 101, 190), Stay("1", 210, 300)

    assert pair([whole], [second, first], span) == [(whole, first), (None, second)]


def test_thousands_at_one_instant_do_not_take_the_square_of_their_number():
    crowd = [Stay("1", 100, 140) for _ in range(5_000)]
    asked = 0

    def counted(stay):
        nonlocal asked
        asked += 1
        return span(stay)

    assert len(pair(crowd, list(crowd), counted)) >= 5_000
    assert asked < 40 * len(crowd)


@given(st.lists(stays, max_size=30), st.lists(stays, max_size=30))
def test_everything_comes_once_and_only_what_meets_is_paired(left, right):
    pairs = pair(list(left), list(right), span)

    ours = [one for one, _ in pairs if one is not None]
    theirs = [other for _, other in pairs if other is not None]
    key = lambda s: (s.place, s.start, s.end)  # noqa: E731 - a name would say no more
    assert (sorted(ours, key=key), sorted(theirs, key=key)) == (sorted(left, key=key), sorted(right, key=key))
    for one, other in pairs:
        if one is not None and other is not None:
            assert one.place == other.place
            assert one.start <= other.end
            assert other.start <= one.end


@given(st.lists(stays, max_size=30, unique=True))
def test_a_run_beside_itself_pairs_everything_with_itself(left):
    assert all(one is not None and one == other for one, other in pair(list(left), list(left), span))


@given(st.lists(stays, max_size=20, unique=True), st.randoms())
def test_the_order_in_which_they_come_changes_nothing(left, chance):
    right = [Stay(s.place, s.start + 1, s.end + 2) for s in left]
    mixed = list(right)
    chance.shuffle(mixed)

    assert set(pair(list(left), right, span)) == set(pair(list(left), mixed, span))
