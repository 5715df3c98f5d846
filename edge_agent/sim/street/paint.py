"""Colours of the street, BGR in even daylight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_agent.sim.render.backdrop import Colour
from edge_agent.sim.render.bodies import shaded

PLASTIC: tuple[Colour, ...] = (
    (170, 90, 30), (40, 40, 190), (60, 140, 50), (30, 150, 215), (190, 190, 190), (160, 120, 60),
)  # fmt: skip
CLOTH: tuple[Colour, ...] = (
    (40, 40, 45), (60, 50, 45), (150, 110, 60), (60, 60, 150), (200, 200, 200), (120, 130, 140),
    (90, 70, 50), (50, 90, 60), (90, 150, 190), (170, 150, 190), (30, 30, 140), (220, 215, 205),
    (110, 60, 90), (70, 120, 160),
)  # fmt: skip
TROUSERS: tuple[Colour, ...] = (
    (40, 38, 38), (90, 65, 45), (60, 50, 48), (120, 110, 100), (80, 80, 85), (140, 150, 160), (110, 80, 55),
)  # fmt: skip
SKIN: tuple[Colour, ...] = ((140, 170, 210), (120, 150, 195), (100, 130, 175), (150, 182, 222))
CANVAS: tuple[Colour, ...] = (
    (50, 50, 190), (170, 90, 40), (70, 140, 60), (40, 160, 220), (210, 210, 215), (60, 60, 60),
    (130, 60, 110),
)  # fmt: skip
FRUIT: tuple[Colour, ...] = (
    (40, 40, 190), (40, 130, 230), (60, 200, 220), (70, 160, 80), (60, 110, 60), (90, 60, 120),
    (80, 190, 160), (190, 215, 225), (40, 90, 150),
)  # fmt: skip
CARTON: tuple[Colour, ...] = (
    (95, 140, 180),
    (80, 120, 160),
    (110, 155, 190),
    (190, 200, 205),
    (70, 105, 140),
)
WOOD: tuple[Colour, ...] = ((70, 105, 140), (50, 80, 115), (100, 140, 175), (130, 165, 190))
METAL: Colour = (165, 167, 168)
DARK: Colour = (48, 48, 50)


def pick(rng: np.random.Generator, colours: Sequence[Colour], spread: float = 0.2) -> Colour:
    """One of the colours, lighter or darker, its hue a little off."""
    chosen = colours[int(rng.integers(len(colours)))]
    level = rng.uniform(1 - spread, 1 + spread)
    b, g, r = (float(np.clip(c * level + rng.uniform(-12, 12), 8, 250)) for c in chosen)
    return b, g, r


def vary(rng: np.random.Generator, colour: Colour, spread: float = 0.12) -> Colour:
    """The colour, lighter or darker."""
    return shaded(colour, rng.uniform(1 - spread, 1 + spread))
