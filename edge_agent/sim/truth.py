"""Ground truth of a scenario, one JSON object a line and passage.

Times are the box's monotonic clock in ns, as in the recording's events. `null` means that it never
happens: a vehicle that does not reach the camera has no time there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from edge_agent.core.units import KG
from edge_agent.sim.anpr import plate_at_camera
from edge_agent.sim.kinematics import first_time_at, last_time_at, track
from edge_agent.sim.scenario import Scenario
from edge_agent.sim.world import Passage


def truth_of(passage: Passage, scenario: Scenario, base_ns: int) -> dict[str, Any]:
    """The static truth of a passage; `base_ns` is the monotonic time of scenario time 0."""
    vehicle = passage.vehicle
    sensors = scenario.lane(passage.lane).sensors
    end_mm = sensors[-1].position_mm + sensors[-1].length_mm / 2
    first = first_time_at(passage.motion, 0.0)
    last = last_time_at(passage.motion, vehicle.axle_offsets_mm[-1] + end_mm)
    speed = acceleration = None
    if first is not None:
        _, v, a = track(passage.motion, np.array([first]))
        speed, acceleration = round(float(v[0])), round(float(a[0]))
    return {
        "id": passage.id,
        "lane": passage.lane,
        "kind": vehicle.kind,
        "plate": vehicle.plate,
        "plate_colour": vehicle.plate_colour,
        "plate_rear": vehicle.plate_rear,
        "axle_loads_g": list(vehicle.axle_loads_g),
        "axle_offsets_mm": list(vehicle.axle_offsets_mm),
        "gross_g": vehicle.gross_g,
        "overweight": vehicle.gross_g > scenario.posted_limit_kg * KG,
        "left_permille": vehicle.left_permille,
        "lateral_mm": passage.lateral_mm,
        "speed_mm_s": speed,
        "acceleration_mm_s2": acceleration,
        "first_axle_at": _based(first, base_ns),
        "last_axle_at": _based(last, base_ns),
        "camera_at": {
            name: _based(plate_at_camera(passage, camera), base_ns)
            for name, camera in sorted(scenario.cameras.items())
            if passage.lane in (camera.lanes or [lane.id for lane in scenario.lanes])
        },
        "behaviours": list(passage.behaviours),
    }


def truth_lines(passages: Iterable[Passage], scenario: Scenario, base_ns: int | None = None) -> Iterator[str]:
    """One line of stable JSON a passage, in the order given, each with its newline."""
    base = scenario.mono_start_ns if base_ns is None else base_ns
    for passage in passages:
        body = truth_of(passage, scenario, base)
        yield json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


def _based(at_ns: int | None, base_ns: int) -> int | None:
    return None if at_ns is None else at_ns + base_ns
