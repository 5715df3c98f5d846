"""What a thing takes from the light of the ground around it: under it, and behind it in the sun."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.render.scene import NEAR_M, Floats
from edge_agent.sim.street.scene import StreetScene, lens_of
from edge_agent.sim.street.solid import Solid
from edge_agent.sim.street.things import Thing, on_street, solid_of_thing

UNDER, SUNLESS = 0.42, 0.46  # of the light that is missing


@dataclass(frozen=True, slots=True)
class Shade:
    """What a thing takes from the light of the ground around it."""

    u0: int
    v0: int
    keeps: Image  # (h, w, 3), 255 = all light


@lru_cache(maxsize=768)
def shade_of(scene: StreetScene, thing: Thing) -> Shade | None:
    """Contact and sun shadow on the ground; None when none of it shows."""
    lens, solid = lens_of(scene), solid_of_thing(thing)
    if not any(solid.casts):
        return None
    points = on_street(solid, thing)[0]
    hulls = [(_contact(points, thing), UNDER)]
    if scene.sunny:
        hulls += [(spots, SUNLESS) for spots in _thrown(scene, solid, points)]
    drawn: list[tuple[Floats, float]] = []
    for spots, dark in hulls:
        seen = lens.to_camera(spots)
        if len(spots) >= 2 and seen[:, 2].min() > NEAR_M:
            drawn.append((lens.to_pixels(seen), dark))
    if not drawn:
        return None
    away = float(np.linalg.norm(points.mean(axis=0) - lens.place))
    blur = max(0.8, lens.focal_px * 0.03 / max(1.0, away))
    every = np.concatenate([p for p, _ in drawn])
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
    keeps = np.asarray(255 - soft * (0.55 if scene.dark else 1.0), np.uint8)
    return Shade(int(low[0]), int(low[1]), np.asarray(cv2.cvtColor(keeps, cv2.COLOR_GRAY2BGR), np.uint8))


def _thrown(scene: StreetScene, solid: Solid, points: Floats) -> list[Floats]:
    """Where the sun throws each group of shapes, on the ground."""
    way = scene.sun_m
    down = points - way * (points[:, 2:] / way[2])
    down[:, 1] = np.maximum(down[:, 1], 0.0)  # what falls on the wall is not drawn
    down[:, 2] = 0.0
    members: dict[int, list[Floats]] = defaultdict(list)
    for item in solid.items:
        if solid.casts[item.group]:
            members[item.group].append(down[item.start : item.start + item.count])
    return [np.concatenate(members[g]) for g in sorted(members)]


def _contact(points: Floats, thing: Thing) -> Floats:
    """Where it stands, a little larger."""
    near = points[points[:, 2] <= thing.z_mm / 1e3 + 0.3] if thing.z_mm == 0 else points
    if len(near) < 3:
        near = points
    middle = near.mean(axis=0)
    out: Floats = middle + (near - middle) * 1.08
    out[:, 2] = 0.0
    return out
