"""People who pass, and what drives by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_agent.core.units import S
from edge_agent.sim.street.actors import Actor, walks
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.things import make

Rng = np.random.Generator
ENDS_MM = 16_000  # where people come into the street and leave it


def passers(
    rng: Rng,
    scene: StreetScene,
    from_ns: int,
    until_ns: int,
    per_min: float,
    rain: Sequence[tuple[int, int]],
) -> list[Actor]:
    """People who walk along the pavement, some with a parcel, in the rain under umbrellas."""
    out: list[Actor] = []
    now = from_ns + int(rng.exponential(60 / max(per_min, 1e-3)) * S)
    while now < until_ns:
        way = 1 if rng.random() < 0.5 else -1
        y = int(rng.uniform(900, scene.pavement_mm - 500))
        drift = int(rng.uniform(-500, 500))
        end = int(np.clip(y + drift, 700, scene.pavement_mm - 350))
        wet = any(start <= now < stop for start, stop in rain)
        pose = (
            "stand+umbrella"
            if wet and rng.random() < 0.75
            else "stand+carry"
            if rng.random() < 0.12
            else "stand"
        )
        kind = "two_wheeler" if rng.random() < 0.08 else "person"
        thing = make(kind, 0, 0, int(rng.integers(1 << 30)), pose="ridden" if kind == "two_wheeler" else pose)
        speed = int(rng.uniform(900, 1_600)) * (3 if kind == "two_wheeler" else 1)
        places = ((-way * ENDS_MM, y), (way * ENDS_MM, end))
        out.append(walks(f"passer-{len(out)}", "passer", thing, now, places, speed))
        now += int(rng.exponential(60 / max(per_min, 1e-3)) * S)
    return [a for a in out if a.until_ns > from_ns]


def road_traffic(rng: Rng, scene: StreetScene, length_ns: int, per_min: float = 3.0) -> list[Actor]:
    """Cars and lorries on the far lanes of the road."""
    out: list[Actor] = []
    now = int(rng.exponential(60 / per_min) * S)
    while now < length_ns:
        way = 1 if rng.random() < 0.5 else -1
        y = scene.pavement_mm + int(scene.road_mm * (0.72 if way > 0 else 0.42))
        thing = make("motor_vehicle", 0, 0, int(rng.integers(1 << 30)))
        places = ((-way * 60_000, y), (way * 60_000, y))
        out.append(walks(f"car-{len(out)}", "traffic", thing, now, places, int(rng.uniform(5_000, 11_000))))
        now += int(rng.exponential(60 / per_min) * S)
    return out
