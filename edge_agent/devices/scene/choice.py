"""Which of the accepted pictures is most like what the camera sees now; it does not flutter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_agent.core.units import Ns, Permille, S
from edge_agent.devices.scene.light import exposure
from edge_agent.devices.scene.pixels import Floats, Image, Mask, opencv
from edge_agent.devices.scene.settings import BankSettings

SIZE = (60, 34)  # px: small enough that neither a shift nor a shop's goods matter much
NEAR = 15  # grey levels, or levels of colour, within which a spot is alike
STOP_COST = 150  # permille that one stop of exposure between the two costs


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A picture's appearance: (34, 60) brightness, and (34, 60, 2) colour."""

    luma: Floats
    colour: Floats

    @classmethod
    def of(cls, image: Image) -> Look:
        """Of a BGR picture of any size."""
        cv2 = opencv()
        tiny = cv2.cvtColor(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2YCrCb)
        planes = tiny.astype(np.float32)
        return cls(np.ascontiguousarray(planes[..., 0]), planes[..., 1:])


def likeness(now: Look, was: Look) -> Permille:
    """How alike two appearances are once the exposure is taken out, 0 to 1000."""
    everywhere: Mask = np.ones(now.luma.shape, bool)
    gain, offset = exposure(now.luma, was.luma, everywhere)
    error = np.abs((now.luma - offset) / gain - was.luma)
    hue: Any = np.abs(now.colour - was.colour).max(axis=2)
    alike = float(((error < NEAR) & (hue < NEAR)).mean())
    stops = abs(float(np.log2(gain)))
    return Permille(max(0, min(1000, round(1000 * alike - STOP_COST * stops))))


class Chooser:
    """Keeps to one reference until another has been clearly better for a while, in event time."""

    def __init__(self, settings: BankSettings, references: Sequence[Image]) -> None:
        self._settings = settings
        self._looks = [Look.of(image) for image in references]
        self._index = 0
        self._chosen = False
        self._better_since: Ns | None = None

    def choose(self, image: Image, at: Ns) -> int:
        """Index of the reference to compare with."""
        if len(self._looks) < 2:
            return 0
        now = Look.of(image)
        scores = [likeness(now, look) for look in self._looks]
        best = max(range(len(scores)), key=lambda k: (scores[k], -k))
        if not self._chosen:
            self._index, self._chosen = best, True
        elif scores[best] < scores[self._index] + self._settings.margin:
            self._better_since = None
        elif self._better_since is None:
            self._better_since = at
        elif at - self._better_since >= self._settings.patience_s * S:
            self._index, self._better_since = best, None
        return self._index
