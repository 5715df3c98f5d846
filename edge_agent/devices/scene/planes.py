"""A picture as brightness and colour, and its exposure brought to the reference's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_agent.devices.scene.light import exposure
from edge_agent.devices.scene.pixels import WIDTH, Floats, Image, Mask, opencv

LEVELS = np.arange(256, dtype=np.float32)
COARSE = 6  # px at WIDTH that make one when the exposure is judged: 3,600 are enough


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """Brightness and the two colours, float32, (h, w) each."""

    luma: Floats
    red: Floats
    blue: Floats

    @classmethod
    def of(cls, image: Image) -> Planes:
        """Split a BGR picture."""
        luma, red, blue = opencv().split(opencv().cvtColor(image, opencv().COLOR_BGR2YCrCb))
        return cls(luma.astype(np.float32), red.astype(np.float32), blue.astype(np.float32))

    def copy(self) -> Planes:
        """One that may be changed."""
        return Planes(self.luma.copy(), self.red.copy(), self.blue.copy())

    @property
    def all(self) -> tuple[Floats, Floats, Floats]:
        """The three, in order."""
        return self.luma, self.red, self.blue


@dataclass(frozen=True, slots=True)
class Light:
    """Under which light a picture was taken, against the reference: gain and offset, colour cast."""

    gain: float
    offset: float
    red: float
    blue: float

    def taken_out(self, image: Image) -> Planes:
        """A BGR picture as it would be under the reference's light."""
        cv2 = opencv()
        scale = np.float32(1 / self.gain)
        luma = np.clip((LEVELS - np.float32(self.offset)) * scale, 0, 255)
        red = LEVELS * scale + np.float32(128 - 128 / self.gain - self.red)
        blue = LEVELS * scale + np.float32(128 - 128 / self.gain - self.blue)
        channels = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb))
        return Planes(*(cv2.LUT(c, table) for c, table in zip(channels, (luma, red, blue), strict=True)))


def coarse(small: Image) -> Planes:
    """A picture of working size, `COARSE` times smaller."""
    cv2 = opencv()
    size = (WIDTH // COARSE, max(1, small.shape[0] // COARSE))
    return Planes.of(cv2.resize(small, size, interpolation=cv2.INTER_AREA))


def light(now: Planes, was: Planes, usable: Mask) -> Light:
    """How the light of one coarse picture differs from another's.

    Args:
        now: of `coarse`.
        was: same, of the reference.
        usable: (h, WIDTH), no people, no vehicles, no burnt-in text, no things.
    """
    cv2 = opencv()
    tall, wide = now.luma.shape
    some = cv2.resize(usable.astype(np.uint8), (wide, tall), interpolation=cv2.INTER_NEAREST).astype(bool)
    gain, offset = exposure(now.luma, was.luma, some)
    casts = [
        float(np.median((new[some] - 128) / gain - (old[some] - 128))) if some.any() else 0.0
        for new, old in ((now.red, was.red), (now.blue, was.blue))
    ]
    return Light(gain, offset, *casts)
