"""The vehicles on the simulated road: Chinese axle layouts with empty and full axle loads.

Full loads are those of the axle-count limits (2 axles 18 t, 3: 25 t, 4: 31 t, 5: 43 t, 6: 49 t).
Loads between and above are on the straight line through empty and full.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge_agent.core.units import KG, TONNE
from edge_agent.sim import plates
from edge_agent.sim.world import Vehicle


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of vehicle: geometry in mm, axle loads in kg."""

    kind: str
    offsets_mm: tuple[int, ...]
    empty_kg: tuple[int, ...]
    full_kg: tuple[int, ...]
    front_overhang_mm: int
    rear_overhang_mm: int
    width_mm: int
    height_mm: int
    large: bool = True  # yellow plate
    trailer: bool = False  # a second plate at the rear

    @property
    def length_mm(self) -> int:
        """Bumper to bumper."""
        return self.front_overhang_mm + self.offsets_mm[-1] + self.rear_overhang_mm

    def loads_g(self, gross_g: int) -> tuple[int, ...]:
        """Axle loads that sum exactly to `gross_g`; the last axle takes the rounding."""
        empty, full = sum(self.empty_kg) * KG, sum(self.full_kg) * KG
        if gross_g <= empty:
            loads = [e * KG * gross_g // empty for e in self.empty_kg]
        else:
            share = (gross_g - empty) / (full - empty)
            loads = [
                e * KG + round((f - e) * KG * share) for e, f in zip(self.empty_kg, self.full_kg, strict=True)
            ]
        loads[-1] += gross_g - sum(loads)
        return tuple(loads)


MODELS: dict[str, Model] = {
    model.kind: model
    for model in (
        Model("car", (0, 2700), (780, 620), (950, 1000), 900, 950, 1850, 1500, large=False),
        Model("bus", (0, 6000), (4200, 7800), (6500, 11500), 2600, 3300, 2550, 3300),
        Model("truck2", (0, 4500), (3000, 3000), (6500, 11500), 1300, 2000, 2500, 3400),
        Model("truck3", (0, 3800, 5150), (4500, 2700, 2700), (7000, 9000, 9000), 1400, 1600, 2500, 3500),
        Model(
            "truck4", (0, 1900, 5400, 6750), (3600, 3400, 2600, 2600), (6500, 6500, 9000, 9000),
            1400, 1600, 2500, 3600,
        ),
        Model(
            "semi5", (0, 3400, 9000, 10310, 11620), (4900, 3300, 2000, 2000, 2000),
            (6500, 11500, 8340, 8330, 8330), 1400, 2100, 2500, 3900, trailer=True,
        ),
        Model(
            "semi6", (0, 3300, 4650, 10700, 12010, 13320), (5300, 3000, 2900, 1900, 1900, 1900),
            (7000, 9000, 9000, 8000, 8000, 8000), 1400, 2100, 2500, 3900, trailer=True,
        ),
        Model("tractor", (0, 3300, 4650), (5300, 1900, 1800), (5600, 2600, 2400), 1400, 900, 2500, 3600),
        Model("motorbike", (0, 1300), (110, 130), (140, 190), 350, 350, 800, 1500, large=False),
        # One "axle": a person's weight on whatever part of the pad is under the feet.
        Model("pedestrian", (0,), (45,), (95,), 200, 200, 500, 1700, large=False),
    )
}  # fmt: skip


def reference_truck(gross_g: int = 20 * TONNE) -> Vehicle:
    """The 6 / 7 / 7 t truck at 0 / 3.8 / 5.2 m that the published bounds were computed with.

    Another `gross_g` scales it with its loads in the same proportion.
    """
    first, second = gross_g * 6 // 20, gross_g * 7 // 20
    return Vehicle(
        kind="truck3",
        plate="沪A12345",
        plate_colour="yellow",
        axle_offsets_mm=(0, 3800, 5200),
        axle_loads_g=(first, second, gross_g - first - second),
        length_mm=8200,
        front_overhang_mm=1400,
        height_mm=3500,
    )


def draw_vehicle(rng: np.random.Generator, kind: str, gross_g: int | None = None) -> Vehicle:
    """A vehicle of this kind: geometry ±2 %, sides ±10 %, axle loads ±5 %, a plate of its class.

    Args:
        rng: all randomness.
        kind: a key of `MODELS`.
        gross_g: its exact static weight; None draws one between empty and the axle-count limit.
    """
    model = MODELS[kind]
    empty, full = sum(model.empty_kg) * KG, sum(model.full_kg) * KG
    if gross_g is None:
        gross_g = round(rng.uniform(empty, 0.97 * full)) // (10 * KG) * 10 * KG
    size = rng.uniform(0.98, 1.02)
    plate, colour = draw_plate(rng, model)
    return Vehicle(
        kind=kind,
        plate=plate,
        plate_colour=colour,
        axle_offsets_mm=_stretched(model.offsets_mm, size),
        axle_loads_g=_shuffled(rng, model.loads_g(gross_g)),
        left_permille=round(rng.uniform(450, 550)),
        length_mm=round(model.length_mm * size),
        width_mm=model.width_mm,
        height_mm=model.height_mm,
        front_overhang_mm=model.front_overhang_mm,
        plate_rear=plates.trailer(rng) if model.trailer else "",
    )


def _stretched(offsets_mm: tuple[int, ...], size: float) -> tuple[int, ...]:
    """Stretch wheelbases only: the spacing inside an axle group is a catalogue part."""
    out = [0]
    for before, after in pairwise(offsets_mm):
        gap = after - before
        out.append(out[-1] + (round(gap * size) if gap > 2000 else gap))
    return tuple(out)


def _shuffled(rng: np.random.Generator, loads_g: tuple[int, ...]) -> tuple[int, ...]:
    """Move up to 5 % of each axle's load to the others; the sum stays exact."""
    if len(loads_g) == 1:
        return loads_g
    gross = sum(loads_g)
    moved = np.array(loads_g) * rng.uniform(0.95, 1.05, len(loads_g))
    out = [round(float(load)) for load in moved * gross / moved.sum()]
    out[-1] += gross - sum(out)
    return tuple(out)


def draw_plate(rng: np.random.Generator, model: Model) -> tuple[str, str]:
    """(text, colour) of the front plate; ("", "") for what carries none that cameras read."""
    if model.kind in {"motorbike", "pedestrian"}:
        return "", ""
    if model.large:
        if model.kind in {"bus", "truck2"} and rng.random() < 0.15:
            return plates.new_energy(rng, large=True), "yellow_green"
        return plates.ordinary(rng), "yellow"
    if rng.random() < 0.3:
        return plates.new_energy(rng, large=False), "green"
    return plates.ordinary(rng), "blue"
