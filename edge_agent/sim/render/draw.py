"""Frames of the bridge: passages at an instant, painted over the backdrop, with their true boxes."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.sim.kinematics import track
from edge_agent.sim.plate_face import far_plate_face
from edge_agent.sim.render.backdrop import Image, backdrop, fill, tone
from edge_agent.sim.render.bodies import Body, body_of, label_of
from edge_agent.sim.render.mounted import MountedPlate, as_seen
from edge_agent.sim.render.scene import NEAR_M, Floats, Lens, Scene, cut_near
from edge_agent.sim.render.stamp import stamp
from edge_agent.sim.world import Passage

VIEW_M = 170.0  # nothing farther than this from the camera is drawn
SMALLEST_PLATE_PX = 12  # wide; nothing on a smaller one can be told


@dataclass(frozen=True, slots=True)
class TrueBox:
    """Where a vehicle really is in the picture, pixels; truth for training and for tests."""

    passage_id: int
    label: str
    x_min: float
    y_min: float
    x_max: float
    y_max: float
    visible_permille: int  # of its outline within the frame, what no nearer vehicle covers
    inside_permille: int  # of its outline, what the frame contains


@lru_cache(maxsize=32)
def lens_of(scene: Scene) -> Lens:
    """The scene's lens, made once."""
    return Lens(scene)


def look_of(passage: Passage) -> int:
    """Seed of a vehicle's paint: the same vehicle looks the same wherever it is drawn."""
    return zlib.crc32(f"{passage.vehicle.kind}|{passage.vehicle.plate}|{passage.id}".encode())


@dataclass(frozen=True, slots=True)
class _Placed:
    """A vehicle at an instant, in camera coordinates."""

    passage: Passage
    body: Body
    corners: list[Floats]  # one array (n, 3) a polygon
    outward: npt.NDArray[np.bool_]  # which polygons face the camera
    depth: float  # of its nearest end, for the painter
    shadow: Floats


def _front_m(passage: Passage, t_ns: int) -> float:
    """Where the front bumper is, metres; a vehicle that braked to rest stays, as on the load cells."""
    legs = passage.motion.legs
    steady = len(legs) == 1 and not legs[0].a_mm_s2
    x = passage.motion.x_at(t_ns) if steady else float(track(passage.motion, np.array([t_ns]))[0][0])
    return (x + passage.vehicle.front_overhang_mm) / 1e3


def _place(scene: Scene, lens: Lens, passage: Passage, t_ns: int) -> _Placed | None:
    v = passage.vehicle
    front = _front_m(passage, t_ns)
    lane = scene.centre_of(passage.lane) / 1e3
    # Drifting sideways turns a vehicle by a degree or two; each part stands where its x puts it.
    lateral, drift = passage.lateral_at(0) / 1e3, passage.drift_mm_per_m / 1e3
    centre = lane + lateral + drift * front
    ahead = lens.axes[2][0]
    nearest = front if ahead < 0 else front - v.length_mm / 1e3
    farthest = front if ahead > 0 else front - v.length_mm / 1e3
    reach_near, reach_far = (nearest, farthest) if ahead > 0 else (-nearest, -farthest)
    eye = lens.place[0] if ahead > 0 else -lens.place[0]
    if reach_far < eye or reach_near > eye + VIEW_M:
        return None
    body = body_of(as_seen(passage), look_of(passage), scene.facing)
    counts = [len(p.corners) for p in body.polygons]
    local = np.concatenate([p.corners for p in body.polygons])
    world = np.stack(
        [front - local[:, 0], lane + lateral + drift * (front - local[:, 0]) + local[:, 1], local[:, 2]],
        axis=1,
    )
    seen = lens.to_camera(world)
    starts = np.cumsum([0, *counts[:-1]])
    first, second, third = seen[starts], seen[starts + 1], seen[starts + 2]
    normal = np.cross(second - first, third - first)
    outward = np.einsum("ij,ij->i", normal, first) > 0
    h, n = v.width_mm / 2e3 + 0.15, v.length_mm / 1e3
    ground = np.array(
        [
            [front + 0.2, centre - h - 0.4, 0.0],
            [front + 0.2, centre + h, 0.0],
            [front - n - 0.2, centre + h, 0.0],
            [front - n - 0.2, centre - h - 0.4, 0.0],
        ]
    )
    return _Placed(passage, body, np.split(seen, starts[1:]), outward, reach_near - eye, ground)


