"""What stands still in the picture: sky, land, river, bridge deck, lane markings, rails, lamp posts."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.sim.render.scene import Lens, Scene

Image = npt.NDArray[np.uint8]
Colour = tuple[float, float, float]

FAR_M = 600.0  # the road is drawn this far away from the camera, both ways
FRACTION = 3  # bits of sub-pixel position that OpenCV's polygons take


def fill(image: Image, pixels: npt.NDArray[np.float64], colour: Colour) -> None:
    """Paint a convex polygon (n, 2) with smooth edges; nothing when it is degenerate or far outside."""
    if len(pixels) < 3 or np.abs(pixels).max() > 30_000:
        return
    points = np.round(pixels * (1 << FRACTION)).astype(np.int32)
    cv2.fillConvexPoly(image, points, colour, lineType=cv2.LINE_AA, shift=FRACTION)


def tone(scene: Scene, colour: Colour, depth_m: float = 0.0) -> Colour:
    """A daylight colour as this scene's light and weather show it at a distance."""
    level, tint = {
        "day": (1.0, (1.0, 1.0, 1.0)),
        "overcast": (0.82, (1.03, 1.0, 0.97)),
        "dusk": (0.52, (1.15, 0.95, 0.9)),
        "night": (0.4, (1.2, 0.95, 0.85)),
    }[scene.light]
    if scene.weather == "rain":
        level *= 0.85
    b, g, r = (min(255.0, c * level * t) for c, t in zip(colour, tint, strict=True))
    if scene.weather == "fog" and depth_m > 0:
        veil = 1.0 - 0.5 ** (depth_m / 45.0)
        mist = haze(scene)
        b, g, r = (c + (m - c) * veil for c, m in zip((b, g, r), mist, strict=True))
    return b, g, r


def haze(scene: Scene) -> Colour:
    """The colour that distance fades to."""
    return {
        "day": (215.0, 212.0, 208.0),
        "overcast": (190.0, 188.0, 186.0),
        "dusk": (120.0, 105.0, 110.0),
    }.get(scene.light, (45.0, 38.0, 36.0))


def _strip(
    scene: Scene, lens: Lens, image: Image, y0: float, y1: float, x0: float, x1: float, colour: Colour
) -> None:
    """A rectangle on the road, metres, painted in pieces so that fog can thicken with distance."""
    pieces = 8 if scene.weather == "fog" and x1 - x0 > 30 else 1
    for k in range(pieces):
        a, b = x0 + (x1 - x0) * k / pieces, x0 + (x1 - x0) * (k + 1) / pieces
        corners = np.array([[a, y0, 0.0], [a, y1, 0.0], [b, y1, 0.0], [b, y0, 0.0]])
        depth = abs((a + b) / 2 - lens.place[0])
        fill(image, lens.polygon(corners), tone(scene, colour, depth))


def _sky(scene: Scene, image: Image, horizon: int, rng: np.random.Generator) -> None:
    top: Colour = {"day": (230, 180, 130), "overcast": (205, 200, 195)}.get(scene.light, (190, 140, 120))
    low: Colour = (235, 225, 215)
    rows = max(1, min(scene.height, horizon))
    for v in range(rows):
        mix = v / rows
        colour = tuple(a + (b - a) * mix for a, b in zip(top, low, strict=True))
        image[v, :] = tone(scene, colour, 200.0)  # type: ignore[arg-type]  # three numbers
    if scene.light in ("day", "dusk"):
        for _ in range(int(rng.integers(0, 6))):
            centre = (int(rng.integers(0, scene.width)), int(rng.integers(0, max(2, rows))))
            axes = (int(rng.integers(60, 240)), int(rng.integers(8, 30)))
            cv2.ellipse(
                image[:rows], centre, axes, 0, 0, 360, tone(scene, (240, 238, 236), 150.0), -1, cv2.LINE_AA
            )


