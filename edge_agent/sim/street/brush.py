"""Paints shapes into an enlarged patch, which is then made small again: smooth edges, true cover."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.sim.render.backdrop import FRACTION
from edge_agent.sim.render.scene import Floats


class Brush:
    """Paints shapes into an enlarged patch."""

    def __init__(self, low: Floats, shape: tuple[int, int], enlarge: int) -> None:
        self.low, self.enlarge = low, enlarge
        self.patch = np.zeros((shape[0] * enlarge, shape[1] * enlarge, 4), np.uint8)

    def _fixed(self, pixels: Floats) -> npt.NDArray[np.int32]:
        return np.round((pixels - self.low) * self.enlarge * (1 << FRACTION)).astype(np.int32)

    def shape(self, kind: str, pixels: Floats, radius: float, flat: float, colour: tuple[float, ...]) -> None:
        """A face, a ball or a rod; the radius in pixels."""
        if kind == "face":
            cv2.fillConvexPoly(self.patch, self._fixed(pixels), colour, shift=FRACTION)
        elif kind == "ball":
            self._ball(pixels[0], radius, flat, colour)
        else:
            self._rod(pixels, radius, colour)

    def _ball(self, pixel: Floats, radius: float, flat: float, colour: tuple[float, ...]) -> None:
        middle = self._fixed(pixel)
        axes = (
            max(1, round(radius * self.enlarge * (1 << FRACTION))),
            max(1, round(radius * flat * self.enlarge * (1 << FRACTION))),
        )
        at = (int(middle[0]), int(middle[1]))
        cv2.ellipse(self.patch, at, axes, 0, 0, 360, colour, -1, shift=FRACTION)
        if radius * self.enlarge > 4:  # a lighter upper left makes it round
            lit = (*(min(255.0, c * 1.18 + 6) for c in colour[:3]), 255)
            off = (at[0] - axes[0] // 4, at[1] - axes[1] // 3)
            cv2.ellipse(
                self.patch, off, (axes[0] * 3 // 5, axes[1] * 3 // 5), 0, 0, 360, lit, -1, shift=FRACTION
            )

    def _rod(self, pixels: Floats, radius: float, colour: tuple[float, ...]) -> None:
        a, b = self._fixed(pixels)
        thick = max(1, round(radius * 2 * self.enlarge))
        cv2.line(self.patch, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), colour, thick, shift=FRACTION)


def grained(patch: npt.NDArray[np.uint8], look: int) -> npt.NDArray[np.uint8]:
    """Nothing real has one even colour."""
    h, w = patch.shape[:2]
    tile = _grain_tile()
    du, dv = look % 64, look // 64 % 64
    grain = tile[dv : dv + h, du : du + w]
    if grain.shape[:2] != (h, w):
        return patch
    cover = patch[:, :, 3:4].astype(np.int16)
    mottled = patch[:, :, :3].astype(np.int16) + (grain * cover >> 8)
    patch[:, :, :3] = np.clip(mottled, 0, 255).astype(np.uint8)
    return patch


@lru_cache(maxsize=1)
def _grain_tile() -> npt.NDArray[np.int16]:
    rng = np.random.default_rng(5)
    size = (1100, 2000)
    coarse = cv2.resize(rng.normal(0, 7, (size[0] // 6, size[1] // 6)).astype(np.float32), size[::-1])
    return np.asarray((coarse + rng.normal(0, 4, size))[:, :, None], np.int16)
