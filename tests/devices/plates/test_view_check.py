import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.devices.plate_reader.view_check import check_view

LANE = ((0.25, 0.2), (0.75, 0.2), (0.75, 0.9), (0.25, 0.9))
LINE = ((0.0, 0.6), (1.0, 0.6))


def a_picture(width=1_600, height=900, blur=0.0):
    """Edges and grain, as a road has them."""
    rng = np.random.default_rng(5)
    image = np.full((height, width, 3), 110, np.uint8)
    for _ in range(120):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        grey = int(rng.integers(255))
        cv2.rectangle(image, (x, y), (x + int(rng.integers(8, 90)), y + 30), (grey, grey, grey), -1)
    image = np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
    return cv2.GaussianBlur(image, (0, 0), blur) if blur else image


def checked(image=None, **other):
    asked = {"lane_width_mm": 3_750, "speed_mm_s": 9_700, "exposure_ms": 1.0} | other
    return check_view(a_picture() if image is None else image, LANE, LINE, **asked)


def test_a_character_is_as_wide_as_its_share_of_the_lane():
    found = checked()

    assert found.plate_px == pytest.approx(800 / 3_750 * 440)
    assert found.character_px == pytest.approx(800 / 3_750 * 45)
    assert found.problems == ("rather_small",)


def test_a_wide_view_is_too_small_and_a_near_one_is_not():
    assert "small" in checked(a_picture(900, 500)).problems
    assert checked(a_picture(2_400, 1_350)).problems == ()


def test_a_lens_out_of_focus_is_told_and_noise_does_not_hide_it():
    image = a_picture(2_400, 1_350, blur=2.5)
    noisy = np.clip(image + np.random.default_rng(1).normal(0, 3, image.shape), 0, 255).astype(np.uint8)

    assert checked(image).problems == checked(noisy).problems == ("blurred",)
    assert checked(np.full((1_350, 2_400, 3), 90, np.uint8)).detail == 0.0


def test_a_long_exposure_smears_what_drives_fast():
    sharp, smeared = (checked(a_picture(2_400, 1_350), exposure_ms=ms) for ms in (1.0, 4.0))

    assert sharp.problems == ()
    assert smeared.problems == ("smeared",)
    assert smeared.smear_px == pytest.approx(1_200 / 3_750 * 9_700 * 4 / 1_000)


def test_a_line_beside_the_lane_is_an_error():
    with pytest.raises(ValueError, match="does not go through"):
        check_view(a_picture(), LANE, ((0.0, 0.05), (1.0, 0.05)), 3_750, 9_700, 1.0)


@settings(deadline=None)
@given(st.floats(0.3, 2.0), st.floats(0.0, 1.5))
def test_a_blurred_picture_is_never_called_sharper(blur, more):
    a, b = (cv2.GaussianBlur(SMALL, (0, 0), by) for by in (blur, blur + more))

    assert checked(b).detail <= checked(a).detail + 0.02


SMALL = a_picture(480, 270)
