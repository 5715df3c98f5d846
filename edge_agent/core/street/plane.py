r"""From the picture to the ground: four corners and a tape's lengths make the pavement measurable.

        picture                      ground, millimetres
      A ----- B                    A (0, 0) ------ AB ------ B (AB, 0)
       \       \        ->           \                        |   angle at B: from the diagonal AC,
        D ------ C                    D -------- CD --------- C   or 90 degrees when it was not measured

A, B and C make one triangle, A, C and D another on the other side of AC. The eight numbers of the plane's
homography follow from the four pairs of points (R. Hartley, A. Zisserman, Multiple View Geometry, 2nd ed.,
section 4.1; solved by elimination). Plain floats, of which only + - * / and the square root are used: these
are the same on every machine. The callers round once, to integers.
"""

from __future__ import annotations

import math

XY = tuple[float, float]


class Plane:
    """The ground as one camera sees it. Points of the picture are permille, origin top-left."""

    def __init__(self, quad: tuple[XY, ...], sides_mm: tuple[int, ...], diagonal_mm: int | None) -> None:
        """Fit the plane.

        Args:
            quad: corners A, B, C, D in the picture, in order around, permille.
            sides_mm: lengths AB, BC, CD, DA.
            diagonal_mm: length AC; None: the angle at B is right.

        Raises:
            ValueError: no such quadrilateral exists, or one of the two is not convex.
        """
        ground = _laid_out(sides_mm, diagonal_mm)
        if not _convex(quad):
            raise ValueError("quad is not convex, or its corners are not in order around it")
        if not _convex(ground):
            raise ValueError(f"sides {sides_mm} with diagonal {diagonal_mm} do not make a convex patch")
        # Counted from the patch's middle, the last number of the homography cannot be zero.
        self._middle = sum(x for x, _ in quad) / 4, sum(y for _, y in quad) / 4
        rows = []
        for (px, py), (gx, gy) in zip(quad, ground, strict=True):
            x, y = px - self._middle[0], py - self._middle[1]
            rows.append([x, y, 1.0, 0.0, 0.0, 0.0, -gx * x, -gx * y, gx])
            rows.append([0.0, 0.0, 0.0, x, y, 1.0, -gy * x, -gy * y, gy])
        self._h = _solved(rows)

    def depth(self, x: float, y: float) -> float:
        """1 at the patch's middle, less further away, 0 at the horizon, negative above it."""
        return self._h[6] * (x - self._middle[0]) + self._h[7] * (y - self._middle[1]) + 1.0

    def on_ground(self, x: float, y: float) -> XY:
        """Millimetres on the ground. Only below the horizon (`depth` > 0)."""
        h, w = self._h, self.depth(x, y)
        x, y = x - self._middle[0], y - self._middle[1]
        return (h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w

    def in_picture(self, x_mm: float, y_mm: float) -> XY | None:
        """Where a point of the ground is in the picture, permille; None behind the horizon."""
        a, b, c, d, e, f, g, h = self._h
        wide = (e - f * h) * x_mm + (c * h - b) * y_mm + (b * f - c * e)
        high = (f * g - d) * x_mm + (a - c * g) * y_mm + (c * d - a * f)
        scale = (d * h - e * g) * x_mm + (b * g - a * h) * y_mm + (a * e - b * d)
        if scale == 0:
            return None
        x, y = wide / scale + self._middle[0], high / scale + self._middle[1]
        return (x, y) if self.depth(x, y) > 0 else None


def _laid_out(sides_mm: tuple[int, ...], diagonal_mm: int | None) -> tuple[XY, ...]:
    """A, B, C, D in millimetres: A in the origin, B on the x axis."""
    ab, bc, cd, da = sides_mm
    ac = math.sqrt(ab * ab + bc * bc) if diagonal_mm is None else float(diagonal_mm)
    for name, one, other in (("A, B, C", ab, bc), ("A, C, D", cd, da)):
        if not abs(one - other) < ac < one + other:
            given = "the diagonal" if diagonal_mm is not None else "the diagonal of a right angle at B"
            raise ValueError(f"sides {one} and {other} mm with {given} ({ac:.0f} mm) make no triangle {name}")
    x = (ab * ab + ac * ac - bc * bc) / (2 * ab)
    c = (x, math.sqrt(ac * ac - x * x))
    along = (da * da + ac * ac - cd * cd) / (2 * ac)  # of D, from A towards C
    off = math.sqrt(da * da - along * along)
    ux, uy = c[0] / ac, c[1] / ac
    return (0.0, 0.0), (float(ab), 0.0), c, (along * ux - off * uy, along * uy + off * ux)


def _convex(corners: tuple[XY, ...]) -> bool:
    turns = []
    for i in range(4):
        (ax, ay), (bx, by), (cx, cy) = corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4]
        turns.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    return all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns)


def _solved(rows: list[list[float]]) -> list[float]:
    """Gauss-Jordan elimination with partial pivoting; each row: coefficients, then the right side.

    Convex quadrilaterals on both sides: no three points on a line, so there is exactly one solution.
    """
    size = len(rows)
    for column in range(size):
        pivot = max(range(column, size), key=lambda r: (abs(rows[r][column]), -r))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for number in range(size):
            factor = rows[number][column]
            if number != column and factor:
                rows[number] = [a - factor * b for a, b in zip(rows[number], rows[column], strict=True)]
    return [row[size] for row in rows]