def _glow(image: Image, u: float, v: float, radius: int, colour: tuple[float, float, float]) -> None:
    """Add light around a lamp; squares that reach out of the frame are cut."""
    x0, y0, x1, y1 = int(u) - radius, int(v) - radius, int(u) + radius, int(v) + radius
    cx0, cy0, cx1, cy1 = max(0, x0), max(0, y0), min(image.shape[1], x1), min(image.shape[0], y1)
    if cx0 >= cx1 or cy0 >= cy1:
        return
    sprite = _sprite(radius)[cy0 - y0 : cy1 - y0, cx0 - x0 : cx1 - x0]
    light = (sprite[:, :, None] * np.array(colour)).astype(np.uint8)
    region = image[cy0:cy1, cx0:cx1]
    cv2.add(region, light, dst=region)


@lru_cache(maxsize=256)
def _sprite(radius: int) -> Floats:
    grid = np.arange(2 * radius) - radius + 0.5
    distance = np.hypot(grid[:, None], grid[None, :]) / radius
    out: Floats = np.clip(1 - distance, 0, 1) ** 2
    return out


def _write_plate(
    scene: Scene, image: Image, plate: MountedPlate, shade: float, pixels: Floats, depth: float
) -> None:
    """What stands on a plate, where the picture has room for it; else its colour has to do."""
    wide = float(max(np.linalg.norm(pixels[1] - pixels[0]), np.linalg.norm(pixels[2] - pixels[3])))
    if wide < SMALLEST_PLATE_PX:
        return
    veil = np.array(tone(scene, (0.0, 0.0, 0.0), depth))
    gain = (np.array(tone(scene, (1.0, 1.0, 1.0), depth)) - veil) * shade
    halvings = int(math.log2(max(1.0, 440 / wide)))
    face = far_plate_face(plate.text, plate.colour, plate.rows, halvings)
    stamp(image, face, pixels, lambda colours: np.minimum(veil + colours * gain, 255.0))


