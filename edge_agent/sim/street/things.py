"""What can stand on the street: a kind, a place, a size, a look (a seed: same look, same paint)."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

import numpy as np

from edge_agent.sim.render.scene import Floats
from edge_agent.sim.street import carts, city, fixtures, furniture, goods, people, stalls, vehicles
from edge_agent.sim.street.shapes import Builder, Spec
from edge_agent.sim.street.solid import Solid, solid_of

Range = tuple[int, int]

# Kinds that a detector learns; the first fifteen are the street's classes in their order.
LABELS = (
    "stall", "vendor_cart", "vendor_tricycle", "goods_pile", "display_rack", "table", "seat", "parasol_tent",
    "cooking_gear", "movable_sign", "person", "two_wheeler", "motor_vehicle", "hand_truck",
    "street_furniture", "rubbish_bag", "muck_truck_open", "muck_truck_covered",
)  # fmt: skip
STRONG = LABELS[:4]
WEAK = LABELS[4:10]

# Length (along its front), width and height, mm.
SIZES: dict[str, tuple[Range, Range, Range]] = {
    "stall": ((1200, 2600), (700, 1200), (500, 1000)),
    "vendor_cart": ((1200, 1900), (650, 900), (1500, 2100)),
    "vendor_tricycle": ((2100, 2700), (900, 1150), (1150, 1500)),
    "goods_pile": ((600, 1900), (450, 1000), (350, 1300)),
    "display_rack": ((800, 1800), (400, 700), (1200, 1800)),
    "table": ((600, 1400), (600, 900), (680, 780)),
    "seat": ((300, 480), (300, 480), (280, 850)),
    "parasol_tent": ((1800, 3000), (1800, 3000), (2100, 2700)),
    "cooking_gear": ((500, 1300), (450, 650), (750, 1150)),
    "movable_sign": ((450, 800), (350, 600), (800, 1900)),
    "person": ((350, 450), (420, 560), (1500, 1880)),
    "two_wheeler": ((1550, 1950), (550, 720), (1000, 1200)),
    "motor_vehicle": ((3700, 6200), (1650, 2150), (1420, 2600)),
    "hand_truck": ((750, 1100), (450, 650), (900, 1200)),
    "street_furniture": ((350, 1600), (350, 700), (450, 1300)),
    "rubbish_bag": ((450, 1000), (400, 700), (350, 600)),
    "muck_truck_open": ((7500, 9500), (2400, 2550), (3000, 3500)),
    "muck_truck_covered": ((7500, 9500), (2400, 2550), (3000, 3500)),
    "awning": ((2000, 6000), (1000, 1800), (2500, 2900)),
    "tree": ((2000, 4000), (2000, 4000), (3500, 6500)),
    "lamp": ((200, 200), (200, 200), (6000, 7500)),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing at one instant. It stands with its middle on (x, y); yaw turns its front from +x to +y."""

    kind: str
    x_mm: int
    y_mm: int
    yaw_deg: int = 0
    length_mm: int = 1000
    width_mm: int = 600
    height_mm: int = 800
    look: int = 1
    pose: str = (
        ""  # people: stand, walk0 to walk7, +umbrella, +carry; two_wheeler: ridden; awning: open permille
    )
    z_mm: int = 0  # above the ground: goods on a hand truck

    def at(self, x_mm: int, y_mm: int) -> Self:
        """The same elsewhere."""
        return replace(self, x_mm=x_mm, y_mm=y_mm)

    @property
    def footprint_mm(self) -> tuple[tuple[float, float], ...]:
        """The four corners of the ground that it covers."""
        c, s = math.cos(math.radians(self.yaw_deg)), math.sin(math.radians(self.yaw_deg))
        l2, w2 = self.length_mm / 2, self.width_mm / 2
        return tuple(
            (self.x_mm + c * x - s * y, self.y_mm + s * x + c * y)
            for x, y in ((-l2, -w2), (l2, -w2), (l2, w2), (-l2, w2))
        )


def make(kind: str, x_mm: int, y_mm: int, look: int, yaw_deg: int = 0, pose: str = "") -> Thing:
    """A thing with the measures of its kind, drawn from its look."""
    rng = np.random.default_rng((look, zlib.crc32(kind.encode())))
    length, width, height = (int(rng.integers(low, high + 1)) for low, high in SIZES[kind])
    return Thing(kind, x_mm, y_mm, yaw_deg, length, width, height, look, pose)


BUILDERS: dict[str, Callable[[Builder, Spec], None]] = {
    "stall": stalls.stall,
    "vendor_cart": carts.vendor_cart,
    "vendor_tricycle": carts.vendor_tricycle,
    "goods_pile": goods.goods_pile,
    "display_rack": stalls.display_rack,
    "table": furniture.table,
    "seat": furniture.seat,
    "parasol_tent": furniture.parasol_tent,
    "cooking_gear": furniture.cooking_gear,
    "movable_sign": furniture.movable_sign,
    "person": people.person,
    "two_wheeler": carts.two_wheeler,
    "motor_vehicle": vehicles.motor_vehicle,
    "hand_truck": carts.hand_truck,
    "street_furniture": city.street_furniture,
    "rubbish_bag": goods.rubbish_bag,
    "muck_truck_open": vehicles.muck_truck_open,
    "muck_truck_covered": vehicles.muck_truck_covered,
    "awning": fixtures.awning,
    "tree": fixtures.tree,
    "lamp": fixtures.lamp,
}


def solid_of_thing(thing: Thing) -> Solid:
    """Its shapes, from its kind, measures, look and pose."""
    return _solid(thing.kind, thing.length_mm, thing.width_mm, thing.height_mm, thing.look, thing.pose)


@lru_cache(maxsize=1024)
def _solid(kind: str, length_mm: int, width_mm: int, height_mm: int, look: int, pose: str) -> Solid:
    rng = np.random.default_rng((look, 17))
    build = Builder()
    BUILDERS[kind](build, Spec(rng, length_mm / 1e3, width_mm / 1e3, height_mm / 1e3, pose))
    return solid_of(build.groups)


def on_street(solid: Solid, thing: Thing) -> tuple[Floats, Floats, Floats, Floats]:
    """The solid where the thing stands: points, normals, middles of items and of groups, world metres."""
    c, s = math.cos(math.radians(thing.yaw_deg)), math.sin(math.radians(thing.yaw_deg))
    turn = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    at = np.array([thing.x_mm / 1e3, thing.y_mm / 1e3, thing.z_mm / 1e3])
    return (
        solid.points @ turn + at,
        solid.normals @ turn,
        solid.middles @ turn + at,
        solid.group_middles @ turn + at,
    )
