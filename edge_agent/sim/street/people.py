"""People: walking, standing, carrying, under an umbrella, riding."""

from __future__ import annotations

import math

import numpy as np

from edge_agent.sim.render.backdrop import Colour
from edge_agent.sim.render.bodies import shaded
from edge_agent.sim.street.paint import CANVAS, CARTON, CLOTH, DARK, METAL, SKIN, TROUSERS, pick, vary
from edge_agent.sim.street.shapes import Ball, Builder, Face, Rod, Shape, Spec

Rng = np.random.Generator
HAIR: tuple[Colour, ...] = ((28, 28, 30), (30, 34, 42), (120, 120, 124), (40, 55, 80))


def person(build: Builder, spec: Spec) -> None:
    """Somebody; `pose` is stand, walk0 to walk7, with +umbrella or +carry."""
    rng, height, pose = spec.rng, spec.height, spec.pose
    figure(build, rng, height, pose)


def figure(
    build: Builder, rng: Rng, height: float, pose: str, layer: int = 0, lift: float = 0.0, shift: float = 0.0
) -> None:
    """Limbs, clothes, head and what is carried."""
    words = pose.split("+")
    base = words[0] or "stand"
    coat, legs, skin = pick(rng, CLOTH), pick(rng, TROUSERS), pick(rng, SKIN, 0.08)
    hair, shoe = pick(rng, HAIR), pick(rng, (DARK, (200, 200, 200), (60, 80, 110)))
    skirt, bag, hat = rng.random() < 0.18, rng.random() < 0.35, rng.random() < 0.18
    stout = rng.uniform(0.9, 1.25)
    k = height / 1.7
    hip, neck, shoulder = 0.88 * k + lift, 1.42 * k + lift, 0.19 * k * stout
    swing = math.sin(int(base[4:] or 0) * math.pi / 4) if base.startswith("walk") else 0.0
    knee_bend = abs(swing) * 0.1

    def limb(side: float, forward: float) -> list[Shape]:
        y = side * 0.09 * k * stout
        if base == "ride":
            knee = (shift + 0.38 * k, y * 1.4, hip - 0.1)
            foot = (shift + 0.3 * k, y * 1.4, hip - 0.5 * k)
        else:
            knee = (shift + forward * 0.22 * k + knee_bend * 0.3, y, hip - 0.43 * k)
            foot = (
                shift + forward * 0.42 * k - (0.12 * k if forward < 0 else 0.0),
                y,
                0.05 + (0.1 * k if forward < -0.5 else 0.0),
            )
        out: list[Shape] = [
            Rod((shift, y, hip), knee, 0.08 * k * stout, legs),
            Rod(knee, foot, 0.06 * k, legs if not skirt else skin),
        ]
        out.append(
            Rod((foot[0] - 0.04, y, foot[2] - 0.01), (foot[0] + 0.14 * k, y, foot[2] - 0.01), 0.045 * k, shoe)
        )
        return out

    build.add(*limb(-1, swing), layer=layer)
    build.add(*limb(1, -swing), layer=layer)
    lean = 0.02 * k if base.startswith("walk") else 0.0
    trunk: list[Shape] = [
        Rod(
            (shift, -shoulder * 0.55, hip),
            (shift + lean, -shoulder * 0.6, neck - 0.1 * k),
            0.115 * k * stout,
            shaded(coat, 0.95),
        ),
        Rod(
            (shift, shoulder * 0.55, hip),
            (shift + lean, shoulder * 0.6, neck - 0.1 * k),
            0.115 * k * stout,
            coat,
        ),
        Rod(
            (shift, 0.0, hip - 0.02),
            (shift + lean, 0.0, neck - 0.06 * k),
            0.12 * k * stout,
            vary(rng, coat, 0.06),
        ),
    ]
    if skirt:
        trunk.append(
            Rod((shift, 0.0, hip - 0.28 * k), (shift, 0.0, hip), 0.16 * k * stout, shaded(coat, 0.8))
        )
    build.add(*trunk, layer=layer + 1)
    hands = "carry" in words or base == "ride" or "umbrella" in words
    for side in (-1, 1):
        top = (shift + lean, side * shoulder, neck - 0.08 * k)
        if "carry" in words or base == "ride":
            elbow, hand = (
                (shift + 0.1 * k, side * shoulder * 1.15, neck - 0.36 * k),
                (shift + 0.38 * k, side * shoulder * 0.9, neck - 0.36 * k),
            )
        elif "umbrella" in words and side == 1:
            elbow, hand = (
                (shift + 0.1 * k, side * shoulder * 1.1, neck - 0.3 * k),
                (shift + 0.2 * k, side * shoulder * 0.5, neck - 0.12 * k),
            )
        else:
            way = -side * swing
            elbow, hand = (
                (shift + way * 0.1 * k, side * shoulder * 1.2, neck - 0.35 * k),
                (shift + way * 0.28 * k + 0.03, side * shoulder * 1.2, neck - 0.6 * k),
            )
        build.add(
            Rod(top, elbow, 0.05 * k, shaded(coat, 0.9)),
            Rod(elbow, hand, 0.042 * k, skin if rng.random() < 0.5 else shaded(coat, 0.88)),
            Ball(hand, 0.05 * k, skin),
            layer=layer + 1,
        )
    head = neck + 0.15 * k
    cap: Colour = pick(rng, CLOTH) if hat else hair
    build.add(
        Rod((shift + lean, 0, neck - 0.04), (shift + lean, 0, neck + 0.06 * k), 0.05 * k, skin),
        Ball((shift + lean - 0.015, 0, head + 0.02 * k), 0.108 * k, cap, 1.15),
        Ball((shift + lean + 0.035 * k, 0, head - 0.015 * k), 0.088 * k, skin, 1.15),
        Ball((shift + lean - 0.01, 0, head + 0.07 * k), 0.1 * k, cap, 0.7),
        layer=layer + 2,
    )
    if "carry" in words:
        box = pick(rng, (*CARTON, *CANVAS))
        build.box(
            (shift + 0.22 * k, -0.22, neck - 0.48 * k),
            (shift + 0.52 * k, 0.22, neck - 0.2 * k),
            box,
            layer + 1,
        )
    elif bag and not hands:
        side = 1 if rng.random() < 0.5 else -1
        build.box(
            (shift - 0.12, side * shoulder * 1.3 - 0.05, neck - 0.85 * k),
            (shift + 0.12, side * shoulder * 1.3 + 0.05, neck - 0.6 * k),
            pick(rng, (*CLOTH, (220, 225, 228))),
            layer + 1,
        )
    if "umbrella" in words:
        umbrella(build, rng, (shift + 0.12 * k, 0.06, neck - 0.1 * k), 0.95 * k, layer + 3)


def umbrella(build: Builder, rng: Rng, hand: tuple[float, float, float], rise: float, layer: int) -> None:
    """Held over the head."""
    x, y, z = hand
    a, b = pick(rng, (*CANVAS, *CLOTH)), pick(rng, CANVAS)
    if rng.random() < 0.7:
        b = shaded(a, 0.85)
    radius, rim = rng.uniform(0.45, 0.6), z + rise * 0.68
    build.add(Rod(hand, (x, y, z + rise * 0.9), 0.012, METAL), layer=layer)
    turns = [2 * math.pi * i / 8 for i in range(9)]
    top = (x, y, z + rise * 0.92)
    cloth: list[Shape] = []
    for i in range(8):
        p = (x + math.cos(turns[i]) * radius, y + math.sin(turns[i]) * radius, rim)
        q = (x + math.cos(turns[i + 1]) * radius, y + math.sin(turns[i + 1]) * radius, rim)
        lit = 1.0 + 0.14 * math.sin(turns[i])
        cloth.append(Face(np.array([p, q, top]), shaded(a if i % 2 else b, lit), thin=True))
    build.add(*cloth, layer=layer + 1)
