"""Where text may be in a picture, and that part straightened: what a localiser finds, a recogniser gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edge_agent.devices.detector.boxes import Image

Corners = npt.NDArray[np.float32]  # (4, 2): top left, top right, bottom right, bottom left; px


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A quadrilateral that may be a plate, or one line of it."""

    corners: Corners
    score: float  # of whoever found it, 0 to 1

    @property
    def width(self) -> float:
        """Mean of its two long sides, px."""
        c = self.corners
        return float(np.hypot(*(c[1] - c[0])) + np.hypot(*(c[2] - c[3]))) / 2

    @property
    def height(self) -> float:
        """Mean of its two short sides, px."""
        c = self.corners
        return float(np.hypot(*(c[3] - c[0])) + np.hypot(*(c[2] - c[1]))) / 2

    def grown(self, along: float, across: float) -> Region:
        """Larger by these shares of its height, on both ends and on both sides."""
        c = self.corners
        right = (c[1] - c[0] + c[2] - c[3]) / 2
        down = (c[3] - c[0] + c[2] - c[1]) / 2
        right = right / max(1e-6, float(np.hypot(*right))) * along * self.height
        down = down / max(1e-6, float(np.hypot(*down))) * across * self.height
        moved = np.array([-right - down, right - down, right + down, down - right])
        return Region((c + moved).astype(np.float32), self.score)


class Localiser(Protocol):
    """Finds regions in a picture, (h, w, 3) BGR; likeliest first."""

    name: str
    sha256: str  # of the weights; empty where there are none

    def find(self, image: Image) -> list[Region]:
        """See above."""


def ordered(points: Any) -> Corners:
    """Four corners of any order, from top left clockwise, the long side lying."""
    p = np.asarray(points, np.float32).reshape(4, 2)
    middle = p.mean(axis=0)
    turn = np.argsort(np.arctan2(p[:, 1] - middle[1], p[:, 0] - middle[0]))
    p = p[turn]  # clockwise as the picture shows it, from somewhere
    sides = [float(np.hypot(*(p[(k + 1) % 4] - p[k]))) for k in range(4)]
    # The long sides lie; of the two ways to begin, the one whose first corner is further left and up.
    start = 0 if sides[0] + sides[2] >= sides[1] + sides[3] else 1
    first = np.roll(p, -start, axis=0)
    if first[0][0] + 0.3 * first[0][1] > first[2][0] + 0.3 * first[2][1]:
        first = np.roll(first, -2, axis=0)
    return np.ascontiguousarray(first, np.float32)


def straightened(image: Image, corners: Corners, width: int, height: int) -> Image:
    """The region seen from the front, (height, width, 3)."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, flat)
    return np.asarray(
        cv2.warpPerspective(
            image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )
