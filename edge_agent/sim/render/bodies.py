"""Vehicles as painted solids: a few boxes with slanted ends, each face with its decals.

Local axes, metres: s behind the front bumper, y to the right of the travel, z up. A body is a list
of flat polygons in painter's order (far to near for the facing asked for). Colours are BGR.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from edge_agent.sim.plate_face import GROUNDS, plate_size_mm
from edge_agent.sim.render.mounted import MountedPlate, mounted_plate
from edge_agent.sim.render.scene import Floats
from edge_agent.sim.world import Vehicle

Colour = tuple[float, float, float]
Side = Literal["front", "rear", "left", "right", "top"]
Patch = tuple[float, float, float, float, Colour]  # u0, v0, u1, v1 on the face (origin top-left), colour


class PlatePatch(NamedTuple):
    """Where a number plate hangs, as a `Patch`: a bridge's vehicle has a real one around its middle."""

    u0: float
    v0: float
    u1: float
    v1: float
    colour: Colour


GLASS: Colour = (62, 54, 46)
RUBBER: Colour = (32, 32, 34)
STEEL: Colour = (96, 98, 100)
CHROME: Colour = (188, 190, 192)
LAMP: Colour = (236, 244, 250)
TAIL: Colour = (40, 36, 190)
CAR_PAINT: tuple[Colour, ...] = (
    (225, 225, 222), (30, 30, 32), (120, 122, 124), (165, 168, 170), (50, 40, 140), (130, 70, 30),
    (60, 80, 100), (70, 100, 60), (40, 90, 170), (200, 205, 215),
)  # fmt: skip
CAB_PAINT: tuple[Colour, ...] = (
    (40, 40, 170), (225, 228, 230), (150, 90, 40), (40, 120, 200), (60, 140, 70), (30, 160, 210),
    (90, 92, 96), (120, 60, 60), (60, 60, 60),
)  # fmt: skip
CARGO_PAINT: tuple[Colour, ...] = (
    (215, 218, 220), (60, 70, 170), (140, 95, 55), (70, 130, 80), (40, 150, 205), (110, 112, 115),
    (50, 75, 120), (170, 160, 150), (45, 50, 60), (95, 120, 150),
)  # fmt: skip
# How much of its colour a face shows under an even sky with the sun behind the camera's right.
SHADE: dict[Side, float] = {"top": 1.08, "front": 0.98, "rear": 0.92, "right": 0.84, "left": 0.70}


@dataclass(frozen=True, slots=True)
class Polygon:
    """A flat face: corners (n, 3) local metres, wound so that its normal points out of the body."""

    corners: Floats
    colour: Colour
    lamp: bool = False  # shines at dusk and at night
    plate: MountedPlate | None = None  # what is on it
    shade: float = 1.0  # of a plate: how much of its colours its face shows; `colour` has it already


@dataclass(frozen=True, slots=True)
class Part:
    """A box from s0 to s1 and z0 to z1 whose top is inset at its ends and sides."""

    s0: float
    s1: float
    z0: float
    z1: float
    half: float  # half width
    colour: Colour
    slant_front: float = 0.0
    slant_rear: float = 0.0
    slant_side: float = 0.0
    decals: dict[Side, tuple[Patch, ...]] = field(default_factory=dict)

    def face(self, side: Side) -> Floats:
        """Corners (4, 3): top-left, top-right, bottom-right, bottom-left as seen from outside."""
        f, r, h = self.s0 + self.slant_front, self.s1 - self.slant_rear, self.half - self.slant_side
        a, b, w, lo, hi = self.s0, self.s1, self.half, self.z0, self.z1
        quads: dict[Side, list[tuple[float, float, float]]] = {
            "front": [(f, h, hi), (f, -h, hi), (a, -w, lo), (a, w, lo)],
            "rear": [(r, -h, hi), (r, h, hi), (b, w, lo), (b, -w, lo)],
            "right": [(r, h, hi), (f, h, hi), (a, w, lo), (b, w, lo)],
            "left": [(f, -h, hi), (r, -h, hi), (b, -w, lo), (a, -w, lo)],
            "top": [(f, -h, hi), (f, h, hi), (r, h, hi), (r, -h, hi)],
        }
        return np.array(quads[side])


@dataclass(frozen=True, slots=True)
class Body:
    """All of one vehicle, ready to place. Length is the vehicle's own."""

    polygons: tuple[Polygon, ...]
    half_width: float
    length: float


def shaded(colour: Colour, by: float) -> Colour:
    """The colour times `by`, kept within a byte."""
    return tuple(min(255.0, max(0.0, c * by)) for c in colour)  # type: ignore[return-value]  # three in, three out


