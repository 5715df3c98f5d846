"""How bright and of which tint a place of the street is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edge_agent.sim.render.backdrop import Colour
from edge_agent.sim.render.scene import Floats
from edge_agent.sim.street.scene import StreetScene

LAMP_EVERY_M = 16.0
SHOP_LIGHT = np.array([0.55, 0.80, 0.95])  # what falls out of a shop's front, BGR
LAMP_LIGHT = np.array([0.42, 0.72, 0.92])


def ambient(scene: StreetScene) -> Floats:
    """What the sky gives, (3,) BGR factors of a daylight colour."""
    level, tint = {
        "day": (1.0 if scene.sunny else 0.86, (1.0, 1.0, 1.0)),
        "overcast": (0.80, (1.04, 1.0, 0.97)),
        "dusk": (0.42, (1.18, 0.96, 0.92)),
        "night": (0.13, (1.25, 1.0, 0.85)),
    }[scene.light]
    wet = {"dry": 1.0, "wet": 0.95, "rain": 0.82, "snow": 0.95}[scene.weather]
    return np.array(tint) * level * wet


def light_at(scene: StreetScene, x_m: Floats, y_m: Floats) -> Floats:
    """BGR factors (..., 3) for things that stand at these places of the ground (same shapes)."""
    out = np.broadcast_to(ambient(scene), (*np.shape(x_m), 3)).copy()
    if not scene.dark:
        return out
    strength = 0.9 if scene.light == "night" else 0.45
    for shop in scene.shops:
        if shop.lit and scene.front == "shops":
            x0, x1 = shop.x0_mm / 1e3, shop.x1_mm / 1e3
            beside = np.maximum(np.maximum(x0 + 0.3 - x_m, x_m - x1 + 0.3), 0)
            fall = np.exp(-np.maximum(y_m, 0) / 2.2) * np.exp(-((beside / 0.9) ** 2))
            out += (strength * fall)[..., None] * SHOP_LIGHT
    kerb = scene.pavement_mm / 1e3
    for x in lamp_posts(scene):
        far = (x_m - x) ** 2 + (y_m - kerb) ** 2
        out += (strength * 0.85 * np.exp(-far / (2 * 4.2**2)))[..., None] * LAMP_LIGHT
    return out


@lru_cache(maxsize=4096)
def level_at(scene: StreetScene, x_dm: int, y_dm: int) -> Colour:
    """The same for one place, decimetres, as three plain numbers."""
    b, g, r = light_at(scene, np.array([x_dm / 10]), np.array([y_dm / 10]))[0]
    return float(b), float(g), float(r)


def lamp_posts(scene: StreetScene) -> tuple[float, ...]:
    """Where street lamps stand along the kerb, metres."""
    first = (scene.seed * 7919 % 1600) / 100 - 48.0
    return tuple(first + k * LAMP_EVERY_M for k in range(7))
