"""Things on small wheels: vendor carts and tricycles, bicycles and scooters, hand trucks."""

from __future__ import annotations

import numpy as np

from edge_agent.sim.render.bodies import shaded
from edge_agent.sim.street.goods import carton, crate, foam, heap, sack
from edge_agent.sim.street.paint import CANVAS, DARK, METAL, WOOD, pick, vary
from edge_agent.sim.street.people import figure
from edge_agent.sim.street.shapes import Ball, Builder, Face, Rod, Shape, Spec

Rng = np.random.Generator


def vendor_cart(build: Builder, spec: Spec) -> None:
    """A barrow with a glass case or pots on it and a little roof."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    x, y = length / 2, width / 2
    paint = pick(rng, (*CANVAS, (170, 172, 174)))
    deck = 0.8
    for side in (-1, 1):
        build.wheel((-x * 0.25, side * (y + 0.03), 0.3), 0.3, 0.05, METAL, spokes=rng.random() < 0.5)
    build.add(*[Rod((x * 0.8, b * y * 0.8, 0.0), (x * 0.8, b * y * 0.8, 0.35), 0.02, DARK) for b in (-1, 1)])
    text = (235, 235, 235) if sum(paint) < 380 else (40, 40, 170)
    marks = [("right", 0.08 + 0.22 * k, 0.25, 0.24 + 0.22 * k, 0.75, text) for k in range(4)]
    build.box((-x, -y, 0.3), (x, y, deck), paint, 1, 0.0, [*marks, ("left", 0.1, 0.25, 0.9, 0.75, text)])
    build.add(
        *[
            Rod((-x, b * y * 0.7, deck - 0.1), (-x - 0.25, b * y * 0.7, deck + 0.05), 0.02, METAL)
            for b in (-1, 1)
        ],
        layer=1,
    )
    kind = str(rng.choice(["glass", "pots", "fruit"]))
    if kind == "glass":
        build.box(
            (-x * 0.9, -y * 0.8, deck),
            (x * 0.3, y * 0.8, deck + 0.35),
            (190, 180, 165),
            2,
            0.0,
            [("all", 0.05, 0.1, 0.95, 0.5, (70, 120, 170)), ("all", 0.05, 0.55, 0.95, 0.92, (90, 150, 190))],
        )
        build.drum((x * 0.65, 0, deck), 0.17, 0.2, (150, 152, 154), 2)
    elif kind == "pots":
        for k in range(3):
            build.drum(
                (-x * 0.6 + k * x * 0.6, 0, deck),
                min(0.2, y * 0.7),
                rng.uniform(0.12, 0.3),
                vary(rng, METAL),
                2,
                pick(rng, ((60, 90, 150), (40, 60, 90), METAL)),
            )
    else:
        heap(build, rng, (-x * 0.95, -y * 0.9, deck), (length * 0.45, width * 0.9), 2, 6)
        heap(build, rng, (0.0, -y * 0.9, deck), (length * 0.45, width * 0.9), 2, 6)
    if height > 1.65:
        cloth = pick(rng, CANVAS)
        posts = [(i * x * 0.9, j * y * 0.9) for i in (-1, 1) for j in (-1, 1)]
        build.add(*[Rod((a, b, deck), (a, b, height - 0.12), 0.015, METAL) for a, b in posts], layer=3)
        build.box(
            (-x, -y * 1.15, height - 0.2),
            (x, y * 1.15, height - 0.05),
            cloth,
            4,
            0.05,
            [
                ("right", 0.1, 0.2, 0.9, 0.8, shaded(cloth, 1.5)),
                ("left", 0.1, 0.2, 0.9, 0.8, shaded(cloth, 1.5)),
            ],
        )


def vendor_tricycle(build: Builder, spec: Spec) -> None:
    """A cargo tricycle, its bed at the rear full of goods; the saddle is empty."""
    rng, length, width = spec.rng, spec.length, spec.width
    x, y = length / 2, width / 2
    paint = pick(rng, ((150, 80, 30), (40, 40, 170), (60, 120, 60), (110, 112, 114)))
    bed0, bed1, deck = -x, x * 0.18, 0.5
    build.wheel((x - 0.28, 0.0, 0.28), 0.28, 0.07, METAL)
    for side in (-1, 1):
        build.wheel((-x * 0.45, side * y * 0.92, 0.28), 0.28, 0.08, METAL)
    build.add(
        Rod((x - 0.28, 0, 0.3), (x - 0.42, 0, 1.0), 0.03, paint),
        Rod((x - 0.42, -0.28, 1.0), (x - 0.42, 0.28, 1.0), 0.02, DARK),
        Rod((x - 0.4, 0, 0.55), (bed1, 0, 0.45), 0.04, paint),
        layer=1,
    )
    build.box(
        (x - 0.46, -0.16, 0.62),
        (x - 0.3, 0.16, 0.92),
        paint,
        1,
        0.03,
        [("front", 0.3, 0.2, 0.7, 0.5, (230, 235, 240))],
    )
    build.box((bed1 + 0.05, -0.2, 0.6), (bed1 + 0.5, 0.2, 0.72), DARK, 1, 0.03)
    build.box(
        (bed0, -y, deck - 0.12),
        (bed1, y, deck + 0.2),
        paint,
        1,
        0.0,
        [
            ("all", 0.0, 0.1, 1.0, 0.2, shaded(paint, 1.3)),
            ("top", 0.03, 0.05, 0.97, 0.95, shaded(paint, 0.4)),
        ],
    )
    _load(build, spec, (bed0, bed1, deck))


def _load(build: Builder, spec: Spec, bed: tuple[float, float, float]) -> None:
    """Goods on a tricycle's bed: fruit, crates, sacks, or a board with fruit."""
    rng, width, height = spec.rng, spec.width, spec.height
    y = width / 2
    bed0, bed1, deck = bed
    base, room = deck + 0.12, max(0.2, height - deck - 0.1)
    kind = str(rng.choice(["fruit", "fruit", "crates", "sacks", "board"]))
    wide = bed1 - bed0
    if kind == "board":
        build.box(
            (bed0 - 0.05, -y - 0.05, deck + 0.2), (bed1 + 0.05, y + 0.05, deck + 0.24), pick(rng, WOOD), 2
        )
        base = deck + 0.24
    if kind in ("fruit", "board"):
        for i in range(3):
            for j in range(2):
                low = (bed0 + 0.03 + wide * i / 3, -y + 0.04 + width * j / 2, base)
                if rng.random() < 0.8:
                    heap(build, rng, low, (wide / 3 - 0.04, width / 2 - 0.06), 3, 6)
                else:
                    foam(build, rng, low, (wide / 3 - 0.04, width / 2 - 0.06, 0.22), 3, True)
    else:
        across, tall = 3, max(1, int(room / 0.28))
        for i in range(across):
            for j in range(2):
                for k in range(int(rng.integers(1, tall + 1))):
                    low = (bed0 + 0.03 + wide * i / across, -y + 0.03 + width * j / 2, base + 0.26 * k)
                    size = (wide / across - 0.03, width / 2 - 0.04, 0.26)
                    if kind == "crates":
                        crate(build, rng, low, size, 3 + 2 * k, True)
                    else:
                        sack(build, rng, low, size, 3 + 2 * k)