def patch_on(quad: Floats, patch: Patch) -> Polygon:
    """A decal: the part of a face between (u0, v0) and (u1, v1), a hair in front of it."""
    u0, v0, u1, v1, colour = patch
    top_left, top_right, bottom_right, bottom_left = quad

    def at(u: float, v: float) -> Floats:
        upper = top_left + (top_right - top_left) * u
        lower = bottom_left + (bottom_right - bottom_left) * u
        spot: Floats = upper + (lower - upper) * v
        return spot

    corners = np.array([at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1)])
    return Polygon(corners, colour, lamp=colour in (LAMP, TAIL))


def plate_on(quad: Floats, patch: Patch, plate: MountedPlate, shade: float) -> Polygon:
    """A plate of its true size around the middle of a patch, in the plane of the face that it hangs on."""
    middle = patch_on(quad, patch).corners.mean(axis=0)
    top_left, top_right, bottom_right, bottom_left = quad
    across = top_right - top_left
    down = (bottom_left + bottom_right - top_left - top_right) / 2
    width, height = plate_size_mm(plate.text, plate.rows)
    right = across / np.linalg.norm(across) * width / 2e3
    low = down / np.linalg.norm(down) * height / 2e3
    corners = np.array(
        [middle - right - low, middle + right - low, middle + right + low, middle - right + low]
    )
    return Polygon(corners, shaded(GROUNDS[plate.colour], shade), plate=plate, shade=shade)


def wheel(s: float, y: float, radius: float, side: Side) -> tuple[Polygon, Polygon]:
    """Tyre and rim as two discs on the body's side."""
    turn = 1 if side == "left" else -1
    angles = [turn * 2 * math.pi * k / 14 for k in range(14)]
    ring = np.array([[s - math.cos(a) * radius, y, radius + math.sin(a) * radius] for a in angles])
    hub = np.array([s, y, radius])
    return Polygon(ring, RUBBER), Polygon(hub + (ring - hub) * 0.55, (120, 120, 122))


def front_of_lorry(plate: Colour, rng: np.random.Generator) -> tuple[Patch, ...]:
    """Windscreen, grille, lamps, bumper, plate."""
    v = 0.08 + rng.uniform(0, 0.08)
    grille = shaded((60, 60, 64), rng.uniform(0.5, 1.4))
    return (
        (0.06, v, 0.94, v + rng.uniform(0.28, 0.36), GLASS),
        (0.20, 0.56, 0.80, 0.74, grille),
        (0.03, 0.78, 0.97, 0.98, shaded((110, 110, 112), rng.uniform(0.4, 1.4))),
        (0.05, 0.80, 0.20, 0.88, LAMP),
        (0.80, 0.80, 0.95, 0.88, LAMP),
        PlatePatch(0.41, 0.87, 0.59, 0.95, plate),
    )


def rear_of_lorry(plate: Colour, rng: np.random.Generator) -> tuple[Patch, ...]:
    """Doors, lamps, the red and white strip, plate."""
    seam = shaded((80, 80, 80), rng.uniform(0.6, 1.3))
    return (
        (0.495, 0.02, 0.505, 0.90, seam),
        (0.02, 0.90, 0.98, 0.94, (60, 60, 200)),
        (0.02, 0.94, 0.20, 0.99, TAIL),
        (0.80, 0.94, 0.98, 0.99, TAIL),
        PlatePatch(0.42, 0.93, 0.58, 0.99, plate),
    )


def stripes(rng: np.random.Generator) -> tuple[Patch, ...]:
    """What a haulier paints or what a side is built of: ribs, a band, a block of lettering."""
    kind = int(rng.integers(0, 4))
    ink = shaded(CARGO_PAINT[int(rng.integers(len(CARGO_PAINT)))], rng.uniform(0.6, 1.1))
    if kind == 0:
        return tuple((k / 12, 0.03, k / 12 + 0.02, 0.97, ink) for k in range(1, 12))
    if kind == 1:
        return ((0.0, 0.6, 1.0, 0.75, ink),)
    if kind == 2:
        x = rng.uniform(0.1, 0.3)
        return tuple(
            (x + k * 0.07, 0.3, x + k * 0.07 + 0.05, 0.55, ink) for k in range(int(rng.integers(3, 7)))
        )
    return ()


