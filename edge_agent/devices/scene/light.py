"""Light is not change: exposure, white balance, shadows and wet shine told apart from things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_agent.devices.scene.pixels import Floats, Mask, opencv

TRIMS = 3
KEEP = 0.6  # share of the pixels that fit best; up to 40 % may be things or shadow
LEAST = 150  # pixels below which nothing is fitted
# A gain is always there, an offset hardly ever (flare, black level): it must be paid for. In pixels.
OFFSET_COST = 0.3
GAINS = (0.2, 5.0)

WINDOW = 7  # px, side of the window in which surfaces are compared
TEXTURE = 6.0  # grey levels² that a window must vary by to have a texture
ALIKE = 0.7  # correlation of two windows from which they show the same surface
SHADOW = (0.4, 0.97)  # brightness against the reference on a surface without texture
SHINE = (1.03, 1.35)
SAME_HUE = 6.0  # levels of Cr and Cb


def exposure(current: Floats, reference: Floats, usable: Mask) -> tuple[float, float]:
    """Gain and offset with which `reference` becomes `current`, things left out.

    Least squares on the pixels that fit best, three times over; an offset costs. Brightness is stored as
    a power of light, so an exposure is a factor here too.

    Args:
        current: (h, w) brightness.
        reference: same.
        usable: no people, no vehicles, no burnt-in text.
    """
    now, was = current[usable], reference[usable]
    good = (now > 4) & (now < 250) & (was > 4) & (was < 250)
    now, was = now[good], was[good]
    if now.size < LEAST:
        return 1.0, 0.0
    gain, offset = float(np.median(now / was)), 0.0
    for _ in range(TRIMS):
        error = np.abs(now - gain * was - offset)
        near = error <= np.partition(error, int(KEEP * error.size))[int(KEEP * error.size)]
        gain, offset = _fit(now[near], was[near])
    if not GAINS[0] <= gain <= GAINS[1]:
        return min(GAINS[1], max(GAINS[0], gain)), 0.0
    return gain, offset


def _fit(now: Floats, was: Floats) -> tuple[float, float]:
    """Ridge regression of now on (was, 1), only the offset penalised."""
    level = float(was.mean()) or 1.0
    x = was / level
    n = x.size
    sxx, sx = float(np.dot(x, x)), float(x.sum())
    sxy, sy = float(np.dot(x, now)), float(now.sum())
    soo = n * (1 + OFFSET_COST)
    determinant = sxx * soo - sx * sx
    slope = (sxy * soo - sx * sy) / determinant
    offset = (sxx * sy - sx * sxy) / determinant
    return slope / level, offset


def _mean(x: Floats) -> Floats:
    """Of the window around each pixel."""
    out: Floats = opencv().boxFilter(x, opencv().CV_32F, (WINDOW, WINDOW))
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Brightness, with its mean and variance in the window around each pixel; (h, w) each."""

    luma: Floats
    mean: Floats
    variance: Floats

    @classmethod
    def of(cls, luma: Floats) -> Surface:
        """Measure a picture's."""
        mean = _mean(luma)
        return cls(luma, mean, np.maximum(_mean(luma * luma) - mean * mean, 0))

    def part(self, rows: slice, columns: slice) -> Surface:
        """A rectangle of it."""
        return Surface(self.luma[rows, columns], self.mean[rows, columns], self.variance[rows, columns])


def only_light(now: Floats, was: Surface, hue_moved: Floats, named: Mask) -> Mask:
    """Where the two pictures show the same surface under other light.

    A surface with texture is recognised by it (local correlation); one without only by its hue and by not
    being much darker or brighter. So a grey box on smooth grey ground may be taken for a shadow, and a
    hard dark shadow on smooth ground for a box: the lesser evil, for neither makes a case.

    Args:
        now: (h, w) brightness, exposure taken out.
        was: the reference's.
        hue_moved: larger change of Cr and Cb.
        named: where the detector sees goods: a smooth surface is no shadow there.
    """
    shown = Surface.of(now)
    together = _mean(now * was.luma) - shown.mean * was.mean
    textured = was.variance > TEXTURE
    alike = together > ALIKE * np.sqrt(shown.variance * was.variance)
    plain = ~textured & (shown.variance <= TEXTURE)
    ratio = shown.mean / np.maximum(was.mean, 1)
    dim = (ratio > SHADOW[0]) & (ratio < SHADOW[1])
    bright = (ratio > SHINE[0]) & (ratio < SHINE[1])
    answer: Mask = (hue_moved < SAME_HUE) & ((textured & alike) | (plain & ~named & (dim | bright)))
    return answer