def two_wheeler(build: Builder, spec: Spec) -> None:
    """A bicycle, a shared bicycle, or an electric scooter; `ridden` with somebody on it."""
    rng, length, height, pose = spec.rng, spec.length, spec.height, spec.pose
    x = length / 2
    kind = str(rng.choice(["scooter", "scooter", "bicycle", "shared"]))
    if kind == "scooter":
        paint = pick(
            rng,
            ((40, 40, 170), (225, 225, 222), (40, 40, 42), (150, 110, 60), (110, 160, 120), (60, 170, 210)),
        )
        for a in (-x + 0.24, x - 0.24):
            build.wheel((a, 0.0, 0.23), 0.23, 0.1, METAL)
        build.box(
            (-x + 0.12, -0.16, 0.36),
            (x * 0.1, 0.16, 0.68),
            paint,
            1,
            0.05,
            [("rear", 0.2, 0.2, 0.8, 0.5, (40, 36, 190))],
        )
        build.box((-x * 0.1, -0.15, 0.24), (x * 0.55, 0.15, 0.32), shaded(paint, 0.6), 1)
        build.box((-x + 0.1, -0.14, 0.68), (x * 0.08, 0.14, 0.78), DARK, 2, 0.02)
        shield = np.array(
            [(x * 0.5, -0.2, 0.3), (x * 0.5, 0.2, 0.3), (x * 0.66, 0.16, 0.9), (x * 0.66, -0.16, 0.9)]
        )
        build.add(Face(shield, paint, thin=True), layer=2)
        build.add(
            Rod((x - 0.24, 0, 0.25), (x * 0.62, 0, height - 0.1), 0.04, shaded(paint, 0.8)),
            Rod((x * 0.6, -0.32, height - 0.1), (x * 0.6, 0.32, height - 0.1), 0.022, DARK),
            Ball((x * 0.68, 0, height - 0.2), 0.08, (225, 232, 236)),
            layer=2,
        )
        if rng.random() < 0.3:
            build.box(
                (-x - 0.05, -0.18, 0.78),
                (-x + 0.3, 0.18, 1.1),
                pick(rng, ((40, 200, 230), (60, 60, 62), (150, 90, 40))),
                3,
            )
        saddle = (-x * 0.35, 0.78)
    else:
        frame = (
            pick(rng, ((40, 180, 235), (200, 140, 40), (60, 160, 90)))
            if kind == "shared"
            else pick(rng, CANVAS)
        )
        rear, front, radius = (-x + 0.32, 0.32), (x - 0.32, 0.32), 0.32
        for a, z in (rear, front):
            build.wheel((a, 0.0, z), radius, 0.035, METAL, spokes=True)
        crank, neck, post = (-0.05, 0.28), (x - 0.5, 0.72), (-x * 0.3, 0.78)
        lines = [(rear, crank), (crank, neck), (crank, post), (post, neck), (rear, post), (neck, front)]
        build.add(*[Rod((a[0], 0, a[1]), (b[0], 0, b[1]), 0.024, frame) for a, b in lines], layer=1)
        build.add(
            Rod((neck[0], 0, neck[1]), (neck[0] - 0.05, 0, height - 0.05), 0.018, DARK),
            Rod((neck[0] - 0.05, -0.28, height - 0.05), (neck[0] - 0.05, 0.28, height - 0.05), 0.016, DARK),
            layer=2,
        )
        build.box((post[0] - 0.13, -0.08, 0.82), (post[0] + 0.13, 0.08, 0.88), DARK, 2)
        build.add(
            *[
                Face(np.array([(a - 0.3, 0.0, 0.62), (a, 0.0, 0.68), (a + 0.28, 0.0, 0.6)]), frame, thin=True)
                for a in (rear[0],)
            ],
            layer=2,
        )
        if kind == "shared" or rng.random() < 0.4:
            build.box((x - 0.45, -0.16, 0.72), (x - 0.18, 0.16, 0.92), pick(rng, ((60, 60, 62), frame)), 2)
        saddle = (post[0], 0.88)
    if pose == "ridden":
        figure(
            build, rng, 1.62 + rng.uniform(0, 0.16), "ride", layer=3, lift=saddle[1] - 0.72, shift=saddle[0]
        )


