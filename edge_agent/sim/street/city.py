"""What the city itself puts on the pavement."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.sim.render.backdrop import Colour
from edge_agent.sim.render.bodies import shaded
from edge_agent.sim.street.paint import DARK, WOOD, pick, vary
from edge_agent.sim.street.shapes import Ball, Builder, Face, Rod, Shape, Spec, upright


def _bins(build: Builder, spec: Spec) -> None:
    rng, length, height = spec.rng, spec.length, spec.height
    x, y = spec.length / 2, spec.width / 2
    count = max(1, min(4, round(length / 0.55)))
    wide = length / count
    for k in range(count):
        paint = pick(rng, ((60, 110, 50), (150, 90, 40), (50, 50, 60), (50, 50, 160)), 0.12)
        low = (-x + k * wide + 0.02, -y, 0.05)
        high = (-x + (k + 1) * wide - 0.02, y, height * 0.92)
        build.box(low, high, paint, 0, -0.03, [("right", 0.35, 0.2, 0.65, 0.45, (225, 228, 228))])
        build.box(
            (low[0] - 0.03, -y - 0.03, height * 0.92),
            (high[0] + 0.03, y + 0.03, height),
            shaded(paint, 0.75),
            1,
        )
        build.add(*[Ball((low[0] + s, y * 0.9, 0.06), 0.06, DARK) for s in (0.06, wide - 0.1)])


def _planter(build: Builder, spec: Spec) -> None:
    rng, length, height = spec.rng, spec.length, spec.height
    x, y = spec.length / 2, spec.width / 2
    pot = pick(rng, ((150, 155, 160), (90, 110, 140), (70, 90, 120), (190, 192, 195)))
    rim = min(height * 0.5, 0.6)
    build.box(
        (-x, -y, 0.0),
        (x, y, rim),
        pot,
        0,
        -0.02,
        [("all", 0.0, 0.0, 1.0, 0.14, shaded(pot, 1.15)), ("top", 0.06, 0.1, 0.94, 0.9, (45, 60, 80))],
    )
    leaves: list[Shape] = []
    for _ in range(int(12 + 26 * length)):
        spot = (rng.uniform(-x, x) * 0.9, rng.uniform(-y, y) * 0.9, rng.uniform(rim, height))
        leaf: Colour = (
            vary(rng, (50, 115, 60), 0.4)
            if rng.random() < 0.85
            else pick(rng, ((90, 60, 210), (60, 200, 230), (200, 120, 200)))
        )
        leaves.append(Ball(spot, rng.uniform(0.05, 0.12), leaf))
    build.add(*sorted(leaves, key=lambda s: s.centre[2] if isinstance(s, Ball) else 0.0), layer=1)


def _bollard(build: Builder, spec: Spec) -> None:
    rng, length, height = spec.rng, spec.length, spec.height
    x = spec.length / 2
    paint = pick(rng, ((60, 60, 62), (190, 192, 195), (40, 160, 215)))
    for k in range(max(1, int(length / 0.6))):
        a = -x + 0.15 + k * 0.6
        build.add(
            Rod((a, 0, 0.0), (a, 0, height * 0.8), 0.07, paint),
            Rod((a, 0, height * 0.55), (a, 0, height * 0.65), 0.075, (40, 190, 230)),
            Ball((a, 0, height * 0.82), 0.085, paint),
        )


def _bench(build: Builder, spec: Spec) -> None:
    rng, width = spec.rng, spec.width
    x, y = spec.length / 2, spec.width / 2
    wood = pick(rng, WOOD)
    build.add(
        *[
            Rod((a, b, 0.0), (a, b, 0.42), 0.03, DARK)
            for a in (-x * 0.85, x * 0.85)
            for b in (-y * 0.7, y * 0.7)
        ]
    )
    for k in range(4):
        b = -y + k * width / 4
        build.box((-x, b, 0.42), (x, b + width / 5, 0.46), vary(rng, wood), 1)
    for k in range(3):
        build.add(
            Face(upright(-x, -y, x, -y, 0.5 + k * 0.13, 0.6 + k * 0.13), vary(rng, wood), thin=True),
            layer=2,
        )


def _cabinet(build: Builder, spec: Spec) -> None:
    rng, height = spec.rng, spec.height
    x, y = spec.length / 2, spec.width / 2
    paint = pick(rng, ((150, 152, 150), (110, 130, 100), (190, 192, 190)))
    build.box(
        (-x * 0.8, -y * 0.8, 0.0),
        (x * 0.8, y * 0.8, height),
        paint,
        0,
        0.0,
        [
            ("right", 0.48, 0.05, 0.52, 0.95, shaded(paint, 0.7)),
            ("right", 0.1, 0.1, 0.35, 0.3, (40, 200, 230)),
        ],
    )


def _hydrant(build: Builder, spec: Spec) -> None:
    rng, height = spec.rng, spec.height
    red = pick(rng, ((40, 40, 180), (40, 170, 220)))
    build.add(
        Rod((0, 0, 0.0), (0, 0, height * 0.6), 0.1, red),
        Ball((0, 0, height * 0.62), 0.12, red),
        Rod((-0.18, 0, height * 0.4), (0.18, 0, height * 0.4), 0.06, red),
    )


KINDS: dict[str, Callable[[Builder, Spec], None]] = {
    "bins": _bins,
    "planter": _planter,
    "bollard": _bollard,
    "bench": _bench,
    "cabinet": _cabinet,
    "hydrant": _hydrant,
}


def street_furniture(build: Builder, spec: Spec) -> None:
    """Bins, planters, bollards, benches, cabinets: what may stand there; the pose names one."""
    often = ["bins", "bins", "planter", "planter", "bollard", "bench", "cabinet", "hydrant"]
    KINDS[spec.pose or str(spec.rng.choice(often))](build, spec)
