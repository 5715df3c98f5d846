"""How much ground goods take, how far they stand out, and what width they leave, where it is calibrated.

    shop     ============ door line ============      t: along the line from its first end to its last
             |   goods  |                             n: away from it, to the zone's side
             |__________|
                  ^
                  |  passable: from the goods' furthest point to the zone's far edge, at every t that the
                  v  goods stand at; the narrowest counts
    street   ------------ far edge --------------

A bent door line counts as the straight line between its ends. A footprint is a box's lower third laid on
the ground: right for what is low, too deep for what is tall, never too wide. Seen from the street its
front edge is the box's lower edge, and that is the one that decides what width is left.
"""

from __future__ import annotations

import math

from edge_agent.core.street.geometry import Box, Polygon
from edge_agent.core.street.ground import Ground
from edge_agent.core.street.plane import XY, Plane

# The far edge may jump at a corner of the zone: it is looked at this far on both sides of it. Millimetres.
BESIDE_MM = 0.5


class Measure:
    """Lengths and areas on the ground of one zone."""

    def __init__(self, plane: Plane, polygon: Polygon, door_line: Polygon) -> None:
        """All of the polygon must lie below the plane's horizon."""
        self._plane = plane
        self._line = self._axes(polygon, door_line) if len(door_line) > 1 else None
        self._zone = self._from_line(polygon)
        self._corners = [t + aside for t, _ in self._zone for aside in (-BESIDE_MM, 0.0, BESIDE_MM)]

    def area_cm2(self, ground: Ground, footprints: list[Box]) -> int:
        """Of the zone's ground that the footprints cover together, to the grid's resolution."""
        total = math.fsum(abs(_signed_area(self._laid(box))) for box in ground.patches(footprints))
        return round(total / 100)

    def reach_mm(self, footprints: list[Box]) -> tuple[int, int] | None:
        """How far the footprints stand out past the door line, and the narrowest width left.

        Only what of them lies in the zone counts. None without a door line, or when none of them does.
        """
        found = [at for box in footprints for at in self._gaps(self._from_line(_corners(box)))]
        if not found:
            return None
        return round(max(out for out, _ in found)), round(min(left for _, left in found))

    def _gaps(self, foot: list[XY]) -> list[tuple[float, float]]:
        """(standing out, width left) at every t that can be an extreme."""
        if self._line is None or not foot:
            return []
        start, end = min(t for t, _ in foot), max(t for t, _ in foot)
        places = {t for t, _ in foot}
        places |= {place for place in self._corners if start <= place <= end}
        gaps = []
        for place in sorted(places):
            goods, zone = _crossed(foot, place), _crossed(self._zone, place)
            if goods and zone and max(goods) > min(zone) and min(goods) < max(zone):
                reach = min(max(goods), max(zone))
                gaps.append((max(reach, 0.0), max(zone) - reach))
        return gaps

    def _axes(self, polygon: Polygon, door_line: Polygon) -> tuple[XY, XY, XY] | None:
        """Start of the line, unit vector along it, unit vector away from it to the zone's side."""
        (ax, ay), (bx, by) = (self._plane.on_ground(*door_line[i]) for i in (0, -1))
        length = math.sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay))
        if length < 1:
            return None
        ux, uy = (bx - ax) / length, (by - ay) / length
        corners = [self._plane.on_ground(x, y) for x, y in polygon]
        side = math.fsum((x - ax) * -uy + (y - ay) * ux for x, y in corners)
        return (ax, ay), (ux, uy), ((-uy, ux) if side >= 0 else (uy, -ux))

    def _from_line(self, corners: Polygon) -> list[XY]:
        """(t, n) of corners; none where a corner lies above the horizon."""
        if self._line is None or any(self._plane.depth(x, y) <= 0 for x, y in corners):
            return []
        (ax, ay), (ux, uy), (nx, ny) = self._line
        points = (self._plane.on_ground(x, y) for x, y in corners)
        return [((x - ax) * ux + (y - ay) * uy, (x - ax) * nx + (y - ay) * ny) for x, y in points]

    def _laid(self, box: Box) -> list[XY]:
        return [self._plane.on_ground(x, y) for x, y in _corners(box)]


def _corners(box: Box) -> Polygon:
    x_min, y_min, x_max, y_max = box
    return (x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max)


def _signed_area(corners: list[XY]) -> float:
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    return math.fsum(xa * yb - xb * ya for (xa, ya), (xb, yb) in pairs) / 2


def _crossed(corners: list[XY], t: float) -> list[float]:
    """Where (n) the edges meet the line at `t`: every edge that it meets."""
    found = []
    for (ta, na), (tb, nb) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if min(ta, tb) <= t <= max(ta, tb):
            found += [na, nb] if ta == tb else [na + (nb - na) * (t - ta) / (tb - ta)]
    return found
