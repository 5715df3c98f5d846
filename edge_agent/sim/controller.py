"""A third party's weighing controller: it weighs by itself and reports whole vehicles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edge_agent.core.units import MS, Grams, Mm, MmPerS, Ns
from edge_agent.core.weigh.protocols.settings import WimJsonSettings
from edge_agent.core.weigh.samples import VehicleRecord
from edge_agent.sim.encoders.wim_json import vehicle_line
from edge_agent.sim.kinematics import first_time_at, last_time_at, track
from edge_agent.sim.scenario import Scenario
from edge_agent.sim.world import Passage

REPORT_DELAY_MS = (300, 900)  # from the last axle to the report
AXLE_ERROR = 0.03  # one standard deviation of each axle's load
SPEED_ERROR = 0.01


def records(
    scenario: Scenario, port: str, passages: Sequence[Passage], rng: np.random.Generator
) -> list[VehicleRecord]:
    """What the controller says of each passage over its lanes, in order of reporting. Scenario times."""
    lanes = {lane.id: lane for lane in scenario.lanes if lane.port == port}
    out = []
    for passage in passages:
        if passage.lane in lanes and passage.vehicle.kind != "pedestrian":
            record = _record(passage, lanes[passage.lane].sensors[-1].position_mm, rng)
            if record is not None:
                out.append(record)
    return sorted(out, key=lambda record: (record.at, record.record_id))


def _record(passage: Passage, last_mm: int, rng: np.random.Generator) -> VehicleRecord | None:
    vehicle = passage.vehicle
    first = first_time_at(passage.motion, 0.0)
    last = last_time_at(passage.motion, last_mm + vehicle.axle_offsets_mm[-1])
    errors = rng.normal(1, AXLE_ERROR, len(vehicle.axle_loads_g))
    speed_error, delay_ms = rng.normal(1, SPEED_ERROR), rng.uniform(*REPORT_DELAY_MS)
    if first is None or last is None:
        return None
    _, v, _ = track(passage.motion, np.array([first]))
    loads = tuple(
        Grams(round(load * float(error))) for load, error in zip(vehicle.axle_loads_g, errors, strict=True)
    )
    return VehicleRecord(
        at=Ns(last + round(delay_ms * MS)),
        lane=passage.lane,
        first_axle_at=Ns(first),
        last_axle_at=Ns(last),
        axle_loads=loads,
        axle_offsets=tuple(Mm(offset) for offset in vehicle.axle_offsets_mm),
        gross=Grams(sum(loads)),
        speed=MmPerS(round(abs(float(v[0])) * speed_error)),
        flags=(),
        record_id=f"sim-{passage.id:06d}",
    )


def record_lines(settings: WimJsonSettings, reported: Sequence[VehicleRecord]) -> Iterator[tuple[int, bytes]]:
    """(scenario ns, line) of each record, under the controller's own names of the lanes."""
    names = {ours: theirs for theirs, ours in sorted(settings.lanes.items(), reverse=True)}
    for record in reported:
        yield record.at, vehicle_line(record, lane=names.get(record.lane, record.lane))
