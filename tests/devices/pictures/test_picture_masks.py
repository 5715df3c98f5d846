"""In the copy for a shop's owner nobody else can be recognised, and the shop's own goods can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.records import Detection
from edge_agent.devices.pictures.masks import BLOCKS, FAR_BLOCKS, masked
from tests.devices.pictures.shopfront import HEIGHT, WIDTH, ZONE, a_box, a_street

PERSON = (560, 400, 620, 760)
CAR = (300, 520, 460, 700)


def region(image, edges):
    x0, y0, x1, y1 = edges
    return image[y0 * HEIGHT // 1000 : y1 * HEIGHT // 1000, x0 * WIDTH // 1000 : x1 * WIDTH // 1000]


def colours(part):
    return len(np.unique(part.reshape(-1, 3), axis=0))


def mask(image, *found, marks=(), surroundings=80):
    return masked(image, ZONE, found, marks, surroundings)[0]


def test_a_head_becomes_a_handful_of_colours_and_the_rest_of_the_person_stays():
    image = a_street(("person", PERSON))
    out = mask(image, a_box("person", PERSON, role="context"))
    head, legs = (560, 400, 620, 400 + 120), (560, 600, 620, 760)

    assert colours(region(image, head)) > 500
    assert colours(region(out, head)) <= BLOCKS * BLOCKS
    assert np.array_equal(region(out, legs), region(image, legs))


def test_a_head_that_the_box_cuts_off_is_masked_all_the_same():
    image = a_street(("person", PERSON))
    shoulders_down = (565, 440, 615, 760)
    out = mask(image, a_box("person", shoulders_down, role="context"))

    assert colours(region(out, (565, 385, 615, 440))) <= BLOCKS * BLOCKS


def test_somebody_who_bends_or_lies_is_masked_from_end_to_end():
    lying = (320, 600, 560, 700)
    image = a_street(("person", lying))
    out = mask(image, a_box("person", lying, role="context"))

    assert colours(region(out, lying)) <= BLOCKS * BLOCKS


def test_the_plate_end_of_a_vehicle_and_all_of_a_two_wheeler_are_masked():
    image = a_street(("motor_vehicle", CAR), ("two_wheeler", (560, 500, 640, 700)))
    out = mask(
        image,
        a_box("motor_vehicle", CAR, role="context"),
        a_box("two_wheeler", (560, 500, 640, 700), role="context"),
    )

    assert colours(region(out, (300, 610, 460, 700))) <= BLOCKS * BLOCKS
    assert np.array_equal(region(out, (300, 520, 460, 600)), region(image, (300, 520, 460, 600)))
    assert colours(region(out, (560, 500, 640, 700))) <= BLOCKS * BLOCKS


def test_somebody_of_whom_the_model_is_hardly_sure_is_masked_too():
    image = a_street(("person", PERSON))
    out = mask(image, a_box("person", PERSON, score=50, role="context"))

    assert colours(region(out, (560, 400, 620, 520))) <= BLOCKS * BLOCKS


def test_goods_that_the_model_half_takes_for_a_car_stay_visible():
    image = a_street(("goods_pile", CAR))
    goods = a_box(edges=CAR, score=800)
    doubtful, sure = (a_box("motor_vehicle", CAR, score=s, role="context") for s in (300, 900))

    assert np.array_equal(region(mask(image, doubtful, marks=[goods]), CAR), region(image, CAR))
    assert colours(region(mask(image, sure, marks=[goods]), (300, 610, 460, 700))) <= BLOCKS * BLOCKS


def test_a_person_is_masked_even_in_front_of_the_goods():
    image = a_street(("goods_pile", CAR))
    out = mask(image, a_box("person", CAR, score=100, role="context"), marks=[a_box(edges=CAR)])

    assert colours(region(out, CAR)) <= BLOCKS * BLOCKS


def test_beyond_the_surroundings_there_is_only_a_coarse_mosaic():
    image = a_street(("person", (20, 100, 60, 300)))
    out, (x0, _y0, x1, y1) = masked(image, ZONE, (), (), 80)
    far = (0, 0, 150, 300)

    assert colours(region(out, far)) < FAR_BLOCKS * FAR_BLOCKS // 6
    assert 0 < x0 < 250 * WIDTH // 1000 < 750 * WIDTH // 1000 < x1 < WIDTH
    assert y1 > 800 * HEIGHT // 1000


def test_two_faces_of_one_mean_give_the_same_copy():
    """What is masked is gone: the copy does not depend on it."""
    plain = a_street()
    x0, y0, x1, y1 = 560 * WIDTH // 1000, 400 * HEIGHT // 1000, 620 * WIDTH // 1000, 520 * HEIGHT // 1000
    plain[:] = 100
    one, other = plain.copy(), plain.copy()
    one[y0:y1:2, x0:x1] += 40  # stripes; the copies differ by no more than where a block's edge cuts one
    other[y0 + 1 : y1 : 2, x0:x1] += 40
    found = a_box("person", PERSON, role="context")
    difference = mask(one, found).astype(int) - mask(other, found)

    assert np.abs(one.astype(int) - other).max() == 40
    assert np.abs(difference).max() <= 4


def test_the_picture_that_came_in_is_left_alone():
    image = a_street(("person", PERSON))
    before = image.copy()
    mask(image, a_box("person", PERSON, role="context"))
    assert np.array_equal(image, before)


@pytest.mark.parametrize("label", ["seat", "goods_pile", "street_furniture", "hand_truck"])
def test_things_are_not_people(label):
    image = a_street()
    assert np.array_equal(region(mask(image, a_box(label, CAR)), CAR), region(image, CAR))


edge = st.integers(0, 1000)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["person", "motor_vehicle", "two_wheeler"]), edge, edge, edge, edge),
        max_size=4,
    ),
    st.integers(0, 500),
)
def test_no_box_however_odd_breaks_a_copy(boxes, surroundings):
    image = np.full((90, 160, 3), 7, np.uint8)
    found = [
        Detection(label, "context", 500, min(a, b), min(c, d), max(a, b), max(c, d))
        for label, a, b, c, d in boxes
    ]
    out, (x0, y0, x1, y1) = masked(image, ZONE, found, (), surroundings)
    assert out.shape == image.shape
    assert np.array_equal(out, image)  # a mean of equals is the same
    assert 0 <= x0 < x1 <= 160
    assert 0 <= y0 < y1 <= 90
