"""A stage on real footage: the vehicles are those of a video file, their weights and plates simulated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge_agent.config.settings import SimulateSettings, SiteConfig
from edge_agent.core.units import S
from edge_agent.demo.stage import Progress, Stage, moved
from edge_agent.devices.detector.detector import Detector
from edge_agent.devices.detector.passages import ClipPassage, vehicles_in_clip
from edge_agent.sim.loadcells import Loop
from edge_agent.sim.render.pictures import plate_picture
from edge_agent.sim.rng import stream
from edge_agent.sim.scenario import CameraSim, InstrumentSim, LaneSim, PlannedPassage, Scenario
from edge_agent.sim.vehicles import MODELS

# The scale sees an empty road first, as it would: its zero needs a moment.
LEAD_IN_S = 6.0
TAIL_S = 4.0
LORRIES = ("truck2", "truck3", "truck4", "semi5", "semi6")
KINDS = {"car": ("car",), "bus": ("bus",), "truck": LORRIES, "motorcycle": ("motorbike",)}


def clip_stage(site: SiteConfig, progress: Progress) -> Stage:
    """The stage of a site that has `simulate`: runs the detector over its camera's file first."""
    chosen, detector = site.simulate, site.detector
    assert chosen is not None
    assert detector is not None
    camera = site.cameras[chosen.camera]
    assert camera.video is not None
    clip = Path(camera.video.url)
    views = {lane: view.permille for lane, view in camera.video.views.items()}
    found = vehicles_in_clip(
        clip,
        Detector(detector),
        views,
        progress=lambda t: progress(f"looking for vehicles in {clip.name}", t // 100_000_000, 0),
    )
    scenario = _scenario(site, chosen, found)
    [port] = {site.lanes[lane].port for lane in views}
    return Stage(
        title=f"实拍视频 · Real footage: {clip.name}",
        notice=(
            "画面为实拍录像；重量、车速和号牌均为模拟，与画面中的车辆无关，不涉及任何当事人。",
            "The footage is real; weights, speeds and plates are simulated, not those of the vehicles shown.",
        ),
        scenario=scenario,
        site=moved(site, {("lanes", lane, "scale", "zero", "warm_up_s"): 0 for lane in site.lanes}),
        port=port,
        camera=chosen.camera,
        video=lambda _folder, _seed, _progress: clip,
        video_at_ns=round(LEAD_IN_S * S),
        picture=plate_picture,
    )


def _scenario(site: SiteConfig, chosen: SimulateSettings, found: Sequence[ClipPassage]) -> Scenario:
    match = site.cameras[chosen.camera].match
    distances = {lane.lane: lane.distance_mm for lane in match.lanes}
    end = max((p.t_ns for p in found), default=0) / S
    lanes = [
        LaneSim(
            id=name,
            centre_mm=number * 3_750,
            port=lane.port,
            sensors=lane.scale.sensors,
            loop=Loop(position_mm=1_400, length_mm=4_000, bit=lane.scale.separator.bit)
            if lane.scale.separator
            else None,
        )
        for number, (name, lane) in enumerate(site.lanes.items())
    ]
    ports = {lane.port: site.ports[lane.port] for lane in lanes}
    return Scenario(
        name="real-clip",
        duration_s=LEAD_IN_S + end + TAIL_S,
        lanes=tuple(lanes),
        instruments={name: InstrumentSim(protocol=port.protocol) for name, port in ports.items()},
        cameras={
            chosen.camera: CameraSim(
                distance_mm=next(iter(distances.values())), miss_share=0, misread_share=0, clock_offset_ms=60
            )
        },
        passages=tuple(_planned(chosen, found, distances)),
    )


def _planned(
    chosen: SimulateSettings, found: Sequence[ClipPassage], distances: dict[str, int]
) -> list[PlannedPassage]:
    """Each vehicle's moment at the scale, so that it is before the camera when the clip shows it there."""
    out = []
    for number, seen in enumerate(found):
        kinds = KINDS.get(seen.label)
        if kinds is None:
            continue
        rng = stream(chosen.seed, "clip", str(number))
        kind = kinds[int(rng.integers(len(kinds)))]
        speed = float(rng.uniform(*chosen.speed_kmh))
        to_camera_mm = distances[seen.lane] - MODELS[kind].front_overhang_mm
        at_scale_s = LEAD_IN_S + seen.t_ns / S - to_camera_mm / (speed * 1e6 / 3600)
        out.append(
            PlannedPassage(
                at_s=max(0.0, at_scale_s),
                kind=kind,
                lane=seen.lane,
                gross_kg=_gross(rng, chosen, kind),
                speed_kmh=speed,
            )
        )
    return out


def _gross(rng: np.random.Generator, chosen: SimulateSettings, kind: str) -> int | None:
    if kind not in LORRIES:
        return None
    low = max(chosen.lorry_kg[0], sum(MODELS[kind].empty_kg))
    high = max(low + 1, min(chosen.lorry_kg[1], math.floor(1.3 * sum(MODELS[kind].full_kg))))
    return int(rng.integers(low, high))
