"""Put there, or taken away? Both differ from the reference, and only one of them is a thing.

Two witnesses. The outline: what appeared draws it in the picture, what went drew it in the reference.
The ground: what is inside is unlike what is around it in that one of the two pictures in which a thing
stands. Each is a logarithm of a ratio, positive for a thing that is there; they are added.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_agent.devices.scene.pixels import Box, Floats, Mask, opencv

OUTLINE = 1.5  # px, how far from a blob's edge its outline is looked for
RIM = 8  # px around a blob's box that are looked at
RING = (2, 6)  # px, from .. to outside a blob: the ground around it
BINS = 16  # of brightness
# Keeps ratios of two small numbers near 1: grey levels of a step, and nats of unlikeness.
FAINT_STEP, FAINT_UNLIKE = 0.5, 0.01


def presence(mask: Mask, box: Box, now: Floats, was: Floats, free: Mask) -> float | None:
    """How much more a thing is in the picture than in the reference; None when it cannot be seen.

    Args:
        mask: of the blob, in its box.
        box: in px of `now`.
        now: (h, w) brightness of the picture, exposure taken out.
        was: same, of the reference.
        free: pixels that nobody hides.
    """
    tall, wide = now.shape
    x0, y0 = max(0, box[0] - RIM), max(0, box[1] - RIM)
    part = slice(y0, min(tall, box[3] + RIM)), slice(x0, min(wide, box[2] + RIM))
    blob = np.zeros(now[part].shape, np.float32)
    blob[box[1] - y0 : box[3] - y0, box[0] - x0 : box[2] - x0] = mask
    seen = free[part]
    across = _gradient(opencv().GaussianBlur(blob, (0, 0), OUTLINE)) * seen
    steps = [float(np.abs((_gradient(p[part]) * across).sum(axis=0)).sum()) for p in (now, was)]
    total = float(np.hypot(across[0], across[1]).sum())
    inside = (blob > 0) & seen
    ring = (_grown(blob, RING[1]) > _grown(blob, RING[0])) & seen
    if total <= 0 or not inside.any() or not ring.any():
        return None
    unlike = [_unlike(p[part][inside], p[part][ring]) for p in (now, was)]
    outline = np.log((steps[0] / total + FAINT_STEP) / (steps[1] / total + FAINT_STEP))
    return float(outline + np.log((unlike[0] + FAINT_UNLIKE) / (unlike[1] + FAINT_UNLIKE)))


def _gradient(image: Floats) -> Floats:
    """(2, h, w): along x and along y."""
    cv2 = opencv()
    return np.stack([cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)])


def _grown(blob: Floats, by: int) -> Floats:
    grown: Floats = opencv().dilate(blob, np.ones((2 * by + 1, 2 * by + 1), np.uint8))
    return grown


def _unlike(inside: Floats, around: Floats) -> float:
    """Bhattacharyya distance of two spreads of brightness; 0: alike."""
    return float(-np.log(np.sqrt(_spread(inside) * _spread(around)).sum()))


def _spread(values: Floats) -> npt.NDArray[np.float64]:
    levels = values.astype(np.uint8) // (256 // BINS)
    counts = np.bincount(levels, minlength=BINS) + 0.5
    shares: npt.NDArray[np.float64] = counts / counts.sum()
    return shares
