"""One picture of one plate: its face seen from where the camera hangs, on a vehicle, under a condition."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, product

import cv2
import numpy as np

from edge_agent.sim import plates
from edge_agent.sim.plate_face import plate_face
from edge_agent.sim.plate_shots import conditions
from edge_agent.sim.plate_shots.surroundings import Plane, draw_vehicle_end
from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.render.scene import Floats
from edge_agent.sim.render.stamp import stamp

Rng = np.random.Generator
SIZE = (640, 400)  # width, height, px
WIDTH_PX = (90.0, 190.0)  # of the plate
SMALL_PX = (44.0, 66.0)
FARTHER = 0.93  # a vehicle at 25 km/h, 12 m away, 120 ms before
KINDS = (
    "blue", "yellow", "yellow_double", "trailer_double", "green", "yellow_green", "police", "black",
    "learner",
)  # fmt: skip
CONDITIONS = ("clean", "dirt", "glare", "night", "motion", "rain", "small", "jpeg")


@dataclass(frozen=True, slots=True, eq=False)
class PlateShot:
    """A picture and what is true of it."""

    image: Image  # (400, 640, 3) BGR
    text: str
    kind: str  # one of `KINDS`
    condition: str  # one of `CONDITIONS`
    corners: Floats  # (4, 2) px, of the plate from its top left clockwise


def plate_shots(seed: int) -> Iterator[PlateShot]:
    """Without end: every kind under every condition, again and again, never the same."""
    for number in count():
        for kind, condition in product(KINDS, CONDITIONS):
            yield plate_shot((seed, number), kind, condition)


def plate_shot(
    seed: int | tuple[int, ...], kind: str, condition: str, width_px: float | None = None, frame: int = 0
) -> PlateShot:
    """Draw one. The same arguments give the same pixels.

    Args:
        seed: of everything that varies.
        kind: one of `KINDS`.
        condition: one of `CONDITIONS`.
        width_px: of the plate's upper edge; None draws one.
        frame: of the same passage: 0 is the nearest picture of the vehicle, each further one is as much
            farther off. Plate, dirt and light stay, noise does not.

    Raises:
        ValueError: no such kind or condition.
    """
    if kind not in KINDS or condition not in CONDITIONS:
        raise ValueError(f"no such kind or condition: {kind!r}, {condition!r}")
    whole = (seed,) if isinstance(seed, int) else seed
    rng = np.random.default_rng((*whole, KINDS.index(kind), CONDITIONS.index(condition)))
    text, colour, rows = _plate_of(rng, kind)
    if width_px is None:
        width_px = float(rng.uniform(*(SMALL_PX if condition == "small" else WIDTH_PX)))
    width_px *= FARTHER**frame
    face = plate_face(text, colour, rows)
    if condition == "dirt":
        face = conditions.soiled(rng, face)
    height_mm, width_mm = face.shape[:2]
    matrix = _viewed(rng, width_mm, width_px)
    plane = Plane(_ground(rng), matrix)
    large = kind in ("yellow", "yellow_double", "trailer_double", "yellow_green")
    rear = rows == 2 or (kind != "yellow" and bool(rng.random() < 0.5))
    draw_vehicle_end(rng, plane, large=large, rear=rear)
    corners = plane.pixels(-width_mm / 2, -height_mm / 2, width_mm / 2, height_mm / 2)
    image = plane.image
    light = 1.0
    if condition == "night":
        image = conditions.benighted(rng, image, plane.lamps, width_px)
        light = float(rng.uniform(0.35, 1.3))  # a plate throws headlights back: dark to overexposed
    shade = rng.uniform(0.8, 1.05) * light
    stamp(image, face, corners, lambda colours: np.minimum(colours * shade, 255.0))
    if frame:
        rng = np.random.default_rng((*whole, KINDS.index(kind), CONDITIONS.index(condition), frame))
    return PlateShot(_taken(rng, image, condition, corners, width_px), text, kind, condition, corners)


def _plate_of(rng: Rng, kind: str) -> tuple[str, str, int]:
    """Text, colour and rows; every province is as likely as another."""
    match kind:
        case "blue":
            text, colour = plates.ordinary(rng), "blue"
        case "yellow" | "yellow_double":
            text, colour = plates.ordinary(rng), "yellow"
        case "trailer_double":
            text, colour = plates.trailer(rng), "yellow"
        case "green":
            text, colour = plates.new_energy(rng, large=False), "green"
        case "yellow_green":
            text, colour = plates.new_energy(rng, large=True), "yellow_green"
        case "police":
            text, colour = plates.marked(rng, "警"), "white"
        case "learner":
            text, colour = plates.marked(rng, "学"), "yellow"
        case _:
            return _black(rng), "black", 1
    province = plates.PROVINCES[int(rng.integers(len(plates.PROVINCES)))]
    return province + text[1:], colour, 2 if kind.endswith("double") else 1


def _black(rng: Rng) -> str:
    kind = int(rng.integers(3))
    if kind == 0:
        return plates.cross_border(rng)
    return plates.marked(rng, "领") if kind == 1 else plates.embassy(rng)


def _viewed(rng: Rng, width_mm: int, width_px: float) -> Floats:
    """Homography (3, 3) from the plate's plane to pixels: a camera above the road, not quite before it."""
    yaw, pitch, roll = rng.uniform(-0.45, 0.45), rng.uniform(0.05, 0.40), rng.normal(0, 0.04)
    focal = 2.0 * SIZE[0]
    (cy, sy), (cp, sp), (cr, sr) = ((math.cos(a), math.sin(a)) for a in (yaw, pitch, roll))
    turn_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    turn_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    turn_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    axes = turn_z @ turn_x @ turn_y
    u, v = SIZE[0] * rng.uniform(0.35, 0.65), SIZE[1] * rng.uniform(0.45, 0.75)
    lens = np.array([[focal, 0, u], [0, focal, v], [0, 0, 1.0]])
    distance = focal * width_mm / width_px
    for _ in range(3):  # perspective shortens a little: come closer until the plate is as wide as asked for
        matrix = lens @ np.stack([axes[:, 0], axes[:, 1], np.array([0, 0, distance])], axis=1)
        ends = np.array([[-width_mm / 2, 0, 1.0], [width_mm / 2, 0, 1.0]]) @ matrix.T
        seen = ends[:, :2] / ends[:, 2:]
        distance *= float(np.linalg.norm(seen[1] - seen[0])) / width_px
    out: Floats = matrix
    return out


