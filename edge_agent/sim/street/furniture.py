"""Tables, seats, parasols, stoves, signs, and what the city itself puts on the pavement."""

from __future__ import annotations

import math

import numpy as np

from edge_agent.sim.render.bodies import shaded
from edge_agent.sim.street.paint import CANVAS, DARK, METAL, PLASTIC, WOOD, pick, vary
from edge_agent.sim.street.shapes import Builder, Face, Rod, Shape, Spec, part_of, upright

Rng = np.random.Generator


def table(build: Builder, spec: Spec) -> None:
    """A folding or round table, perhaps laid."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    top = pick(rng, (*WOOD, (215, 218, 220), (190, 160, 120), (60, 60, 180)))
    leg = pick(rng, (METAL, DARK, (120, 150, 180)))
    x, y = length / 2 * 0.82, width / 2 * 0.8
    round_top = rng.random() < 0.35
    if round_top:
        build.add(Rod((0, 0, 0.03), (0, 0, height), 0.035, leg))
        build.add(
            Rod((-0.25, 0, 0.03), (0.25, 0, 0.03), 0.02, leg),
            Rod((0, -0.25, 0.03), (0, 0.25, 0.03), 0.02, leg),
        )
        build.drum((0, 0, height - 0.03), min(length, width) / 2, 0.03, top, 1)
    else:
        build.add(
            *[Rod((a, b, 0.0), (a * 0.95, b * 0.95, height), 0.022, leg) for a in (-x, x) for b in (-y, y)]
        )
        build.box((-length / 2, -width / 2, height - 0.04), (length / 2, width / 2, height), top, 1)
    for _ in range(int(rng.integers(0, 6))):
        a, b = rng.uniform(-0.3, 0.3, 2) * ((min(length, width),) * 2 if round_top else (length, width))
        paint = pick(rng, ((225, 228, 228), (60, 120, 60), (40, 40, 170), (60, 90, 140)))
        build.drum((a, b, height), rng.uniform(0.035, 0.09), rng.uniform(0.05, 0.24), paint, 2)


def seat(build: Builder, spec: Spec) -> None:
    """A plastic stool, or a chair with a back where it is high."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    paint = pick(rng, PLASTIC)
    x, y = length / 2, width / 2
    if height < 0.6:
        t = 0.05
        if rng.random() < 0.6:
            build.box(
                (-x, -y, 0.0),
                (x, y, height),
                paint,
                0,
                t,
                [
                    ("all", 0.25, 0.35, 0.75, 1.0, shaded(paint, 0.35)),
                    ("top", 0.4, 0.4, 0.6, 0.6, shaded(paint, 0.5)),
                ],
            )
        else:
            build.add(
                *[
                    Rod((a * x, b * y, 0.0), (a * x * 0.7, b * y * 0.7, height), 0.015, METAL)
                    for a in (-1, 1)
                    for b in (-1, 1)
                ]
            )
            build.drum((0, 0, height - 0.05), x, 0.05, paint, 1)
        return
    sit = height * 0.52
    legs: list[Shape] = [
        Rod(
            (a * x * 0.9, b * y * 0.9, 0.0),
            (a * x * 0.85, b * y * 0.85, sit),
            0.016,
            pick(rng, (METAL, DARK, paint)),
        )
        for a in (-1, 1)
        for b in (-1, 1)
    ]
    build.add(*legs)
    build.box((-x, -y, sit - 0.04), (x, y, sit), paint, 1)
    back = upright(-x * 0.95, -y, x * 0.95, -y, sit, height)
    build.add(
        Face(back, shaded(paint, 0.9), thin=True),
        Face(upright(-x * 0.6, -y, x * 0.6, -y, sit + 0.1, height - 0.1), shaded(paint, 0.7), thin=True),
        layer=2,
    )


