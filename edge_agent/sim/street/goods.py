"""Goods: stalls, piles, racks, rubbish."""

from __future__ import annotations

import math

import numpy as np

from edge_agent.sim.render.backdrop import Colour
from edge_agent.sim.render.bodies import shaded
from edge_agent.sim.street.paint import CANVAS, CARTON, CLOTH, FRUIT, METAL, PLASTIC, WOOD, pick, vary
from edge_agent.sim.street.shapes import Ball, Builder, Face, Rod, Shape, upright

Rng = np.random.Generator


def heap(
    build: Builder,
    rng: Rng,
    low: tuple[float, float, float],
    size: tuple[float, float],
    layer: int,
    rows: int = 4,
) -> None:
    """Fruit or vegetables heaped on a rectangle whose corner is `low`."""
    x, y, z = low
    wide, deep = size
    colour = pick(rng, FRUIT)
    across = max(2, min(9, int(wide / 0.1)))
    along = max(2, min(rows, int(deep / 0.1)))
    radius = min(wide / across, deep / along) * 0.62
    balls: list[Shape] = [
        Ball(
            (
                x + wide * (i + 0.5 + rng.uniform(-0.2, 0.2)) / across,
                y + deep * (j + 0.5 + rng.uniform(-0.2, 0.2)) / along,
                z + radius * (0.3 + 0.9 * math.sin(math.pi * (i + 0.5) / across)),
            ),
            radius,
            vary(rng, colour, 0.22),
            0.85,
        )
        for j in range(along)
        for i in range(across)
    ]
    build.add(*balls, layer=layer)


def crate(
    build: Builder,
    rng: Rng,
    low: tuple[float, float, float],
    size: tuple[float, float, float],
    layer: int,
    full: bool,
) -> None:
    """A plastic crate with slots; full ones are heaped with fruit."""
    (x, y, z), (l, w, h) = low, size
    paint = pick(rng, PLASTIC)
    slot = shaded(paint, 0.55)
    marks = [("all", 0.08, v, 0.92, v + 0.13, slot) for v in (0.22, 0.52)]
    build.box(
        low,
        (x + l, y + w, z + h),
        paint,
        layer,
        -0.01,
        [*marks, ("top", 0.06, 0.06, 0.94, 0.94, shaded(paint, 0.4))],
    )
    if full:
        heap(build, rng, (x + 0.02, y + 0.02, z + h * 0.85), (l - 0.04, w - 0.04), layer + 1)


def carton(
    build: Builder, rng: Rng, low: tuple[float, float, float], size: tuple[float, float, float], layer: int
) -> None:
    """A cardboard box with tape and a print."""
    (x, y, z), (l, w, h) = low, size
    paint = pick(rng, CARTON, 0.15)
    ink = pick(rng, CANVAS)
    marks: list[tuple[str, float, float, float, float, Colour]] = [
        ("top", 0.0, 0.44, 1.0, 0.56, shaded(paint, 1.18))
    ]
    if rng.random() < 0.7:
        marks.append(("all", 0.15, 0.3, rng.uniform(0.45, 0.85), 0.62, ink))
    marks.append(("all", 0.0, 0.0, 1.0, 0.04, shaded(paint, 0.8)))
    build.box(low, (x + l, y + w, z + h), paint, layer, 0.0, marks)


def sack(
    build: Builder, rng: Rng, low: tuple[float, float, float], size: tuple[float, float, float], layer: int
) -> None:
    """A woven sack lying on others."""
    (x, y, z), (l, w, h) = low, size
    paint = pick(rng, ((200, 208, 212), (170, 190, 205), (120, 150, 180), (150, 180, 160)))
    ink = pick(rng, CANVAS)
    build.box(
        low, (x + l, y + w, z + h), paint, layer, min(l, w, h) * 0.2,
        [("top", 0.3, 0.25, 0.7, 0.75, ink), ("right", 0.35, 0.3, 0.65, 0.8, ink)],
    )  # fmt: skip


def foam(
    build: Builder,
    rng: Rng,
    low: tuple[float, float, float],
    size: tuple[float, float, float],
    layer: int,
    full: bool,
) -> None:
    """A white foam box, open with greens or closed."""
    (x, y, z), (l, w, h) = low, size
    white = vary(rng, (222, 224, 224), 0.08)
    build.box(
        low, (x + l, y + w, z + h), white, layer, 0.0, [("all", 0.0, 0.12, 1.0, 0.16, shaded(white, 0.8))]
    )
    if full:
        heap(build, rng, (x + 0.04, y + 0.04, z + h * 0.9), (l - 0.08, w - 0.08), layer + 1, 3)


def pack(
    build: Builder, rng: Rng, low: tuple[float, float, float], size: tuple[float, float, float], layer: int
) -> None:
    """Bottles under film."""
    (x, y, z), (l, w, h) = low, size
    water = pick(rng, ((205, 190, 165), (90, 70, 60), (120, 190, 130), (80, 160, 220)))
    label = pick(rng, CANVAS)
    marks = [("all", 0.02, 0.4, 0.98, 0.7, label)]
    marks += [("all", k / 5 + 0.01, 0.0, k / 5 + 0.03, 1.0, shaded(water, 0.7)) for k in range(1, 5)]
    build.box(low, (x + l, y + w, z + h), water, layer, 0.02, marks)


