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
LONGEST_STEP_S = 10.0  # a camera that was away says nothing of the time between
# Less of the picture than this beside the zones and the people says nothing of the light.
LEAST_ASIDE = 0.25
# So much of what lies aside must be alike, permille: under the same light walls and road are (0.8 to 1),
# by day and at dusk they are not (0.5), by day and at night even less (0.3).
FITS = 650


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A picture's appearance: (34, 60) brightness, and (34, 60, 2) colour."""

    luma: Floats
    colour: Floats

    @classmethod
    def of(cls, image: Image) -> Look:
        """Of a BGR picture of any size."""
        tiny = opencv().resize(image, SIZE, interpolation=opencv().INTER_AREA)
        planes = opencv().cvtColor(tiny, opencv().COLOR_BGR2YCrCb).astype(np.float32)
        return cls(np.ascontiguousarray(planes[..., 0]), planes[..., 1:])


def alike(now: Look, was: Look) -> tuple[Mask, float]:
    """Where two pictures look alike once the exposure is taken out; how many stops it differs by."""
    everywhere: Mask = np.ones(now.luma.shape, bool)
    gain, offset = exposure(now.luma, was.luma, everywhere)
    error = np.abs((now.luma - offset) / gain - was.luma)
    hue: Any = np.abs(now.colour - was.colour).max(axis=2)
    same: Mask = (error < NEAR) & (hue < NEAR)
    return same, abs(float(np.log2(gain)))


def likeness(now: Look, was: Look) -> Permille:
    """How alike two appearances are, 0 to 1000."""
    return Permille(max(0, min(1000, _score(*alike(now, was)))))


def _score(same: Mask, stops: float) -> int:
    """Permille that look alike, less what the difference of exposure costs."""
    return round(1000 * float(same.mean()) - STOP_COST * stops)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which reference to compare with, and whether it shows the same light at all."""

    index: int
    fits: bool


class Chooser:
    """Keeps to one reference until another has been better for a while, in event time.

    One that does not show the present light is left at once for one that does.

    Args:
        settings: how much better, for how long.
        references: pictures of working size.
        zones: where goods may stand, (h, WIDTH): the light is judged aside from them.
    """

    def __init__(self, settings: BankSettings, references: Sequence[Image], zones: Mask) -> None:
        self._settings = settings
        self._looks = [Look.of(image) for image in references]
        self._aside = ~_tiny(zones)
        self._index: int | None = None
        self._advantage = 0.0  # permille times seconds by which another has been better lately
        self._last: Ns | None = None

    def choose(self, image: Image, hidden: Mask, at: Ns) -> Choice:
        """What to compare a picture with.

        Args:
            image: of working size, as it came: its shift is not known yet.
            hidden: people and vehicles in it, (h, WIDTH).
            at: when it was taken.
        """
        now, aside = Look.of(image), self._beside(hidden)
        pairs = [alike(now, look) for look in self._looks]
        scores = [_score(same, stops) for same, stops in pairs]
        fits = [_fits(same, aside) for same, _ in pairs]
        self._index = self._kept(scores, fits, at)
        return Choice(self._index, fits[self._index])

    def fits(self, straight: Image, hidden: Mask) -> bool:
        """Whether the chosen reference shows the light of a picture whose shift was taken out."""
        if self._index is None:
            return False
        return _fits(alike(Look.of(straight), self._looks[self._index])[0], self._beside(hidden))

    def _beside(self, hidden: Mask) -> Mask:
        """Spots that say something of the light: no people, and no zones where anything else is left."""
        free = ~_tiny(hidden)
        aside: Mask = self._aside & free
        return aside if aside.mean() >= LEAST_ASIDE else free

    def _kept(self, scores: Sequence[int], fits: Sequence[bool], at: Ns) -> int:
        best = max(range(len(scores)), key=lambda k: (fits[k], scores[k], -k))
        step = (at - self._last) / S if self._last is not None and at > self._last else 0.0
        self._last = at
        used = self._index
        if used is None or (fits[best] and not fits[used]):
            self._advantage = 0.0
            return best
        better = scores[best] - scores[used]
        self._advantage = self._advantage + better * min(step, LONGEST_STEP_S) if best != used else 0.0
        if self._advantage < self._settings.margin * self._settings.patience_s:
            return used
        self._advantage = 0.0
        return best


def _fits(same: Mask, aside: Mask) -> bool:
    return not aside.any() or 1000 * float(same[aside].mean()) >= FITS


def _tiny(mask: Mask) -> Mask:
    """A mask of working size, as small as a look; a spot that is touched counts."""
    small: Mask = opencv().resize(mask.astype(np.float32), SIZE, interpolation=opencv().INTER_AREA) > 0
    return small
