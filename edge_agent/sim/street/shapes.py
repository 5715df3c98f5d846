"""What things are built of: flat faces, balls and rods, in metres, in the painter's order.

Local axes: x along the thing's length (its front), y to its right, z up; the origin is on the ground under
the middle. Shapes of one group are painted together; groups are painted layer by layer, farthest first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edge_agent.sim.render.backdrop import Colour
from edge_agent.sim.render.scene import Floats

Xyz = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Face:
    """A flat convex polygon; hidden when it looks away, unless it is thin and seen from both sides."""

    corners: Floats  # (n, 3)
    colour: Colour
    thin: bool = False
    shines: bool = False  # lamps and screens: not darkened by the night


@dataclass(frozen=True, slots=True)
class Ball:
    """A round thing."""

    centre: Xyz
    radius: float
    colour: Colour
    flat: float = 1.0  # height over width
    shines: bool = False


@dataclass(frozen=True, slots=True)
class Rod:
    """A limb, a leg, a pole."""

    a: Xyz
    b: Xyz
    radius: float
    colour: Colour
    shines: bool = False


Shape = Face | Ball | Rod


@dataclass(frozen=True, slots=True)
class Spec:
    """What is to be built: its measures in metres, its pose, and the chance that makes its look."""

    rng: np.random.Generator
    length: float
    width: float
    height: float
    pose: str


@dataclass(frozen=True, slots=True)
class Group:
    """Shapes in the order of painting; the whole is taken to be where its middle is."""

    shapes: tuple[Shape, ...]
    layer: int = 0
    casts: bool = True


@dataclass
class Builder:
    """Collects the groups of one thing."""

    groups: list[Group] = field(default_factory=list)

    def add(self, *shapes: Shape, layer: int = 0, casts: bool = True) -> None:
        """One more group."""
        self.groups.append(Group(shapes, layer, casts))

    def box(
        self,
        low: Xyz,
        high: Xyz,
        colour: Colour,
        layer: int = 0,
        taper: float = 0.0,
        marks: Sequence[tuple[str, float, float, float, float, Colour]] = (),
        bottomless: bool = True,
    ) -> None:
        """An upright box, its top narrower by `taper`; marks are (side, u0, v0, u1, v1, colour)."""
        quads = box_quads(low, high, taper)
        shapes: list[Shape] = []
        for side, quad in quads.items():
            if side == "bottom" and bottomless:
                continue
            shapes.append(Face(quad, colour))
            shapes.extend(
                Face(part_of(quad, u0, v0, u1, v1), paint)
                for where, u0, v0, u1, v1, paint in marks
                if where in (side, "all") and (where == side or side not in ("top", "bottom"))
            )
        self.add(*shapes, layer=layer)

    def drum(
        self,
        centre: Xyz,
        radius: float,
        height: float,
        colour: Colour,
        layer: int = 0,
        top: Colour | None = None,
        narrow: float = 1.0,
    ) -> None:
        """An upright cylinder or bucket on `centre`."""
        turns = [2 * math.pi * k / 12 for k in range(12)]
        x, y, z = centre
        low = np.array(
            [[x + math.cos(a) * radius * narrow, y + math.sin(a) * radius * narrow, z] for a in turns]
        )
        high = np.array([[x + math.cos(a) * radius, y + math.sin(a) * radius, z + height] for a in turns])
        sides = [
            Face(np.array([low[k], low[(k + 1) % 12], high[(k + 1) % 12], high[k]]), colour)
            for k in range(12)
        ]
        self.add(*sides, Face(high, top or tuple(min(255.0, c * 1.12) for c in colour)), layer=layer)  # type: ignore[arg-type]  # three in, three out

    def wheel(
        self,
        centre: Xyz,
        radius: float,
        thick: float,
        rim: Colour,
        spokes: bool = False,
        layer: int = 0,
        along: str = "x",
    ) -> None:
        """An upright wheel that rolls along local x (or y)."""
        turns = [2 * math.pi * k / 16 for k in range(16)]
        x, y, z = centre

        def ring(r: float, off: float) -> Floats:
            if along == "x":
                return np.array([[x + math.cos(a) * r, y + off, z + math.sin(a) * r] for a in turns])
            return np.array([[x + off, y + math.cos(a) * r, z + math.sin(a) * r] for a in turns])

        tyre: Colour = (38, 38, 40)
        if spokes:
            outer = ring(radius, 0.0)
            lines: list[Shape] = [
                Rod(tuple(outer[k]), tuple(outer[(k + 1) % 16]), thick / 2, tyre) for k in range(16)
            ]
            lines += [
                Rod(tuple(outer[k]), tuple(outer[k + 8]), 0.004, (150, 150, 152)) for k in range(0, 8, 2)
            ]
            self.add(*lines, layer=layer)
            return
        left, right = ring(radius, -thick / 2), ring(radius, thick / 2)
        tread = [
            Face(np.array([left[k], left[(k + 1) % 16], right[(k + 1) % 16], right[k]]), tyre)
            for k in range(16)
        ]
        discs: list[Shape] = []
        for off in (-thick / 2, thick / 2):
            discs += [Face(ring(radius, off), tyre), Face(ring(radius * 0.55, off * 1.02), rim)]
        self.add(*tread, *discs, layer=layer)


def box_quads(low: Xyz, high: Xyz, taper: float = 0.0) -> dict[str, Floats]:
    """Faces (4, 3) of a box: top-left, top-right, bottom-right, bottom-left as seen from outside."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    t = taper
    a, b, c, d = x0 + t, x1 - t, y0 + t, y1 - t
    return {
        "left": np.array([(b, c, z1), (a, c, z1), (x0, y0, z0), (x1, y0, z0)]),
        "right": np.array([(a, d, z1), (b, d, z1), (x1, y1, z0), (x0, y1, z0)]),
        "front": np.array([(b, d, z1), (b, c, z1), (x1, y0, z0), (x1, y1, z0)]),
        "rear": np.array([(a, c, z1), (a, d, z1), (x0, y1, z0), (x0, y0, z0)]),
        "top": np.array([(a, c, z1), (b, c, z1), (b, d, z1), (a, d, z1)]),
        "bottom": np.array([(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)]),
    }


def part_of(quad: Floats, u0: float, v0: float, u1: float, v1: float) -> Floats:
    """The piece of a face between (u0, v0) and (u1, v1), origin top-left."""

    def at(u: float, v: float) -> Floats:
        upper, lower = quad[0] + (quad[1] - quad[0]) * u, quad[3] + (quad[2] - quad[3]) * u
        spot: Floats = upper + (lower - upper) * v
        return spot

    return np.array([at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1)])


def upright(x0: float, y0: float, x1: float, y1: float, z0: float, z1: float) -> Floats:
    """A standing rectangle over the ground line (x0, y0) to (x1, y1)."""
    return np.array([(x0, y0, z1), (x1, y1, z1), (x1, y1, z0), (x0, y0, z0)])
