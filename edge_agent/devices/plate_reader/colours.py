"""The colour of a plate's ground: what most of a straightened plate's bright or saturated pixels are."""

from __future__ import annotations

import numpy as np

from edge_agent.devices.detector.boxes import Image

# Hue in OpenCV's half degrees.
HUES = {"yellow": (12, 34), "green": (35, 88), "blue": (92, 130)}
SATURATED = 70  # of 255
SHARE = 0.30  # of the pixels that must have the hue
DARK, BRIGHT = 70, 140


def colour_of(plate: Image) -> str:
    """blue, yellow, green, yellow_green, white or black; empty when none is clear.

    Args:
        plate: (h, w, 3) BGR, straightened.
    """
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    tall, wide = plate.shape[:2]
    inner = plate[tall // 8 : tall - tall // 8, wide // 20 : wide - wide // 20]
    hsv = cv2.cvtColor(inner, cv2.COLOR_BGR2HSV)
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    vivid = (saturation >= SATURATED) & (value >= 40)
    is_of = {name: (hue >= low) & (hue <= high) & vivid for name, (low, high) in HUES.items()}
    share = {name: float(where.mean()) for name, where in is_of.items()}
    best = max(share, key=lambda name: share[name])
    if share[best] >= SHARE:
        head = inner.shape[1] // 5
        parts = (is_of["yellow"][:, :head], is_of["green"][:, head:])
        return "yellow_green" if all(part.mean() >= SHARE for part in parts) else best
    level = float(np.median(value))
    if saturation.mean() < SATURATED:
        return "white" if level >= BRIGHT else "black" if level <= DARK else ""
    return ""