def cab(length: float, height: float, half: float, plate: Colour, rng: np.random.Generator) -> list[Part]:
    """A flat-nosed lorry cab with its roof shield."""
    paint = CAB_PAINT[int(rng.integers(len(CAB_PAINT)))]
    paint = shaded(paint, rng.uniform(0.75, 1.1))
    door: tuple[Patch, ...] = ((0.30, 0.10, 0.85, 0.42, GLASS), (0.28, 0.08, 0.29, 0.95, shaded(paint, 0.6)))
    mirrored = tuple((1 - u1, v0, 1 - u0, v1, c) for u0, v0, u1, v1, c in door)
    body = Part(
        0.0, length, 0.35, height, half, paint, slant_front=rng.uniform(0.05, 0.25), slant_side=0.05,
        decals={"front": front_of_lorry(plate, rng), "right": mirrored, "left": door},
    )  # fmt: skip
    shield = Part(
        0.5, length, height, height + rng.uniform(0.0, 0.6), half * 0.9, shaded(paint, 0.95), slant_front=0.7
    )
    return [body, shield]


def cargo(
    s0: float, s1: float, floor: float, height: float, half: float, plate: Colour, rng: np.random.Generator
) -> list[Part]:
    """What stands on the frame: box, container, tipper, tank or a loaded flatbed."""
    paint = shaded(CARGO_PAINT[int(rng.integers(len(CARGO_PAINT)))], rng.uniform(0.7, 1.1))
    rear = rear_of_lorry(plate, rng)
    kind = rng.choice(["box", "box", "tipper", "tank", "flatbed", "curtain"])
    if kind == "tipper":
        top = floor + (height - floor) * rng.uniform(0.5, 0.75)
        ribs = tuple((k / 9, 0.0, k / 9 + 0.025, 1.0, shaded(paint, 0.7)) for k in range(1, 9))
        load = shaded((70, 95, 125), rng.uniform(0.6, 1.2))
        return [
            Part(
                s0,
                s1,
                floor,
                top,
                half,
                paint,
                slant_rear=0.25,
                decals={"left": ribs, "right": ribs, "rear": rear},
            ),
            Part(s0 + 0.3, s1 - 0.4, top, top + rng.uniform(0.05, 0.5), half * 0.9, load, 0.8, 0.8, 0.5),
        ]
    if kind == "tank":
        middle = (floor + height) / 2
        return [
            Part(s0, s1, floor, middle, half * 0.8, shaded(paint, 0.8), decals={"rear": rear}),
            Part(s0, s1, middle, height * 0.95, half, paint, slant_side=half * 0.5),
        ]
    if kind == "flatbed":
        wood = shaded((90, 120, 150), rng.uniform(0.6, 1.2))
        pile = [Part(s0, s1, floor, floor + 0.5, half, paint, decals={"rear": rear})]
        s = s0 + 0.3
        while s < s1 - 1.0:
            long = rng.uniform(1.0, 3.0)
            pile.append(
                Part(
                    s,
                    min(s + long, s1 - 0.1),
                    floor + 0.5,
                    floor + rng.uniform(0.8, 2.0),
                    half * 0.92,
                    shaded(wood, rng.uniform(0.7, 1.2)),
                )
            )
            s += long + 0.2
        return pile
    art = (
        stripes(rng)
        if kind == "box"
        else tuple((0.0, v, 1.0, v + 0.01, shaded(paint, 0.75)) for v in (0.2, 0.4, 0.6, 0.8))
    )
    return [Part(s0, s1, floor, height, half, paint, decals={"left": art, "right": art, "rear": rear})]


def lorry(v: Vehicle, half: float, length: float, height: float, rng: np.random.Generator) -> list[Part]:
    """Rigid lorry, tractor alone or tractor with semi-trailer."""
    plate = GROUNDS.get(v.plate_colour, GROUNDS["yellow"])
    bare: Colour = shaded((70, 70, 74), 0.8)
    nose = min(2.2, max(1.5, length * 0.28))
    high = min(height, rng.uniform(2.6, 3.2))
    metal = STEEL if rng.random() < 0.5 else RUBBER
    rear: tuple[Patch, ...] = (PlatePatch(0.41, 0.38, 0.59, 0.62, plate),) if v.kind == "tractor" else ()
    frame = Part(0.4, length - 0.1, 0.45, 1.0, half * 0.85, metal, decals={"rear": rear})
    parts = [frame, *cab(nose, high, half * 0.98, plate, rng)]
    if v.kind == "tractor":
        return parts
    start = nose + (1.0 if v.kind.startswith("semi") else 0.25)
    if v.kind.startswith("semi"):
        parts.append(Part(nose, start + 0.1, 0.9, 1.3, half * 0.5, bare))
    parts.extend(cargo(start, length, 1.1, max(height, 2.4), half, plate, rng))
    return parts


