"""A lens under a hand, tape or snow is told from the dullest place that a camera may look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.core.units import S
from edge_agent.demo.rendered import VIEW
from edge_agent.doctor.camera_checks import camera_findings
from edge_agent.doctor.cover import is_covered
from edge_agent.sim.render.draw import render_frame
from edge_agent.sim.render.scene import Scene
from edge_agent.sim.street.draw import render_street
from edge_agent.sim.street.scene import StreetScene
from tests.doctor.seen import Seen, a_bridge, a_camera

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
WIDE, TALL = 960, 540
ACROSS, DOWN = np.meshgrid(np.linspace(0, 1, WIDE), np.linspace(0, 1, TALL))
# As large as the doctor looks at them: less to draw.
SMALL = {"width": WIDE, "height": TALL}


def coded(picture, quality=60):
    """As it comes out of a camera that saves on bits."""
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)


# -- places -------------------------------------------------------------------------------------------


def three(draw):
    """Pictures a second apart."""
    return [coded(draw(second * S)) for second in range(3)]


@pytest.mark.parametrize(
    ("light", "weather"), [("day", "dry"), ("overcast", "fog"), ("dusk", "dry"), ("night", "fog")]
)
@pytest.mark.parametrize("view", [VIEW, Scene()], ids=["the demo's", "wide"])
def test_a_bridge_without_a_vehicle_is_no_covered_lens(view, light, weather):
    scene = replace(view, light=light, weather=weather, **SMALL)

    assert not is_covered(three(lambda at: render_frame(scene, (), at)))


def test_an_empty_road_of_the_demo_is_fit_to_see_vehicles_in():
    pictures = three(lambda at: render_frame(VIEW, (), at))

    found = list(camera_findings(a_bridge(), Seen(cameras={"cam1": a_camera(pictures)}), lambda _: ""))

    assert "camera.covered" not in {one.key for one in found}


@pytest.mark.parametrize(
    ("light", "weather"), [("day", "dry"), ("overcast", "snow"), ("dusk", "rain"), ("night", "dry")]
)
def test_a_street_is_no_covered_lens(light, weather):
    scene = StreetScene(light=light, weather=weather)

    assert not is_covered(three(lambda at: render_street(scene, (), at)))


def real_pictures():
    """The beginning and the 200th picture of each clip, and some stills."""
    for path in sorted((DATA / "clips").glob("*")):
        clip = cv2.VideoCapture(str(path))
        for count in range(201):
            if clip.grab() and count % 200 == 0:
                yield f"{path.name} {count}", clip.retrieve()[1]
    for path in sorted([*(DATA / "stills").glob("*.jpg"), *(DATA / "plates").glob("*5.jpg")]):
        picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
        if picture is not None:
            yield path.name, picture


@pytest.mark.skipif(
    not (DATA / "clips").is_dir(), reason="needs the clips beside the checkout (../shared/data)"
)
def test_no_real_picture_is_of_a_covered_lens():
    pictures = dict(real_pictures())

    assert len(pictures) > 20
    assert [name for name, picture in pictures.items() if is_covered([coded(picture, 25)])] == []


# -- covers -------------------------------------------------------------------------------------------


def out_of_focus(seed, dark, bright, width=0.02):
    """Lumps so near to the lens that they are smeared over a twentieth of the picture."""
    chance = np.random.default_rng(seed)
    lumps = np.full((TALL, WIDE), float(dark), np.float32)
    for _ in range(40):
        at = (int(chance.integers(WIDE)), int(chance.integers(TALL)))
        cv2.circle(lumps, at, int(chance.integers(20, 90)), float(chance.uniform(dark, bright)), -1)
    return cv2.GaussianBlur(lumps, (0, 0), width * WIDE)


def fingers():
    dark = np.full((TALL, WIDE), 15, np.float32)
    for k, bright in enumerate((110, 90, 150, 120)):
        cv2.line(dark, (WIDE * (2 * k + 1) // 8, 0), (WIDE * (k + 1) // 5, TALL), bright, 170)
    return cv2.GaussianBlur(dark, (0, 0), 0.024 * WIDE)


COVERS = {
    "a cap": np.full((TALL, WIDE), 12.0),
    "a white bag": np.full((TALL, WIDE), 205.0),
    "a cap that lets light in": 5 + 60 * ACROSS**2,
    "tape in the sun": 60 + 120 * ACROSS + 30 * DOWN,
    "tape with dark corners": 170 - 160 * ((ACROSS - 0.5) ** 2 + (DOWN - 0.5) ** 2),
    "a lamp behind paper": 30 + 200 * np.exp(-((ACROSS - 0.3) ** 2 + (DOWN - 0.4) ** 2) / 0.05),
    "snow": out_of_focus(1, 150, 245, 0.024),
    "mud": out_of_focus(2, 10, 90, 0.024),
    "a bright blur": out_of_focus(4, 180, 230, 0.035),
    "a hand": fingers(),
}


@pytest.mark.parametrize("noise", [0, 9])
@pytest.mark.parametrize("cover", COVERS)
def test_a_covered_lens_is_named(cover, noise):
    chance = np.random.default_rng(noise)
    level = COVERS[cover][..., None]
    shots = [
        chance.normal(level, noise, (TALL, WIDE, 3)) if noise else np.repeat(level, 3, 2) for _ in range(3)
    ]
    pictures = [coded(np.clip(shot, 0, 255).astype(np.uint8)) for shot in shots]

    found = list(camera_findings(a_bridge(), Seen(cameras={"cam1": a_camera(pictures)}), lambda _: ""))

    assert [one.key for one in found] == ["camera.covered"]


def test_a_hand_that_passes_is_no_cover_and_a_moment_without_one_does_not_hide_it():
    road = three(lambda at: render_frame(Scene(**SMALL), (), at))
    cap = [np.full_like(road[0], 40)] * 3

    assert not is_covered([road[0], cap[0], road[2]])
    assert is_covered([cap[0], road[1], cap[2]])
