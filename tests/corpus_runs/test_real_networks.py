"""Two real networks over a real clip: what the one sees and the other does not, by class and by zone."""

import hashlib
from pathlib import Path

import pytest

from edge_agent.cli.main import main
from edge_agent.corpus.boxes import by_class, by_zone
from edge_agent.corpus.plan import Redetection
from edge_agent.corpus.work import work
from edge_agent.devices.detector.class_map import read_class_map
from tests.corpus_runs.recordings import a_job, a_plan

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
CLIP, COCO = DATA / "clips" / "aminal_street.mp4", DATA / "models" / "yolo11n-coco.onnx"
SUMS = {
    CLIP: "eb57c86623276a934f02ad58c35d3262cbe3b5f010ea99c084357ef898269685",
    COCO: "6463267f4120b732f78357dff6aa35186d53ec8426a654c1bd1651ed6f91ea58",
}
OTHER = ROOT / "models" / "street-synthetic.onnx"

SITE = f"""\
schema: 1
site: {{id: clips, tenant: test, device_id: box-1, legal: {{use_class: test}}}}
street:
  detector: {{model: {COCO}, classes: {ROOT}/models/street-coco.yaml, min_score: 0.3}}
  rules:
    overflow: {{}}
  cameras:
    motorway:
      video: {{url: "rtsp://192.0.2.7/main"}}
      zones:
        left: {{rule: overflow, polygon: [[0.02, 0.98], [0.33, 0.35], [0.45, 0.35], [0.38, 0.98]]}}
        right: {{rule: overflow, polygon: [[0.55, 0.98], [0.51, 0.35], [0.68, 0.35], [0.98, 0.98]]}}
"""


@pytest.fixture
def recording(tmp_path):
    """The clip, looked at by the COCO network, with its video."""
    site, out = tmp_path / "site.yaml", tmp_path / "motorway.mcap"
    site.write_text(SITE, "utf-8")
    video = f"motorway={CLIP}@2026-06-15T12:00:00+08:00"
    assert main(["import", "--config", str(site), "--out", str(out), "--video", video, "--keep-video"]) == 0
    return out


def looked(recording, redetection):
    result = work(a_job(recording), a_plan(redetection=redetection)).result
    assert (result.state, result.problem) == ("done", "")
    return {"motorway": result.boxes}


@pytest.mark.slow
@pytest.mark.skipif(
    not all(file.is_file() for file in SUMS),
    reason="needs the development clip and model beside the checkout (../shared/data)",
)
def test_another_network_with_its_own_class_map_is_told_apart_by_class_and_zone(recording):
    assert {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in SUMS} == SUMS
    same = looked(recording, Redetection())
    other = looked(recording, Redetection(str(OTHER), "", read_class_map(OTHER.with_suffix(".yaml")).sha256))

    assert all(counts["same"] == counts["then"] == counts["now"] for counts in by_class(same).values())
    assert by_class(same)["motor_vehicle"]["then"] == by_class(other)["motor_vehicle"]["then"] > 20
    assert by_class(other)["motor_vehicle"]["removed"] > 20  # it was made of a street's goods
    assert by_class(other)["movable_sign"]["then"] == 0  # a class that only its map has
    assert by_class(other)["movable_sign"]["now"] > 0
    for zone in ("left", "right"):
        counts = by_zone(other)[f"clips/motorway/{zone}: motor_vehicle"]
        assert 0 < counts["then"] < by_class(other)["motor_vehicle"]["then"]
