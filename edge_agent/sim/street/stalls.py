"""Stalls and racks."""

from __future__ import annotations

import numpy as np

from edge_agent.sim.render.backdrop import Colour
from edge_agent.sim.render.bodies import shaded
from edge_agent.sim.street.goods import crate, heap
from edge_agent.sim.street.paint import CANVAS, CLOTH, FRUIT, METAL, PLASTIC, WOOD, pick, vary
from edge_agent.sim.street.shapes import Builder, Face, Rod, Shape, Spec, upright


def stall(build: Builder, spec: Spec) -> None:
    """A counter under a cloth, a stepped fruit display, or a cloth on the ground with goods on it."""
    kinds = {"counter": _counter, "steps": _steps, "cloth": _cloth}
    kinds[str(spec.rng.choice(list(kinds)))](build, spec)


def _cloth(build: Builder, spec: Spec) -> None:
    rng, length, width = spec.rng, spec.length, spec.width
    x0, y0 = -length / 2, -width / 2
    paint = pick(rng, CANVAS)
    build.add(
        Face(
            np.array([(x0, y0, 0.01), (-x0, y0, 0.01), (-x0, -y0, 0.01), (x0, -y0, 0.01)]),
            paint,
            thin=True,
        ),
        casts=False,
    )
    for i in range(max(3, int(length / 0.3))):
        for j in range(max(2, int(width / 0.3))):
            if rng.random() < 0.2:
                continue
            spot = (
                x0 + 0.08 + i * 0.3 + rng.uniform(0, 0.06),
                y0 + 0.06 + j * 0.3 + rng.uniform(0, 0.06),
                0.015,
            )
            if rng.random() < 0.35:
                heap(build, rng, spot, (0.2, 0.2), 1, 2)
            else:
                long, w = rng.uniform(0.1, 0.24, 2)
                top = (spot[0] + long, spot[1] + w, spot[2] + rng.uniform(0.05, 0.25))
                build.box(spot, top, pick(rng, (*CLOTH, *FRUIT)), 1)


def _steps(build: Builder, spec: Spec) -> None:
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    x0, y0 = -length / 2, -width / 2
    rows = 3
    for k in range(rows):
        y = y0 + width * k / rows
        top = height * (1 - 0.28 * k)
        build.box((x0, y, 0.0), (-x0, y + width / rows, top - 0.14), pick(rng, WOOD))
        count = max(2, int(length / 0.45))
        for i in range(count):
            low = (x0 + length * i / count, y, top - 0.14)
            crate(build, rng, low, (length / count - 0.02, width / rows - 0.01, 0.14), 1, True)


def _counter(build: Builder, spec: Spec) -> None:
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    x0, y0 = -length / 2, -width / 2
    cloth = pick(rng, CANVAS)
    hem = [("all", 0.0, 0.0, 1.0, 0.1, shaded(cloth, 1.25))]
    if rng.random() < 0.5:
        hem.append(("right", 0.2, 0.3, 0.8, 0.7, pick(rng, ((230, 230, 230), (40, 200, 230)))))
    build.box((x0, y0, 0.0), (-x0, -y0, height * 0.82), cloth, 0, 0.0, hem)
    count = max(3, int(length / 0.32))
    for i in range(count):
        low = (x0 + length * i / count + 0.02, y0 + 0.06, height * 0.82)
        size = (length / count - 0.04, width - 0.12)
        if rng.random() < 0.6:
            heap(build, rng, low, size, 1, 6)
        else:
            for j in range(3):
                part = (low[0], low[1] + size[1] * j / 3, low[2])
                tall = rng.uniform(0.06, 0.28)
                build.box(
                    part,
                    (part[0] + size[0], part[1] + size[1] / 3 - 0.02, part[2] + tall),
                    pick(rng, (*CLOTH, *PLASTIC)),
                    1,
                )


def _rail(build: Builder, spec: Spec, steel: Colour) -> None:
    """Clothes on hangers."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    x0, y0 = -length / 2, -width / 2
    rail = height * 0.96
    build.add(*[Rod((x, 0.0, 0.0), (x, 0.0, rail), 0.02, steel) for x in (x0, -x0)])
    build.add(*[Rod((x, y0, 0.03), (x, -y0, 0.03), 0.02, steel) for x in (x0, -x0)])
    build.add(Rod((x0, 0.0, rail), (-x0, 0.0, rail), 0.02, steel), layer=2)
    count = max(6, int(length / 0.08))
    for i in range(count):
        x = x0 + 0.05 + (length - 0.1) * i / (count - 1)
        drop, half, paint = rng.uniform(0.6, 0.95), rng.uniform(0.17, 0.24), pick(rng, CLOTH)
        shape = np.array(
            [
                (x, -0.05, rail - 0.03),
                (x, 0.05, rail - 0.03),
                (x + 0.03, half, rail - 0.14),
                (x + 0.03, half * 0.9, rail - drop),
                (x + 0.03, -half * 0.9, rail - drop),
                (x + 0.03, -half, rail - 0.14),
            ]
        )
        thick = upright(x, -half, x + 0.06, half, rail - drop, rail - 0.1)
        build.add(Face(shape, paint, thin=True), Face(thick, shaded(paint, 0.9), thin=True), layer=1)


def display_rack(build: Builder, spec: Spec) -> None:
    """Shelves with goods, or a rail with clothes."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    x0, y0 = -length / 2, -width / 2
    steel = pick(rng, (METAL, (60, 60, 62), (210, 212, 212)))
    legs: list[Shape] = [
        Rod((x, y, 0.0), (x, y, height), 0.018, steel) for x in (x0, -x0) for y in (y0 * 0.9, -y0 * 0.9)
    ]
    if rng.random() < 0.45:
        _rail(build, spec, steel)
        return
    build.add(*legs)
    back = rng.random() < 0.5
    if back:
        build.add(Face(upright(x0, y0, -x0, y0, 0.05, height), shaded(steel, 0.8), thin=True))
    levels = int(rng.integers(3, 6))
    for k in range(levels):
        z = 0.1 + (height - 0.25) * k / max(1, levels - 1)
        build.box((x0, y0, z), (-x0, -y0, z + 0.03), steel, 3 * k + 1)
        room = (height - 0.25) / levels
        x = x0 + 0.02
        while x < -x0 - 0.1:
            wide = rng.uniform(0.08, 0.3)
            tall = min(rng.uniform(0.1, 0.34), max(0.08, room * 0.85))
            paint = pick(rng, (*PLASTIC, *FRUIT, *CLOTH))
            low = (x, y0 + 0.04, z + 0.03)
            high = (min(x + wide, -x0 - 0.02), -y0 - 0.03, z + 0.03 + tall)
            build.box(
                low,
                high,
                paint,
                3 * k + 2,
                0.0,
                [("right", 0.15, 0.25, 0.85, 0.6, vary(rng, (225, 225, 225), 0.3))],
            )
            x += wide + 0.01
