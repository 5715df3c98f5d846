"""One thing as the camera sees it: a patch of colour with its transparency."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.render.scene import NEAR_M, Floats
from edge_agent.sim.street.brush import Brush, grained
from edge_agent.sim.street.light import level_at
from edge_agent.sim.street.scene import StreetLens, StreetScene, lens_of
from edge_agent.sim.street.solid import Item, Solid
from edge_agent.sim.street.things import Thing, on_street, solid_of_thing

FAR_M = 70.0  # nothing farther away is drawn
TOO_FAR_PX = 20_000  # outside the picture; OpenCV's coordinates overflow beyond
COVERED = 96  # of 255: a pixel covered so much is the thing's


@dataclass(frozen=True, slots=True)
class Sprite:
    """A drawn thing. Colours are already multiplied by their cover."""

    u0: int
    v0: int
    colour: Image  # (h, w, 3)
    through: Image  # (h, w, 3), 255 = the ground shows, 0 = covered
    mask: npt.NDArray[np.bool_]  # (h, w)
    box: tuple[float, float, float, float]  # edges of what is covered, pixels; cut to the frame
    inside_permille: int  # of its unclipped box
    depth: float
    glows: tuple[tuple[float, float, float], ...]  # (u, v, radius) of its lamps


def _brightness(scene: StreetScene, normals: Floats) -> Floats:
    """How much of the place's light each item's side gets, (items,)."""
    up = normals[:, 2]
    if scene.sunny:
        facing = np.maximum(normals @ scene.sun_m, 0.0)
        return np.asarray(0.66 + 0.12 * up + 0.40 * facing)
    side = 0.06 * normals[:, 0]
    return np.asarray(0.84 + 0.18 * up + side)


def _glow_of(item: Item, pixels: Floats, focal: float, depth: float) -> tuple[float, float, float]:
    u, v = pixels.mean(axis=0)
    return float(u), float(v), max(2.0, focal * max(item.radius * 3, 0.35) / depth)


def _order(solid: Solid, group_depths: Floats) -> list[int]:
    """Items in the painter's order; equal ones as they were built."""
    members: dict[int, list[int]] = defaultdict(list)
    for index, item in enumerate(solid.items):
        members[item.group].append(index)
    groups = sorted(members, key=lambda g: (int(solid.layers[g]), -float(group_depths[g]), g))
    return [index for group in groups for index in members[group]]


@lru_cache(maxsize=768)
def sprite_of(scene: StreetScene, thing: Thing) -> Sprite | None:
    """The thing drawn; None when it is not in the picture."""
    lens, solid = lens_of(scene), solid_of_thing(thing)
    depth = float(lens.to_camera(np.array([[thing.x_mm / 1e3, thing.y_mm / 1e3, 0.0]]))[0, 2])
    if depth > FAR_M:
        return None
    view = _seen(lens, solid, thing)
    if view.behind.all():
        return None
    low, high = _extent(lens, solid, view)
    frame = np.array([scene.width, scene.height])
    cut_low, cut_high = np.floor(np.clip(low, 0, frame)), np.ceil(np.clip(high, 0, frame))
    w, h = (int(x) for x in cut_high - cut_low)
    if w < 2 or h < 2:
        return None
    brush = Brush(cut_low, (h, w), 3 if w * h < 12_000 else 2)
    glows = _paint(scene, lens, solid, thing, view, brush)
    small = cv2.resize(brush.patch, (w, h), interpolation=cv2.INTER_AREA)
    patch = grained(np.asarray(small, np.uint8), thing.look)
    mask = patch[:, :, 3] > COVERED
    if not mask.any():
        return None
    vs, us = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    u0, v0 = int(cut_low[0]), int(cut_low[1])
    return Sprite(
        u0=u0,
        v0=v0,
        colour=np.ascontiguousarray(patch[:, :, :3]),
        through=np.asarray(cv2.cvtColor(255 - patch[:, :, 3], cv2.COLOR_GRAY2BGR), np.uint8),
        mask=mask,
        box=(float(u0 + us[0]), float(v0 + vs[0]), float(u0 + us[-1] + 1), float(v0 + vs[-1] + 1)),
        inside_permille=min(1000, int(1000 * w * h / max(float(np.prod(high - low)), 1.0))),
        depth=depth,
        glows=glows,
    )


@dataclass(frozen=True, slots=True)
class _View:
    """A solid where it stands, as the camera has it."""

    normals: Floats  # (items, 3)
    middles: Floats  # (items, 3), world
    groups: Floats  # (groups, 3), world
    seen: Floats  # (points, 3), camera
    pixels: Floats  # (points, 2)
    behind: npt.NDArray[np.bool_]  # (points,)


def _seen(lens: StreetLens, solid: Solid, thing: Thing) -> _View:
    points, normals, middles, groups = on_street(solid, thing)
    seen = lens.to_camera(points)
    behind = seen[:, 2] < NEAR_M
    pixels = lens.to_pixels(np.where(behind[:, None], [0.0, 0.0, NEAR_M], seen))
    return _View(normals, middles, groups, seen, pixels, behind)


def _extent(lens: StreetLens, solid: Solid, view: _View) -> tuple[Floats, Floats]:
    """Corners of what it covers, pixels, not cut to the frame."""
    swell = np.zeros(len(view.pixels))
    for item in solid.items:
        if item.radius:
            part = slice(item.start, item.start + item.count)
            swell[part] = item.radius * lens.focal_px / np.maximum(view.seen[part, 2], NEAR_M)
    kept = ~view.behind
    low = (view.pixels[kept] - swell[kept, None]).min(axis=0) - 1
    high = (view.pixels[kept] + swell[kept, None]).max(axis=0) + 1
    return low, high


def _paint(
    scene: StreetScene, lens: StreetLens, solid: Solid, thing: Thing, view: _View, brush: Brush
) -> tuple[tuple[float, float, float], ...]:
    """All shapes in order; returns the glows of lamps."""
    towards = np.einsum("ij,ij->i", view.normals, lens.place - view.middles)
    sideless = np.abs(view.normals).max(axis=1) == 0
    bright = _brightness(scene, view.normals)
    bright[sideless] = 0.86 if not scene.sunny else 0.92
    level = np.array(level_at(scene, round(thing.x_mm / 100), round(thing.y_mm / 100)))
    glows = []
    for index in _order(solid, np.linalg.norm(view.groups - lens.place, axis=1)):
        item = solid.items[index]
        part = slice(item.start, item.start + item.count)
        own = view.pixels[part]
        hidden = not sideless[index] and towards[index] <= 0
        if hidden or view.behind[part].any() or np.abs(own).max() > TOO_FAR_PX:
            continue
        lit = item.shines and scene.dark
        tone = np.clip(np.array(item.colour) * (1.0 if lit else bright[index] * level), 0, 255)
        colour = (float(tone[0]), float(tone[1]), float(tone[2]), 255.0)
        depth = float(view.seen[part, 2].mean())
        brush.shape(item.kind, own, item.radius * lens.focal_px / depth, item.flat, colour)
        if lit:
            glows.append(_glow_of(item, own, lens.focal_px, depth))
    return tuple(glows)
