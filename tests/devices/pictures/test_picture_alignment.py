"""A view that moved a little: the zone is drawn where it lies in this picture, not where it once lay."""

import cv2
import numpy as np
import pytest

from edge_agent.devices.pictures.alignment import Alignment
from tests.devices.pictures.shopfront import HEIGHT, WIDTH, a_box, a_reference
from tests.devices.pictures.test_picture_worker import ZONE, Desk, StreetVideo


def a_wall(seed=5):
    """A street with enough of edges to be recognised by."""
    chance = np.random.default_rng(seed)
    image = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    for _ in range(60):
        x, y = int(chance.integers(0, WIDTH - 60)), int(chance.integers(0, HEIGHT - 60))
        colour = tuple(int(v) for v in chance.integers(40, 215, 3))
        cv2.rectangle(
            image, (x, y), (x + int(chance.integers(8, 60)), y + int(chance.integers(8, 60))), colour, -1
        )
    return image


def bumped(image, dx, dy):
    return cv2.warpAffine(
        image, np.float32([[1, 0, dx], [0, 1, dy]]), (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE
    )


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (10, -6), (-16, 4)])
def test_a_pole_in_the_wind_is_measured_to_a_pixel(dx, dy):
    wall = a_wall()
    along, down = Alignment().shift("cam1", a_reference(wall), bumped(wall, dx, dy), ())

    assert abs(along - dx * 1000 / WIDTH) < 2
    assert abs(down - dy * 1000 / HEIGHT) < 3


def test_another_view_is_not_aligned_to_anything():
    assert Alignment().shift("cam1", a_reference(a_wall()), a_wall(6), ()) == (0, 0)


def test_a_new_reference_is_taken_up():
    wall, other, alignment = a_wall(), a_wall(6), Alignment()
    alignment.shift("cam1", a_reference(wall), wall, ())
    assert alignment.shift("cam1", a_reference(other), bumped(other, 12, 0), ())[0] in (18, 19)


def test_the_zone_of_a_marked_copy_moves_with_the_view():
    wall = a_wall()
    plain, moved = (Desk(StreetVideo([bumped(wall, dx, 0)]), reference=a_reference(wall)) for dx in (0, 16))
    copies = [
        desk.image(desk.take(("inspection", 0), copies=True, marks=()), "inspection_marked").astype(int)
        for desk in (plain, moved)
    ]
    door = int(ZONE.polygon[0][1]) * HEIGHT // 1000
    yellow = [
        np.flatnonzero((c[door, :, 2] > 200) & (c[door, :, 1] > 160) & (c[door, :, 0] < 90)) for c in copies
    ]
    assert 12 <= yellow[1].min() - yellow[0].min() <= 20


def test_a_reference_that_cannot_be_read_costs_the_alignment_and_not_the_picture():
    broken = a_reference()
    desk = Desk(reference=type(broken)(b"\xff\xd8\xff", 640, 360))
    answer = desk.take(("first_seen", 1), marks=(a_box(),))

    assert [p.role for p in answer.pictures] == ["first_seen"]
    assert "alignment" in answer.problem
