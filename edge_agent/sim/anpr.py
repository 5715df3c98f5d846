"""What a plate camera makes of the passages: reads with misses, misreads, duplicates, a wrong clock.

Read times are scenario ns; the camera's own statement of time is an offset from the scenario's start
by the camera's clock, so that any base can be added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_agent.core.units import MS, S
from edge_agent.sim import plates
from edge_agent.sim.kinematics import first_time_at, times_at, track
from edge_agent.sim.scenario import CameraSim
from edge_agent.sim.vehicles import MODELS, draw_vehicle
from edge_agent.sim.world import Passage

# What cameras call the kinds of vehicle.
SAID_KIND = {"car": "car", "bus": "bus"}


@dataclass(frozen=True, slots=True)
class CameraRead:
    """One pushed read; `truth` and `passage_id` never leave the simulator."""

    camera: str
    event_id: str
    lane: str
    captured_ns: int  # true time of the picture
    said_ns: int | None  # by the camera's clock; None when it states no time
    arrives_ns: int  # at the box
    text: str
    confidence: int  # permille
    colour: str
    vehicle: str
    direction: str
    alternatives: tuple[tuple[str, int], ...]
    truth: str  # what the plate really says
    passage_id: int  # 0: a vehicle that never crosses the scale


def plate_at_camera(passage: Passage, camera: CameraSim) -> int | None:
    """When the plate that the camera reads is at its line; None when it never gets there."""
    vehicle = passage.vehicle
    to_front = camera.distance_mm - vehicle.front_overhang_mm
    if camera.side == "front":
        return first_time_at(passage.motion, to_front)
    times = times_at(passage.motion, to_front + vehicle.length_mm)
    return round(times[-1]) if times else None


def plate_of(passage: Passage, camera: CameraSim) -> str:
    """The number that is on the side that the camera sees."""
    vehicle = passage.vehicle
    return vehicle.plate_rear or vehicle.plate if camera.side == "rear" else vehicle.plate


def camera_reads(
    passages: Sequence[Passage],
    name: str,
    camera: CameraSim,
    lanes: Sequence[str],
    seconds: float,
    rng: np.random.Generator,
) -> list[CameraRead]:
    """Every read that the camera pushes, in order of arrival.

    Args:
        passages: all of the scenario; those of lanes that the camera does not see are left out.
        name: the camera's id.
        camera: what it is like.
        lanes: the ids of all lanes, for the wrong ones.
        seconds: length of the scenario, for vehicles that never cross the scale.
        rng: all randomness, drawn in the same order for the same passages.
    """
    offset_ns = round((camera.clock_offset_ms + _either_side(rng, camera.clock_offset_range_ms)) * MS)
    seen = camera.lanes or tuple(lanes)
    out: list[CameraRead] = []
    for passage in passages:
        at = plate_at_camera(passage, camera)
        if passage.lane in seen and plate_of(passage, camera) and at is not None:
            out += _reads_of(rng, passage, at, name, camera, seen, offset_ns)
    out += _strays(rng, name, camera, seen, seconds, offset_ns)
    out.sort(key=lambda read: (read.captured_ns, read.arrives_ns))
    numbered = [replace(read, event_id=f"{name}-{i:06d}") for i, read in enumerate(out, start=1)]
    return sorted(numbered, key=lambda read: (read.arrives_ns, read.event_id))


def _either_side(rng: np.random.Generator, half: float) -> float:
    return float(rng.uniform(-half, half))


def _reads_of(
    rng: np.random.Generator,
    passage: Passage,
    at_ns: int,
    name: str,
    camera: CameraSim,
    lanes: tuple[str, ...],
    offset_ns: int,
) -> list[CameraRead]:
    """The reads of one passage: none, one, or one and its duplicate."""
    missed = rng.random() < camera.miss_share
    first = _one_read(rng, passage, at_ns, name, camera, lanes, offset_ns)
    again = rng.random() < camera.duplicate_share
    later_ns = at_ns + round(rng.uniform(0.08, 0.6) * S)
    second = _one_read(rng, passage, later_ns, name, camera, lanes, offset_ns)
    if missed or ("covered_plate" in passage.behaviours and not camera.empty_reads):
        return []
    return [first, second] if again else [first]


def _one_read(
    rng: np.random.Generator,
    passage: Passage,
    at_ns: int,
    name: str,
    camera: CameraSim,
    lanes: tuple[str, ...],
    offset_ns: int,
) -> CameraRead:
    _, v, _ = track(passage.motion, np.array([at_ns]))
    place_s = rng.normal(0, camera.place_sd_mm) / max(abs(float(v[0])), 500.0)
    captured = at_ns + round(float(np.clip(place_s, -1.5, 1.5)) * S)
    jitter_ns = round(_either_side(rng, camera.clock_jitter_ms) * MS)
    drift_ns = round(captured * camera.clock_drift_ppm * 1e-6)
    delay_ns = round(rng.uniform(*camera.push_delay_ms) * MS)
    late_ns = round(camera.late_s * S) if rng.random() < camera.late_share else 0
    truth = plate_of(passage, camera)
    text, confidence, alternatives = _as_read(rng, truth, camera)
    if "covered_plate" in passage.behaviours:
        text, confidence, alternatives = "", 0, ()
    return CameraRead(
        camera=name,
        event_id="",
        lane=_said_lane(rng, passage.lane, lanes, camera.lane_error_share),
        captured_ns=captured,
        said_ns=captured + offset_ns + jitter_ns + drift_ns if camera.send_time else None,
        arrives_ns=captured + delay_ns + late_ns,
        text=text,
        confidence=confidence,
        colour=passage.vehicle.plate_colour if text else "",
        vehicle=SAID_KIND.get(passage.vehicle.kind, "truck"),
        direction="approaching" if camera.side == "front" else "leaving",
        alternatives=alternatives,
        truth=truth,
        passage_id=passage.id,
    )


def _as_read(
    rng: np.random.Generator, truth: str, camera: CameraSim
) -> tuple[str, int, tuple[tuple[str, int], ...]]:
    """(text, confidence, alternatives): a misread is less sure of itself, but not always."""
    other = plates.misread(rng, truth)
    wrong = rng.random() < camera.misread_share
    confidence = int(rng.integers(550, 950) if wrong else rng.integers(880, 995))
    text, runner_up = (other, truth) if wrong else (truth, other)
    doubts = rng.random() < camera.alternative_share
    return text, confidence, ((runner_up, (1000 - confidence) // 2),) if doubts else ()


def _said_lane(rng: np.random.Generator, lane: str, lanes: tuple[str, ...], error_share: float) -> str:
    others = [other for other in lanes if other != lane]
    if rng.random() < error_share and others:
        return others[int(rng.integers(len(others)))]
    return lane


def _strays(
    rng: np.random.Generator,
    name: str,
    camera: CameraSim,
    lanes: tuple[str, ...],
    seconds: float,
    offset_ns: int,
) -> list[CameraRead]:
    """Vehicles that the camera sees and no scale does: another road, a turn before the bridge."""
    from edge_agent.sim.dynamics import still  # noqa: PLC0415
    from edge_agent.sim.world import Motion  # noqa: PLC0415

    kinds = sorted(kind for kind in MODELS if kind not in {"motorbike", "pedestrian"})
    out = []
    for at_s in np.sort(rng.uniform(0, seconds, int(rng.poisson(camera.stray_per_hour * seconds / 3600)))):
        vehicle = draw_vehicle(rng, kinds[int(rng.integers(len(kinds)))])
        lane = lanes[int(rng.integers(len(lanes)))]
        motion = Motion.uniform(round(at_s * S), 7000.0)
        passage = Passage(0, lane, vehicle, motion, still(len(vehicle.axle_loads_g)))
        out.append(_one_read(rng, passage, round(at_s * S), name, camera, lanes, offset_ns))
    return out
