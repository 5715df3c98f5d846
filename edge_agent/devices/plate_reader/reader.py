"""A picture to the plate in it: regions that may be one, each straightened and spelled; the likeliest stays.

    picture ──> localisers, one after the other until one is sure ──> regions ──> strips
            strips ──> columns (recogniser) ──> plates by grammar (spelling) ──> Reading

A double-row plate is read as its upper line followed by its lower one: found as one region, it is split;
found as two lines, they are joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.core.units import Permille
from edge_agent.devices.detector.boxes import Floats, Image
from edge_agent.devices.plate_reader.calibration import UNCALIBRATED, Calibration
from edge_agent.devices.plate_reader.colours import colour_of
from edge_agent.devices.plate_reader.recogniser import HEIGHT, LINE_WIDTH, Recogniser
from edge_agent.devices.plate_reader.spelling import Spelling
from edge_agent.devices.plate_reader.strips import Localiser, Region, straightened
from edge_agent.devices.plate_reader.weighing import weighed

# Width over height of a line that may be a plate: 440 x 140 mm, from aside or cut tight.
SINGLE = (1.7, 7.0)
DOUBLE = (1.0, 2.9)  # of both rows together: 440 x 220 mm
UPPER_END, LOWER_BEGIN = 0.41, 0.40  # of a double plate's height
# Its characters are wider than print's (80 x 60 and 65 x 110 mm); made as narrow they are read more surely.
UPPER_NARROWER, LOWER_NARROWER = 0.6, 0.85
SMALLEST_PX = 8  # of a line's height
MOST_REGIONS, MOST_DOUBLE, MOST_STACKED = 8, 2, 3
SURE = 0.6  # likelihood from which no other localiser is asked


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What was read in one picture."""

    plates: tuple[Spelling, ...]  # best first, never empty
    region: Region
    strip: Image  # straightened, BGR
    rows: int
    confidences: tuple[float, ...]  # that each of the plates is right; their sum is at most 1

    @property
    def text(self) -> str:
        """The likeliest plate."""
        return self.plates[0].text

    @property
    def candidates(self) -> tuple[tuple[str, float], ...]:
        """Each plate and the confidence that it is the right one, best first."""
        return tuple((one.text, sure) for one, sure in zip(self.plates, self.confidences, strict=True))

    @property
    def likelihood(self) -> float:
        """Of it by the network alone, 0 to 1; not calibrated, colour not looked at."""
        return self.plates[0].likelihood

    @property
    def confidence(self) -> float:
        """That it is the right one, 0 to 1, calibrated where the recogniser's calibration is known."""
        return self.confidences[0]

    @property
    def colour(self) -> str:
        """Of the plate's ground; empty when it is not clear."""
        return colour_of(self.strip)

    @property
    def rank(self) -> float:
        """Of several plates in one picture the nearer one is meant, unless it cannot be read."""
        return self.likelihood * self.region.width


@dataclass(frozen=True, slots=True, eq=False)
class _Guess:
    """A region that may be a plate of so many rows; where they were found apart, both."""

    region: Region
    rows: int
    upper: Region | None = None
    lower: Region | None = None


def permille(share: float) -> Permille:
    """A confidence as the core takes it.

    >>> permille(0.9584), permille(1.2)
    (958, 1000)
    """
    return Permille(min(1000, max(0, round(1000 * share))))


