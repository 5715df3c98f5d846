"""One thing as the camera sees it: a patch of colour with its transparency, and the shadow on the ground."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.sim.render.backdrop import FRACTION, Image
from edge_agent.sim.render.scene import NEAR_M, Floats
from edge_agent.sim.street.light import level_at
from edge_agent.sim.street.scene import StreetLens, StreetScene, lens_of
from edge_agent.sim.street.solid import Item, Solid
from edge_agent.sim.street.things import Thing, solid_of_thing

FAR_M = 70.0  # nothing farther away is drawn


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


@dataclass(frozen=True, slots=True)
class Shade:
    """What a thing takes from the light of the ground around it."""

    u0: int
    v0: int
    keeps: Image  # (h, w, 3), 255 = all light


def placed(solid: Solid, thing: Thing) -> tuple[Floats, Floats, Floats, Floats]:
    """World points, normals, middles of items and of groups."""
    c, s = math.cos(math.radians(thing.yaw_deg)), math.sin(math.radians(thing.yaw_deg))
    turn = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    at = np.array([thing.x_mm / 1e3, thing.y_mm / 1e3, thing.z_mm / 1e3])
    return (
        solid.points @ turn + at,
        solid.normals @ turn,
        solid.middles @ turn + at,
        solid.group_middles @ turn + at,
    )


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


class _Brush:
    """Paints shapes into an enlarged patch."""

    def __init__(self, low: Floats, shape: tuple[int, int], enlarge: int) -> None:
        self.low, self.enlarge = low, enlarge
        self.patch = np.zeros((shape[0] * enlarge, shape[1] * enlarge, 4), np.uint8)

    def _fixed(self, pixels: Floats) -> npt.NDArray[np.int32]:
        return np.round((pixels - self.low) * self.enlarge * (1 << FRACTION)).astype(np.int32)

    def face(self, pixels: Floats, colour: tuple[float, ...]) -> None:
        cv2.fillConvexPoly(self.patch, self._fixed(pixels), colour, shift=FRACTION)

    def ball(self, pixel: Floats, radius: float, flat: float, colour: tuple[float, ...]) -> None:
        middle = self._fixed(pixel)
        axes = (
            max(1, round(radius * self.enlarge * (1 << FRACTION))),
            max(1, round(radius * flat * self.enlarge * (1 << FRACTION))),
        )
        at = (int(middle[0]), int(middle[1]))
        cv2.ellipse(self.patch, at, axes, 0, 0, 360, colour, -1, shift=FRACTION)
        if radius * self.enlarge > 4:  # a lighter upper left makes it round
            lit = (*(min(255.0, c * 1.18 + 6) for c in colour[:3]), 255)
            off = (at[0] - axes[0] // 4, at[1] - axes[1] // 3)
            cv2.ellipse(
                self.patch, off, (axes[0] * 3 // 5, axes[1] * 3 // 5), 0, 0, 360, lit, -1, shift=FRACTION
            )

    def rod(self, pixels: Floats, radius: float, colour: tuple[float, ...]) -> None:
        a, b = self._fixed(pixels)
        thick = max(1, round(radius * 2 * self.enlarge))
        cv2.line(self.patch, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), colour, thick, shift=FRACTION)


def _order(solid: Solid, group_depths: Floats) -> list[int]:
    """Items in the painter's order; equal ones as they were built."""
    members: dict[int, list[int]] = defaultdict(list)
    for index, item in enumerate(solid.items):
        members[item.group].append(index)
    groups = sorted(members, key=lambda g: (int(solid.layers[g]), -float(group_depths[g]), g))
    return [index for group in groups for index in members[group]]


def _grained(patch: npt.NDArray[np.uint8], look: int) -> npt.NDArray[np.uint8]:
    """Nothing real has one even colour."""
    h, w = patch.shape[:2]
    tile = _grain_tile()
    du, dv = look % 64, look // 64 % 64
    grain = tile[dv : dv + h, du : du + w]
    if grain.shape[:2] != (h, w):
        return patch
    cover = patch[:, :, 3:4].astype(np.int16)
    mottled = patch[:, :, :3].astype(np.int16) + (grain * cover >> 8)
    patch[:, :, :3] = np.clip(mottled, 0, 255).astype(np.uint8)
    return patch


