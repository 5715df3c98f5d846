"""Whether plates can be read in a camera's picture at all: how large a character is, how sharp, how smeared.

Told from one picture and what is known of the lane, before anything is bought or mounted for good. The bounds
are what the shipped reader was measured to need (docs/plates.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge_agent.devices.detector.boxes import Floats, Image

Point = tuple[float, float]  # over the picture's width and height

# GA 36-2018 (from general knowledge, to be verified): a character's width, a stroke of it, a plate's width.
CHARACTER_MM, STROKE_MM = 45, 10
PLATE_MM = 440
# Px of a character: from the first on drawn plates are read as well as ever, below the second rarely.
GOOD_PX, LEAST_PX = 10.0, 6.5
SHARP = 0.35  # steepness of edges below which a lens is out of focus
SMEARED = 1.0  # strokes that a vehicle moves while the shutter is open


@dataclass(frozen=True, slots=True)
class ViewCheck:
    """What was measured, and what it means."""

    character_px: float  # width of a plate's character at the reading line
    plate_px: float
    detail: float  # about 0 (blurred) to 1 (sharp), around the reading line
    smear_px: float  # at most, that a vehicle moves during the exposure

    @property
    def problems(self) -> tuple[str, ...]:
        """Names of what stands against reading; empty when nothing does."""
        stroke = self.character_px * STROKE_MM / CHARACTER_MM
        found = {
            "small": self.character_px < LEAST_PX,
            "rather_small": LEAST_PX <= self.character_px < GOOD_PX,
            "blurred": self.detail < SHARP,
            "smeared": self.smear_px > SMEARED * stroke,
        }
        return tuple(name for name, is_so in found.items() if is_so)


def check_view(
    image: Image,
    polygon: Sequence[Point],
    line: tuple[Point, Point],
    lane_width_mm: int,
    speed_mm_s: int,
    exposure_ms: float,
) -> ViewCheck:
    """Measure one lane in one picture.

    Args:
        image: (h, w, 3) BGR, full size.
        polygon: the lane in it.
        line: the reading line.
        lane_width_mm: of the lane, where the polygon's sides are.
        speed_mm_s: of the fastest vehicle that should be read.
        exposure_ms: how long the shutter is open.

    Raises:
        ValueError: the line does not go through the polygon.
    """
    height, width = image.shape[:2]
    (x0, y0), (x1, y1) = _ends(polygon, line)
    across = float(np.hypot((x1 - x0) * width, (y1 - y0) * height))
    px_per_mm = across / lane_width_mm
    return ViewCheck(
        character_px=px_per_mm * CHARACTER_MM,
        plate_px=px_per_mm * PLATE_MM,
        detail=detail_of(_around(image, (x0, y0), (x1, y1))),
        # Along the road a camera sees less of the way than across it: this is the most that it can be.
        smear_px=px_per_mm * speed_mm_s * exposure_ms / 1000,
    )


def _ends(polygon: Sequence[Point], line: tuple[Point, Point]) -> tuple[Point, Point]:
    """Where the line goes into the polygon and out of it."""
    (x0, y0), (x1, y1) = line
    met: list[Point] = []
    for (ax, ay), (bx, by) in pairwise((*polygon, polygon[0])):
        before = (x1 - x0) * (ay - y0) - (y1 - y0) * (ax - x0)
        behind = (x1 - x0) * (by - y0) - (y1 - y0) * (bx - x0)
        if (before < 0) != (behind < 0):
            share = before / (before - behind)
            met.append((ax + (bx - ax) * share, ay + (by - ay) * share))
    if len(met) < 2:
        raise ValueError("the reading line does not go through the lane's polygon")
    return min(met), max(met)


def _around(image: Image, left: Point, right: Point) -> Image:
    """The road and what stands on it, a quarter of the picture's height above and below the line."""
    height, width = image.shape[:2]
    middle = (left[1] + right[1]) / 2
    top, bottom = (int(np.clip(middle + by, 0, 1) * height) for by in (-0.25, 0.25))
    begin, end = (int(np.clip(x, 0, 1) * width) for x in (left[0], right[0]))
    return image[top : max(top + 8, bottom), begin : max(begin + 8, end)]


def detail_of(image: Image) -> float:
    """How steep the strongest edges are, against how strong they are: a step of one pixel has about 1."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    # Noise is finer than any edge that a lens draws.
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), 0.7)
    steep = _strongest(np.asarray(cv2.Laplacian(grey, cv2.CV_32F), np.float32))
    strong = _strongest(np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 4.0), np.float32))
    return 0.0 if strong < 2 else steep / strong


def _strongest(values: Floats) -> float:
    """Mean of the largest hundredth."""
    flat = np.abs(values).ravel()
    count = max(1, len(flat) // 100)
    return float(np.partition(flat, -count)[-count:].mean())