def coach(v: Vehicle, half: float, length: float, height: float, rng: np.random.Generator) -> list[Part]:
    """A bus: one long box of windows."""
    paint = shaded(CAR_PAINT[int(rng.integers(len(CAR_PAINT)))], rng.uniform(0.8, 1.1))
    band = shaded(CAB_PAINT[int(rng.integers(len(CAB_PAINT)))], 1.0)
    plate = GROUNDS.get(v.plate_colour, GROUNDS["yellow"])
    panes = tuple((k / 7 + 0.01, 0.14, (k + 1) / 7 - 0.01, 0.48, GLASS) for k in range(7))
    side = (*panes, (0.0, 0.58, 1.0, 0.70, band))
    front: tuple[Patch, ...] = (
        (0.05, 0.14, 0.95, 0.62, GLASS),
        (0.15, 0.03, 0.85, 0.11, (30, 140, 200)),
        (0.04, 0.78, 0.18, 0.87, LAMP),
        (0.82, 0.78, 0.96, 0.87, LAMP),
        PlatePatch(0.41, 0.88, 0.59, 0.95, plate),
    )
    rear: tuple[Patch, ...] = (
        (0.08, 0.12, 0.92, 0.42, GLASS),
        (0.03, 0.55, 0.12, 0.8, TAIL),
        (0.88, 0.55, 0.97, 0.8, TAIL),
        PlatePatch(0.41, 0.80, 0.59, 0.88, plate),
    )
    decals: dict[Side, tuple[Patch, ...]] = {"front": front, "rear": rear, "left": side, "right": side}
    vent = Part(length * 0.4, length * 0.6, height, height + 0.2, half * 0.5, shaded(paint, 0.9))
    return [Part(0.0, length, 0.3, height, half, paint, 0.15, 0.05, 0.04, decals), vent]


def car(v: Vehicle, half: float, length: float, height: float, rng: np.random.Generator) -> list[Part]:
    """Saloon, estate, off-roader or van, by its height."""
    paint = shaded(CAR_PAINT[int(rng.integers(len(CAR_PAINT)))], rng.uniform(0.75, 1.1))
    plate = GROUNDS.get(v.plate_colour, GROUNDS["blue"])
    waist = height * (0.58 if height < 1.8 else 0.55)
    front: tuple[Patch, ...] = (
        (0.03, 0.25, 0.22, 0.48, LAMP),
        (0.78, 0.25, 0.97, 0.48, LAMP),
        (0.28, 0.40, 0.72, 0.80, (48, 48, 50)),
        PlatePatch(0.38, 0.55, 0.62, 0.74, plate),
    )
    rear: tuple[Patch, ...] = (
        (0.03, 0.15, 0.20, 0.42, TAIL),
        (0.80, 0.15, 0.97, 0.42, TAIL),
        PlatePatch(0.38, 0.30, 0.62, 0.52, plate),
        (0.05, 0.80, 0.95, 0.98, (58, 58, 60)),
    )
    hull = Part(0.0, length, 0.22, waist, half, paint, 0.15, 0.08, 0.04, {"front": front, "rear": rear})
    estate = rng.random() < 0.5 or height > 1.8
    bonnet = length * (0.24 if height < 1.8 else 0.14)
    tail = length * (0.02 if estate else 0.18)
    screen: tuple[Patch, ...] = ((0.06, 0.10, 0.94, 0.92, GLASS),)
    windows: tuple[Patch, ...] = ((0.08, 0.15, 0.48, 0.85, GLASS), (0.52, 0.15, 0.92, 0.85, GLASS))
    cabin = Part(
        bonnet,
        length - tail,
        waist,
        height,
        half * 0.95,
        paint,
        slant_front=length * 0.16,
        slant_rear=length * (0.06 if estate else 0.14),
        slant_side=0.14,
        decals={"front": screen, "rear": screen, "left": windows, "right": windows},
    )
    return [hull, cabin]


def motorbike(half: float, length: float, height: float, rng: np.random.Generator) -> list[Part]:
    """Frame and rider."""
    coat = shaded(CAB_PAINT[int(rng.integers(len(CAB_PAINT)))], rng.uniform(0.6, 1.1))
    lamp: tuple[Patch, ...] = ((0.3, 0.1, 0.7, 0.4, LAMP),)
    plate: tuple[Patch, ...] = ((0.2, 0.3, 0.8, 0.6, GROUNDS["yellow"]), (0.3, 0.1, 0.7, 0.25, TAIL))
    return [
        Part(0.1, length - 0.1, 0.25, 0.85, half * 0.5, (60, 60, 62), decals={"front": lamp, "rear": plate}),
        Part(length * 0.35, length * 0.7, 0.75, height - 0.3, half, coat, 0.1, 0.0, half * 0.35),
        Part(length * 0.4, length * 0.6, height - 0.3, height, half * 0.4, (50, 50, 55), 0.05, 0.05, 0.05),
    ]


