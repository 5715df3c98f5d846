"""What comes between a plate and its picture: dirt, light, weather, speed, and the camera's own ways."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edge_agent.sim.render.backdrop import Colour, Image
from edge_agent.sim.render.scene import Floats

Rng = np.random.Generator


def soiled(rng: Rng, face: Image) -> Image:
    """A plate's face under dust and splashes of mud, thicker towards its foot."""
    tall, wide = face.shape[:2]
    mud = np.array([75.0, 98.0, 118.0]) * rng.uniform(0.6, 1.3)
    coarse = cv2.resize(rng.normal(0, 1, (5, 12)), (wide, tall), interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(rng.normal(0, 1, (24, 60)), (wide, tall), interpolation=cv2.INTER_CUBIC)
    foot = np.linspace(-0.6, 0.9, tall)[:, None]
    thick = coarse + 0.6 * fine + foot - rng.uniform(0.9, 2.0)
    cover = np.clip(2.0 * thick, 0.0, 0.92) + rng.uniform(0.05, 0.4)
    out = face + (mud - face) * np.minimum(cover, 0.95)[:, :, None]
    return np.asarray(out, np.uint8)


def with_light(image: Image, middle: Floats, radius: float, colour: Colour) -> Image:
    """Light spread around a place, as a lens spreads it; colours beyond white are cut."""
    tall, wide = image.shape[:2]
    x, y = np.arange(wide) - middle[0], np.arange(tall) - middle[1]
    distance = (x[None, :] ** 2 + y[:, None] ** 2) / (radius * radius)
    spread = 0.7 * np.exp(-distance * 2.0) + 0.3 / (1.0 + 4.0 * distance)
    return np.asarray(np.clip(image + spread[:, :, None] * np.array(colour), 0, 255), np.uint8)


def dazzled(rng: Rng, image: Image, middle: Floats, width_px: float) -> Image:
    """The sun on the plate or into the lens."""
    off = rng.uniform(-0.6, 0.6, 2) * width_px * np.array([1.0, 0.6])
    power = rng.uniform(90, 230)
    veiled = np.asarray(image * rng.uniform(0.7, 0.95) + rng.uniform(10, 50), np.uint8)
    return with_light(
        veiled, middle + off, width_px * rng.uniform(0.35, 1.1), (power * 0.9, power * 0.97, power)
    )


def benighted(rng: Rng, image: Image, lamps: Sequence[tuple[Floats, Colour]], width_px: float) -> Image:
    """Dark, with its lamps lit and spreading."""
    out = np.asarray(image * np.array([1.1, 0.95, 0.85]) * rng.uniform(0.10, 0.28), np.uint8)
    for middle, colour in lamps:
        power = rng.uniform(0.5, 1.2)
        b, g, r = (c * power for c in colour)
        out = with_light(out, middle, width_px * rng.uniform(0.25, 0.7), (b, g, r))
    return out


def moved(rng: Rng, image: Image, length_px: float) -> Image:
    """Smeared along the way the vehicle goes: towards the camera or away from it."""
    angle = np.pi / 2 + rng.normal(0, 0.35)
    size = int(np.ceil(length_px)) | 1
    kernel = np.zeros((size + 2, size + 2), np.float32)
    middle = np.array([(size + 2) // 2] * 2)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length_px / 2
    ends = [tuple(int(v * 16) for v in middle + sign * reach) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], (1.0,), 1, cv2.LINE_AA, 4)
    if not kernel.any():
        return image
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE).astype(np.uint8)


def rained_on(rng: Rng, image: Image) -> Image:
    """Streaks, spray, and drops on the glass before the lens."""
    tall, wide = image.shape[:2]
    out = np.asarray(image * 0.75 + rng.uniform(15, 45), np.uint8)
    blurred = cv2.GaussianBlur(out, (0, 0), 5.0)
    drops = np.zeros((tall, wide), np.float32)
    for _ in range(int(rng.integers(4, 14))):
        at = (int(rng.integers(wide)), int(rng.integers(tall)))
        cv2.circle(drops, at, int(rng.integers(4, 20)), (1.0,), -1, cv2.LINE_AA)
    wet = cv2.GaussianBlur(drops, (0, 0), 2.0)[:, :, None]
    out = np.asarray(out + (blurred.astype(np.float32) - out) * wet, np.uint8)
    streaks = out.copy()
    for _ in range(int(rng.integers(60, 200))):
        u, v, n = int(rng.integers(wide)), int(rng.integers(tall)), int(rng.integers(10, 36))
        cv2.line(streaks, (u, v), (u + n // 6, v + n), (190, 188, 186), 1, cv2.LINE_AA)
    return cv2.addWeighted(out, 0.55, streaks, 0.45, 0.0).astype(np.uint8)


def sensed(rng: Rng, image: Image, blur_px: float, noise: float) -> Image:
    """Through the lens onto the sensor: its blur and its noise, grey levels of one standard deviation."""
    soft = cv2.GaussianBlur(image, (0, 0), blur_px) if blur_px > 0 else image
    return np.asarray(np.clip(soft + rng.normal(0, noise, image.shape), 0, 255), np.uint8)


def encoded(image: Image, quality: int) -> Image:
    """As it comes out of a JPEG of this quality."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    back = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert back is not None
    return back.astype(np.uint8)
