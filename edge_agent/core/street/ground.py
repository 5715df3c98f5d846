"""Which ground of the picture belongs to a zone, as the cells of a grid, a row an integer.

    polygon minus permitted strips  ->  rows of bits  ->  shares by counting bits

A cell belongs to whatever its middle lies in. The grid has at most `CELLS` cells each way over the zone's
own extent, so a cell is 4 permille of the picture at most (8 px of 1920), 1 permille for a zone that takes
a quarter of the picture's width: finer than a detector's box is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge_agent.core.street.geometry import Box, Polygon, foot_point, footprint, inside
from edge_agent.core.units import Permille, div_round

CELLS = 256


class Ground:
    """A zone's ground. Corners in permille of the picture; strips may overlap and stick out."""

    def __init__(
        self, polygon: Polygon, permitted: tuple[Polygon, ...] = (), beside: tuple[Polygon, ...] = ()
    ) -> None:
        """A grid over the polygon's extent, filled by the even-odd rule; `beside`: others' ground."""
        self._polygon = polygon
        self._permitted = permitted
        self._beside = beside
        xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
        self._x, self._y = min(xs), min(ys)
        self._wide = max(-((self._x - max(xs)) // CELLS), 1)
        self._high = max(-((self._y - max(ys)) // CELLS), 1)
        count = -((self._y - max(ys)) // self._high)
        self._rows = [self._fill(row) for row in range(count)]
        self._cells = sum(row.bit_count() for row in self._rows)

    def holds(self, x2: int, y2: int) -> bool:
        """Whether the doubled point is on the zone's ground; exact, not by cells."""
        return inside(self._polygon, x2, y2) and not any(inside(strip, x2, y2) for strip in self._permitted)

    def stands_on(self, box: Box, containment: int) -> bool:
        """Whether a box stands here: its foot point does, or `containment` permille of its footprint.

        What has its foot on others' ground is theirs alone: a stall on the border of two shops is one case.
        Where grounds overlap a foot may be on both, and is.
        """
        foot = foot_point(box)
        if self.holds(*foot):
            return True
        theirs = any(inside(other, *foot) for other in self._beside)
        return not theirs and self.share(footprint(box)) >= containment

    def share(self, box: Box) -> Permille:
        """How much of a box lies on the zone's ground."""
        left, right = self._columns(box[0], box[2])
        top, bottom = self._lines(box[1], box[3])
        mask = self._mask(left, right)
        held = sum((row & mask).bit_count() for row in self._rows[max(top, 0) : max(bottom, 0)])
        return Permille(div_round(1000 * held, (right - left) * (bottom - top)))

    def touches(self, box: Box) -> bool:
        """Whether any of a box lies on the zone's ground."""
        mask = self._mask(*self._columns(box[0], box[2]))
        top, bottom = self._lines(box[1], box[3])
        return any(row & mask for row in self._rows[max(top, 0) : max(bottom, 0)])

    def covered(self, boxes: Iterable[Box]) -> Permille:
        """How much of the ground the boxes cover together."""
        if not self._cells:
            return Permille(0)
        held = sum(row.bit_count() for row in self._cover(boxes))
        return Permille(div_round(1000 * held, self._cells))

    def patches(self, boxes: Iterable[Box]) -> Iterator[Box]:
        """The covered ground cut into boxes that do not overlap; rows alike are joined."""
        begun, before = 0, 0
        for number, row in enumerate((*self._cover(boxes), 0)):
            if row != before:
                yield from self._runs(before, begun, number)
                begun, before = number, row

    def _fill(self, number: int) -> int:
        y2 = 2 * self._y + (2 * number + 1) * self._high
        row = self._across(self._polygon, y2)
        for strip in self._permitted:
            row &= ~self._across(strip, y2)
        return row

    def _across(self, polygon: Polygon, y2: int) -> int:
        """The cells of one row whose middles lie in the polygon."""
        row = 0
        for (xa, ya), (xb, yb) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
            if (2 * ya > y2) != (2 * yb > y2):
                down = 2 * abs(yb - ya)
                along = (y2 - 2 * ya) * (xb - xa) * (1 if yb > ya else -1)
                # the edge crosses the row at x = xa + along / down; from which cell on is right of it
                first = -((down * (2 * (self._x - xa) + self._wide) - 2 * along) // (2 * self._wide * down))
                row ^= (1 << min(max(first, 0), CELLS)) - 1
        return row

    def _cover(self, boxes: Iterable[Box]) -> list[int]:
        rows = [0] * len(self._rows)
        for box in boxes:
            mask = self._mask(*self._columns(box[0], box[2]))
            top, bottom = self._lines(box[1], box[3])
            for number in range(max(top, 0), min(bottom, len(rows))):
                rows[number] |= mask
        return [row & ground for row, ground in zip(rows, self._rows, strict=True)]

    def _runs(self, row: int, begun: int, ended: int) -> Iterator[Box]:
        top, bottom = self._y + begun * self._high, self._y + ended * self._high
        while row:
            left = (row & -row).bit_length() - 1
            right = left + (~(row >> left) & ((row >> left) + 1)).bit_length() - 1
            yield self._x + left * self._wide, top, self._x + right * self._wide, bottom
            row &= -1 << right

    def _columns(self, start: int, end: int) -> tuple[int, int]:
        return _cells(start - self._x, end - self._x, self._wide)

    def _lines(self, start: int, end: int) -> tuple[int, int]:
        return _cells(start - self._y, end - self._y, self._high)

    @staticmethod
    def _mask(left: int, right: int) -> int:
        left, right = min(max(left, 0), CELLS), min(max(right, 0), CELLS)
        return (1 << right) - (1 << left)


def _cells(start: int, end: int, pitch: int) -> tuple[int, int]:
    """First cell, and the first one after, whose middles lie in start <= x < end; one at least."""
    first, after = -((pitch - 2 * start) // (2 * pitch)), -((pitch - 2 * end) // (2 * pitch))
    if first < after:
        return first, after
    middle = (start + end) // (2 * pitch)
    return middle, middle + 1