def walker(half: float, length: float, height: float, rng: np.random.Generator) -> list[Part]:
    """Somebody on foot."""
    coat = shaded(CAB_PAINT[int(rng.integers(len(CAB_PAINT)))], rng.uniform(0.6, 1.1))
    legs, neck = height * 0.48, height * 0.85
    return [
        Part(length * 0.25, length * 0.75, 0.0, legs, half * 0.5, (70, 60, 55)),
        Part(length * 0.2, length * 0.8, legs, neck, half, coat, slant_side=half * 0.2),
        Part(length * 0.35, length * 0.65, neck, height, half * 0.4, (120, 150, 190)),
    ]


def label_of(kind: str) -> str:
    """The project's class for a simulated kind: truck, bus, car, motorbike or person."""
    if kind == "pedestrian":
        return "person"
    if kind in ("bus", "motorbike"):
        return kind
    return "truck" if kind.startswith(("truck", "semi", "tractor")) else "car"


def parts_of(v: Vehicle, half: float, length: float, height: float, rng: np.random.Generator) -> list[Part]:
    """The solids that the vehicle's kind is made of."""
    match label_of(v.kind):
        case "truck":
            return lorry(v, half, length, height, rng)
        case "bus":
            return coach(v, half, length, height, rng)
        case "motorbike":
            return motorbike(half, length, height, rng)
        case "person":
            return walker(half, length, height, rng)
        case _:
            return car(v, half, length, height, rng)


def wheels_of(v: Vehicle, half: float, height: float) -> list[Polygon]:
    """Both sides' wheels, and the tyres' front under the bumper."""
    if label_of(v.kind) == "person":
        return []
    radius = {"car": 0.32, "motorbike": 0.3}.get(label_of(v.kind), 0.5)
    if height > 1.8 and label_of(v.kind) == "car":
        radius = 0.36
    out: list[Polygon] = []
    for offset in v.axle_offsets_mm:
        s = (v.front_overhang_mm + offset) / 1e3
        for side, y in (("left", -half - 0.01), ("right", half + 0.01)):
            out.extend(wheel(s, y, radius, "left" if side == "left" else "right"))
        for y in (-half + 0.02, half - 0.32):
            for at, order in ((s - radius * 0.6, 1), (s + radius * 0.6, -1)):
                quad = np.array([(at, y + 0.3, radius), (at, y, radius), (at, y, 0.0), (at, y + 0.3, 0.0)])
                out.append(Polygon(quad[::order], RUBBER))
    return out


def _decal(quad: Floats, patch: Patch, shade: float) -> Polygon:
    u0, v0, u1, v1, colour = patch
    lamp = colour in (LAMP, TAIL)
    drawn = patch_on(quad, (u0, v0, u1, v1, colour if lamp else shaded(colour, shade)))
    return Polygon(drawn.corners, drawn.colour, lamp)


@lru_cache(maxsize=512)
def body_of(v: Vehicle, look: int, facing: Literal["front", "rear"]) -> Body:
    """Everything visible of a vehicle, in painter's order for a camera that sees its `facing` end.

    `look` seeds what the vehicle's record does not say: paint, kind of load, lettering.
    """
    rng = np.random.default_rng(look)
    half, length, height = v.width_mm / 2e3, v.length_mm / 1e3, v.height_mm / 1e3
    parts = parts_of(v, half, length, height, rng)
    plate = mounted_plate(v, facing)
    # Far to near: seen from the front the tail is far; of parts at one place the lower is painted first.
    if facing == "front":
        parts.sort(key=lambda p: (-p.s1, p.z0))
    else:
        parts.sort(key=lambda p: (p.s0, p.z0))
    wheels = wheels_of(v, half, height)
    tyres = [w for w in wheels if len(w.corners) == 4]
    discs = [w for w in wheels if len(w.corners) != 4]
    polygons: list[Polygon] = [*tyres]
    for part in parts:
        for side, shade in SHADE.items():
            quad = part.face(side)
            polygons.append(Polygon(quad, shaded(part.colour, shade)))
            for patch in part.decals.get(side, ()):
                if plate and side == facing and isinstance(patch, PlatePatch):
                    polygons.append(plate_on(quad, patch, plate, shade))
                else:
                    polygons.append(_decal(quad, patch, shade))
    return Body((*polygons, *discs), half, length)
