"""Motor vehicles: the bridge's bodies turned as they stand, and muck trucks with and without a cover."""

from __future__ import annotations

import numpy as np

from edge_agent.sim.render.backdrop import Colour
from edge_agent.sim.render.bodies import (
    CARGO_PAINT,
    LAMP,
    Part,
    cab,
    parts_of,
    patch_on,
    rear_of_lorry,
    shaded,
    stripes,
)
from edge_agent.sim.street.paint import pick, vary
from edge_agent.sim.street.shapes import Ball, Builder, Face, Shape, Spec
from edge_agent.sim.world import Vehicle

Rng = np.random.Generator
Side = ("left", "right", "front", "rear", "top")


def _vehicle(kind: str, length: float, width: float, height: float) -> Vehicle:
    mm = round(length * 1000)
    overhang = int(mm * (0.17 if kind == "car" else 0.13))
    base = mm - 2 * overhang
    shares = {"car": (0.0, 1.0), "truck2": (0.0, 1.0), "truck3": (0.0, 0.75, 1.0)}[kind]
    return Vehicle(
        kind=kind,
        plate="",
        plate_colour="blue" if kind == "car" else "yellow",
        axle_offsets_mm=tuple(int(base * s) for s in shares),
        axle_loads_g=(1_000_000,) * len(shares),
        length_mm=mm,
        width_mm=round(width * 1000),
        height_mm=round(height * 1000),
        front_overhang_mm=overhang,
    )


def _local(corners: np.ndarray, length: float) -> np.ndarray:
    """The bridge's axes (s behind the bumper, y right, z up) as this street's."""
    return np.stack([length / 2 - corners[:, 0], corners[:, 1], corners[:, 2]], axis=1)


def _add_part(build: Builder, part: Part, length: float, layer: int, lights: bool) -> None:
    shapes: list[Shape] = []
    for side in Side:
        quad = part.face(side)  # type: ignore[arg-type]  # one of the five
        shapes.append(Face(_local(quad, length), part.colour))
        for patch in part.decals.get(side, ()):  # type: ignore[call-overload]  # one of the five
            decal = patch_on(quad, patch)
            shapes.append(Face(_local(decal.corners, length), patch[4], shines=lights and patch[4] == LAMP))
    build.add(*shapes, layer=layer)


def _stand(
    build: Builder, vehicle: Vehicle, parts: list[Part], length: float, half: float, lights: bool = False
) -> None:
    radius = 0.32 if vehicle.kind == "car" else 0.5
    for offset in vehicle.axle_offsets_mm:
        s = length / 2 - (vehicle.front_overhang_mm + offset) / 1e3
        for side in (-1, 1):
            build.wheel((s, side * (half - 0.1), radius), radius, 0.22, (120, 120, 122), layer=0)
    for index, part in enumerate(sorted(parts, key=lambda p: (p.z0 > 0.6, p.z0))):
        _add_part(build, part, length, 1 + index if part.z0 > 0.6 else 1, lights)


def motor_vehicle(build: Builder, spec: Spec) -> None:
    """A car, a van or a small box lorry, by its length and height."""
    rng, length, width, height, pose = spec.rng, spec.length, spec.width, spec.height, spec.pose
    half = width / 2
    if length <= 5.2:
        vehicle = _vehicle("car", length, width, height)
        _stand(build, vehicle, parts_of(vehicle, half, length, height, rng), length, half, pose == "lit")
        return
    blue: Colour = (150, 70, 20)
    high = max(height, 2.3)
    paint = pick(rng, CARGO_PAINT)
    decals = {"left": stripes(rng), "right": stripes(rng), "rear": rear_of_lorry(blue, rng)}
    parts = [
        Part(0.3, length - 0.1, 0.45, 0.8, half * 0.8, (70, 72, 74)),
        *cab(1.6, high * 0.86, half * 0.95, blue, rng)[:1],
        Part(1.8, length, 0.82, high, half, paint, decals=decals),  # type: ignore[arg-type]  # three of the five sides
    ]
    _stand(build, _vehicle("truck2", length, width, height), parts, length, half, pose == "lit")


def _muck(build: Builder, rng: Rng, length: float, width: float, height: float, covered: bool) -> None:
    vehicle = _vehicle("truck3", length, width, height)
    half = width / 2
    paint = pick(rng, ((60, 120, 60), (40, 150, 215), (150, 90, 40), (200, 202, 204), (40, 90, 190)))
    nose = 2.1
    yellow: Colour = (30, 190, 240)
    parts = [
        Part(0.4, length - 0.1, 0.5, 1.0, half * 0.8, (70, 72, 74)),
        *cab(nose, min(height, 3.0), half * 0.98, yellow, rng),
    ]
    ribs = tuple((k / 8, 0.0, k / 8 + 0.03, 1.0, shaded(paint, 0.7)) for k in range(1, 8))
    top = height * 0.86
    sides = {"left": ribs, "right": ribs, "rear": ((0.1, 0.3, 0.9, 0.6, (225, 228, 228)),)}
    parts.append(Part(nose + 0.25, length, 1.05, top, half, paint, decals=sides))  # type: ignore[arg-type]  # three of the five sides
    if covered:
        lid = pick(rng, (paint, (60, 62, 64), (70, 110, 60)))
        seams = tuple((0.0, k / 6, 1.0, k / 6 + 0.03, shaded(lid, 0.75)) for k in range(1, 6))
        parts.append(
            Part(
                nose + 0.2, length + 0.03, top, top + 0.16, half + 0.03, lid, 0.05, 0.05, 0.1, {"top": seams}
            )
        )
    _stand(build, vehicle, parts, length, half)
    if covered:
        return
    soil = pick(rng, ((60, 85, 115), (80, 100, 125), (95, 100, 105)))
    x0, x1 = length / 2 - nose - 0.45, -length / 2 + 0.2
    inside = np.array(
        [
            (x0 + 0.1, -half * 0.93, top + 0.005),
            (x0 + 0.1, half * 0.93, top + 0.005),
            (x1 - 0.1, half * 0.93, top + 0.005),
            (x1 - 0.1, -half * 0.93, top + 0.005),
        ]
    )
    build.add(Face(inside, shaded(soil, 0.5), thin=True), layer=20)
    lumps: list[Shape] = []
    for _ in range(70):
        along, across = rng.uniform(0, 1), rng.uniform(-1, 1)
        rise = max(0.0, (1 - abs(across)) * (1 - abs(2 * along - 1) ** 2)) * rng.uniform(0.2, 0.6)
        lumps.append(
            Ball(
                (x0 + (x1 - x0) * along, across * half * 0.78, top + rise - 0.05),
                rng.uniform(0.12, 0.3),
                vary(rng, soil, 0.3),
                0.7,
            )
        )
    build.add(*sorted(lumps, key=lambda s: s.centre[2] if isinstance(s, Ball) else 0.0), layer=21)


def muck_truck_open(build: Builder, spec: Spec) -> None:
    """A tipper heaped with soil, no cover."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    _muck(build, rng, length, width, height, covered=False)


def muck_truck_covered(build: Builder, spec: Spec) -> None:
    """The same with its lid shut."""
    rng, length, width, height = spec.rng, spec.length, spec.width, spec.height
    _muck(build, rng, length, width, height, covered=True)
