"""Plates by the colour of their ground, without a network: for where text was not found, or not as a line.

    picture ──> pixels of a plate's colour (hue, saturation) ──> holes of characters closed ──> outlines
            outlines ──> quadrilaterals that lie ──> those with a plate's shape and strokes in them

A text detector was taught lines of print. A plate seen from far aside, or one of two rows with a large and
a small line, is none to it; its ground is still one area of one colour with four corners.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_agent.devices.detector.boxes import Image
from edge_agent.devices.plate_reader.colours import HUES
from edge_agent.devices.plate_reader.strips import Corners, Region, ordered, straightened

SIDE = 960  # pictures are made no larger than this, px
VIVID, LIT = 80, 50  # least saturation and value of 255: of paint, not of shade
SMALLEST = (28, 9)  # px of the smaller picture, along and across
LARGEST = 0.25  # share of the picture
SHAPE = (1.1, 6.5)  # width over height: from a double row seen from aside to a single one cut tight
FILLED = 0.55  # share of its quadrilateral that an outline fills
# Changes from ground to stroke along a row, of 7 or 8 characters of 1 to 3 strokes each; and two edges.
STROKES = (8, 44)
MOST = 6
CHECKED = (120, 36)  # px of the patch in which strokes are counted
# A text detector outlines the characters and the reader adds the margin; here the margin is there already.
MARGIN = (-0.10, -0.05)


class ColouredGrounds:
    """A localiser."""

    name = "coloured grounds"
    sha256 = ""

    def find(self, image: Image) -> list[Region]:
        """Areas of a plate's colour and shape, likeliest first."""
        import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

        tall, wide = image.shape[:2]
        scale = min(1.0, SIDE / max(tall, wide))
        small = image
        if scale < 1:
            size = (round(wide * scale), round(tall * scale))
            small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
        found: list[Region] = []
        for low, high in HUES.values():
            mask = cv2.inRange(hsv, np.array([low, VIVID, LIT]), np.array([high, 255, 255]))
            found += _grounds(small, np.asarray(mask, np.uint8))
        found = _apart(sorted(found, key=lambda r: -r.score))[:MOST]
        back = np.float32(1 / scale)
        return [Region(r.corners * back, r.score).grown(*MARGIN) for r in found]


def _grounds(small: Image, mask: Image) -> list[Region]:
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    out: list[Region] = []
    # Near plates have wide strokes, far ones lie beside other things of their colour: two sizes of hole.
    for across, down in ((5, 3), (15, 7)):
        kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (across, down))
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel)
        opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 5), np.uint8))
        contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            corners = _quadrilateral(contour, small.shape[0] * small.shape[1])
            if corners is not None:
                score = _score(small, mask, corners)
                if score > 0:
                    out.append(Region(corners, score))
    return out


def _quadrilateral(contour: Any, picture: int) -> Corners | None:
    """Four corners around an outline that has a plate's size and shape; None for any other."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    (_, size, _) = cv2.minAreaRect(contour)
    area = cv2.contourArea(contour)
    if max(size) < SMALLEST[0] or min(size) < SMALLEST[1] or size[0] * size[1] > LARGEST * picture:
        return None
    if area < 0.35 * size[0] * size[1]:
        return None
    hull = cv2.convexHull(contour)
    corners = cv2.approxPolyN(hull, 4).reshape(-1, 2) if len(hull) > 4 else hull.reshape(-1, 2)
    if len(corners) != 4 or cv2.contourArea(corners.astype(np.float32)) <= 0:
        return None
    if area < FILLED * cv2.contourArea(corners.astype(np.float32)):
        return None
    lying = ordered(corners)
    region = Region(lying, 0.0)
    slope = abs(lying[1] - lying[0])
    if slope[1] > 1.2 * slope[0] or not SHAPE[0] <= region.width / max(1.0, region.height) <= SHAPE[1]:
        return None
    return lying


def _score(small: Image, mask: Image, corners: Corners) -> float:
    """How much a quadrilateral looks like a plate inside, 0 to 1: enough ground, and strokes on it."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    patch = straightened(small, corners, *CHECKED)
    painted = straightened(np.repeat(mask[..., None], 3, axis=2), corners, *CHECKED)[..., 0] > 127
    ground = float(painted[3:-3, 4:-4].mean())
    grey = cv2.GaussianBlur(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY), (3, 3), 0)
    _, strokes = cv2.threshold(grey[4:-4, 4:-4], 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    changes = float(np.median(np.abs(np.diff(strokes[6:-6].astype(np.int8), axis=1)).sum(axis=1)))
    if not STROKES[0] <= changes <= STROKES[1] or ground < 0.3:
        return 0.0
    return min(1.0, ground / 0.6) * min(1.0, changes / 14)


def _apart(regions: list[Region]) -> list[Region]:
    """Without those that lie on a likelier one and are about as large."""
    kept: list[Region] = []
    for region in regions:
        middle = region.corners.mean(axis=0)
        same = (
            float(np.hypot(*(middle - one.corners.mean(axis=0)))) < 0.3 * one.height
            and 0.8 < region.width / max(1.0, one.width) < 1.25
            for one in kept
        )
        if not any(same):
            kept.append(region)
    return kept
