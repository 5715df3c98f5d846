"""What a picture is as a picture: how bright, how sharp, how far from the reference, how long the same.

Shift is found by phase correlation of relative gradients (of the logarithm of brightness), which an
automatic exposure cannot change. Who and what moves is left out, softly, so that the cut itself is
no feature. How far the correlation's peak stands out from the next says whether to believe it: where the
answer was known, right ones had a ratio of 3 and more (5 to 100 by day, 4 in rain), wrong ones 1 to 2.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from edge_agent.core.scene import View
from edge_agent.core.units import MS, Ns, Permille
from edge_agent.devices.scene.pixels import WIDTH, Floats, Image, Mask, opencv, translated
from edge_agent.devices.scene.spectrum import phase_correlation, spectrum

# A peak that is not so many times as high as every other is not believed; others begin so many px from it.
PROMINENT, APART = 3.0, 6
# What a shift is called that could not be measured: a whole picture.
UNKNOWN_MPX = WIDTH * 1000
# Tiles over which sharpness is judged, so that one new large object cannot speak for the picture.
TILES = (8, 5)  # columns, rows
HALF_SEEN = 0.5  # share of a tile that must be in sight
# Of brightness 0 to 255. +16: in the dark a plain one would make mountains of the sensor's noise.
LOGARITHM = np.log(np.arange(256, dtype=np.float32) + 16)
TINY = 1e-9
FEATHER = 31  # px over which what is left out fades
EDGE = 12  # px left out at the border, where a shift takes content away


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A picture prepared for comparison."""

    grey: Image  # (h, WIDTH)
    gradient: Floats  # same, of the logarithm of brightness


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the view is from the reference, px at WIDTH."""

    dx: float
    dy: float
    prominence: float  # of the peak that says so

    @property
    def length(self) -> float:
        """Distance, px."""
        return float(np.hypot(self.dx, self.dy))


def features(small: Image) -> Features:
    """Prepare a picture of working size."""
    cv2 = opencv()
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    level = cv2.LUT(cv2.GaussianBlur(grey, (5, 5), 1.0), LOGARITHM)
    gradient = cv2.magnitude(cv2.Sobel(level, cv2.CV_32F, 1, 0), cv2.Sobel(level, cv2.CV_32F, 0, 1))
    return Features(grey, gradient)


class Registration:
    """Finds the shift from one reference.

    Args:
        reference: prepared.
        ignored: burnt-in text and the like, (h, WIDTH).
    """

    def __init__(self, reference: Features, ignored: Mask) -> None:
        self.reference = reference
        tall, wide = reference.grey.shape
        self._window: Floats = opencv().createHanningWindow((wide, tall), opencv().CV_32F)
        self._spectrum = self._transformed(reference.gradient, None)
        self._kept = ~ignored
        self._inner = np.zeros(reference.grey.shape, bool)
        self._inner[EDGE:-EDGE, EDGE:-EDGE] = True

    def shift(self, current: Features, hidden: Mask) -> Shift | None:
        """How far the view moved; None when it cannot be told. `hidden`: people and vehicles."""
        seen = self._kept & ~hidden
        weight = None if seen.all() else opencv().blur(seen.astype(np.float32), (FEATHER, FEATHER))
        shift = _peak(phase_correlation(self._transformed(current.gradient, weight), self._spectrum))
        return shift if shift.prominence >= PROMINENT else None

    def _transformed(self, gradient: Floats, weight: Floats | None) -> Floats:
        centred = (gradient - gradient.mean()) * self._window
        if weight is not None:
            centred *= weight
        return spectrum(centred)

    def sharpness(self, current: Features, shift: Shift, hidden: Mask) -> Permille:
        """How much of the reference's detail is found again, 0 to 1000: the median over tiles.

        Each tile's value is the slope of its gradients on the reference's: noise does not raise it.
        """
        gradient = translated(current.gradient, shift.dx, shift.dy)
        seen = self._kept & self._inner & ~hidden
        slopes = _slopes(self.reference.gradient, gradient, seen)
        return Permille(min(1000, max(0, round(1000 * float(np.median(slopes)))))) if slopes else Permille(0)


def _peak(correlation: Floats) -> Shift:
    """Where it is highest, by the centre of mass of the 5x5 around. Uses the correlation up."""
    tall, wide = correlation.shape
    row, column = divmod(int(correlation.argmax()), wide)
    height = float(correlation[row, column])
    rows, columns = np.arange(row - 2, row + 3), np.arange(column - 2, column + 3)
    part = np.maximum(correlation[np.ix_(rows % tall, columns % wide)], 0)
    mass = max(float(part.sum()), TINY)
    dx = float((part.sum(axis=0) * columns).sum()) / mass
    dy = float((part.sum(axis=1) * rows).sum()) / mass
    around = np.ix_(
        np.arange(row - APART, row + APART + 1) % tall, np.arange(column - APART, column + APART + 1) % wide
    )
    correlation[around] = 0
    prominence = height / max(float(correlation.max()), TINY)
    return Shift(dx - wide if dx > wide / 2 else dx, dy - tall if dy > tall / 2 else dy, prominence)


def _slopes(reference: Floats, gradient: Floats, seen: Mask) -> list[float]:
    """Slope of each tile that shows enough; tiles of the less structured half are left out."""
    cv2 = opencv()

    def mean(of: Floats) -> Floats:
        tiles: Floats = cv2.resize(of, TILES, interpolation=cv2.INTER_AREA).ravel()
        return tiles

    weight = seen.astype(np.float32)
    was, now = reference * weight, gradient * weight
    share = mean(weight)
    enough = share >= HALF_SEEN
    share, mean_was, mean_now = share[enough], mean(was)[enough], mean(now)[enough]
    spread = mean(was * was)[enough] / share - (mean_was / share) ** 2
    together = mean(was * now)[enough] / share - mean_was * mean_now / share**2
    order = np.argsort(-spread, kind="stable")[: max(1, spread.size // 2)]
    return [float(together[k] / spread[k]) for k in order if spread[k] > 0]


class Frozen:
    """For how long every picture has been the same, pixel by pixel.

    Exact equality of every fourth row as the picture comes: a sensor's noise, the next keyframe's coding or a
    burnt-in clock ends it, however quiet the night; a decoder or camera that repeats itself does not.
    """

    def __init__(self) -> None:
        self._digest = -1
        self._since = 0

    def look(self, image: Image, at: Ns) -> int:
        """Take a picture; milliseconds since the first one of these."""
        digest = zlib.crc32(np.ascontiguousarray(image[::4]).data)
        if digest != self._digest:
            self._digest, self._since = digest, at
        return max(0, (at - self._since) // MS)


def unregistered(reference: str, grey: Image, frozen_ms: int) -> View:
    """The view where there is no reference, or the shift from it could not be told."""
    unknown = Shift(UNKNOWN_MPX / 1000, 0.0, 0.0) if reference else Shift(0.0, 0.0, 0.0)
    return measured(reference, grey, unknown, 0, frozen_ms, taken_out=False)


def measured(
    reference: str, grey: Image, shift: Shift, sharpness: int, frozen_ms: int, *, taken_out: bool
) -> View:
    """The view where the shift from the reference is known."""
    counts = np.bincount(grey.ravel(), minlength=256)
    _, spread = opencv().meanStdDev(grey)
    return View(
        reference=reference,
        luma=int(np.searchsorted(np.cumsum(counts), (grey.size + 1) // 2)),
        contrast=round(float(spread[0][0])),
        sharpness=Permille(sharpness),
        shift_mpx=round(shift.length * 1000),
        registered=taken_out,
        frozen_ms=frozen_ms,
    )
