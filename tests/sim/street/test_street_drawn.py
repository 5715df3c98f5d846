"""The drawn street: the same seed gives the same pixels, and the truth it states is where the paint is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.sim.street import LABELS, StreetScene, make, render_street, street_boxes
from edge_agent.sim.street.backdrop import _mirrored
from edge_agent.sim.street.facade import Flat
from edge_agent.sim.street.looks import random_scene

SMALL = StreetScene(width=320, height=180, noise=0, soft_permille=0, line_colour="none")
ACROSS = replace(SMALL, camera_mm=(0, 17_000, 6_500), aim_mm=(0, 2_500), focal_permille=900)


@pytest.mark.parametrize("light", ["day", "overcast", "dusk", "night"])
@pytest.mark.parametrize("weather", ["dry", "wet", "rain", "snow"])
def test_the_same_street_gives_the_same_pixels_and_another_seed_others(light, weather):
    scene = replace(SMALL, light=light, weather=weather, noise=2)
    things = [make("goods_pile", 0, 1_500, 3), make("person", 800, 2_000, 4, pose="stand+umbrella")]
    picture = render_street(scene, things, 40_000_000)
    assert picture.shape == (180, 320, 3)
    assert picture.dtype == np.uint8
    assert (picture == render_street(scene, things, 40_000_000)).all()
    assert (picture != render_street(replace(scene, seed=2), things, 40_000_000)).any()


def test_a_level_look_over_wet_ground_meets_no_front_and_is_no_error():
    spots = np.zeros((2, 2))
    way = np.zeros((2, 2, 3))
    way[..., 0] = 1.0  # level, and along the front
    front = Flat(np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40, 3), np.uint8), 0.0)
    image = np.full((2, 2, 3), 90, np.uint8)

    assert _mirrored(SMALL, image, np.ones((2, 2), bool), spots, spots, front, way).shape == image.shape


def test_every_hour_looks_different():
    pictures = [
        render_street(replace(SMALL, light=light), [])  # type: ignore[arg-type]  # one of the four
        for light in ("day", "overcast", "dusk", "night")
    ]
    levels = [float(p.mean()) for p in pictures]
    assert levels[1] > levels[2] > levels[3]
    assert levels[0] > levels[2]


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("yaw", [0, 65, 180])
def test_what_changes_when_a_thing_comes_lies_in_its_box_or_is_its_shadow(kind, yaw):
    scene = replace(ACROSS, light="overcast")
    thing = make(kind, 0, 2_500, 7, yaw)
    [box] = street_boxes(scene, [thing])
    gone = render_street(scene, [thing]).astype(int) - render_street(scene, []).astype(int)
    changed, touched = np.abs(gone).max(axis=2) > 40, np.abs(gone).max(axis=2) > 4
    inside = np.zeros_like(changed)
    inside[int(box.y_min) - 2 : int(box.y_max) + 3, int(box.x_min) - 2 : int(box.x_max) + 3] = True
    assert (changed & inside).sum() >= 0.97 * changed.sum()
    touched &= inside
    rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
    assert columns[-1] - columns[0] >= box.x_max - box.x_min - 2
    assert rows[-1] - rows[0] >= box.y_max - box.y_min - 2


def test_the_nearer_thing_covers_the_farther_and_the_truth_says_how_much():
    behind, before = make("goods_pile", 0, 1_500, 5), make("motor_vehicle", 0, 4_000, 6)
    boxes = {b.label: b for b in street_boxes(ACROSS, [behind, before])}
    assert boxes["motor_vehicle"].visible_permille == 1000
    assert boxes["goods_pile"].visible_permille < 700
    alone = street_boxes(ACROSS, [behind])[0]
    assert alone.visible_permille == 1000
    assert (alone.x_min, alone.y_min) == (boxes["goods_pile"].x_min, boxes["goods_pile"].y_min)


def test_the_order_of_the_list_does_not_change_the_picture():
    things = [make("stall", -2_000, 1_200, 1), make("table", 0, 2_000, 2), make("person", 900, 3_000, 3)]
    assert (render_street(ACROSS, things) == render_street(ACROSS, things[::-1])).all()


def test_a_thing_partly_outside_the_frame_says_so_and_one_behind_the_camera_is_not_there():
    boxes = [street_boxes(ACROSS, [make("motor_vehicle", x, 5_000, 6)]) for x in (0, 8_200)]
    assert boxes[0][0].inside_permille > 950
    assert boxes[1][0].inside_permille < 800
    assert boxes[1][0].x_max == 320
    assert not street_boxes(ACROSS, [make("motor_vehicle", 0, 40_000, 6)])


def test_the_camera_sways_and_the_boxes_with_it():
    thing = make("vendor_cart", 0, 2_500, 7)
    [still], [moved] = street_boxes(ACROSS, [thing]), street_boxes(ACROSS, [thing], (3.0, -2.0))
    assert (moved.x_min - still.x_min, moved.y_min - still.y_min) == (3.0, -2.0)
    picture = render_street(ACROSS, [thing], 0, (3.0, -2.0))
    assert np.abs(picture[:-2, 3:].astype(int) - render_street(ACROSS, [thing])[2:, :-3]).max() <= 1


def test_a_knock_moves_the_whole_view():
    thing = make("vendor_cart", 0, 2_500, 7)
    knocked = replace(ACROSS, turn_permille=(25, 0))
    [before], [after] = street_boxes(ACROSS, [thing]), street_boxes(knocked, [thing])
    assert 6 <= after.x_min - before.x_min <= 10  # 25 permille of 320 pixels


def test_a_hard_shadow_falls_only_in_the_sun():
    thing = make("display_rack", 0, 2_500, 7)
    dark = []
    for clouds in (False, True):
        scene = replace(ACROSS, clouds=clouds, sun_deg=(0, 30))
        gone = render_street(scene, []).astype(int) - render_street(scene, [thing]).astype(int)
        [box] = street_boxes(scene, [thing])
        gone[int(box.y_min) : int(box.y_max) + 1, int(box.x_min) : int(box.x_max) + 1] = 0
        dark.append(int((gone.min(axis=2) > 15).sum()))
    assert dark[0] > 100
    assert dark[1] < dark[0] / 4


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1 << 20))
def test_any_street_can_be_drawn_with_anything_anywhere(seed):
    rng = np.random.default_rng(seed)
    scene = random_scene(rng, 160, 96)
    things = [
        make(
            str(rng.choice(LABELS)),
            int(rng.integers(-20_000, 20_000)),
            int(rng.integers(-500, 14_000)),
            int(rng.integers(1 << 30)),
            int(rng.integers(0, 360)),
        )
        for _ in range(6)
    ]
    assert render_street(scene, things).shape == (96, 160, 3)
    for box in street_boxes(scene, things):
        assert 0 <= box.x_min < box.x_max <= 160
        assert 0 <= box.y_min < box.y_max <= 96
        assert 0 <= box.visible_permille <= 1000
