"""The two copies of a still: one with marks for the officer, one with masks for the shop's owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge_agent.core.records import Detection
from edge_agent.core.units import Permille
from edge_agent.devices.camera.stills import Image, VehicleDetector
from edge_agent.devices.pictures.marks import drawn, strip
from edge_agent.devices.pictures.masks import masked
from edge_agent.devices.pictures.zone import ZoneDrawing

COPY = "复制件，非原件 COPY, not the original"
MASKED_COPY = "复制件，他人已遮挡 COPY, others are masked"


def marked_copy(
    image: Image, zone: ZoneDrawing, marks: Sequence[Detection], title: str, original_sha256: str
) -> Image:
    """The whole picture with zone, door line and boxes, and a strip that names the original."""
    lines = [title, f"{COPY} · SHA-256 {original_sha256[:16]}…"]
    return np.concatenate([drawn(image, zone, marks), strip(lines, image.shape[1])])


def shared_copy(
    image: Image,
    zone: ZoneDrawing,
    marks: Sequence[Detection],
    found: Sequence[Detection],
    title: str,
    surroundings: int,
) -> Image:
    """The part around the zone, drawn the same way, with everybody else in it masked.

    Args:
        image: (h, w, 3) BGR.
        zone: the shop's.
        marks: what the case is about.
        found: every box that the model gave: whom to mask.
        title: first line of the strip.
        surroundings: permille of the picture around the zone that stay sharp.
    """
    hidden, (x0, y0, x1, y1) = masked(image, zone, found, marks, surroundings)
    part = drawn(hidden, zone, marks)[y0:y1, x0:x1]
    return np.concatenate([part, strip([title, MASKED_COPY], x1 - x0)])


def nearby(image: Image, zone: ZoneDrawing, detector: VehicleDetector) -> tuple[Detection, ...]:
    """Boxes of the picture's half around the zone, where small people are twice as large to the model."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = part = _half_around(zone, width, height)
    return tuple(_in_whole(d, part, width, height) for d in detector.detect([image[y0:y1, x0:x1]])[0])


def no_wider(image: Image, limit: int) -> Image:
    """The picture, made smaller where it is wider than `limit` pixels."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are made

    height, width = image.shape[:2]
    if width <= limit:
        return image
    size = (limit, max(1, height * limit // width))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _half_around(zone: ZoneDrawing, width: int, height: int) -> tuple[int, int, int, int]:
    """Half the picture's width and height, around the zone's middle as far as the picture goes."""
    xs, ys = [x for x, _ in zone.polygon], [y for _, y in zone.polygon]
    x0 = min(max(0, (min(xs) + max(xs)) // 2 - 250), 500) * width // 1000
    y0 = min(max(0, (min(ys) + max(ys)) // 2 - 250), 500) * height // 1000
    return x0, y0, x0 + width // 2, y0 + height // 2


def _in_whole(d: Detection, part: tuple[int, int, int, int], width: int, height: int) -> Detection:
    """A box seen in a part of the picture, in permille of the whole."""
    x0, y0, x1, y1 = part

    def across(value: int) -> Permille:
        return Permille((x0 * 1000 + value * (x1 - x0)) // width)

    def down(value: int) -> Permille:
        return Permille((y0 * 1000 + value * (y1 - y0)) // height)

    return replace(d, x_min=across(d.x_min), y_min=down(d.y_min), x_max=across(d.x_max), y_max=down(d.y_max))
