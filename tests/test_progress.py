"""A part that does not go round is found, one that rests or has ended is not."""

import pytest

from edge_agent.durations import Durations
from edge_agent.progress import Pulse, standing


class Hand:
    def __init__(self):
        self.s = 0.0

    def __call__(self):
        return self.s


def test_a_part_is_watched_from_its_first_round_until_it_ends():
    hand = Hand()
    pulse = Pulse("sealer", 10, hand)
    hand.s = 100
    assert standing([pulse]) == []  # never began
    with pulse:
        hand.s = 109
        assert standing([pulse]) == []
        hand.s = 111
        [found] = standing([pulse])
        assert (found.part, found.for_s) == ("sealer", 11)
        assert str(found) == "sealer has stood still for 11 s"
        pulse.beat()
        assert standing([pulse]) == []
    hand.s = 1000
    assert standing([pulse]) == []


def test_a_part_that_died_stands_still():
    hand = Hand()
    pulse = Pulse("uplink", 10, hand)
    with pytest.raises(ValueError, match="bug"), pulse:
        raise ValueError("bug")
    hand.s = 11

    assert [one.part for one in standing([pulse])] == ["uplink"]


def test_durations_are_counted_in_classes_that_add_up():
    taken = Durations((0.1, 1))
    for seconds in (0.05, 0.1, 0.5, 7):
        taken.add(seconds)

    assert taken.buckets() == [("0.1", 2), ("1", 3), ("+Inf", 4)]
    assert taken.sum_s == pytest.approx(7.65)
