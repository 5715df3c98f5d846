"""Goods: stalls, piles, racks, rubbish."""

from __future__ import annotations

import math

import numpy as np

from edge_agent.sim.render.backdrop import Colour
from edge_agent.sim.render.bodies import shaded
from edge_agent.sim.street.paint import CANVAS, CARTON, FRUIT, PLASTIC, pick, vary
from edge_agent.sim.street.shapes import Ball, Builder, Rod, Shape, Spec

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
    (x, y, z), (long, w, h) = low, size
    paint = pick(rng, PLASTIC)
    slot = shaded(paint, 0.55)
    marks = [("all", 0.08, v, 0.92, v + 0.13, slot) for v in (0.22, 0.52)]
    build.box(
        low,
        (x + long, y + w, z + h),
        paint,
        layer,
        -0.01,
        [*marks, ("top", 0.06, 0.06, 0.94, 0.94, shaded(paint, 0.4))],
    )
    if full:
        heap(build, rng, (x + 0.02, y + 0.02, z + h * 0.85), (long - 0.04, w - 0.04), layer + 1)


def carton(
    build: Builder, rng: Rng, low: tuple[float, float, float], size: tuple[float, float, float], layer: int
) -> None:
    """A cardboard box with tape and a print."""
    (x, y, z), (long, w, h) = low, size
    paint = pick(rng, CARTON, 0.15)
    ink = pick(rng, CANVAS)
    marks: list[tuple[str, float, float, float, float, Colour]] = [
        ("top", 0.0, 0.44, 1.0, 0.56, shaded(paint, 1.18))
    ]
    if rng.random() < 0.7:
        marks.append(("all", 0.15, 0.3, rng.uniform(0.45, 0.85), 0.62, ink))
    marks.append(("all", 0.0, 0.0, 1.0, 0.04, shaded(paint, 0.8)))
    build.box(low, (x + long, y + w, z + h), paint, layer, 0.0, marks)


def sack(
    build: Builder, rng: Rng, low: tuple[float, float, float], size: tuple[float, float, float], layer: int
) -> None:
    """A woven sack lying on others."""
    (x, y, z), (long, w, h) = low, size
    paint = pick(rng, ((200, 208, 212), (170, 190, 205), (120, 150, 180), (150, 180, 160)))
    ink = pick(rng, CANVAS)
    build.box(
        low, (x + long, y + w, z + h), paint, layer, min(long, w, h) * 0.2,
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
    (x, y, z), (long, w, h) = low, size
    white = vary(rng, (222, 224, 224), 0.08)
    build.box(
        low, (x + long, y + w, z + h), white, layer, 0.0, [("all", 0.0, 0.12, 1.0, 0.16, shaded(white, 0.8))]
    )
    if full:
        heap(build, rng, (x + 0.04, y + 0.04, z + h * 0.9), (long - 0.08, w - 0.08), layer + 1, 3)


def pack(
    build: Builder, rng: Rng, low: tuple[float, float, float], size: tuple[float, float, float], layer: int
) -> None:
    """Bottles under film."""
    (x, y, z), (long, w, h) = low, size
    water = pick(rng, ((205, 190, 165), (90, 70, 60), (120, 190, 130), (80, 160, 220)))
    label = pick(rng, CANVAS)
    marks = [("all", 0.02, 0.4, 0.98, 0.7, label)]
    marks += [("all", k / 5 + 0.01, 0.0, k / 5 + 0.03, 1.0, shaded(water, 0.7)) for k in range(1, 5)]
    build.box(low, (x + long, y + w, z + h), water, layer, 0.02, marks)


def goods_pile(build: Builder, spec: Spec) -> None:
    """Crates, cartons, sacks, foam boxes or packs of bottles, stacked unevenly."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
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
    long, w, h = length / across, width / deep, height / tall
    for i in range(across):
        for j in range(deep):
            stack = tall if rng.random() < 0.55 else max(1, tall - int(rng.integers(0, tall + 1)))
            for k in range(stack):
                kind = str(rng.choice(["crate", "carton", "foam", "sack"])) if what == "mixed" else what
                off = rng.uniform(-0.02, 0.02, 2)
                low = (-length / 2 + i * long + 0.01 + off[0], -width / 2 + j * w + 0.01 + off[1], k * h)
                size = (long - 0.02, w - 0.02, h)
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


def rubbish_bag(build: Builder, spec: Spec) -> None:
    """One to four tied bags."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
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
