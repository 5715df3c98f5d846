"""Boxes and polygons in whole permille: shares are exact."""

import doctest

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.street import geometry
from edge_agent.core.street.geometry import area, covered, foot_point, footprint, grown, inside, iou
from edge_agent.core.street.ground import CELLS, Ground

SIDE = 60  # small pictures, so that a brute count of every permille is quick


def boxes(limit=SIDE, least=1):
    def made(values):
        x, y, wide, high = values
        return x, y, x + wide, y + high

    span = st.integers(0, limit - least)
    return st.tuples(span, span, st.integers(least, limit), st.integers(least, limit)).map(made)


def polygons(limit=SIDE):
    corner = st.tuples(st.integers(0, limit), st.integers(0, limit))
    return (
        st.lists(corner, min_size=3, max_size=8)
        .map(tuple)
        .filter(lambda p: len({x for x, _ in p}) > 1 and len({y for _, y in p}) > 1)
    )


def cells(box):
    return {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])}


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(geometry).failed == 0


@given(boxes(), st.lists(boxes(), max_size=5))
def test_what_several_boxes_cover_of_one_is_counted_once(box, others):
    held = cells(box) & set().union(*map(cells, others))

    assert covered(box, others) == round(1000 * len(held) / area(box) + 1e-9)


@given(boxes(), boxes())
def test_overlap_is_symmetric_and_full_only_for_equals(a, b):
    assert iou(a, b) == iou(b, a)
    assert iou(a, a) == 1000
    assert 0 <= iou(a, b) <= 1000


def test_a_box_that_the_pictures_edge_cuts_stands_in_a_zone_that_reaches_there():
    zone = Ground(((0, 800), (1000, 800), (1000, 1000), (0, 1000)))

    assert zone.stands_on((400, 700, 500, 1000), 1000)


def test_only_the_lower_third_of_a_tall_thing_is_its_footprint():
    assert footprint((10, 100, 20, 400)) == (10, 300, 20, 400)
    assert footprint((10, 100, 20, 101)) == (10, 100, 20, 101)
    assert foot_point((10, 100, 20, 400)) == (30, 799)
    assert grown((10, 100, 20, 400)) == (0, -200, 30, 700)


@settings(max_examples=60, deadline=None)
@given(polygons(), st.lists(polygons(), max_size=2).map(tuple), boxes())
def test_a_zones_ground_is_every_permille_inside_the_polygon_and_outside_the_strips(polygon, strips, box):
    """Exact: pictures as small as these get a cell a permille."""
    ground = Ground(polygon, strips)
    held = {
        (x, y)
        for x in range(SIDE)
        for y in range(SIDE)
        if inside(polygon, 2 * x + 1, 2 * y + 1)
        and not any(inside(strip, 2 * x + 1, 2 * y + 1) for strip in strips)
    }
    mine = held & cells(box)

    assert ground.share(box) == round(1000 * len(mine) / area(box) + 1e-9)
    assert ground.touches(box) == bool(mine)
    assert ground.covered([box, box]) == (round(1000 * len(mine) / len(held) + 1e-9) if held else 0)
    patches = list(ground.patches([box]))
    assert sum(map(area, patches)) == len(mine)
    assert set().union(*map(cells, patches)) == mine


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.integers(0, 400)] * 2, *[st.integers(600, 1000)] * 2), boxes(1000, 60))
def test_a_large_zones_cells_are_finer_than_a_box_is_true(zone, box):
    x0, y0, x1, y1 = zone
    box = tuple(min(side, 1000) for side in box)
    ground = Ground(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))

    assert abs(ground.share(box) - covered(box, [zone])) <= 1000 * (
        4 / (box[2] - box[0]) + 4 / (box[3] - box[1])
    )


def test_a_grid_has_no_more_than_its_cells():
    ground = Ground(((0, 0), (1000, 0), (1000, 1000), (0, 1000)))

    assert ground.covered([(0, 0, 1000, 1000)]) == 1000
    assert sum(1 for _ in ground.patches([(x, x, x + 4, x + 4) for x in range(0, 1000, 4)])) <= CELLS


def test_a_zone_whose_strips_take_all_of_it_holds_nothing():
    square = ((100, 100), (200, 100), (200, 200), (100, 200))
    ground = Ground(square, (square,))

    assert not ground.stands_on((120, 120, 150, 150), 1)
    assert ground.covered([(0, 0, 1000, 1000)]) == 0


def test_what_stands_in_a_permitted_strip_does_not_stand_in_the_zone():
    ground = Ground(
        ((0, 0), (100, 0), (100, 100), (0, 100)),
        (((0, 0), (100, 0), (100, 40), (0, 40)),),
    )

    assert not ground.stands_on((10, 0, 30, 40), 500)
    assert ground.stands_on((10, 0, 30, 42), 500)  # its foot is past the strip
    assert not ground.stands_on((150, 0, 170, 90), 500)