def _ground(rng: Rng) -> Image:
    """Road, and what is above it out of focus."""
    width, height = SIZE
    grey = rng.uniform(70, 150)
    image = np.empty((height, width, 3), np.float64)
    image[:] = np.linspace(grey * 1.15, grey * 0.9, height)[:, None, None]
    cloud = rng.normal(0, 14, (8, 12, 1)).repeat(3, axis=2) + rng.normal(0, 5, (8, 12, 3))
    image += cv2.resize(cloud, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def _taken(rng: Rng, image: Image, condition: str, corners: Floats, width_px: float) -> Image:
    """The scene as the camera hands it on."""
    blur, noise, quality = rng.uniform(0.5, 0.9), rng.uniform(1.5, 4.0), int(rng.integers(80, 93))
    match condition:
        case "glare":
            image = conditions.dazzled(rng, image, corners.mean(axis=0), width_px)
        case "motion":
            image = conditions.moved(rng, image, width_px * rng.uniform(0.02, 0.07))
        case "rain":
            image, blur = conditions.rained_on(rng, image), blur + 0.3
        case "night":
            noise, blur = rng.uniform(5.0, 13.0), blur + 0.3
        case "jpeg":
            quality = int(rng.integers(8, 24))
        case _:
            pass
    return conditions.encoded(conditions.sensed(rng, image, blur, noise), quality)
