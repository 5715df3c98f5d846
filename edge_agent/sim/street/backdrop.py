"""What stands still in the picture: sky, shop fronts, pavement, road, the other side of it."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.render.scene import Floats
from edge_agent.sim.street.facade import MM_PER_PX, WALL_M, Flat, ground_of, wall_of
from edge_agent.sim.street.light import ambient
from edge_agent.sim.street.scene import StreetLens, StreetScene, lens_of

FAR_M = 45.0  # along the street; beyond it is haze
ACROSS_M = 4.0  # pavement on the other side


def _rays(scene: StreetScene, lens: StreetLens, enlarge: int) -> Floats:
    """World direction of each pixel of the enlarged picture, (h, w, 3)."""
    us = (np.arange(scene.width * enlarge) + 0.5) / enlarge
    vs = (np.arange(scene.height * enlarge) + 0.5) / enlarge
    u, v = np.meshgrid((us - lens.centre[0]) / lens.focal_px, (vs - lens.centre[1]) / lens.focal_px)
    camera = np.stack([u, v, np.ones_like(u)], axis=-1).astype(np.float32)
    return np.asarray(camera @ lens.axes.astype(np.float32))


def _sampled(flat: Flat, x_m: Floats, v_px: Floats, far: npt.NDArray[np.bool_]) -> Image:
    """The flat picture where the rays hit it; a coarser copy where one pixel shows much of it."""
    u_px = ((x_m - flat.x0_m) * 1000 / MM_PER_PX).astype(np.float32)
    fine = cv2.remap(
        flat.image, u_px, v_px.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    small = cv2.resize(flat.image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    coarse = cv2.remap(
        small, u_px / 4, v_px.astype(np.float32) / 4, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.where(far[..., None], coarse, fine)


def _sky(scene: StreetScene, way: Floats) -> Image:
    """By how high one looks."""
    up = np.clip(way[..., 2:] / np.linalg.norm(way, axis=-1, keepdims=True), 0, 0.6) / 0.6
    low, high = {
        "day": ((235, 225, 215), (225, 170, 120)),
        "overcast": ((215, 214, 212), (195, 192, 188)),
        "dusk": ((130, 130, 170), (120, 80, 70)),
        "night": ((50, 42, 40), (24, 18, 16)),
    }[scene.light]
    if scene.light == "day" and not scene.sunny:
        low, high = (225, 222, 218), (210, 205, 198)
    return np.asarray(np.array(low) * (1 - up) + np.array(high) * up, np.uint8)


@lru_cache(maxsize=12)
def backdrop(scene: StreetScene) -> Image:
    """The empty street, (height, width, 3) BGR. Callers must not write to it."""
    lens = lens_of(scene)
    enlarge = 2 if scene.width <= 720 else 1
    way = _rays(scene, lens, enlarge)
    eye = lens.place.astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_wall = np.where(way[..., 1] < -1e-6, -eye[1] / way[..., 1], np.inf)
        to_ground = np.where(way[..., 2] < -1e-6, -eye[2] / way[..., 2], np.inf)
        across = (scene.pavement_mm + scene.road_mm) / 1000 + ACROSS_M
        to_other = np.where(way[..., 1] > 1e-6, (across - eye[1]) / way[..., 1], np.inf)
    wall_z = eye[2] + way[..., 2] * np.where(np.isfinite(to_wall), to_wall, 0)
    other_z = eye[2] + way[..., 2] * np.where(np.isfinite(to_other), to_other, 0)
    wall = np.isfinite(to_wall) & (to_wall < to_ground) & (wall_z <= WALL_M)
    other = np.isfinite(to_other) & (to_other < to_ground) & (other_z <= WALL_M * 0.8) & ~wall
    ground = np.isfinite(to_ground) & ~wall & ~other & (to_ground < 400)
    reach = np.where(wall, to_wall, np.where(other, to_other, np.where(ground, to_ground, 0)))
    spot_x = eye[0] + way[..., 0] * reach
    spot_y = eye[1] + way[..., 1] * reach
    x0, x1 = float(eye[0]) - FAR_M, float(eye[0]) + FAR_M
    seen = spot_x[(wall | ground | other)]
    if seen.size:
        x0, x1 = max(x0, float(seen.min()) - 1), min(x1, float(seen.max()) + 1)
    x1 = max(x1, x0 + 4)
    image = _sky(scene, way)
    away = reach * np.linalg.norm(way, axis=-1)
    far = away * (1000 / MM_PER_PX) / (lens.focal_px * enlarge) > 1.6
    if ground.any():
        flat = ground_of(scene, x0, x1, across)
        laid = _sampled(flat, spot_x, np.clip(spot_y, 0, across) * 1000 / MM_PER_PX, far)
        image = np.where(ground[..., None], laid, image)
    front = wall_of(scene, x0, x1) if (wall.any() or other.any()) else None
    if front is not None:
        rows = front.image.shape[0]
        if wall.any():
            laid = _sampled(front, spot_x, rows - wall_z * 1000 / MM_PER_PX, far)
            image = np.where(wall[..., None], laid, image)
        if other.any():
            laid = _sampled(front, x0 + x1 - spot_x, rows - other_z * 1000 / MM_PER_PX, far)
            image = np.where(other[..., None], (laid * 0.8).astype(np.uint8), image)
    if scene.weather in ("wet", "rain"):
        image = _mirrored(scene, image, ground, spot_x, spot_y, front, way)
    image = _hazed(scene, image, away)
    out = cv2.resize(np.ascontiguousarray(image), (scene.width, scene.height), interpolation=cv2.INTER_AREA)
    result = np.asarray(out, np.uint8)
    result.flags.writeable = False
    return result


def _mirrored(
    scene: StreetScene,
    image: Image,
    ground: npt.NDArray[np.bool_],
    spot_x: Floats,
    spot_y: Floats,
    front: Flat | None,
    way: Floats,
) -> Image:
    """Fronts and sky in the wet ground, in patches."""
    if front is None:
        return image
    rng = np.random.default_rng((scene.seed, 25))
    with np.errstate(divide="ignore", invalid="ignore"):
        on = np.where(way[..., 1] < -1e-6, -spot_y / way[..., 1], np.inf)
    reach = np.where(np.isfinite(on), on, 0)  # a level look meets no front: 0 x infinity is no number
    high = np.where(np.isfinite(on), -way[..., 2] * reach, 1e3)
    hits = ground & (high < WALL_M)
    rows = front.image.shape[0]
    x = spot_x + way[..., 0] * reach
    back = cv2.blur(front.image, (9, 41))
    shown = _sampled(
        Flat(np.asarray(back, np.uint8), front.shine, front.x0_m), x, rows - high * 1000 / MM_PER_PX, hits
    )
    sky = np.asarray(np.broadcast_to(np.array([200, 198, 195]) * ambient(scene), image.shape), np.uint8)
    seen = np.where(hits[..., None], shown, sky)
    h, w = image.shape[:2]
    puddles = cv2.resize(rng.uniform(0, 1, (max(2, h // 26), max(2, w // 40))).astype(np.float32), (w, h))
    flat = -way[..., 2] / np.linalg.norm(way, axis=-1)
    share = (0.10 + 0.34 * np.clip(puddles - 0.35, 0, 1)) * (1.35 - flat)
    mix = np.where(ground, share, 0.0)[..., None]
    return np.asarray(image * (1 - mix) + seen * mix, np.uint8)


def _hazed(scene: StreetScene, image: Image, away: Floats) -> Image:
    """Distance fades to the colour of the air; rain and snow thicken it."""
    half = {"dry": 160.0, "wet": 120.0, "rain": 55.0, "snow": 45.0}[scene.weather]
    veil = (1 - 0.5 ** (away / half))[..., None]
    air = np.array(
        {"day": (225, 218, 210), "overcast": (208, 206, 203), "dusk": (110, 100, 115)}.get(
            scene.light, (40, 34, 32)
        )
    )
    return np.asarray(image * (1 - veil) + air * veil, np.uint8)
