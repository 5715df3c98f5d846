"""Lengths on the ground, from a picture whose camera is known: what was projected is recovered."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_agent.core.street.ground import Ground
from edge_agent.core.street.measure import Measure
from edge_agent.core.street.plane import Plane
from edge_agent.core.street.settings import MetricSettings, ZoneSettings


def camera(height_mm, tilt, turn, focal):
    """Ground millimetres to permille of the picture, by a pinhole; None behind or above the picture."""

    def project(x_mm, y_mm):
        x, y = (
            x_mm * math.cos(turn) - y_mm * math.sin(turn),
            x_mm * math.sin(turn) + y_mm * math.cos(turn),
        )
        ahead = y * math.cos(tilt) + height_mm * math.sin(tilt)
        down = height_mm * math.cos(tilt) - y * math.sin(tilt)
        assume(ahead > 1_000)
        return 500 + 1000 * focal * x / ahead, 500 + 1000 * focal * 16 / 9 * down / ahead

    return project


cameras = st.builds(
    camera,
    st.integers(2_500, 8_000),
    st.floats(0.25, 1.2),
    st.floats(-math.pi, math.pi),
    st.floats(0.5, 1.5),
)
POINTS = [(x, y) for x in range(-4_000, 4_001, 2_000) for y in range(-4_000, 4_001, 2_000)]


def dist(a, b):
    return math.dist(a, b)


@st.composite
def patches(draw):
    """A convex patch of ground around the origin, in order around it."""
    angles = [draw(st.floats(0.4, 1.2)) + quarter * math.pi / 2 for quarter in range(4)]
    return [
        (r * math.cos(a), r * math.sin(a))
        for a, r in zip(angles, draw(st.lists(st.floats(1_500, 4_000), min_size=4, max_size=4)), strict=True)
    ]


def convex(corners):
    turns = []
    for i in range(4):
        (ax, ay), (bx, by), (cx, cy) = corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4]
        turns.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    return min(turns) > 1e5 or max(turns) < -1e5


def moved_out(project, offset):
    """The same camera, the patch `offset` mm in front of it."""
    return lambda x, y: project(x, y + offset)


@settings(max_examples=80, deadline=None)
@given(cameras, patches(), st.integers(5_000, 9_000), st.booleans())
def test_distances_on_the_ground_come_back_from_any_cameras_picture(project, patch, offset, mirrored):
    assume(convex(patch))
    project = moved_out(project, offset)
    order = patch[::-1] if mirrored else patch
    sides = [dist(order[i], order[(i + 1) % 4]) for i in range(4)]
    plane = Plane(tuple(project(*p) for p in order), tuple(sides), dist(order[0], order[2]))

    for a, b in zip(POINTS, POINTS[7:], strict=False):
        pa, pb = project(*a), project(*b)
        assume(plane.depth(*pa) > 0.05)
        assume(plane.depth(*pb) > 0.05)
        assert dist(plane.on_ground(*pa), plane.on_ground(*pb)) == pytest.approx(dist(a, b), rel=1e-5)
        assert plane.in_picture(*plane.on_ground(*pa)) == pytest.approx(pa, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(3_000, 6_000), st.floats(0.5, 1.0), st.floats(-0.5, 0.5))
def test_a_tape_and_corners_to_the_pixel_are_good_for_one_per_cent(height_mm, tilt, turn):
    project = moved_out(camera(height_mm, tilt, turn, 0.8), 5_000)
    rectangle = [(-2_000, -1_500), (2_000, -1_500), (2_000, 1_500), (-2_000, 1_500)]
    pixels = [(round(x * 1.92) / 1.92, round(y * 1.08) / 1.08) for x, y in (project(*p) for p in rectangle)]
    plane = Plane(tuple(pixels), (4_000, 3_000, 4_000, 3_000), None)

    left, right = project(-1_900, 200), project(1_900, -300)
    assert dist(plane.on_ground(*left), plane.on_ground(*right)) == pytest.approx(
        dist((-1_900, 200), (1_900, -300)), rel=0.01
    )


def test_a_rectangle_seen_as_a_trapezium_has_its_horizon_where_its_sides_meet():
    """Sides from (0, 900) to (200, 500) and from (1000, 900) to (800, 500) meet at y = -100."""
    plane = Plane(((200, 500), (800, 500), (1000, 900), (0, 900)), (4_000, 3_000, 4_000, 3_000), None)

    assert plane.depth(500, -100) == pytest.approx(0, abs=1e-9)
    assert plane.on_ground(1000, 900) == pytest.approx((4_000, 3_000))
    assert plane.on_ground(500, 500) == pytest.approx((2_000, 0))
    assert plane.in_picture(2_000, 0) == pytest.approx((500, 500))
    assert plane.in_picture(2_000, 10_000_000) is None  # behind the camera
    # the diagonals of the picture cross where those of the ground do
    assert plane.on_ground(500, 650) == pytest.approx((2_000, 1_500))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"quad": ((0.2, 0.5), (0.8, 0.5), (0.0, 0.9), (1.0, 0.9))}, "not convex"),
        ({"quad": ((0.2, 0.5), (0.8, 0.5), (0.5, 0.6), (0.0, 0.9))}, "not convex"),
        ({"diagonal_mm": 7_000}, "no triangle A, B, C"),
        ({"sides_mm": (4_000, 3_000, 9_500, 3_000)}, "no triangle A, C, D"),
        ({"sides_mm": (4_000, 3_000, 6_900, 2_000), "diagonal_mm": 5_000}, "convex patch"),
    ],
)
def test_lengths_that_no_patch_of_ground_has_are_said_when_the_site_is_read(change, says):
    good = {
        "quad": ((0.2, 0.5), (0.8, 0.5), (1.0, 0.9), (0.0, 0.9)),
        "sides_mm": (4_000, 3_000, 4_000, 3_000),
    }
    MetricSettings(**good)

    with pytest.raises(ValidationError, match=says):
        MetricSettings(**good | change)


def test_a_zone_that_reaches_the_horizon_cannot_be_measured():
    metric = MetricSettings(
        quad=((0.4, 0.5), (0.6, 0.5), (1.0, 0.9), (0.0, 0.9)), sides_mm=(4_000, 3_000, 4_000, 3_000)
    )
    polygon = ((0.3, 0.41), (0.7, 0.41), (0.9, 0.9), (0.1, 0.9))

    with pytest.raises(ValidationError, match="horizon"):
        ZoneSettings(rule="r", polygon=polygon, metric=metric)


# Seen straight from above, 1 permille = 10 mm across and 5 mm down: every length can be told by eye.
ABOVE = Plane(((0, 0), (1000, 0), (1000, 1000), (0, 1000)), (10_000, 5_000, 10_000, 5_000), None)
ZONE = ((100, 200), (900, 200), (900, 800), (100, 800))
LINE = ((100, 200), (900, 200))


def test_goods_stand_out_from_the_line_and_leave_what_is_left():
    measure = Measure(ABOVE, ZONE, LINE)
    foot = (300, 200, 500, 440)  # 2 m wide, 1.2 m out; the far edge is 3 m out

    assert measure.reach_mm([foot]) == (1_200, 1_800)
    assert measure.area_cm2(Ground(ZONE), [foot]) == pytest.approx(24_000, rel=0.02)


def test_the_narrowest_place_counts_and_what_lies_outside_the_zone_does_not():
    slanted = ((100, 200), (900, 200), (900, 800), (100, 400))  # the far edge comes nearer on the left
    measure = Measure(ABOVE, slanted, LINE)

    assert measure.reach_mm([(500, 200, 600, 300)]) == (500, 2_000 - 500)
    assert measure.reach_mm([(500, 200, 600, 300), (200, 200, 300, 240)]) == (500, 1_250 - 200)
    assert measure.reach_mm([(500, 50, 600, 190)]) is None
    assert measure.reach_mm([]) is None
    assert measure.reach_mm([(500, 550, 600, 900)]) == (2_250, 0)


def test_a_step_in_the_far_edge_is_seen_though_no_corner_of_the_goods_is_there():
    stepped = ((100, 200), (900, 200), (900, 800), (600, 800), (600, 400), (500, 400), (500, 800), (100, 800))

    assert Measure(ABOVE, stepped, LINE).reach_mm([(300, 200, 800, 300)]) == (500, 500)


def test_the_line_may_run_either_way_and_at_any_angle():
    aslant = ((300, 200), (900, 800), (600, 1000), (0, 400))
    ends = ((300, 200), (900, 800))
    foot = (500, 500, 600, 600)

    there, back = (Measure(ABOVE, aslant, line).reach_mm([foot]) for line in (ends, ends[::-1]))

    # Line: (3 m, 1 m) to (9 m, 4 m). The foot's corner (5 m, 3 m) lies 6 / sqrt(45) m from it, the far edge
    # 15 / sqrt(45) m.
    assert there == back == (894, 1_342)


def test_without_a_door_line_there_is_an_area_and_no_width():
    measure = Measure(ABOVE, ZONE, ())

    assert measure.reach_mm([(300, 200, 500, 440)]) is None
    assert measure.area_cm2(Ground(ZONE), [(300, 200, 500, 440)]) > 0
    assert Measure(ABOVE, ZONE, ((100, 200), (100, 200))).reach_mm([(300, 200, 500, 440)]) is None
