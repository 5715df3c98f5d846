"""Pictures of plates: the same seed gives the same pixels, and the plate is where the truth says it is."""

from __future__ import annotations

from itertools import islice

import cv2
import numpy as np
import pytest

from edge_agent.core.plates.grammar import parse
from edge_agent.sim.plate_face import plate_face
from edge_agent.sim.plate_shots import CONDITIONS, KINDS, plate_shot, plate_shots
from edge_agent.sim.plate_shots.conditions import moved

COLOURS = {
    "blue": "blue", "green": "green", "yellow_green": "yellow_green", "police": "white", "black": "black",
}  # fmt: skip


def flattened(shot):
    """The plate of a shot, straightened to a pixel a millimetre, and its face."""
    rows = 2 if shot.kind.endswith("double") else 1
    face = plate_face(shot.text, COLOURS.get(shot.kind, "yellow"), rows)
    h, w = face.shape[:2]
    flat = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = cv2.getPerspectiveTransform(shot.corners.astype(np.float32), flat)
    return cv2.warpPerspective(shot.image, matrix, (w, h)), face


def alike(a, b):
    """Correlation of two pictures' grey levels, blurred a little."""
    grey = [cv2.GaussianBlur(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), (0, 0), 4).ravel() for p in (a, b)]
    return float(np.corrcoef(*grey)[0, 1])


def sharpness(image):
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.CV_64F).std())


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_pixels_and_another_one_others(kind, condition):
    shot, again, other = (plate_shot(seed, kind, condition) for seed in (3, 3, 4))
    assert shot.image.shape == (400, 640, 3)
    assert shot.image.dtype == np.uint8
    assert (shot.image == again.image).all()
    assert shot.text == again.text
    assert (shot.image != other.image).any()
    assert (shot.kind, shot.condition) == (kind, condition)
    assert parse(shot.text) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_the_plate_is_where_its_corners_say_and_says_what_its_text_says(kind):
    for seed in range(3):
        shot = plate_shot(seed, kind, "clean", width_px=160)
        seen, face = flattened(shot)
        assert alike(seen, face) > 0.8
        assert np.linalg.norm(shot.corners[1] - shot.corners[0]) == pytest.approx(160, rel=0.08)
        assert (shot.corners > 0).all()
        assert (shot.corners < (640, 400)).all()


def test_conditions_do_what_they_are_called():
    def mean_of(condition, of):
        return np.mean([of(flattened(plate_shot(k, "blue", condition, width_px=120))[0]) for k in range(8)])

    clean = mean_of("clean", sharpness)
    assert mean_of("motion", sharpness) < 0.8 * clean
    assert mean_of("glare", np.mean) > 1.2 * mean_of("clean", np.mean)
    surroundings = [np.median(plate_shot(k, "blue", c).image) for c in ("night", "clean") for k in range(4)]
    assert max(surroundings[:4]) < 0.5 * min(surroundings[4:])
    assert mean_of("dirt", lambda p: p[..., 0].astype(int).mean() - p[..., 2].mean()) < 0.8 * mean_of(
        "clean", lambda p: p[..., 0].astype(int).mean() - p[..., 2].mean()
    )
    small = plate_shot(1, "blue", "small")
    assert np.linalg.norm(small.corners[1] - small.corners[0]) < 75


def test_motion_smears_along_the_way_and_keeps_the_light():
    image = np.zeros((41, 41, 3), np.uint8)
    image[20, 20] = 250
    smeared = moved(np.random.default_rng(1), image, 9.0)
    rows, columns = np.nonzero(smeared[..., 0])
    assert np.ptp(rows) > np.ptp(columns)
    assert int(smeared[..., 0].sum()) == pytest.approx(250, abs=20)


def test_the_stream_shows_every_kind_under_every_condition_and_never_the_same_twice():
    one_round = len(KINDS) * len(CONDITIONS)
    shots = list(islice(plate_shots(7), one_round + 3))
    assert {(s.kind, s.condition) for s in shots[:one_round]} == {(k, c) for k in KINDS for c in CONDITIONS}
    assert [s.kind for s in shots[one_round:]] == [s.kind for s in shots[:3]]
    assert all(a.text != b.text for a, b in zip(shots, shots[one_round:], strict=False))


def test_what_is_no_kind_or_no_condition_is_refused():
    for kind, condition in (("pink", "clean"), ("blue", "upside down")):
        with pytest.raises(ValueError, match="no such kind or condition"):
            plate_shot(1, kind, condition)


def test_further_pictures_of_a_passage_show_the_same_plate_from_farther_off():
    near, far, farther = (plate_shot(5, "yellow", "dirt", frame=frame) for frame in range(3))

    widths = [float(np.linalg.norm(shot.corners[1] - shot.corners[0])) for shot in (near, far, farther)]
    assert {shot.text for shot in (near, far, farther)} == {near.text}
    assert widths == sorted(widths, reverse=True)
    assert widths[2] / widths[0] == pytest.approx(0.93**2, rel=0.05)
    assert (near.image != far.image).any()
