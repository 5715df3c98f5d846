"""What belongs to the street and carries no label: awnings, trees, lamp posts."""

from __future__ import annotations

import math

import numpy as np

from edge_agent.sim.render.bodies import shaded
from edge_agent.sim.street.paint import CANVAS, METAL, pick, vary
from edge_agent.sim.street.shapes import Ball, Builder, Face, Rod, Shape, Spec

Rng = np.random.Generator


def awning(build: Builder, spec: Spec) -> None:
    """A cloth rolled out over the pavement from the wall (local y = 0); `pose` is how far, permille."""
    rng, length, width, height, pose = spec.rng, spec.length, spec.width, spec.height, spec.pose
    reach = width * int(pose or 1000) / 1000
    a, b = pick(rng, CANVAS), (225.0, 225.0, 225.0) if rng.random() < 0.5 else pick(rng, CANVAS)
    x, drop = length / 2, 0.35 * reach
    build.add(Rod((-x, 0.06, height), (x, 0.06, height), 0.08, shaded(a, 0.7)))
    if reach < 0.15:
        return
    stripes = max(2, int(length / 0.4))
    cloth: list[Shape] = []
    for k in range(stripes):
        s, e = -x + length * k / stripes, -x + length * (k + 1) / stripes
        paint = a if k % 2 else b
        slope = np.array(
            [(s, 0.05, height), (e, 0.05, height), (e, reach, height - drop), (s, reach, height - drop)]
        )
        hem = np.array(
            [
                (s, reach, height - drop),
                (e, reach, height - drop),
                (e, reach, height - drop - 0.2),
                (s, reach, height - drop - 0.2),
            ]
        )
        cloth += [Face(slope, paint, thin=True), Face(hem, shaded(paint, 0.85), thin=True)]
    build.add(*cloth, layer=1)
    build.add(
        *[Rod((s, 0.05, height - 0.5), (s, reach, height - drop), 0.015, METAL) for s in (-x, x)], layer=0
    )


def tree(build: Builder, spec: Spec) -> None:
    """A street tree."""
    rng, length, height = spec.rng, spec.length, spec.height
    bark = vary(rng, (60, 75, 90), 0.25)
    trunk = height * 0.45
    build.add(Rod((0, 0, 0), (rng.uniform(-0.1, 0.1), 0, trunk), 0.11 + 0.02 * height, bark))
    leaf = pick(rng, ((50, 105, 60), (45, 90, 70), (60, 120, 90)))
    crown: list[Shape] = []
    for _ in range(60):
        turn, out, up = rng.uniform(0, 2 * math.pi), rng.uniform(0, 1) ** 0.5, rng.uniform(0, 1)
        reach = length / 2 * out * math.sin(math.pi * (0.15 + 0.75 * up))
        spot = (math.cos(turn) * reach, math.sin(turn) * reach, trunk * 0.9 + (height - trunk * 0.9) * up)
        crown.append(
            Ball(spot, rng.uniform(0.2, 0.45), shaded(leaf, 0.55 + 0.6 * up + rng.uniform(-0.1, 0.1)), 0.8)
        )
    build.add(*sorted(crown, key=lambda s: s.centre[2] if isinstance(s, Ball) else 0.0), layer=1)


def lamp(build: Builder, spec: Spec) -> None:
    """A street lamp; its arm reaches over the pavement."""
    height = spec.height
    build.add(Rod((0, 0, 0), (0, 0, height), 0.07, (110, 112, 114)))
    build.add(Rod((0, 0, height), (0, -1.2, height + 0.1), 0.04, (110, 112, 114)), layer=1)
    build.add(Ball((0, -1.25, height + 0.05), 0.14, (200, 235, 255), 0.5, shines=True), layer=1, casts=False)
