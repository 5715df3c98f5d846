"""A thing's shapes as arrays, ready to be placed and projected many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.sim.render.backdrop import Colour
from edge_agent.sim.render.scene import Floats
from edge_agent.sim.street.shapes import Ball, Face, Group, Rod


@dataclass(frozen=True, slots=True)
class Item:
    """One shape: its points are points[start : start + count] of the solid."""

    kind: str  # face | ball | rod
    start: int
    count: int
    colour: Colour
    radius: float  # of balls and rods
    flat: float  # of balls
    shines: bool
    group: int


@dataclass(frozen=True, slots=True)
class Solid:
    """All shapes of one thing; local metres."""

    points: Floats  # (n, 3)
    items: tuple[Item, ...]
    normals: Floats  # (items, 3), out of the body; zero for what has no side
    middles: Floats  # (items, 3)
    group_middles: Floats  # (groups, 3)
    layers: npt.NDArray[np.int64]  # (groups,)
    casts: tuple[bool, ...]  # (groups,)
    top: float  # height of the highest point


def _points_of(shape: Face | Ball | Rod) -> Floats:
    if isinstance(shape, Face):
        return shape.corners
    if isinstance(shape, Ball):
        return np.array([shape.centre])
    return np.array([shape.a, shape.b])


def _outward(face: Face, middle: Floats) -> Floats:
    """Unit normal that looks away from the group's middle."""
    a, b, c = face.corners[0], face.corners[1], face.corners[2]
    normal = np.cross(b - a, c - a)
    size = float(np.linalg.norm(normal))
    if size < 1e-9:
        return np.zeros(3)
    normal = normal / size
    out: Floats = normal if float(normal @ (face.corners.mean(axis=0) - middle)) >= 0 else -normal
    return out


def solid_of(groups: Sequence[Group]) -> Solid:
    """Flatten groups of shapes."""
    points: list[Floats] = []
    items: list[Item] = []
    normals: list[Floats] = []
    group_middles: list[Floats] = []
    start = 0
    for index, group in enumerate(groups):
        own = np.concatenate([_points_of(s) for s in group.shapes])
        middle = (own.min(axis=0) + own.max(axis=0)) / 2
        group_middles.append(middle)
        for shape in group.shapes:
            corners = _points_of(shape)
            points.append(corners)
            thin = not isinstance(shape, Face) or shape.thin
            normals.append(np.zeros(3) if thin or not isinstance(shape, Face) else _outward(shape, middle))
            kind = "face" if isinstance(shape, Face) else "ball" if isinstance(shape, Ball) else "rod"
            radius = 0.0 if isinstance(shape, Face) else shape.radius
            flat = shape.flat if isinstance(shape, Ball) else 1.0
            items.append(Item(kind, start, len(corners), shape.colour, radius, flat, shape.shines, index))
            start += len(corners)
    every = np.concatenate(points)
    return Solid(
        points=every,
        items=tuple(items),
        normals=np.array(normals),
        middles=np.array([every[i.start : i.start + i.count].mean(axis=0) for i in items]),
        group_middles=np.array(group_middles),
        layers=np.array([g.layer for g in groups]),
        casts=tuple(g.casts for g in groups),
        top=float(every[:, 2].max()),
    )