def hand_truck(build: Builder, spec: Spec) -> None:
    """A platform trolley; `loaded` with cartons."""
    rng, length, width, height, pose = spec.rng, spec.length, spec.width, spec.height, spec.pose
    x, y = length / 2, width / 2
    deck = pick(rng, ((150, 90, 40), (60, 60, 62), (60, 120, 170), (120, 122, 124)))
    build.add(*[Ball((a * x * 0.8, b * y * 0.8, 0.07), 0.07, DARK) for a in (-1, 1) for b in (-1, 1)])
    build.box((-x, -y, 0.13), (x, y, 0.19), deck, 1)
    bow: list[Shape] = [
        Rod((-x, b * y * 0.85, 0.19), (-x - 0.06, b * y * 0.85, height), 0.02, METAL) for b in (-1, 1)
    ]
    bow += [Rod((-x - 0.06, -y * 0.85, height), (-x - 0.06, y * 0.85, height), 0.02, METAL)]
    bow += [Rod((-x - 0.03, -y * 0.85, height * 0.55), (-x - 0.03, y * 0.85, height * 0.55), 0.015, METAL)]
    build.add(*bow, layer=2)
    if pose != "loaded" and (pose == "empty" or rng.random() < 0.4):
        return
    for i in range(2):
        for k in range(int(rng.integers(1, 4))):
            carton(
                build,
                rng,
                (-x + 0.03 + i * x, -y + 0.02, 0.19 + 0.3 * k),
                (x - 0.05, width - 0.04, 0.3),
                3 + k,
            )
