"""A line read at the wrong rate, bit by bit."""

from __future__ import annotations

import pytest

from edge_agent.sim.uart import resampled

ALL = bytes(range(256))


@pytest.mark.parametrize("resync", [True, False])
@pytest.mark.parametrize("skew", [0.97, 1.0, 1.03])
def test_at_the_right_rate_every_byte_comes_as_it_was_sent(skew, resync):
    assert resampled([ALL, ALL[::-1]], 9_600 * skew, 9_600, resync=resync) == ALL + ALL[::-1]


def test_twice_as_fast_every_bit_is_read_twice():
    # U is 10101010: behind the doubled start bit come 1 1, 0 0, 1 1 and half a zero.
    assert resampled([b"U"], 9_600, 19_200)[0] == 0b0110_0110


def test_four_times_as_fast_the_start_bit_alone_is_three_zeros():
    # Low for four samples, then one bit of four, then half of the next: 0xFF goes high and stays there.
    assert resampled([b"\xff"], 9_600, 38_400) == bytes([0b1111_1000])


def test_ten_times_as_fast_a_zero_bit_is_a_whole_byte_of_zeros():
    assert set(resampled([b"\x00"], 960, 9_600, resync=False)) == {0}


def test_half_as_fast_every_second_bit_is_lost():
    # The middle of a bit falls between two sent ones: a crystal decides whether 1 3 5 7 or 2 4 6 are met.
    assert resampled([b"\xcc"], 19_000, 9_600)[0] & 0b1111 == 0b1010
    assert resampled([b"\xcc"], 19_400, 9_600)[0] & 0b111 == 0b101


def test_a_line_at_rest_says_nothing():
    assert resampled([], 9_600, 4_800) == resampled([b""], 9_600, 4_800) == b""