def parasol_tent(build: Builder, spec: Spec) -> None:
    """A market parasol, or a tent on four legs."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    a, b = pick(rng, CANVAS), pick(rng, CANVAS)
    if rng.random() < 0.5:
        a = b
    if rng.random() < 0.4:
        x, y, eave = length / 2, width / 2, height * 0.74
        build.add(
            *[
                Rod((i * x * 0.96, j * y * 0.96, 0.0), (i * x * 0.96, j * y * 0.96, eave), 0.025, METAL)
                for i in (-1, 1)
                for j in (-1, 1)
            ]
        )
        rim = [(-x, -y), (x, -y), (x, y), (-x, y)]
        for k in range(4):
            p, q = rim[k], rim[(k + 1) % 4]
            roof = np.array([(*p, eave), (*q, eave), (0.0, 0.0, height)])
            hem = upright(p[0], p[1], q[0], q[1], eave - 0.22, eave)
            build.add(
                Face(hem, shaded(a, 0.92), thin=True),
                Face(roof, shaded(a, 1.0 - 0.12 * (k % 2)), thin=True),
                layer=2,
            )
        return
    radius, eave = min(length, width) / 2, height * 0.8
    build.add(Rod((0, 0, 0.0), (0, 0, height), 0.025, METAL))
    build.drum((0, 0, 0), 0.22, 0.12, (80, 80, 82))
    ribs = 8
    rim_at = [
        (math.cos(2 * math.pi * k / ribs) * radius, math.sin(2 * math.pi * k / ribs) * radius)
        for k in range(ribs)
    ]
    for k in range(ribs):
        p, q = rim_at[k], rim_at[(k + 1) % ribs]
        paint = a if k % 2 else b
        roof = np.array([(*p, eave), (*q, eave), (0.0, 0.0, height)])
        hem = upright(p[0], p[1], q[0], q[1], eave - 0.12, eave)
        turn = 1.0 - 0.16 * math.cos(2 * math.pi * k / ribs)
        build.add(
            Face(hem, shaded(paint, 0.85 * turn), thin=True),
            Face(roof, shaded(paint, turn), thin=True),
            layer=2,
        )


def cooking_gear(build: Builder, spec: Spec) -> None:
    """A grill, a stove with a wok and its gas bottle, or steamers."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    x, y = length / 2, width / 2
    kind = str(rng.choice(["grill", "wok", "steam"]))
    if kind == "grill":
        steel = pick(rng, ((70, 70, 72), (150, 152, 152)))
        build.add(
            *[
                Rod((a * x * 0.9, b * y * 0.8, 0.0), (a * x * 0.9, b * y * 0.8, height * 0.7), 0.02, steel)
                for a in (-1, 1)
                for b in (-1, 1)
            ]
        )
        build.box(
            (-x, -y, height * 0.68),
            (x, y, height * 0.9),
            steel,
            1,
            0.0,
            [("top", 0.03, 0.08, 0.97, 0.92, (25, 30, 45))],
        )
        for k in range(int(length / 0.06)):
            a = -x + 0.04 + k * 0.06
            build.add(
                Rod(
                    (a, -y, height * 0.92),
                    (a, y * 1.1, height * 0.92),
                    0.012,
                    pick(rng, ((40, 60, 110), (60, 90, 150), (40, 50, 70))),
                ),
                layer=2,
            )
        return
    body = pick(rng, ((150, 152, 154), (60, 80, 120), (120, 122, 124)))
    build.box(
        (-x, -y, 0.1),
        (x * 0.45, y, height * 0.72),
        body,
        0,
        0.0,
        [("right", 0.1, 0.15, 0.9, 0.5, shaded(body, 0.7)), ("right", 0.3, 0.6, 0.7, 0.9, DARK)],
    )
    middle = (-x * 0.28, 0.0, height * 0.72)
    if kind == "wok":
        build.drum(middle, min(0.34, y), 0.13, (45, 45, 47), 1, (60, 90, 140), 0.55)
        build.add(
            Rod(
                (middle[0], y * 0.9, height * 0.82), (middle[0], y * 1.3, height * 0.9), 0.018, (60, 90, 130)
            ),
            layer=2,
        )
    else:
        for k in range(int(rng.integers(2, 5))):
            build.drum(
                (middle[0], 0.0, height * 0.72 + k * 0.11),
                min(0.3, y),
                0.11,
                vary(rng, (110, 165, 200), 0.12),
                1 + k,
                (150, 195, 220),
            )
    build.drum(
        (x * 0.75, 0.0, 0.0),
        0.15,
        min(0.6, height * 0.7),
        pick(rng, ((170, 140, 90), (60, 60, 170), (150, 152, 154))),
        0,
    )


def movable_sign(build: Builder, spec: Spec) -> None:
    """An A-board, a light box on a foot, or a banner."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    x = length / 2
    paint = pick(rng, (*CANVAS, (235, 235, 235), (40, 60, 80)))
    ink = (240, 240, 240) if sum(paint) < 380 else pick(rng, ((40, 40, 180), (40, 40, 40), (150, 60, 30)))

    def lettered(quad: np.ndarray, glows: bool) -> list[Shape]:
        out: list[Shape] = [Face(quad, paint, thin=True, shines=glows)]
        rows = int(rng.integers(2, 5))
        for k in range(rows):
            v = 0.1 + 0.8 * k / rows
            u, glyphs = 0.12, int(rng.integers(2, 6))
            for _ in range(glyphs):
                wide = 0.76 / glyphs
                out.append(
                    Face(part_of(quad, u, v, u + wide * 0.8, v + 0.55 / rows), ink, thin=True, shines=glows)
                )
                u += wide
        return out

    kind = str(rng.choice(["board", "box", "banner"]))
    if kind == "board":
        lean = min(0.3, width / 2)
        high = min(height, 1.3)
        frame = pick(rng, (METAL, WOOD[1], DARK))
        for way in (-1, 1):
            quad = np.array(
                [(-x, 0.02 * way, high), (x, 0.02 * way, high), (x, lean * way, 0.0), (-x, lean * way, 0.0)]
            )
            build.add(
                *lettered(quad, glows=False),
                Rod(tuple(quad[0]), tuple(quad[3]), 0.02, frame),
                Rod(tuple(quad[1]), tuple(quad[2]), 0.02, frame),
            )
        return
    if kind == "box":
        low = height * 0.35
        build.box((-x * 0.6, -width / 3, 0.0), (x * 0.6, width / 3, 0.06), DARK)
        build.add(Rod((0, 0, 0.05), (0, 0, low), 0.03, METAL))
        build.box((-x, -0.08, low), (x, 0.08, height), shaded(paint, 0.8), 1)
        build.add(*lettered(upright(-x, 0.085, x, 0.085, low + 0.03, height - 0.03), glows=True), layer=2)
        return
    build.box((-x, -0.12, 0.0), (x, 0.12, 0.07), METAL)
    build.add(*lettered(upright(-x, 0.0, x, 0.0, 0.08, height), glows=False), layer=1)
