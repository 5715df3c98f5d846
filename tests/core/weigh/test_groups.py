"""Which axles stand together, and which can be two vehicles."""

from itertools import pairwise

import pytest

from edge_agent.core.records import Axle
from edge_agent.core.units import Grams, Mm, Ns
from edge_agent.core.weigh.groups import can_be_two, group_interval, group_sizes, grouped, split_points
from edge_agent.core.weigh.settings import VehicleSettings

SETTINGS = VehicleSettings()
TRUCK2 = (0, 4500)
TRUCK3 = (0, 3800, 5150)
TRUCK4 = (0, 1900, 5400, 6750)
SEMI5 = (0, 3400, 9000, 10310, 11620)
SEMI6 = (0, 3300, 4650, 10700, 12010, 13320)
BUS = (0, 6000)


def spacings(offsets):
    return [b - a for a, b in pairwise(offsets)]


def behind(first, second, gap_mm):
    """Axles of two vehicles, the second's first axle `gap_mm` behind the first's last."""
    return (*first, *(first[-1] + gap_mm + o for o in second))


def axles(offsets, loads, samples=None):
    return tuple(
        Axle(Ns(i), Grams(load), Grams(10), None, None, Mm(offset), 50 if samples is None else samples[i])
        for i, (offset, load) in enumerate(zip(offsets, loads, strict=True))
    )


@pytest.mark.parametrize(
    ("offsets", "sizes"),
    [(TRUCK2, [1, 1]), (TRUCK3, [1, 2]), (TRUCK4, [1, 1, 2]), (SEMI5, [1, 1, 3]), (SEMI6, [1, 2, 3])],
)
def test_tandems_and_tridems_are_groups_and_a_twin_steer_is_two_singles(offsets, sizes):
    assert group_sizes(spacings(offsets), SETTINGS.group_spacing_mm) == sizes


def test_a_group_weighs_what_its_axles_weigh():
    groups = grouped(axles(TRUCK3, (6, 7, 8)), SETTINGS.group_spacing_mm)

    assert [(g.first, g.count, g.load, g.spacings) for g in groups] == [(0, 1, 6, ()), (1, 2, 15, (1350,))]


def test_a_group_with_an_axle_that_has_no_value_is_not_given():
    groups = grouped(axles(TRUCK3, (6, 7, 0), samples=(50, 50, 0)), SETTINGS.group_spacing_mm)

    assert [(g.first, g.count) for g in groups] == [(0, 1)]


@pytest.mark.parametrize("offsets", [TRUCK2, TRUCK3, TRUCK4, SEMI5, SEMI6, BUS])
def test_one_vehicle_is_never_cut_nor_taken_for_two(offsets):
    assert split_points(spacings(offsets), SETTINGS) == []
    assert not can_be_two(spacings(offsets), SETTINGS)


@pytest.mark.parametrize("first", [TRUCK2, TRUCK3, TRUCK4, SEMI5, SEMI6])
@pytest.mark.parametrize("second", [TRUCK2, TRUCK3, TRUCK4, SEMI6, BUS])
def test_a_close_follower_is_cut_off_or_at_least_suspected(first, second):
    far = spacings(behind(first, second, 8_000))
    near = spacings(behind(first, second, 3_500))

    assert split_points(far, SETTINGS) == [len(first)]
    assert split_points(near, SETTINGS) == []
    assert can_be_two(near, SETTINGS)


def test_three_vehicles_in_a_row_are_cut_twice():
    row = behind(behind(TRUCK2, TRUCK3, 9_000), TRUCK2, 9_000)

    assert split_points(spacings(row), SETTINGS) == [2, 5]


def test_the_interval_of_a_sum_lies_between_root_sum_square_and_sum():
    assert group_interval([100]) == 100
    assert 141 < group_interval([100, 100]) < 200
