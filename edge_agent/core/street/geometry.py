"""Boxes and polygons of a picture, in integers.

Coordinates are permille of the picture, origin top-left, y grows downward. A box (x_min, y_min, x_max,
y_max) covers x_min <= x < x_max and y_min <= y < y_max. Points are given doubled, so that the middle of
a box is an integer too.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from edge_agent.core.units import Permille, div_round

Box = tuple[int, int, int, int]  # x_min, y_min, x_max, y_max
Polygon = tuple[tuple[int, int], ...]  # corners in order around


def area(box: Box) -> int:
    """Of a box; 0 where its sides are the wrong way round."""
    wide, high = box[2] - box[0], box[3] - box[1]
    return wide * high if wide > 0 and high > 0 else 0


def shared(a: Box, b: Box) -> Box:
    """The part that two boxes share; its area is 0 where they share nothing."""
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def iou(a: Box, b: Box) -> Permille:
    """Overlap over union: 0 (apart) to 1000 (equal).

    >>> iou((0, 0, 10, 10), (0, 0, 10, 5))
    500
    """
    both = area(shared(a, b))
    return Permille(div_round(1000 * both, area(a) + area(b) - both)) if both else Permille(0)


def covered(box: Box, others: Iterable[Box]) -> Permille:
    """How much of `box` the others cover together, what two of them cover counted once.

    >>> covered((0, 0, 10, 10), [(0, 0, 10, 4), (0, 2, 5, 10)])
    700
    """
    x_min, y_min, x_max, y_max = box
    parts = [
        shared(box, other)
        for other in others
        if other[0] < x_max and x_min < other[2] and other[1] < y_max and y_min < other[3]
    ]
    if len(parts) < 2:
        return Permille(div_round(1000 * area(parts[0]), area(box)) if parts else 0)
    edges = sorted({x for part in parts for x in (part[0], part[2])})
    total = 0
    for left, right in pairwise(edges):
        below = box[1]  # everything above this is counted
        for _, top, _, bottom in sorted(
            (p for p in parts if p[0] <= left and right <= p[2]), key=lambda p: p[1]
        ):
            total += (right - left) * max(bottom - max(top, below), 0)
            below = max(below, bottom)
    return Permille(div_round(1000 * total, area(box))) if total else Permille(0)


def footprint(box: Box) -> Box:
    """What of a box stands on the ground: its lower third, for tops lean over what is behind them.

    >>> footprint((0, 10, 5, 100))
    (0, 70, 5, 100)
    """
    return box[0], box[3] - max((box[3] - box[1]) // 3, 1), box[2], box[3]


def foot_point(box: Box) -> tuple[int, int]:
    """Middle of the lower edge, doubled.

    Half a permille above it, so that a box that the picture's lower edge cuts still stands in the picture.

    >>> foot_point((10, 0, 21, 1000))
    (31, 1999)
    """
    return box[0] + box[2], 2 * box[3] - 1


def grown(box: Box) -> Box:
    """A box with a box of its own size on every side: what is beside it."""
    wide, high = box[2] - box[0], box[3] - box[1]
    return box[0] - wide, box[1] - high, box[2] + wide, box[3] + high


def inside(polygon: Polygon, x2: int, y2: int) -> bool:
    """Whether the doubled point lies in the polygon (even-odd; on an edge: left and top belong to it).

    >>> inside(((0, 0), (10, 0), (10, 10), (0, 10)), 1, 1)
    True
    """
    within = False
    for (xa, ya), (xb, yb) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (2 * ya > y2) != (2 * yb > y2):
            across = (x2 - 2 * xa) * (yb - ya) - (y2 - 2 * ya) * (xb - xa)  # >= 0: right of the edge
            within ^= across >= 0 if yb > ya else across <= 0
    return within
