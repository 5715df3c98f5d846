"""What a model's scores are worth: how often a box of such a score was right on labelled pictures.

Networks that have learned much or little mean different things by the same score, and the rules' thresholds
are the same for all. So the class map may say, measured on pictures that the model was not trained on, how
often it was right; what is reported is that.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

MOST = 20  # points of a curve
LEAST_RAW = 0.01  # below it a network says something everywhere


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising curve from the network's score to the share of boxes that are right; both 0 to 1.

    >>> curve = Calibration(((0.2, 0.5), (0.6, 0.9)))
    >>> [round(curve.share(score), 3) for score in (0.1, 0.2, 0.4, 0.8, 1.0)]
    [0.25, 0.5, 0.7, 0.95, 1.0]
    >>> round(curve.score(0.7), 3), Calibration(()).share(0.3)
    (0.4, 0.3)
    """

    points: tuple[tuple[float, float], ...] = ()  # (score, share); none: scores are taken as they are

    def share(self, score: float) -> float:
        """How often a box of this score is right."""
        return _along(self._curve, score) if self.points else score

    def score(self, share: float) -> float:
        """The score from which boxes are right at least so often; never below `LEAST_RAW`."""
        if not self.points:
            return share
        return max(LEAST_RAW, _along([(y, x) for x, y in self._curve], share))

    @property
    def _curve(self) -> list[tuple[float, float]]:
        return [(0.0, 0.0), *self.points, (1.0, 1.0)]


def _along(curve: list[tuple[float, float]], x: float) -> float:
    k = min(len(curve) - 1, max(1, bisect_left(curve, x, key=lambda point: point[0])))
    (x0, y0), (x1, y1) = curve[k - 1], curve[k]
    return y1 if x1 <= x0 else y0 + (y1 - y0) * (min(x1, max(x0, x)) - x0) / (x1 - x0)


def read_points(tree: Any) -> tuple[tuple[float, float], ...]:
    """The points of a class map.

    Raises:
        ValueError: with what is wrong.
    """
    if not isinstance(tree, list) or len(tree) > MOST:
        raise ValueError(f"must be a list of at most {MOST} pairs [score, share]")
    points: list[tuple[float, float]] = []
    for pair in tree:
        numbers = isinstance(pair, list) and len(pair) == 2 and all(type(v) in (int, float) for v in pair)
        if not numbers or not all(0 < v < 1 for v in pair):
            raise ValueError(f"has {str(pair)[:40]}; a pair of numbers between 0 and 1 is expected")
        points.append((float(pair[0]), float(pair[1])))
    if any(a[0] >= b[0] or a[1] > b[1] for a, b in pairwise(points)):
        raise ValueError("must rise: every score above the one before, no share below")
    return tuple(points)
