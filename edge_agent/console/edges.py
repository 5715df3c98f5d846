"""Polygons as they are drawn: which edges a door line follows, what crosses itself, what overlaps.

Points are 0 to 1, in order around the polygon. Edge k goes from corner k to the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

XY = tuple[float, float]
SAME = 0.0015  # of the picture: nearer corners were meant to be one
SAMPLES = 24  # each way, where two polygons may share ground


def edges_of(polygon: Sequence[XY], line: Sequence[XY]) -> tuple[int, ...]:
    """The edges that a door line runs along, in order of the polygon; empty where it runs elsewhere."""
    for points in (line, line[::-1]):
        corners = [_corner_at(polygon, point) for point in points]
        if len(corners) < 2 or None in corners:
            return ()
        steps = [(b - a) % len(polygon) for a, b in pairwise(corners) if a is not None and b is not None]
        if all(step == 1 for step in steps):
            return tuple(corner for corner in corners[:-1] if corner is not None)
    return ()


def line_of(polygon: Sequence[XY], edges: Sequence[int]) -> tuple[XY, ...]:
    """The door line along edges that follow one another, from left to right; empty without an edge.

    Raises:
        ValueError: they do not follow one another, or go all around.
    """
    chosen = set(edges)
    if not chosen:
        return ()
    number = len(polygon)
    if max(chosen) >= number or len(chosen) >= number:
        raise ValueError("the edges are not of this polygon")
    starts = [edge for edge in chosen if (edge - 1) % number not in chosen]
    if len(starts) != 1:
        raise ValueError("the edges do not follow one another")
    points = [polygon[(starts[0] + k) % number] for k in range(len(chosen) + 1)]
    return tuple(points if points[0] <= points[-1] else points[::-1])


def crosses_itself(polygon: Sequence[XY]) -> bool:
    """Whether two of its sides that are no neighbours touch, or two corners lie on one another."""
    number = len(polygon)
    sides = [(polygon[k], polygon[(k + 1) % number]) for k in range(number)]
    if any(a == b for a, b in sides):
        return True
    return any(
        _meet(*sides[i], *sides[k]) for i, k in combinations(range(number), 2) if k - i not in (1, number - 1)
    )


def overlap(one: Sequence[XY], other: Sequence[XY]) -> bool:
    """Whether they share ground; a common border, drawn by hand, is none."""
    sides = [[(ring[k], ring[(k + 1) % len(ring)]) for k in range(len(ring))] for ring in (one, other)]
    if any(_cross(*a, *b) for a in sides[0] for b in sides[1]):
        return True
    return any(_deep_inside(one, point) and _deep_inside(other, point) for point in _between(one, other))


def area(polygon: Sequence[XY]) -> float:
    """Share of the picture."""
    pairs = zip(polygon, (*polygon[1:], *polygon[:1]), strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


def _corner_at(polygon: Sequence[XY], point: XY) -> int | None:
    near = [k for k, (x, y) in enumerate(polygon) if max(abs(x - point[0]), abs(y - point[1])) <= SAME]
    return near[0] if near else None


def _between(one: Sequence[XY], other: Sequence[XY]) -> list[XY]:
    """Points all over the rectangle that both reach into."""
    low = [max(min(p[axis] for p in one), min(p[axis] for p in other)) for axis in (0, 1)]
    high = [min(max(p[axis] for p in one), max(p[axis] for p in other)) for axis in (0, 1)]
    if high[0] <= low[0] or high[1] <= low[1]:
        return []
    steps = [(k + 0.5) / SAMPLES for k in range(SAMPLES)]
    return [(low[0] + (high[0] - low[0]) * u, low[1] + (high[1] - low[1]) * v) for u in steps for v in steps]


def _deep_inside(polygon: Sequence[XY], point: XY) -> bool:
    """Inside, and not just on its edge."""
    x, y = point
    around = ((x - SAME, y), (x + SAME, y), (x, y - SAME), (x, y + SAME))
    return all(_inside(polygon, near) for near in around)


def _inside(polygon: Sequence[XY], point: XY) -> bool:
    x, y = point
    within = False
    for (xa, ya), (xb, yb) in zip(polygon, (*polygon[1:], *polygon[:1]), strict=True):
        if (ya > y) != (yb > y) and x < xa + (y - ya) * (xb - xa) / (yb - ya):
            within = not within
    return within


def _turn(a: XY, b: XY, c: XY) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _meet(a: XY, b: XY, c: XY, d: XY) -> bool:
    """Whether two sides have a point in common."""
    if _cross(a, b, c, d):
        return True
    return any(
        _turn(p, q, r) == 0
        and min(p[0], q[0]) <= r[0] <= max(p[0], q[0])
        and min(p[1], q[1]) <= r[1] <= max(p[1], q[1])
        for p, q, r in ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    )


def _cross(a: XY, b: XY, c: XY, d: XY) -> bool:
    """Whether each goes clearly over the other: neighbours that touch do not."""
    least = SAME * SAME
    return (
        _turn(a, b, c) * _turn(a, b, d) < 0
        and _turn(c, d, a) * _turn(c, d, b) < 0
        and min(abs(_turn(a, b, c)), abs(_turn(a, b, d)), abs(_turn(c, d, a)), abs(_turn(c, d, b))) > least
    )
