"""`edge-agent plates check`: said in two languages, and its exit code is the answer."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.cli.main import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site(tmp_path):
    """The shipped bridge with a reading line."""
    text = (ROOT / "configs" / "bridge.yaml").read_text("utf-8")
    text = text.replace("../models/", f"{ROOT / 'models'}/").replace("          # line:", "          line:")
    path = tmp_path / "site.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def picture(tmp_path):
    def drawn(width, height, blur=0.0):
        image = np.random.default_rng(1).integers(60, 180, (height // 6, width // 6, 3), np.uint8)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST)
        path = tmp_path / f"{width}.png"
        cv2.imwrite(str(path), cv2.GaussianBlur(image, (0, 0), blur) if blur else image)
        return path

    return drawn


def checked(site, image, *more):
    return main(["plates", "check", "--config", str(site), "--camera", "cam1", "--image", str(image), *more])


def test_a_near_sharp_view_can_be_read(site, picture, capsys):
    assert checked(site, picture(2_560, 1_440)) == 0
    assert "plates can be read" in capsys.readouterr().out


def test_what_stands_against_it_is_said_in_both_languages_with_what_to_do(site, picture, capsys):
    assert checked(site, picture(640, 360, blur=3)) == 1

    said = " ".join(capsys.readouterr().out.split())
    assert "号牌太小" in said
    assert "longer lens" in said
    assert "调焦" in said


def test_the_numbers_for_a_program(site, picture, capsys):
    assert checked(site, picture(2_560, 1_440), "--exposure-ms", "8", "--json") == 1

    [(lane, row)] = json.loads(capsys.readouterr().out).items()
    assert lane == "1"
    assert row["problems"] == ["smeared"]
    assert row["plate_px"] == pytest.approx(row["character_px"] * 440 / 45)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("          line:", "          # line:", "no lane has a reading line"),
        ("line: [[0.25, 0.62], [0.75, 0.62]]", "line: [[0.25, 0.1], [0.75, 0.1]]", "does not go through"),
    ],
)
def test_a_view_that_cannot_be_judged_says_why(site, picture, capsys, old, new, said):
    site.write_text(site.read_text("utf-8").replace(old, new), "utf-8")

    assert checked(site, picture(640, 360)) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_camera_is_named_with_those_that_are_there(site, picture, capsys):
    asked = ["plates", "check", "--config", str(site), "--camera", "cam9", "--image", str(picture(640, 360))]

    assert main(asked) == 2
    assert "cam1" in capsys.readouterr().err
