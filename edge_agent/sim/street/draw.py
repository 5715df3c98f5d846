"""Pictures of the street: things painted over the backdrop, and the truth of where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.render.scene import Floats
from edge_agent.sim.street.backdrop import backdrop
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.shade import shade_of
from edge_agent.sim.street.sprite import Sprite, sprite_of
from edge_agent.sim.street.things import LABELS, Thing


@dataclass(frozen=True, slots=True)
class TrueBox:
    """Where a thing really is in the picture, pixels."""

    index: int  # of the thing, in the sequence that was drawn
    label: str
    x_min: float
    y_min: float
    x_max: float
    y_max: float
    visible_permille: int  # of what the frame contains of it, what nothing nearer covers
    inside_permille: int  # of it, what the frame contains


def _in_view(scene: StreetScene, things: Sequence[Thing]) -> list[tuple[int, Thing, Sprite]]:
    """Farthest first; of two equally far the earlier in the sequence first. The scene is a bare one."""
    drawn = [(i, thing, sprite_of(scene, thing)) for i, thing in enumerate(things)]
    shown = [(i, thing, sprite) for i, thing, sprite in drawn if sprite is not None]
    return sorted(shown, key=lambda s: (-s[2].depth, s[0]))


def _shine(image: Image, sprite: Sprite) -> None:
    """Light around its lamps."""
    for u, v, radius in sprite.glows:
        size = int(min(radius, 200))
        x0, y0 = int(u) - size, int(v) - size
        cx0, cy0 = max(0, x0), max(0, y0)
        cx1, cy1 = min(image.shape[1], x0 + 2 * size), min(image.shape[0], y0 + 2 * size)
        if cx0 >= cx1 or cy0 >= cy1:
            continue
        halo = _halo(size)[cy0 - y0 : cy1 - y0, cx0 - x0 : cx1 - x0]
        region = image[cy0:cy1, cx0:cx1]
        cv2.add(region, halo, dst=region)


@lru_cache(maxsize=128)
def _halo(radius: int) -> Image:
    grid = np.arange(2 * radius) - radius + 0.5
    near = np.clip(1 - np.hypot(grid[:, None], grid[None, :]) / max(1, radius), 0, 1) ** 2
    return np.asarray(near[:, :, None] * np.array([110, 160, 180]), np.uint8)


def _mirror(image: Image, sprite: Sprite) -> None:
    """Its reflection in wet ground, under its foot."""
    foot = int(sprite.box[3])
    if foot >= image.shape[0]:
        return
    tall = min(image.shape[0] - foot, foot - sprite.v0, sprite.colour.shape[0])
    if tall < 2:
        return
    upper = slice(foot - sprite.v0 - tall, foot - sprite.v0)
    colour = cv2.blur(sprite.colour[upper][::-1], (3, 7))
    cover = cv2.blur(255 - sprite.through[upper][::-1], (3, 7))
    region = image[foot : foot + tall, sprite.u0 : sprite.u0 + colour.shape[1]]
    fade = np.linspace(0.26, 0.05, tall)[:, None, None]
    mixed = region * (1 - cover / 255.0 * fade) + colour * fade
    region[:] = np.clip(mixed, 0, 255).astype(np.uint8)


def draw_things(scene: StreetScene, things: Sequence[Thing]) -> Image:
    """Backdrop and things, before the weather in the air and the camera: (height, width, 3) BGR."""
    scene = scene.bare
    image: Image = backdrop(scene).copy()
    shown = _in_view(scene, things)
    for _, thing, _ in shown:
        shade = shade_of(scene, thing)
        if shade is not None:
            h, w = shade.keeps.shape[:2]
            region = image[shade.v0 : shade.v0 + h, shade.u0 : shade.u0 + w]
            cv2.multiply(region, shade.keeps, dst=region, scale=1 / 255)
    if scene.weather in ("wet", "rain"):
        for _, _, sprite in shown:
            _mirror(image, sprite)
    for _, _, sprite in shown:
        h, w = sprite.mask.shape
        region = image[sprite.v0 : sprite.v0 + h, sprite.u0 : sprite.u0 + w]
        cv2.multiply(region, sprite.through, dst=region, scale=1 / 255)
        cv2.add(region, sprite.colour, dst=region)
        if sprite.glows:
            _shine(image, sprite)
    return image


@lru_cache(maxsize=4)
def _noise(seed: int, height: int, width: int, sd: int) -> tuple[Image, ...]:
    """Pairs of tiles, what to add and what to take away; frames take them in turn."""
    rng = np.random.default_rng((seed, 12))
    tiles: list[Image] = []
    for _ in range(4):
        grain = rng.normal(0, sd, (height, width, 1)) + rng.normal(0, sd * 0.4, (height, width, 3))
        tiles.append(np.clip(grain, 0, 255).astype(np.uint8))
        tiles.append(np.clip(-grain, 0, 255).astype(np.uint8))
    return tuple(tiles)


def _falling(scene: StreetScene, image: Image, t_ns: int) -> None:
    """Rain or snow in the air."""
    rng = np.random.default_rng((scene.seed, t_ns // 1_000_000 & 0xFFFFFFFF))
    h, w = image.shape[:2]
    count = 90 * w * h // (640 * 360)
    spots = rng.integers(0, (w, h), (count, 2))
    sizes = rng.integers(4, 18, count)
    bright = 90 if scene.dark else 185
    for (u, v), n in zip(spots.tolist(), sizes.tolist(), strict=True):
        if scene.weather == "snow":
            cv2.circle(image, (u, v), 1 + n // 12, (bright + 50,) * 3, -1, cv2.LINE_AA)
        else:
            cv2.line(image, (u, v), (u + n // 6, v + n), (bright, bright, bright - 4), 1, cv2.LINE_AA)


def _moved(image: Image, shift_px: tuple[float, float]) -> Image:
    """A camera that sways: the picture moved right and down by parts of pixels."""
    warp = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]], np.float32)
    size = (image.shape[1], image.shape[0])
    return np.asarray(
        cv2.warpAffine(image, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def render_street(
    scene: StreetScene, things: Sequence[Thing], t_ns: int = 0, shift_px: tuple[float, float] = (0.0, 0.0)
) -> Image:
    """The picture of these things at an instant: (height, width, 3) BGR. Same arguments, same pixels.

    Args:
        scene: view, light and weather.
        things: what stands there; those out of view cost next to nothing.
        t_ns: only chooses the noise and the drops.
        shift_px: a small sway of the camera, right and down.
    """
    return finish(scene, draw_things(scene, things), t_ns, shift_px)


def finish(scene: StreetScene, image: Image, t_ns: int, shift_px: tuple[float, float] = (0.0, 0.0)) -> Image:
    """What the air and the camera add to a drawn picture; the one given is used up."""
    if scene.weather in ("rain", "snow"):
        _falling(scene, image, t_ns)
    if shift_px != (0.0, 0.0):
        image = _moved(image, shift_px)
    soft = scene.soft_permille / 1000 * scene.width / 640
    if soft > 0.2:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), soft), np.uint8)
    if scene.gain_permille != 1_000:
        image = np.asarray(cv2.convertScaleAbs(image, alpha=scene.gain_permille / 1000), np.uint8)
    if scene.noise:
        sd = scene.noise * (2 if scene.light == "night" else 1)
        tiles = _noise(scene.seed, scene.height, scene.width, sd)
        turn = (t_ns // 40_000_000) % 4 * 2
        cv2.add(image, tiles[turn], dst=image)
        cv2.subtract(image, tiles[turn + 1], dst=image)
    return image


def street_boxes(
    scene: StreetScene, things: Sequence[Thing], shift_px: tuple[float, float] = (0.0, 0.0)
) -> list[TrueBox]:
    """The truth of `render_street`: a box for each labelled thing in the picture, farthest first."""
    scene = scene.bare
    covered = np.zeros((scene.height, scene.width), np.bool_)
    boxes: list[TrueBox] = []
    edge = np.array([scene.width, scene.height, scene.width, scene.height], float)
    for index, thing, sprite in reversed(_in_view(scene, things)):
        h, w = sprite.mask.shape
        region = covered[sprite.v0 : sprite.v0 + h, sprite.u0 : sprite.u0 + w]
        whole = int(sprite.mask.sum())
        free = int((sprite.mask & ~region).sum())
        region |= sprite.mask
        if thing.kind not in LABELS:
            continue
        moved: Floats = np.clip(np.array(sprite.box) + np.array([*shift_px, *shift_px]), 0, edge)
        x0, y0, x1, y1 = (float(m) for m in moved)
        if x1 > x0 and y1 > y0:
            share = 1000 * free // whole
            boxes.append(TrueBox(index, thing.kind, x0, y0, x1, y1, share, sprite.inside_permille))
    return boxes[::-1]
