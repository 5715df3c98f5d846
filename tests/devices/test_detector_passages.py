"""Which vehicles pass in a clip: on drawn pictures with a stand-in for the network, and on real lorries."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_agent.core.records import Detection
from edge_agent.core.units import MS, Permille, S
from edge_agent.devices.detector import Detector, DetectorSettings
from edge_agent.devices.detector.passages import vehicles_in_clip
from edge_agent.sim.render import Scene, SceneLane, arrival_ns, lane_polygon, vehicle_boxes, write_clip
from edge_agent.sim.vehicles import draw_vehicle
from edge_agent.sim.world import Dynamics, Motion, Passage

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
CLIP = DATA / "clips" / "aminal_street.mp4"
CLIP_SHA256 = "eb57c86623276a934f02ad58c35d3262cbe3b5f010ea99c084357ef898269685"
MODEL = DATA / "models" / "yolo11n-coco.onnx"
MODEL_SHA256 = "6463267f4120b732f78357dff6aa35186d53ec8426a654c1bd1651ed6f91ea58"

SCENE = Scene(lanes=(SceneLane("1", 0), SceneLane("2", -3_750)), width=640, height=360)
STILL = Dynamics(1.0, 0.0, 10.0, 0.0, (0.0,) * 6, (0.0,) * 6)


def passage(number: int, kind: str, lane: str, start_ns: int) -> Passage:
    vehicle = draw_vehicle(np.random.default_rng(number), kind)
    return Passage(number, lane, vehicle, Motion.uniform(start_ns, 14_000), STILL)


class SeesTheTruth:
    """Answers with the renderer's own boxes, picture after picture; drops some, as networks do."""

    def __init__(self, traffic, per_second, miss=0.0):
        self._traffic = traffic
        self._step = S // per_second
        self._chance = np.random.default_rng(4)
        self._miss = miss
        self._pictures = 0

    def detect(self, images, lane=()):
        t, self._pictures = self._pictures * self._step, self._pictures + 1
        found = []
        for box in vehicle_boxes(SCENE, self._traffic, t):
            if box.visible_permille < 300 or self._chance.random() < self._miss:
                continue
            edges = [
                Permille(min(1000, max(0, round(v * 1000 / side))))
                for v, side in ((box.x_min, 640), (box.y_min, 360), (box.x_max, 640), (box.y_max, 360))
            ]
            found.append(Detection(box.label, "evidence", Permille(800), *edges))
        assert len(images) == 1
        return (tuple(found),)


@pytest.mark.parametrize("miss", [0.0, 0.2])
def test_every_vehicle_is_listed_once_in_its_lane_at_its_time(tmp_path, miss):
    traffic = [
        passage(1, "truck3", "1", 0), passage(2, "car", "2", 600 * MS), passage(3, "semi6", "1", 3 * S),
        passage(4, "bus", "2", 4 * S),
    ]  # fmt: skip
    clip = tmp_path / "clip.mp4"
    write_clip(clip, SCENE, traffic, 0, 8 * S, 10, size=(640, 360))
    lanes = {lane: lane_polygon(SCENE, lane) for lane in ("1", "2")}
    listed = vehicles_in_clip(clip, SeesTheTruth(traffic, 10, miss), lanes)
    assert [(p.lane, p.label) for p in listed] == [("1", "truck"), ("2", "car"), ("1", "truck"), ("2", "bus")]
    for found, true in zip(listed, traffic, strict=True):
        assert abs(found.t_ns - arrival_ns(SCENE, true)) < 500 * MS
        assert found.enters_ns <= found.t_ns <= found.leaves_ns


def test_an_empty_road_lists_nobody(tmp_path):
    clip = tmp_path / "clip.mp4"
    write_clip(clip, replace(SCENE, seed=9), [], 0, 1 * S, 10, size=(640, 360))
    assert vehicles_in_clip(clip, SeesTheTruth([], 10), {"1": lane_polygon(SCENE, "1")}) == ()


def staged(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


@pytest.mark.slow
@pytest.mark.skipif(
    not (staged(CLIP, CLIP_SHA256) and staged(MODEL, MODEL_SHA256)),
    reason="needs the development clip and model beside the checkout (../shared/data)",
)
def test_the_two_lorries_of_the_real_clip_are_found_in_their_lanes():
    settings = DetectorSettings(
        model=str(MODEL), classes=str(ROOT / "models" / "yolo11n-coco.yaml"), sha256=MODEL_SHA256
    )
    lanes = {
        "1": ((157, 463), (250, 463), (130, 611), (24, 741), (0, 741), (0, 607)),
        "2": ((622, 370), (681, 370), (897, 611), (1000, 726), (1000, 815), (921, 815), (784, 611)),
    }
    listed = vehicles_in_clip(CLIP, Detector(settings), lanes, per_second=5)
    lorries = [(p.lane, round(p.t_ns / S)) for p in listed if p.label == "truck"]
    assert lorries == [("1", 2), ("2", 6)]
    assert {p.label for p in listed} == {"truck", "car"}
