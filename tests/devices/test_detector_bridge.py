"""The model that the repository brings, on the drawn bridge: it says whether a vehicle stood in the lane."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_agent.devices.detector import Detector, DetectorSettings
from edge_agent.devices.detector.calibration import Calibration
from edge_agent.sim.render import Scene, SceneLane, arrival_ns, lane_polygon, render_frame
from edge_agent.sim.vehicles import draw_vehicle
from edge_agent.sim.world import Dynamics, Motion, Passage

MODELS = Path(__file__).parents[2] / "models"
SCENE = Scene(lanes=(SceneLane("1", 0), SceneLane("2", -3_750)), x_cam_mm=5_000)
STILL = Dynamics(1.0, 0.0, 10.0, 0.0, (0.0,) * 6, (0.0,) * 6)


@pytest.fixture(scope="module")
def detector():
    return Detector(DetectorSettings(model=str(MODELS / "bridge-synthetic.onnx")))


def passage(kind: str, seed: int = 5) -> Passage:
    vehicle = draw_vehicle(np.random.default_rng(seed), kind)
    return Passage(seed, "1", vehicle, Motion.uniform(0, 9_000), STILL)


@pytest.mark.parametrize("light", ["day", "dusk", "night"])
@pytest.mark.parametrize("kind", ["truck2", "truck3", "truck4", "semi5", "semi6"])
def test_a_lorry_at_the_camera_is_a_truck_in_its_lane_and_in_no_other(detector, light, kind):
    scene = replace(SCENE, light=light)
    lorry = passage(kind)
    frame = render_frame(scene, [lorry], arrival_ns(scene, lorry))
    [own] = detector.detect([frame], lane_polygon(scene, "1"))
    assert [(d.label, d.role) for d in own if d.in_lane] == [("truck", "evidence")]
    [other] = detector.detect([frame], lane_polygon(scene, "2"))
    assert not any(d.in_lane for d in other)


@pytest.mark.parametrize("light", ["day", "overcast", "dusk", "night"])
@pytest.mark.parametrize("weather", ["dry", "rain", "fog"])
def test_on_an_empty_bridge_there_is_nobody_in_the_lane(detector, light, weather):
    scene = replace(SCENE, light=light, weather=weather)
    [found] = detector.detect([render_frame(scene, [], 0)], lane_polygon(scene, "1"))
    assert not any(d.in_lane for d in found)


def test_the_same_picture_gives_the_same_boxes(detector):
    frame = render_frame(SCENE, [passage("semi6")], arrival_ns(SCENE, passage("semi6")))
    once, again = detector.detect([frame, frame], lane_polygon(SCENE, "1"))
    assert once == again
    assert once


def test_a_surer_view_of_a_model_leaves_out_what_it_is_less_sure_of_and_nothing_else():
    every = Detector(DetectorSettings(model=str(MODELS / "bridge-synthetic.onnx"), min_score=0.01))
    frame = render_frame(SCENE, [passage("semi6")], arrival_ns(SCENE, passage("semi6")))
    [low], [high] = every.detect([frame]), every.surer(0.5).detect([frame])
    assert any(d.score < 500 for d in low)
    assert high == tuple(d for d in low if d.score >= 500)
    assert every.surer(0.5).model_sha256 == every.model_sha256


def test_where_the_class_map_has_a_calibration_scores_are_shares_and_the_threshold_is_one(tmp_path):
    frame = render_frame(SCENE, [passage("semi6")], arrival_ns(SCENE, passage("semi6")))
    model, curve = MODELS / "bridge-synthetic.onnx", ((0.1, 0.05), (0.9, 0.5))
    text = model.with_suffix(".yaml").read_text(encoding="utf-8")
    other = tmp_path / "map.yaml"
    other.write_text(f"{text}\ncalibration: {[list(pair) for pair in curve]}\n", encoding="utf-8")

    def found(least, classes=""):
        [seen] = Detector(DetectorSettings(model=str(model), classes=str(classes), min_score=least)).detect(
            [frame]
        )
        return seen

    plain, said = found(0.01), found(0.01, other)
    assert plain
    surest = Calibration(curve).share(plain[0].score / 1000)
    assert abs(said[0].score / 1000 - surest) <= 0.002
    assert replace(said[0], score=plain[0].score) == plain[0]
    assert found(surest + 0.01, other) == ()
    assert found(surest - 0.01, other) == said[:1]