@lru_cache(maxsize=1)
def _grain_tile() -> npt.NDArray[np.int16]:
    rng = np.random.default_rng(5)
    size = (1100, 2000)
    coarse = cv2.resize(rng.normal(0, 7, (size[0] // 6, size[1] // 6)).astype(np.float32), size[::-1])
    return np.asarray((coarse + rng.normal(0, 4, size))[:, :, None], np.int16)


@lru_cache(maxsize=768)
def sprite_of(scene: StreetScene, thing: Thing) -> Sprite | None:
    """The thing drawn; None when it is not in the picture."""
    lens, solid = lens_of(scene), solid_of_thing(thing)
    points, normals, middles, groups = placed(solid, thing)
    seen = lens.to_camera(points)
    depth = float(lens.to_camera(np.array([[thing.x_mm / 1e3, thing.y_mm / 1e3, 0.0]]))[0, 2])
    if depth > FAR_M or seen[:, 2].max() < NEAR_M:
        return None
    behind = seen[:, 2] < NEAR_M
    pixels = lens.to_pixels(np.where(behind[:, None], [0.0, 0.0, NEAR_M], seen))
    swell = np.zeros(len(points))
    for item in solid.items:
        if item.radius:
            part = slice(item.start, item.start + item.count)
            swell[part] = item.radius * lens.focal_px / np.maximum(seen[part, 2], NEAR_M)
    kept = ~behind
    low = (pixels[kept] - swell[kept, None]).min(axis=0) - 1
    high = (pixels[kept] + swell[kept, None]).max(axis=0) + 1
    whole = float(np.prod(high - low))
    frame = np.array([scene.width, scene.height])
    cut_low, cut_high = np.floor(np.clip(low, 0, frame)), np.ceil(np.clip(high, 0, frame))
    w, h = (int(x) for x in cut_high - cut_low)
    if w < 2 or h < 2:
        return None
    enlarge = 3 if w * h < 12_000 else 2
    brush = _Brush(cut_low, (h, w), enlarge)
    glows = _paint(scene, lens, solid, thing, brush, (seen, pixels, behind), normals, middles, groups)
    patch = cv2.resize(brush.patch, (w, h), interpolation=cv2.INTER_AREA)
    patch = _grained(np.asarray(patch, np.uint8), thing.look)
    mask = patch[:, :, 3] > 96
    if not mask.any():
        return None
    vs, us = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (cut_low[0] + us[0], cut_low[1] + vs[0], cut_low[0] + us[-1] + 1, cut_low[1] + vs[-1] + 1)
    through = cv2.cvtColor(255 - patch[:, :, 3], cv2.COLOR_GRAY2BGR)
    return Sprite(
        u0=int(cut_low[0]),
        v0=int(cut_low[1]),
        colour=np.ascontiguousarray(patch[:, :, :3]),
        through=np.asarray(through, np.uint8),
        mask=mask,
        box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        inside_permille=min(1000, int(1000 * w * h / max(whole, 1.0))),
        depth=depth,
        glows=glows,
    )


def _paint(
    scene: StreetScene,
    lens: StreetLens,
    solid: Solid,
    thing: Thing,
    brush: _Brush,
    projected: tuple[Floats, Floats, npt.NDArray[np.bool_]],
    normals: Floats,
    middles: Floats,
    groups: Floats,
) -> tuple[tuple[float, float, float], ...]:
    """All shapes in order; returns the glows of lamps."""
    seen, pixels, behind = projected
    sides = np.einsum("ij,ij->i", normals, lens.place - middles)
    sideless = ~normals.any(axis=1)
    shown = (sides > 0) | sideless
    bright = _brightness(scene, normals)
    bright[sideless] = 0.86 if not scene.sunny else 0.92
    level = np.array(level_at(scene, round(thing.x_mm / 100), round(thing.y_mm / 100)))
    shining = scene.dark
    glows = []
    depths = np.linalg.norm(groups - lens.place, axis=1)
    for index in _order(solid, depths):
        item = solid.items[index]
        part = slice(item.start, item.start + item.count)
        if not shown[index] or behind[part].any():
            continue
        own = pixels[part]
        if np.abs(own).max() > 20_000:
            continue
        lit = item.shines and shining
        tone = np.array(item.colour) * (1.0 if lit else bright[index] * level)
        b, g, r = (float(c) for c in np.clip(tone, 0, 255))
        colour = (b, g, r, 255.0)
        if item.kind == "face":
            brush.face(own, colour)
        else:
            size = item.radius * lens.focal_px / float(seen[part, 2].mean())
            if item.kind == "ball":
                brush.ball(own[0], size, item.flat, colour)
            else:
                brush.rod(own, size, colour)
        if lit:
            glows.append(_glow_of(item, own, lens.focal_px, float(seen[part, 2].mean())))
    return tuple(glows)


@lru_cache(maxsize=768)
def shade_of(scene: StreetScene, thing: Thing) -> Shade | None:
    """Contact and sun shadow on the ground; None when none of it shows."""
    lens, solid = lens_of(scene), solid_of_thing(thing)
    if not solid.casts or not any(solid.casts):
        return None
    points = placed(solid, thing)[0]
    hulls = [(_contact(points, thing), 0.42)]
    if scene.sunny:
        way = scene.sun_m
        down = points - way * (points[:, 2:] / way[2])
        down[:, 1] = np.maximum(down[:, 1], 0.0)  # what falls on the wall is not drawn
        down[:, 2] = 0.0
        members: dict[int, list[Floats]] = defaultdict(list)
        for item in solid.items:
            if solid.casts[item.group]:
                members[item.group].append(down[item.start : item.start + item.count])
        hulls += [(np.concatenate(members[g]), 0.46) for g in sorted(members)]
    drawn: list[tuple[Floats, float]] = []
    for spots, dark in hulls:
        seen = lens.to_camera(spots)
        if len(spots) >= 2 and seen[:, 2].min() > NEAR_M:
            drawn.append((lens.to_pixels(seen), dark))
    if not drawn:
        return None
    every = np.concatenate([p for p, _ in drawn])
    blur = max(0.8, lens.focal_px * 0.03 / max(1.0, float(np.linalg.norm(points.mean(axis=0) - lens.place))))
    pad = 3 * blur + 1
    frame = np.array([scene.width, scene.height])
    low = np.floor(np.clip(every.min(axis=0) - pad, 0, frame))
    w, h = (int(x) for x in np.ceil(np.clip(every.max(axis=0) + pad, 0, frame)) - low)
    if w < 2 or h < 2:
        return None
    dark_map = np.zeros((h, w), np.uint8)
    for pixels, dark in drawn:
        hull = cv2.convexHull(np.round((pixels - low) * 8).astype(np.int32))
        layer = np.zeros((h, w), np.uint8)
        cv2.fillConvexPoly(layer, hull, (dark * 255,), shift=3)
        np.maximum(dark_map, layer, out=dark_map)
    soft = cv2.GaussianBlur(dark_map, (0, 0), blur)
    strength = 0.55 if scene.dark else 1.0
    keeps = np.asarray(255 - soft * strength, np.uint8)
    return Shade(int(low[0]), int(low[1]), np.asarray(cv2.cvtColor(keeps, cv2.COLOR_GRAY2BGR), np.uint8))


def _contact(points: Floats, thing: Thing) -> Floats:
    """Where it stands, a little larger."""
    near = points[points[:, 2] <= thing.z_mm / 1e3 + 0.3] if thing.z_mm == 0 else points
    if len(near) < 3:
        near = points
    middle = near.mean(axis=0)
    out: Floats = middle + (near - middle) * 1.08
    out[:, 2] = 0.0
    return out
