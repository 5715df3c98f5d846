"""A flat picture as it looks from where the camera stands: warped onto the four corners where it appears."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.render.scene import Floats


def stamp(
    image: Image, flat: Image, corners: Floats, relight: Callable[[Floats], Floats] | None = None
) -> None:
    """Paint a picture onto a quadrilateral; what lies outside of the image is left out.

    Args:
        image: (h, w, 3) BGR, painted on.
        flat: (h, w, 3) BGR, what is seen, from the front.
        corners: (4, 2) px: where its top left, top right, bottom right and bottom left are.
        relight: from colours under white light to those of the scene, (..., 3) of 0 to 255.
    """
    tall, wide = image.shape[:2]
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 2, (wide, tall))
    if x0 >= x1 or y0 >= y1:
        return
    small = _shrunk(flat, corners)
    h, w = small.shape[:2]
    ends = np.array([[-0.5, -0.5], [w - 0.5, -0.5], [w - 0.5, h - 0.5], [-0.5, h - 0.5]], np.float32)
    matrix = cv2.getPerspectiveTransform(ends, (corners - (x0, y0)).astype(np.float32))
    size = (int(x1 - x0), int(y1 - y0))
    seen = cv2.warpPerspective(small, matrix, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float64)
    cover = cv2.warpPerspective(np.ones((h, w), np.float32), matrix, size)[:, :, None]
    part = image[y0:y1, x0:x1]
    colours = relight(seen) if relight else seen
    part[:] = np.round(part + (colours - part) * cover).astype(np.uint8)


def _shrunk(flat: Image, corners: Floats) -> Image:
    """No larger than it will appear: warped from its full size, strokes would fall between the pixels."""
    top, right, bottom, left = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    h, w = flat.shape[:2]
    size = (min(w, max(2, round(max(top, bottom)))), min(h, max(2, round(max(left, right)))))
    return flat if size == (w, h) else cv2.resize(flat, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
