"""The picture as a picture: moved, blurred, covered, dark, frozen."""

import cv2
import numpy as np
import pytest

from edge_agent.core.units import Ns, S
from edge_agent.devices.scene import Scene, SceneSettings
from edge_agent.devices.scene.view import UNKNOWN_MPX, Frozen


@pytest.fixture
def look(bank_of, street):
    """`look(picture, found=())`: the `SceneSeen` of one picture against a clear pavement."""
    scene = Scene("cam1", SceneSettings(), (street.ZONE,), bank_of(street.paved()))
    count = iter(range(1, 1000))

    def one(picture, found=()):
        at = Ns(next(count) * S)
        return scene.look(picture, at, Ns(0), found, "m", at)

    return one


def moved_by(picture, dx, dy):
    matrix = np.float32([[1, 0, dx], [0, 1, dy]])
    return cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (1, 0), (-3, 2), (0.5, -0.5), (11, -7), (-19, 4)])
def test_a_shift_is_measured_and_taken_out_of_the_boxes(look, street, dx, dy):
    picture = moved_by(street.taken(street.paved()), dx, dy)
    person = street.detection("person", 200, 100, 240, 200)

    seen = look(picture, (person,))

    assert seen.view.registered
    assert abs(seen.view.shift_mpx - 1000 * np.hypot(dx, dy)) < 250
    [box] = seen.detections
    assert abs(box.x_min - (200 - dx) / 480 * 1000) <= 2
    assert abs(box.y_max - (200 - dy) / 270 * 1000) <= 2


def test_a_shift_beyond_the_limit_is_measured_but_not_taken_out(look, street):
    seen = look(moved_by(street.taken(street.paved()), 40, 0))

    assert not seen.view.registered
    assert abs(seen.view.shift_mpx - 40_000) < 500
    assert seen.still == ()


@pytest.mark.parametrize("gain", [0.4, 0.7, 1.4])
def test_neither_exposure_nor_noise_is_a_shift_or_a_loss_of_sharpness(look, street, gain):
    seen = look(street.taken(street.paved(), gain=gain, noise=3)).view

    assert seen.registered
    assert seen.shift_mpx < 300
    assert seen.sharpness > 700


def test_sharpness_falls_as_the_lens_goes_out_of_focus(look, street):
    sharp, soft, blind = (
        look(cv2.GaussianBlur(street.taken(street.paved()), (0, 0), sigma)).view.sharpness
        for sigma in (0.3, 2.0, 6.0)
    )

    assert sharp > 900
    assert 250 < soft < 800
    assert blind < 350


def test_noise_in_the_dark_is_not_taken_for_sharpness(look, street):
    dark = street.taken(cv2.GaussianBlur(street.paved(), (0, 0), 6), gain=0.3, noise=8)

    assert look(dark).view.sharpness < 350


def test_another_place_cannot_be_laid_over_the_reference(look, street):
    seen = look(street.taken(street.paved(seed=77))).view

    assert not seen.registered
    assert seen.shift_mpx == UNKNOWN_MPX
    assert seen.sharpness == 0
    assert len(seen.reference) == 64


def test_a_covered_lens_has_no_contrast(look):
    seen = look(np.full((270, 480, 3), 20, np.uint8)).view

    assert (seen.luma, seen.contrast, seen.registered) == (20, 0, False)


def test_without_a_reference_the_view_is_still_measured(street, tmp_path):
    seen = Scene("cam1", SceneSettings(), (street.ZONE,), None).look(
        street.paved(), Ns(S), Ns(0), (), "", Ns(S)
    )

    assert (seen.view.reference, seen.view.registered, seen.view.shift_mpx) == ("", False, 0)
    assert seen.view.contrast > 10


def test_a_crowd_does_not_move_the_view(look, street):
    picture, found = street.taken(street.paved()), []
    rng = np.random.default_rng(3)
    for x in range(20, 440, 42):
        picture = street.with_box(picture, x, 90, 30, 150, tuple(int(c) for c in rng.integers(0, 255, 3)))
        found.append(street.detection("person", x, 90, x + 30, 240))

    seen = look(picture, found).view

    assert seen.registered
    assert seen.shift_mpx < 300


def test_a_picture_that_repeats_itself_is_frozen_and_a_quiet_night_is_not(street):
    frozen, night = Frozen(), Frozen()
    still = street.taken(street.paved())

    stood = [frozen.look(still, Ns(k * S)) for k in range(30)]
    quiet = [night.look(street.taken(street.paved(), seed=k, noise=0.6), Ns(k * S)) for k in range(30)]

    assert stood == [1000 * k for k in range(30)]
    assert quiet == [0] * 30


def test_one_changed_digit_of_a_burnt_in_clock_ends_a_freeze(street):
    frozen = Frozen()
    still = street.paved()
    frozen.look(still, Ns(0))
    changed = still.copy()
    changed[10:22, 300:306] = 255

    assert frozen.look(changed, Ns(60 * S)) == 0
