"""The default stage: `configs/bridge.yaml` on simulated hardware, with a rendered camera."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from edge_agent.config.loader import load
from edge_agent.demo.anpr import Anpr
from edge_agent.demo.stage import SETTLE_NS, SETTLE_S, Progress, Stage, moved
from edge_agent.demo.street import street_config, street_play
from edge_agent.sim.render.clip import write_clip
from edge_agent.sim.render.pictures import plate_picture
from edge_agent.sim.render.scene import Scene, SceneLane, lane_polygon, reading_line
from edge_agent.sim.scenario import Scenario, load_scenario
from edge_agent.sim.traffic import generate

CAMERA = "cam1"
FPS = 10
# Near and steep, as cameras that read plates hang: a plate is about 100 px wide, and the vehicle ahead hides
# none behind it.
VIEW = Scene(width=1_600, height=900, standoff_mm=12_000, focal_permille=2_000, aim_v_permille=700)
LANE_MM = (2_500, 9_000)  # of the lane in its picture: nearer than the reading line, farther than it


def repository() -> Path:
    """The checkout that this program runs from: configurations and the model lie there."""
    return Path(str(files("edge_agent"))).parent


def scene_of(scenario: Scenario) -> Scene:
    """What the demo's bridge camera sees of a scenario's road."""
    lanes = tuple(SceneLane(lane.id, lane.centre_mm) for lane in scenario.lanes)
    return replace(VIEW, lanes=lanes, x_cam_mm=scenario.cameras[CAMERA].distance_mm)


def rendered_stage(seconds: float | None, anpr: Anpr = Anpr.PUSH) -> Stage:
    """The demo's traffic, for its own length or another, and who reads its plates."""
    scenario = load_scenario(repository() / "configs" / "scenarios" / "demo.yaml")
    if seconds is not None:
        scenario = scenario.model_copy(update={"duration_s": seconds})
    distance = scenario.cameras[CAMERA].distance_mm
    scene = scene_of(scenario)
    site = load(repository() / "configs" / "bridge.yaml")
    match = site.cameras[CAMERA].match
    placed = [lane.model_dump() | {"distance_mm": distance} for lane in match.lanes]
    views = {
        lane: {
            "polygon": _shares(lane_polygon(scene, lane, *LANE_MM)),
            "line": _shares(reading_line(scene, lane)),
        }
        for lane in site.lanes
    }
    changes: dict[tuple[str, ...], Any] = {
        ("cameras", CAMERA, "match", "lanes"): placed,
        ("cameras", CAMERA, "video", "views"): views,
        ("cameras", CAMERA, "plates"): anpr.value,
        ("console",): None,  # the demo shows its pages itself, and many run on one machine
    }
    for lane in site.lanes:
        changes["lanes", lane, "scale", "zero", "warm_up_s"] = 0  # the simulated cells are warm
    play = street_play(scenario.duration_s + SETTLE_S, scenario.duration_s)
    example = repository() / "configs" / "storefront.yaml"
    street = street_config(example, play.day.scene).model_dump(mode="json")
    del street["utc_offsets"]
    changes["street",] = street
    return Stage(
        title="桥梁与街面演示 · Bridge and street demo",
        notice=(
            "模拟数据：车辆、重量、号牌和画面均为仿真生成，不涉及任何真实当事人。",
            "Simulated: vehicles, weights, plates and pictures are generated. Nobody real is concerned.",
        ),
        scenario=scenario,
        site=moved(site, changes),
        port="wim",
        camera=CAMERA,
        video=lambda folder, seed, progress: render_bridge(folder, seed, scenario, progress),
        video_at_ns=0,
        picture=plate_picture,
        street=play,
        pushes=anpr is not Anpr.BOX,
    )


def render_bridge(folder: Path, seed: int, scenario: Scenario, progress: Progress) -> Path:
    """What the bridge's camera films of a scenario's traffic, and of the road after it."""
    path, scene = folder / "bridge.mp4", scene_of(scenario)
    end = scenario.duration_ns + SETTLE_NS
    passages = generate(scenario, seed)
    write_clip(
        path,
        scene,
        passages,
        0,
        end,
        FPS,
        (scene.width, scene.height),
        progress=lambda done, of: progress("rendering the bridge camera", done, of),
    )
    return path


def _shares(polygon: tuple[tuple[int, int], ...]) -> list[tuple[float, float]]:
    return [(x / 1000, y / 1000) for x, y in polygon]