def goods_pile(build: Builder, rng: Rng, length: float, width: float, height: float, pose: str) -> None:
    """Crates, cartons, sacks, foam boxes or packs of bottles, stacked unevenly."""
    what = str(rng.choice(["crate", "crate", "carton", "carton", "sack", "foam", "pack", "mixed"]))
    unit = {
        "crate": (0.5, 0.36, 0.28),
        "carton": (0.48, 0.36, 0.34),
        "sack": (0.7, 0.42, 0.2),
        "foam": (0.55, 0.38, 0.3),
        "pack": (0.4, 0.28, 0.27),
    }
    lu, wu, hu = unit.get(what, (0.48, 0.38, 0.3))
    across, deep, tall = max(1, round(length / lu)), max(1, round(width / wu)), max(1, round(height / hu))
    l, w, h = length / across, width / deep, height / tall
    for i in range(across):
        for j in range(deep):
            stack = tall if rng.random() < 0.55 else max(1, tall - int(rng.integers(0, tall + 1)))
            for k in range(stack):
                kind = str(rng.choice(["crate", "carton", "foam", "sack"])) if what == "mixed" else what
                off = rng.uniform(-0.02, 0.02, 2)
                low = (-length / 2 + i * l + 0.01 + off[0], -width / 2 + j * w + 0.01 + off[1], k * h)
                size = (l - 0.02, w - 0.02, h)
                top, layer = k == stack - 1, 2 * k
                if kind == "crate":
                    crate(build, rng, low, size, layer, top and rng.random() < 0.75)
                elif kind == "carton":
                    carton(build, rng, low, size, layer)
                elif kind == "sack":
                    sack(build, rng, low, size, layer)
                elif kind == "foam":
                    foam(build, rng, low, size, layer, top and rng.random() < 0.6)
                else:
                    pack(build, rng, low, size, layer)


def stall(build: Builder, rng: Rng, length: float, width: float, height: float, pose: str) -> None:
    """A counter under a cloth, a stepped fruit display, or a cloth on the ground with goods on it."""
    x0, y0 = -length / 2, -width / 2
    kind = str(rng.choice(["counter", "steps", "cloth"]))
    if kind == "cloth":
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
                    l, w = rng.uniform(0.1, 0.24, 2)
                    top = (spot[0] + l, spot[1] + w, spot[2] + rng.uniform(0.05, 0.25))
                    build.box(spot, top, pick(rng, (*CLOTH, *FRUIT)), 1)
        return
    if kind == "steps":
        rows = 3
        for k in range(rows):
            y = y0 + width * k / rows
            top = height * (1 - 0.28 * k)
            build.box((x0, y, 0.0), (-x0, y + width / rows, top - 0.14), pick(rng, WOOD))
            count = max(2, int(length / 0.45))
            for i in range(count):
                low = (x0 + length * i / count, y, top - 0.14)
                crate(build, rng, low, (length / count - 0.02, width / rows - 0.01, 0.14), 1, True)
        return
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


def display_rack(build: Builder, rng: Rng, length: float, width: float, height: float, pose: str) -> None:
    """Shelves with goods, or a rail with clothes."""
    x0, y0 = -length / 2, -width / 2
    steel = pick(rng, (METAL, (60, 60, 62), (210, 212, 212)))
    legs: list[Shape] = [
        Rod((x, y, 0.0), (x, y, height), 0.018, steel) for x in (x0, -x0) for y in (y0 * 0.9, -y0 * 0.9)
    ]
    if rng.random() < 0.45:
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


def rubbish_bag(build: Builder, rng: Rng, length: float, width: float, height: float, pose: str) -> None:
    """One to four tied bags."""
    count = 1 if length < 0.6 else int(rng.integers(2, 5))
    for k in range(count):
        radius = min(width / 2, length / (count + 1) if count > 1 else length / 2) * rng.uniform(0.8, 1.1)
        x = 0.0 if count == 1 else -length / 2 + radius + (length - 2 * radius) * k / (count - 1)
        y = rng.uniform(-0.1, 0.1) if count > 1 else 0.0
        paint = pick(rng, ((45, 45, 48), (42, 40, 40), (200, 205, 205), (60, 60, 160), (60, 110, 60)))
        body: list[Shape] = [Ball((x, y, radius * 0.75), radius, paint, 0.85)]
        for _ in range(5):
            a, b = rng.uniform(-0.5, 0.5, 2) * radius
            body.append(
                Ball((x + a, y + b, radius * rng.uniform(0.4, 1.1)), radius * 0.5, vary(rng, paint, 0.3), 0.8)
            )
        top = min(height, radius * 1.75)
        body.append(Rod((x, y, radius * 1.3), (x + 0.03, y, top), radius * 0.16, shaded(paint, 0.8)))
        build.add(*body)
    if rng.random() < 0.3:
        carton(build, rng, (length * 0.1, -width / 2, 0.0), (0.3, 0.25, 0.22), 0)
