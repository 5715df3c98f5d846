"""Plates from the front: every kind has a face of its true size, with everything where it should stand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_agent.core.plates.grammar import PROVINCES, TEMPLATES, PlateKind, parse
from edge_agent.sim.plate_face import DOUBLE, GROUNDS, far_plate_face, plate_face, plate_size_mm

chinese = pytest.mark.skipif(not hasattr(cv2, "FontFace"), reason="OpenCV 4 draws a block for a province")


def a_text(template, number=0):
    """Some plate of a shape."""
    rng = np.random.default_rng((len(template.slots), number))
    return "".join(slot[int(rng.integers(len(slot)))] for slot in template.slots)


def colours_of(template):
    return template.colours or tuple(GROUNDS)


def inked(face, ground, x, y, w, h):
    """Share of a part of a face that is not of the ground's colour."""
    part = face[y : y + h, x : x + w].astype(int)
    return float((np.abs(part - np.array(ground)).max(axis=2) > 60).mean())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda t: t.kind)
def test_every_plate_of_the_grammar_has_a_face_in_each_colour_that_it_comes_in(template):
    for colour in colours_of(template):
        text = a_text(template)
        face = plate_face(text, colour)
        assert face.shape == ((140, 480, 3) if len(text) == 8 else (140, 440, 3))
        assert face.dtype == np.uint8
        assert not face.flags.writeable
        assert parse(text).kind == template.kind


@pytest.mark.parametrize("text", ["沪A12345", "浙B3G21挂"])
def test_two_rows_are_as_wide_and_higher(text):
    assert plate_face(text, "yellow", 2).shape == (220, 440, 3)
    assert plate_size_mm(text, 2) == (440, 220)


def test_what_the_standard_has_no_plate_for_has_no_face():
    for text, colour, rows, why in (
        ("沪A1234O", "blue", 1, "no plate"),
        ("沪a12345", "blue", 1, "no plate"),
        ("沪A12345", "pink", 1, "no colour"),
        ("沪AD12345", "green", 2, "2 rows"),
        ("川A1234学", "yellow", 2, "2 rows"),
        ("沪A12345", "yellow", 3, "3 rows"),
    ):
        with pytest.raises(ValueError, match=why):
            plate_face(text, colour, rows)
    assert PlateKind.LEARNER not in DOUBLE


@chinese
def test_each_character_fills_its_box_and_nothing_else():
    """A box's edges are touched by strokes; between two boxes there is only ground."""
    ground = GROUNDS["blue"]
    face = plate_face("沪B8E5H2", "blue")
    for k in range(7):
        x = 15.5 + 57 * k + (22 if k >= 2 else 0)
        assert inked(face, ground, int(x), 25, 46, 90) > 0.25
        for edge in (int(x), int(x) + 41):
            assert inked(face, ground, edge, 25, 5, 90) > 0.02
        assert inked(face, ground, int(x), 25, 46, 5) > 0.05
        assert inked(face, ground, int(x), 110, 46, 5) > 0.05
        if k not in (1, 6):  # behind these are the dot and the edge
            assert inked(face, ground, int(x) + 47, 30, 9, 80) == 0
    assert inked(face, ground, 131, 66, 8, 8) > 0.9  # the dot


def test_the_lower_of_two_rows_is_taller_than_the_upper():
    face, ground = plate_face("沪B8E5H2", "yellow", 2), GROUNDS["yellow"]
    rows = np.array([inked(face, ground, 30, y, 380, 1) for y in range(220)])
    lines = np.flatnonzero(np.diff(np.concatenate([[0], rows[9:212] > 0.01, [0]])))
    heights = [b - a for a, b in zip(lines[::2], lines[1::2], strict=True) if b - a > 20]
    assert heights == pytest.approx([60, 110], abs=14)  # screws reach into the upper one


@chinese
def test_no_two_characters_look_the_same():
    """A reader that takes 0 for D does so because they are alike, not because they were drawn alike."""
    pictures = {c: plate_face(f"{c}A00000", "blue") for c in PROVINCES}
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
    pictures |= {c: plate_face(f"沪A0000{c}", "blue") for c in letters}
    for alphabet in (PROVINCES, letters):
        for a in alphabet:
            for b in alphabet:
                if a < b:
                    difference = cv2.absdiff(pictures[a], pictures[b]).max(axis=2) > 100
                    assert difference.sum() > 60, (a, b)


def test_a_green_plate_pales_upwards_and_a_large_one_has_a_yellow_head():
    small = plate_face("沪AD18364", "green").astype(int)
    assert small[12, 11].sum() > small[70, 11].sum() > small[128, 11].sum()
    large = plate_face("沪A18364D", "yellow_green")
    hues = cv2.cvtColor(large[10:13], cv2.COLOR_BGR2HSV)[1, :, 0]
    assert (hues[20:90] > 18).all()
    assert (hues[20:90] < 30).all()
    assert (hues[300:340] > 45).all()
    assert (hues[300:340] < 75).all()


@pytest.mark.parametrize(("text", "colour"), [("京A1D34警", "white"), ("沪A1234领", "black")])
def test_the_mark_of_an_authority_is_red(text, colour):
    mark = plate_face(text, colour)[25:115, 380:424].astype(int)
    red = (mark[..., 2] > 150) & (mark[..., :2].max(axis=2) < 90)
    assert red.mean() > 0.1


def test_from_afar_it_is_the_same_plate_made_smaller():
    near = plate_face("苏E8K672", "yellow")
    for halvings, shape in ((0, (140, 440, 3)), (1, (70, 220, 3)), (3, (17, 55, 3))):
        far = far_plate_face("苏E8K672", "yellow", 1, halvings)
        assert far.shape == shape
        assert far.mean() == pytest.approx(near.mean(), rel=0.03)