class PlateReader:
    """Reads pictures.

    Args:
        localisers: asked in this order.
        recogniser: reads what they find.
        calibration: what its likelihoods are worth.
    """

    def __init__(
        self,
        localisers: Sequence[Localiser],
        recogniser: Recogniser,
        calibration: Calibration = UNCALIBRATED,
    ) -> None:
        self._localisers = tuple(localisers)
        self._recogniser = recogniser
        self._calibration = calibration

    @property
    def models(self) -> tuple[tuple[str, str], ...]:
        """(name, SHA-256) of every network."""
        named = [(one.name, one.sha256) for one in self._localisers if one.sha256]
        return (*named, ("recogniser", self._recogniser.sha256))

    def read(self, image: Image) -> Reading | None:
        """The likeliest plate of a picture, (h, w, 3) BGR; None where nothing in it spells one."""
        best: Reading | None = None
        for localiser in self._localisers:
            best = self._best(image, _guesses(localiser.find(image)), best)
            if best is not None and best.likelihood >= SURE:
                break
        return best

    def read_cut_out(self, image: Image) -> Reading | None:
        """The plate that a whole picture (h, w, 3) is, of one row, straight and cut tight."""
        import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

        tall, wide = image.shape[:2]
        corners = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
        cut = cv2.resize(image, (LINE_WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
        strip = np.asarray(cut, np.uint8)
        return self._spelled(self._recogniser.columns(strip), strip, Region(corners, 1.0), 1)

    def _best(self, image: Image, guesses: Sequence[_Guess], best: Reading | None) -> Reading | None:
        """The guess of the highest rank, widest looked at first.

        No rank is higher than its region is wide, so what is narrower than the best's rank need not be read.
        """
        for guess in sorted(guesses, key=lambda one: -one.region.width):
            if best is not None and best.rank >= guess.region.width:
                break
            reading = self._spelled(*self._read(image, guess), guess.region, guess.rows)
            if reading is not None and (best is None or reading.rank > best.rank):
                best = reading
        return best

    def _spelled(self, columns: Floats, strip: Image, region: Region, rows: int) -> Reading | None:
        plates = self._recogniser.speller.spell(columns)
        if not plates:
            return None
        ranked, confidences = zip(*weighed(plates, colour_of(strip), self._calibration), strict=True)
        return Reading(ranked, region, strip, rows, confidences)

    def _read(self, image: Image, guess: _Guess) -> tuple[Floats, Image]:
        """Columns (T, characters) of its line, or of both one after the other, and the strip to show."""
        if guess.upper is not None and guess.lower is not None:
            lines = [_line(image, guess.upper, UPPER_NARROWER), _line(image, guess.lower, LOWER_NARROWER)]
            return self._columns(lines), lines[1]
        if guess.rows == 1:
            strip = straightened(image, guess.region.grown(0.12, 0.06).corners, LINE_WIDTH, HEIGHT)
            return self._columns([strip]), strip
        strip = straightened(image, guess.region.grown(0.04, 0.03).corners, 2 * LINE_WIDTH, 3 * HEIGHT)
        tall = strip.shape[0]
        upper = _narrowed(strip[: int(UPPER_END * tall)], UPPER_NARROWER)
        lower = _narrowed(strip[int(LOWER_BEGIN * tall) :], LOWER_NARROWER)
        return self._columns([upper, lower]), strip

    def _columns(self, lines: Sequence[Image]) -> Floats:
        return np.concatenate([self._recogniser.columns(line) for line in lines])


def _narrowed(line: Image, share: float) -> Image:
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    tall, wide = line.shape[:2]
    return np.asarray(cv2.resize(line, (round(share * wide), tall), interpolation=cv2.INTER_AREA), np.uint8)


def _line(image: Image, region: Region, share: float) -> Image:
    wide = max(16, round(share * HEIGHT * region.width / max(1.0, region.height)))
    return straightened(image, region.grown(0.12, 0.06).corners, wide, HEIGHT)


def _guesses(regions: Sequence[Region]) -> list[_Guess]:
    """What may be a plate: lines, regions with both rows in them, pairs of lines."""
    lines = [r for r in regions if r.height >= SMALLEST_PX]
    out = [_Guess(region, 1) for region in _plausible(lines, SINGLE)[:MOST_REGIONS]]
    out += [_Guess(region, 2) for region in _plausible(lines, DOUBLE)[:MOST_DOUBLE]]
    for upper, lower in _stacked(lines)[:MOST_STACKED]:
        corners = np.array([upper.corners[0], upper.corners[1], lower.corners[2], lower.corners[3]])
        whole = Region(corners.astype(np.float32), min(upper.score, lower.score))
        out.append(_Guess(whole, 2, upper, lower))
    return out


def _plausible(regions: Sequence[Region], shape: tuple[float, float]) -> list[Region]:
    """Those of such a shape, likeliest first; of equally likely ones the wider."""
    kept = [r for r in regions if shape[0] <= r.width / max(1.0, r.height) <= shape[1]]
    return sorted(kept, key=lambda r: (-round(r.score, 1), -r.width))


def _stacked(lines: Sequence[Region]) -> list[tuple[Region, Region]]:
    """Pairs of lines of which one lies right above the other, centred on it and no wider."""
    pairs = []
    for upper in lines:
        for lower in lines:
            (x0, y0), (x1, y1) = upper.corners.mean(axis=0), lower.corners.mean(axis=0)
            apart = (y1 - y0) / lower.height
            near = 0.5 <= apart <= 1.9 and abs(x1 - x0) <= 0.3 * lower.width
            if near and 0.35 * lower.width <= upper.width <= 1.05 * lower.width:
                pairs.append((abs(apart - 1.0), upper, lower))
    return [(upper, lower) for _, upper, lower in sorted(pairs, key=lambda p: p[0])]