def _skyline(scene: Scene, image: Image, horizon: int, rng: np.random.Generator) -> None:
    """Hills, trees or blocks along the horizon."""
    kind = rng.choice(["hills", "trees", "town"])
    u = -40
    while u < scene.width + 40:
        wide = int(rng.integers(20, 160 if kind != "trees" else 60))
        high = int(rng.integers(8, 40 if kind == "hills" else 110) * scene.focal_permille / 1100)
        if kind == "town":
            grey = float(rng.integers(90, 200))
            paint: Colour = (grey, grey * 0.98, grey * 0.95)
            cv2.rectangle(image, (u, horizon - high), (u + wide, horizon + 4), tone(scene, paint, 60.0), -1)
            for wy in range(horizon - high + 5, horizon - 4, 9):
                for wx in range(u + 4, u + wide - 4, 9):
                    lit = rng.random() < 0.3 and scene.light in ("dusk", "night")
                    pane: Colour = (120.0, 200.0, 240.0) if lit else tone(scene, (90, 80, 70), 60.0)
                    cv2.rectangle(image, (wx, wy), (wx + 3, wy + 4), pane, -1)
        else:
            b, g, r = (60.0, 95.0, 60.0) if rng.random() < 0.8 else (50.0, 90.0, 115.0)
            by = rng.uniform(0.7, 1.15)
            paint = (b * by, g * by, r * by)
            cv2.ellipse(
                image, (u, horizon), (wide, high), 0, 180, 360, tone(scene, paint, 60.0), -1, cv2.LINE_AA
            )
        u += max(8, wide // 2)


def _grain(image: Image, top: int, rng: np.random.Generator, strength: float) -> None:
    """Coarse and fine mottling of everything below `top`: asphalt, grass and water are never one colour."""
    area = image[max(0, top) :]
    if not area.size:
        return
    h, w = area.shape[:2]
    coarse = cv2.resize(
        rng.normal(0, strength, (max(2, h // 24), max(2, w // 24))).astype(np.float32), (w, h)
    )
    fine = rng.normal(0, strength * 0.6, (h, w)).astype(np.float32)
    mottled = area.astype(np.float32) + (coarse + fine)[:, :, None]
    area[:] = np.clip(mottled, 0, 255).astype(np.uint8)


def _markings(scene: Scene, lens: Lens, image: Image, x0: float, x1: float) -> None:
    white: Colour = (205, 208, 208)
    left, right = (e / 1e3 for e in scene.edges_mm)
    shoulder = scene.shoulder_mm / 1e3
    for y in (left + shoulder, right - shoulder):
        _strip(scene, lens, image, y - 0.08, y + 0.08, x0, x1, white)
    centres = sorted(lane.centre_mm for lane in scene.lanes)
    for a, b in pairwise(centres):
        y = (a + b) / 2e3
        x = x0 - x0 % 15
        while x < x1:
            _strip(scene, lens, image, y - 0.07, y + 0.07, x, x + 6.0, white)
            x += 15.0


def _rails(scene: Scene, lens: Lens, image: Image, x0: float, x1: float) -> None:
    """Parapets on both sides: posts and two bars, drawn far to near."""
    steel: Colour = (150, 152, 150)
    step = 2.5
    count = int((x1 - x0) / step)
    order = range(count) if lens.axes[2][0] < 0 else range(count - 1, -1, -1)
    for k in order:
        x = x0 + k * step
        depth = abs(x - lens.place[0])
        for y in (e / 1e3 + s for e, s in zip(scene.edges_mm, (-0.3, 0.3), strict=True)):
            post = np.array([[x, y, 0.0], [x + 0.15, y, 0.0], [x + 0.15, y, 1.1], [x, y, 1.1]])
            fill(image, lens.polygon(post), tone(scene, (120, 122, 120), depth))
            for low, high in ((0.5, 0.62), (1.0, 1.15)):
                bar = np.array([[x, y, low], [x + step, y, low], [x + step, y, high], [x, y, high]])
                fill(image, lens.polygon(bar), tone(scene, steel, depth))


def _posts(scene: Scene, lens: Lens, image: Image, x0: float, x1: float) -> None:
    """Street lamps every 30 m on the right; lit at dusk and night."""
    y = scene.edges_mm[1] / 1e3 + 0.6
    x = x0 - x0 % 30
    while x < x1:
        depth = abs(x - lens.place[0])
        if depth > 3:
            pole = np.array([[x, y, 0.0], [x + 0.18, y, 0.0], [x + 0.12, y, 9.0], [x, y, 9.0]])
            arm = np.array([[x, y, 8.9], [x, y - 1.8, 9.1], [x, y - 1.8, 9.2], [x, y, 9.0]])
            for quad in (pole, arm):
                fill(image, lens.polygon(quad), tone(scene, (110, 112, 112), depth))
            head = lens.to_camera(np.array([[x, y - 1.8, 9.05]]))
            if scene.light in ("dusk", "night") and head[0, 2] > 1:
                u, v = lens.to_pixels(head)[0]
                if -50 < u < scene.width + 50 and -50 < v < scene.height:
                    radius = max(1, int(lens.focal_px * 0.18 / head[0, 2]))
                    cv2.circle(image, (int(u), int(v)), radius, (190, 230, 255), -1, cv2.LINE_AA)
        x += 30.0


@lru_cache(maxsize=8)
def backdrop(scene: Scene) -> Image:
    """The empty scene, (height, width, 3) BGR. Callers must not write to it."""
    rng = np.random.default_rng((scene.seed, 11))
    lens = Lens(scene)
    image = np.zeros((scene.height, scene.width, 3), np.uint8)
    far = lens.place + np.array([lens.axes[2][0], lens.axes[2][1], 0.0]) * 5000.0
    horizon = int(lens.polygon(np.array([[far[0], far[1], 0.0]]))[0][1])
    _sky(scene, image, horizon, rng)
    land = ((75, 110, 90), (150, 130, 100), (70, 95, 75), (95, 115, 120))[int(rng.integers(4))]
    for v in range(max(0, horizon), scene.height):
        depth = lens.place[2] * lens.focal_px / max(1.0, float(v - horizon))
        image[v, :] = tone(scene, land, depth)
    if horizon > 0:
        _skyline(scene, image, horizon, rng)
    x0, x1 = lens.place[0] - FAR_M, lens.place[0] + FAR_M
    left, right = (e / 1e3 for e in scene.edges_mm)
    grey = float(rng.integers(85, 150)) * (0.7 if scene.weather == "rain" else 1.0)
    _strip(scene, lens, image, left - 0.5, right + 0.5, x0, x1, (grey * 1.25, grey * 1.25, grey * 1.22))
    _strip(scene, lens, image, left, right, x0, x1, (grey, grey, grey * 0.98))
    _grain(image, horizon, rng, 3.5)
    _markings(scene, lens, image, x0, x1)
    if scene.rails:
        _rails(scene, lens, image, x0, x1)
        _posts(scene, lens, image, x0, x1)
    image.flags.writeable = False
    return image
