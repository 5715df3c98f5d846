"""A drawing over a picture: what is said of it, what it measures, and how it comes into the configuration."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.config.edit import value_at
from edge_agent.config.loader import load_text
from edge_agent.console.drawing import Drawing, MaskDrawn, Tape, ViewDrawn, as_json, drawing_of, parse
from edge_agent.console.drawing_hints import judged
from edge_agent.console.drawing_text import drawn_into
from edge_agent.console.edges import crosses_itself, edges_of, line_of, overlap
from edge_agent.errors import UsageError
from edge_agent.sim.street.scene import Shop, StreetScene
from edge_agent.sim.street.zones import normalised, zones_of
from tests.console.site import A_MILLION_POINTS

ROOT = Path(__file__).parents[2]
STREET, BRIDGE = (ROOT / "configs" / name for name in ("storefront.yaml", "bridge.yaml"))
TEXT = STREET.read_text("utf-8")
SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))


@pytest.fixture(scope="module")
def config():
    return load_text(TEXT, STREET)


@pytest.fixture
def drawn(config):
    return drawing_of(config, "east")


def changed(drawing, index, **changes):
    shapes = list(drawing.shapes)
    shapes[index] = shapes[index].model_copy(update=changes)
    return Drawing(shapes=tuple(shapes))


def keys(drawing, config, index, others=None):
    return {hint.key for hint in judged(drawing, config, others or {})[index].hints}


# -- outlines ------------------------------------------------------------------------------------------


def test_a_door_line_is_found_on_the_edges_that_it_runs_along():
    assert edges_of(SQUARE, SQUARE[:2]) == (0,)
    assert edges_of(SQUARE, SQUARE[1::-1]) == (0,)
    assert edges_of(SQUARE, (SQUARE[3], SQUARE[0], SQUARE[1])) == (3, 0)
    assert edges_of(SQUARE, (SQUARE[0], (0.4, 0.3))) == ()
    assert edges_of(SQUARE, (SQUARE[0], SQUARE[2])) == ()


def test_the_door_line_goes_from_left_to_right_whichever_way_the_polygon_goes():
    assert line_of(SQUARE, (0,)) == line_of(SQUARE[::-1], (2,)) == SQUARE[:2]
    assert line_of(SQUARE, (3, 0)) == (SQUARE[3], SQUARE[0], SQUARE[1])
    with pytest.raises(ValueError, match="follow"):
        line_of(SQUARE, (0, 2))
    with pytest.raises(ValueError, match="not of this"):
        line_of(SQUARE, (0, 1, 2, 3))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.1, 0.5), min_size=5, max_size=9))
def test_an_outline_that_goes_around_does_not_cross_itself(radii):
    number = len(radii)
    star = [
        (0.5 + r * math.cos(math.tau * k / number), 0.5 + r * math.sin(math.tau * k / number))
        for k, r in enumerate(radii)
    ]
    assert not crosses_itself(star)
    assert not crosses_itself(star[::-1])


@pytest.mark.parametrize("number", range(4, 12))
@pytest.mark.parametrize("swapped", range(3))
def test_two_corners_that_changed_places_make_it_cross(number, swapped):
    ring = [
        (0.5 + math.cos(math.tau * k / number) / 3, 0.5 + math.sin(math.tau * k / number) / 3)
        for k in range(number)
    ]
    ring[swapped], ring[swapped + 1] = ring[swapped + 1], ring[swapped]
    assert crosses_itself(ring)


def test_neighbours_that_share_a_border_do_not_overlap():
    beside = tuple((x + 0.4, y) for x, y in SQUARE)
    assert not overlap(SQUARE, beside)
    assert not overlap(SQUARE, tuple((x - 0.001, y) for x, y in beside))
    assert not overlap(SQUARE, tuple((x + 0.5, y) for x, y in beside))
    assert overlap(SQUARE, tuple((x - 0.05, y) for x, y in beside))
    assert overlap(SQUARE, ((0.3, 0.3), (0.4, 0.3), (0.4, 0.4)))


# -- what is said --------------------------------------------------------------------------------------


def test_the_shipped_street_has_nothing_wrong(config, drawn):
    assert all(one.good for one in judged(drawn, config, {}))
    assert drawn.zones[0].door == (0,)
    assert drawn_into(TEXT, config, "east", drawn) == TEXT


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"polygon": SQUARE[:2], "door": ()}, "hint_few"),
        ({"polygon": (SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3])}, "hint_crossing"),
        ({"polygon": ((0.5, 0.5), (0.52, 0.5), (0.52, 0.52)), "door": (), "tape": None}, "hint_small"),
        ({"name": "a b"}, "hint_name"),
        ({"name": "corner"}, "hint_name_twice"),
        ({"name": "elsewhere"}, "hint_name_elsewhere"),
        ({"rule": "none"}, "hint_rule"),
        ({"shop": "none"}, "hint_shop"),
        ({"door": (0, 2)}, "hint_door_broken"),
        ({"door": (), "door_line": ((0.1, 0.1), (0.3, 0.1))}, "hint_door_elsewhere"),
        ({"polygon": SQUARE, "tape": None}, "hint_overlap"),
        (
            {
                "polygon": ((0.3, 0.41), (0.7, 0.41), (0.9, 0.9), (0.1, 0.9)),
                "tape": Tape(quad=((0.4, 0.5), (0.6, 0.5), (1, 0.9), (0, 0.9)), sides_mm=(4000, 3000) * 2),
            },
            "hint_tape_horizon",
        ),
    ],
)
def test_what_is_wrong_with_a_zone_is_said(config, drawn, changes, key):
    assert key in keys(changed(drawn, 0, **changes), config, 0, {"elsewhere": "west"})


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"sides_mm": (0, 1, 1, 1)}, "hint_tape_sides"),
        ({"sides_mm": (200_000, 2500, 3250, 2500)}, "hint_tape_long"),
        ({"diagonal_mm": 9_000}, "hint_tape_wrong"),
        ({"quad": (SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3])}, "hint_tape_quad"),
        ({"diagonal_mm": 0}, "hint_tape_right_angle"),
        ({"other_diagonal_mm": 4_100}, "hint_tape_agrees"),
        ({"other_diagonal_mm": 4_400}, "hint_tape_residual"),
    ],
)
def test_measures_that_contradict_themselves_are_told(config, drawn, changes, key):
    tape = drawn.zones[0].tape.model_copy(update=changes)
    drawing = changed(drawn, 0, tape=tape)
    assert key in keys(drawing, config, 0)
    [*_, said] = [hint for hint in judged(drawing, config, {})[0].hints if hint.key == key]
    assert (said.level == "error") == (key not in ("hint_tape_right_angle", "hint_tape_agrees"))


def test_a_reading_line_needs_two_points_across_the_lane():
    config = load_text(BRIDGE.read_text("utf-8"), BRIDGE)
    drawing = drawing_of(config, "cam1")
    assert [view.lane for view in drawing.views] == ["1"]
    assert keys(changed(drawing, 0, line=((0.5, 0.2),)), config, 0) == {"hint_line_one"}
    assert keys(changed(drawing, 0, line=((0.5, 0.2), (0.505, 0.9))), config, 0) == {"hint_line_short"}
    assert keys(changed(drawing, 0, polygon=(), line=()), config, 0) == set()


# -- what it measures ------------------------------------------------------------------------------------

SCENES = st.builds(
    StreetScene,
    camera_mm=st.tuples(st.integers(-8_500, -6_500), st.integers(6_500, 8_500), st.integers(3_800, 5_200)),
    focal_permille=st.integers(700, 1_000),
    width=st.just(1920),
    height=st.just(1080),
    shops=st.just((Shop(-6_000, -2_000, 1), Shop(-2_000, 2_500, 2), Shop(2_500, 6_000, 3))),
)


@settings(max_examples=12, deadline=None)
@given(SCENES)
def test_a_zone_measures_what_the_camera_that_saw_it_says(scene):
    """Corners to the pixel, the tape to the millimetre: the area is right to 2 %, BD to 2 cm."""
    for truth in zones_of(scene):
        quad = tuple((round(x * 1920) / 1920, round(y * 1080) / 1080) for x, y in truth.quad)
        config = load_text(TEXT, STREET)
        tape = Tape(quad=quad, sides_mm=truth.sides_mm, diagonal_mm=truth.diagonal_mm)
        drawing = Drawing(
            shapes=(drawing_of(config, "east").zones[0].model_copy(update={"polygon": quad, "tape": tape}),)
        )
        [one] = judged(drawing, config, {})
        x0, y0, x1, y1 = truth.rect_mm
        assert one.measured.area_m2 == pytest.approx((x1 - x0) * (y1 - y0) / 1e6, rel=0.02)
        assert one.measured.door_m == pytest.approx((x1 - x0) / 1e3, rel=0.02)
        assert one.measured.other_diagonal_mm == pytest.approx(truth.diagonal_mm, abs=20)


def test_the_grid_lies_where_the_metres_are(config, drawn):
    """The true corners of the ground, a metre apart, are crossings of the grid."""
    scene = StreetScene(width=1920, height=1080)
    truth = zones_of(scene)[1]
    tape = Tape(quad=truth.quad, sides_mm=truth.sides_mm, diagonal_mm=truth.diagonal_mm)
    [one] = judged(
        Drawing(shapes=(drawn.zones[0].model_copy(update={"polygon": truth.quad, "tape": tape}),)), config, {}
    )
    x0, y0, _, _ = truth.rect_mm
    for k in (1, 2):
        x, y = normalised(scene, x0 + 1000 * k, y0 + 1000)
        near = [distance((x, y), line) for line in one.measured.grid]
        assert sum(d < 0.002 for d in near) >= 2


def distance(point, line):
    (x, y), (x0, y0, x1, y1) = point, line
    return abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / math.dist((x0, y0), (x1, y1))


# -- into the configuration ------------------------------------------------------------------------------


def test_only_what_was_moved_is_written_and_the_door_follows(config, drawn):
    corners = list(drawn.zones[0].polygon)
    corners[1] = (0.31234567, 0.5)
    after = drawn_into(TEXT, config, "east", changed(drawn, 0, polygon=tuple(corners)))
    zone = ("street", "cameras", "east", "zones", "fruit_front")
    assert value_at(after, (*zone, "polygon"))[1] == [0.3123, 0.5]
    assert value_at(after, (*zone, "door_line")) == [[0.007, 0.754], [0.3123, 0.5]]
    lines = [line for line in after.splitlines() if line not in TEXT.splitlines()]
    assert len(lines) == 2
    assert (
        load_text(after, STREET).street.cameras["east"].zones["corner"]
        == config.street.cameras["east"].zones["corner"]
    )


def test_a_zone_keeps_what_is_not_drawn_when_its_name_changes(config):
    strip = [[0.6, 0.3], [0.65, 0.3], [0.65, 0.33]]
    text = TEXT.replace(
        "          rule: vendor\n", f"          rule: vendor\n          permitted: [{strip}]\n"
    )
    config = load_text(text, STREET)
    drawing = drawing_of(config, "east")
    after = drawn_into(text, config, "east", changed(drawing, 2, name="square"))
    zones = value_at(after, ("street", "cameras", "east", "zones"))
    assert list(zones) == ["fruit_front", "noodles_front", "square"]
    assert zones["square"]["permitted"] == [strip]


def test_masks_come_and_go(config, drawn):
    masked = Drawing(shapes=(*drawn.shapes, MaskDrawn(polygon=((0, 0), (0.3, 0), (0.3, 0.06)))))
    after = drawn_into(TEXT, config, "east", masked)
    found = load_text(after, STREET)
    assert found.street.cameras["east"].scene.masks == (((0, 0), (0.3, 0), (0.3, 0.06)),)
    back = drawn_into(after, found, "east", drawn)
    assert load_text(back, STREET).street.cameras["east"].scene.masks == ()


def test_a_lane_gets_its_reading_line(config):
    text = BRIDGE.read_text("utf-8")
    bridge = load_text(text, BRIDGE)
    view = ViewDrawn(
        lane="1", polygon=drawing_of(bridge, "cam1").views[0].polygon, line=((0.25, 0.62), (0.75, 0.62))
    )
    after = drawn_into(text, bridge, "cam1", Drawing(shapes=(view,)))
    assert load_text(after, BRIDGE).cameras["cam1"].video.views["1"].line == ((0.25, 0.62), (0.75, 0.62))
    assert "# line: [[0.25, 0.62]" in after
    gone = drawn_into(after, bridge, "cam1", Drawing(shapes=(ViewDrawn(lane="1"),)))
    assert load_text(gone, BRIDGE).cameras["cam1"].video.views == {}


# -- what is sent --------------------------------------------------------------------------------------


def test_a_drawing_goes_out_and_comes_back(drawn):
    assert parse(as_json(drawn)) == drawn


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "[]",
        "{",
        '{"shapes": 7}',
        '{"shapes": [{"kind": "zone", "name": "a", "polygon": [[NaN, 0]]}]}',
        '{"shapes": [{"kind": "zone", "name": "a", "polygon": [[Infinity, 0]]}]}',
        '{"shapes": [{"kind": "zone", "name": "a", "polygon": [[1e400, 0]]}]}',
        '{"shapes": [{"kind": "zone", "name": "a", "polygon": [["0.1", 2]]}]}',
        '{"shapes": [{"kind": "zone", "name": "a", "polygon": [], "extra": 1}]}',
        json.dumps({"shapes": [{"kind": "mask", "polygon": [[0.5, 0.5]] * 65}]}),
        json.dumps({"shapes": [{"kind": "mask", "polygon": []}] * 129}),
        '{"shapes": ' + "[" * 90_000 + "]" * 90_000 + "}",
        pytest.param(A_MILLION_POINTS, id="a million points"),
    ],
)
def test_what_is_no_drawing_is_refused_in_one_short_line(sent):
    with pytest.raises(UsageError) as refused:
        parse(sent)
    assert len(str(refused.value)) <= 300
    assert "\n" not in str(refused.value)


def test_two_zones_of_one_name_are_never_written(config, drawn):
    with pytest.raises(UsageError, match="same name"):
        drawn_into(TEXT, config, "east", changed(drawn, 0, name="corner"))