def _paint(scene: Scene, lens: Lens, image: Image, placed: _Placed) -> None:
    dark = scene.light in ("dusk", "night")
    shade = 0.55 if scene.light == "day" else 0.8
    road = backdrop(scene)[-40, scene.width // 2].astype(float) * shade
    fill(image, lens.polygon(placed.shadow), (road[0], road[1], road[2]))
    lamps: list[tuple[float, float, float, tuple[float, float, float]]] = []
    for polygon, corners, outward in zip(placed.body.polygons, placed.corners, placed.outward, strict=True):
        if not outward:
            continue
        cut = cut_near(corners)
        if len(cut) < 3:
            continue
        pixels = lens.to_pixels(cut)
        depth = float(cut[:, 2].mean())
        lit = polygon.lamp and dark
        fill(image, pixels, polygon.colour if lit else tone(scene, polygon.colour, depth))
        if polygon.plate and len(cut) == len(corners):
            _write_plate(scene, image, polygon.plate, polygon.shade, pixels, depth)
        if lit:
            u, v = pixels.mean(axis=0)
            lamps.append((u, v, depth, polygon.colour))
    for u, v, depth, colour in lamps:
        radius = int(np.clip(lens.focal_px * (0.9 if scene.light == "night" else 0.5) / depth, 3, 220))
        _glow(image, u, v, radius, colour)


@lru_cache(maxsize=4)
def _noise(seed: int, height: int, width: int, sd: int) -> tuple[Image, ...]:
    """Four pairs of tiles, what to add and what to take away; frames take them in turn."""
    rng = np.random.default_rng((seed, 12))
    tiles: list[Image] = []
    for _ in range(4):
        grain = rng.normal(0, sd, (height, width, 1)).repeat(3, axis=2)
        tiles.append(np.clip(grain, 0, 255).astype(np.uint8))
        tiles.append(np.clip(-grain, 0, 255).astype(np.uint8))
    return tuple(tiles)


def _rain(image: Image, seed: int, t_ns: int) -> None:
    rng = np.random.default_rng((seed, t_ns // 1_000_000))
    h, w = image.shape[:2]
    for _ in range(160):
        u, v, n = int(rng.integers(0, w)), int(rng.integers(0, h)), int(rng.integers(6, 26))
        cv2.line(image, (u, v), (u + n // 6, v + n), (170, 168, 165), 1, cv2.LINE_AA)


def _in_view(scene: Scene, lens: Lens, passages: Sequence[Passage], t_ns: int) -> list[_Placed]:
    """Vehicles in the picture, farthest first; of two equally far the lower id first."""
    placed = [p for p in (_place(scene, lens, q, t_ns) for q in passages) if p is not None]
    return sorted(placed, key=lambda p: (-p.depth, p.passage.id))


def render_frame(scene: Scene, passages: Sequence[Passage], t_ns: int) -> Image:
    """The picture at scenario time `t_ns`: (height, width, 3) BGR. Same arguments, same pixels."""
    lens = lens_of(scene)
    image: Image = backdrop(scene).copy()
    for placed in _in_view(scene, lens, passages, t_ns):
        _paint(scene, lens, image, placed)
    if scene.weather == "rain":
        _rain(image, scene.seed, t_ns)
    if scene.noise:
        tiles = _noise(
            scene.seed, scene.height, scene.width, scene.noise * (2 if scene.light == "night" else 1)
        )
        turn = (t_ns // 40_000_000) % 4 * 2
        cv2.add(image, tiles[turn], dst=image)
        cv2.subtract(image, tiles[turn + 1], dst=image)
    return image


def _outline(lens: Lens, placed: _Placed) -> Floats:
    """Pixels (n, 2) of everything of the vehicle that lies in front of the lens."""
    cuts = [cut_near(c) for c, out in zip(placed.corners, placed.outward, strict=True) if out]
    points = np.concatenate([c for c in cuts if len(c)] or [np.empty((0, 3))])
    return lens.to_pixels(points[points[:, 2] >= NEAR_M]) if len(points) else np.empty((0, 2))


def vehicle_boxes(scene: Scene, passages: Sequence[Passage], t_ns: int) -> list[TrueBox]:
    """The truth of `render_frame`: one box a vehicle in the picture, farthest first."""
    lens = lens_of(scene)
    small = 4  # visibility is counted on a mask of a quarter of the size
    mask = np.zeros((scene.height // small, scene.width // small), np.uint8)
    found: list[tuple[_Placed, Floats, int, int]] = []
    for index, placed in enumerate(_in_view(scene, lens, passages, t_ns)[-250:], start=1):
        outline = _outline(lens, placed)
        if len(outline) < 3:
            continue
        hull = cv2.convexHull(np.clip(outline / small, -8000, 8000).astype(np.float32)).astype(np.int32)
        alone = np.zeros_like(mask)
        cv2.fillConvexPoly(alone, hull, (1,))
        cv2.fillConvexPoly(mask, hull, (index,))
        found.append((placed, outline, index, int(alone.sum())))
    boxes: list[TrueBox] = []
    for placed, outline, index, inside in found:
        low, high = outline.min(axis=0), outline.max(axis=0)
        x0, y0 = np.clip(low, 0, (scene.width, scene.height))
        x1, y1 = np.clip(high, 0, (scene.width, scene.height))
        whole = cv2.contourArea(cv2.convexHull((outline / small).astype(np.float32)))
        if x1 <= x0 or y1 <= y0 or not inside:
            continue
        visible = 1000 * int((mask == index).sum()) // inside
        share = min(1000, int(1000 * inside / max(1.0, whole)))
        label = label_of(placed.passage.vehicle.kind)
        edges = (float(x0), float(y0), float(x1), float(y1))
        boxes.append(TrueBox(placed.passage.id, label, *edges, visible, share))
    return boxes
