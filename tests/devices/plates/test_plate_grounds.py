"""Plates found by the colour of their ground, without a network."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_agent.devices.plate_reader.grounds import ColouredGrounds
from edge_agent.devices.plate_reader.opening import open_reader
from edge_agent.devices.plate_reader.settings import PlateReaderSettings

BGR = {"blue": (150, 70, 20), "yellow": (30, 190, 240), "green": (110, 180, 80)}
INK = {"blue": (240, 240, 240), "yellow": (20, 20, 20), "green": (20, 20, 20)}


def a_plate(colour, rows=1):
    """Strokes on a ground: what a plate is to somebody who cannot read."""
    tall = 140 if rows == 1 else 220
    plate = np.full((tall, 440, 3), BGR[colour], np.uint8)
    for row in range(rows):
        top = 25 + row * 95
        for k in range(7):
            x = 20 + 60 * k
            cv2.rectangle(plate, (x, top), (x + 40, top + 85), INK[colour], 9)
    return plate


def a_picture(plate, corners, size=(960, 540)):
    """The plate warped onto a grey road with something of its colour beside it."""
    tall, wide = plate.shape[:2]
    image = np.full((size[1], size[0], 3), 110, np.uint8)
    image += np.random.default_rng(1).integers(0, 12, image.shape, np.uint8)
    cv2.rectangle(image, (30, 30), (200, 300), tuple(int(v) for v in plate[2, 2]), -1)  # a panel, no plate
    flat = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, np.array(corners, np.float32))
    cv2.warpPerspective(plate, matrix, size, dst=image, borderMode=cv2.BORDER_TRANSPARENT)
    return image


@pytest.mark.parametrize("colour", sorted(BGR))
@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("skew", [0, 40, -30])
def test_a_plate_is_found_with_its_corners_and_a_panel_is_not(colour, rows, skew):
    tall = 64 if rows == 1 else 100
    corners = [[500, 250], [690, 250 + skew], [690, 250 + skew + tall], [500, 250 + tall]]
    found = ColouredGrounds().find(a_picture(a_plate(colour, rows), corners))
    assert len(found) == 1
    assert np.abs(found[0].corners - np.array(corners)).max() < 0.2 * tall
    assert 0 < found[0].score <= 1


def test_corners_are_of_the_picture_that_was_given_however_large_it_is():
    corners = [[1500, 750], [1900, 750], [1900, 877], [1500, 877]]
    found = ColouredGrounds().find(a_picture(a_plate("blue"), corners, (3840, 2160)))
    assert np.abs(found[0].corners - np.array(corners)).max() < 25


@pytest.mark.parametrize("seed", range(6))
def test_noise_and_flat_pictures_have_no_plates(seed):
    numbers = np.random.default_rng(seed)
    flat = np.full((240, 320, 3), numbers.integers(0, 255, 3), np.uint8)
    noise = numbers.integers(0, 255, (240, 320, 3), np.uint8)
    assert ColouredGrounds().find(flat) == []
    assert len(ColouredGrounds().find(noise)) <= 6


@pytest.mark.parametrize("size", [(1, 1), (2, 400), (400, 2), (31, 29)])
def test_pictures_of_odd_sizes_are_no_trouble(size):
    assert ColouredGrounds().find(np.full((*size, 3), (150, 70, 20), np.uint8)) == []


def test_it_is_asked_by_default_and_can_be_left_out():
    names = [one.name for one in open_reader(PlateReaderSettings())._localisers]
    assert names == ["text lines at 480", "text lines at 736", "coloured grounds"]
    without = open_reader(PlateReaderSettings(by_colour=False, first_side=0))
    assert [one.name for one in without._localisers] == ["text lines at 736"]
