"""A zone as configured and as a tape measures it are the same ground."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_agent.core.street.settings import MetricSettings, ZoneSettings
from edge_agent.sim.street import StreetScene, zones_of
from edge_agent.sim.street.looks import random_scene
from edge_agent.sim.street.scene import lens_of


def _scenes() -> list[StreetScene]:
    rng = np.random.default_rng(9)
    return [StreetScene(), *(random_scene(rng) for _ in range(12))]


def test_the_four_lengths_give_back_the_millimetres_of_any_point_in_the_zone():
    seen = 0
    for scene in _scenes():
        for zone in zones_of(scene):
            wide, deep = zone.sides_mm[:2]
            flat = np.array([(0, 0), (wide, 0), (wide, deep), (0, deep)], np.float32)
            ground = cv2.getPerspectiveTransform(np.array(zone.quad, np.float32), flat)
            x0, y0, x1, y1 = zone.rect_mm
            for u, v in ((0.2, 0.3), (0.5, 0.5), (0.9, 0.8)):
                x, y = x0 + (x1 - x0) * u, y0 + (y1 - y0) * v
                pixel = lens_of(scene).pixel_of(x / 1e3, y / 1e3)
                assert pixel is not None
                where = np.array([[[pixel[0] / scene.width, pixel[1] / scene.height]]], np.float32)
                found = cv2.perspectiveTransform(where, ground)[0, 0]
                assert np.hypot(found[0] - (x - x0), found[1] - (y - y0)) < 40
                seen += 1
    assert seen > 30


def test_a_zone_is_what_the_settings_accept():
    for scene in _scenes():
        for zone in zones_of(scene):
            chosen = ZoneSettings(
                rule="overflow",
                polygon=zone.polygon,
                door_line=zone.door_line,
                metric=MetricSettings(quad=zone.quad, sides_mm=zone.sides_mm, diagonal_mm=zone.diagonal_mm),
            )
            assert chosen.metric is not None


def test_a_pixel_of_the_ground_and_its_place_belong_together():
    lens = lens_of(StreetScene())
    pixel = lens.pixel_of(1.5, 2.0)
    assert pixel is not None
    assert lens.ground_at(*pixel) == pytest.approx((1.5, 2.0))
    assert lens.ground_at(320, -4_000) is None


def test_the_door_line_lies_at_the_shop_and_the_zone_before_it():
    scene = StreetScene(line_mm=300, zone_mm=2_000)
    for zone in zones_of(scene):
        assert zone.rect_mm[1] == 300
        assert zone.rect_mm[3] == 2_300
        shop = scene.shops[zone.shop]
        assert shop.x0_mm <= zone.rect_mm[0] < zone.rect_mm[2] <= shop.x1_mm
