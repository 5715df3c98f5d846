"""For the comparison of detector backends: pictures, a run in another Python, how far two runs differ."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.core.records import Detection
from edge_agent.sim.render import Scene, SceneLane, arrival_ns, render_frame
from edge_agent.sim.vehicles import draw_vehicle
from edge_agent.sim.world import Dynamics, Motion, Passage

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
STILL_DYNAMICS = Dynamics(1.0, 0.0, 10.0, 0.0, (0.0,) * 6, (0.0,) * 6)


def drawn_pictures() -> list[np.ndarray]:
    """Lorries, a bus and cars on a drawn bridge, by day, dusk and night; two shapes of picture."""
    scene = Scene(lanes=(SceneLane("1", 0), SceneLane("2", -3_750)), x_cam_mm=5_000)
    out = []
    for light in ("day", "dusk", "night"):
        for seed, kind in enumerate(("truck2", "truck4", "semi6", "bus", "car")):
            vehicle = draw_vehicle(np.random.default_rng(seed + 5), kind)
            one = Passage(seed, "1", vehicle, Motion.uniform(0, 9_000), STILL_DYNAMICS)
            lit = replace(scene, light=light)
            frame = render_frame(lit, [one], arrival_ns(lit, one))
            out.append(frame if seed % 2 else np.ascontiguousarray(frame[:, 100:1001]))
    return out


def train_python() -> str:
    """A Python with the extra `train`, or the test is skipped."""
    python = os.environ.get("EDGE_AGENT_TRAIN_PYTHON", sys.executable)
    find = "import importlib.util as u, sys; sys.exit(u.find_spec('ultralytics') is None)"
    if subprocess.run([python, "-c", find], check=False).returncode:
        pytest.skip("needs the extra `train`: name a Python that has it in EDGE_AGENT_TRAIN_PYTHON")
    return python


# That Python may lack the small packages of ours; they are found behind its own.
CHILD = """
import json, sys
from dataclasses import asdict
sys.path.append(sys.argv[1])
import cv2
from edge_agent.devices.detector import Detector, DetectorSettings
detector = Detector(DetectorSettings(**json.loads(sys.argv[2])))
pictures = [cv2.imread(path) for path in sys.argv[3:]]
found = [[asdict(d) for d in boxes] for boxes in detector.detect(pictures)]
print(json.dumps({"runtime": detector.runtime, "sha256": detector.model_sha256, "found": found}))
"""


def detect_with_ultralytics(
    pictures: list[np.ndarray], folder: Path, **settings
) -> list[tuple[Detection, ...]]:
    """The same `Detector`, with `runtime: ultralytics`, in a Python that has it."""
    python = train_python()
    paths = []
    for number, picture in enumerate(pictures):
        paths.append(str(folder / f"{number}.png"))
        cv2.imwrite(paths[-1], picture)
    chosen = json.dumps({"runtime": "ultralytics", "device": "cpu", **settings})
    own = sysconfig.get_paths()["purelib"]
    done = subprocess.run(
        [python, "-c", CHILD, own, chosen, *paths],
        check=False, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["runtime"].startswith("ultralytics 8.")
    return [tuple(Detection(**d) for d in boxes) for boxes in said["found"]]


def iou(a: Detection, b: Detection) -> float:
    w = min(a.x_max, b.x_max) - max(a.x_min, b.x_min)
    h = min(a.y_max, b.y_max) - max(a.y_min, b.y_min)
    if w <= 0 or h <= 0:
        return 0.0
    both = (a.x_max - a.x_min) * (a.y_max - a.y_min) + (b.x_max - b.x_min) * (b.y_max - b.y_min)
    return w * h / (both - w * h)


def differences(one, other, threshold: int, score_tolerance: int) -> list[tuple[float, int]]:
    """(IoU, score difference in permille) of every box of either run with its like in the other.

    A box that has no like counts as (0, its score), unless it is so near the threshold that the tolerance
    explains its absence.
    """
    out = []
    for mine, theirs in ((one, other), (other, one)):
        for a, b in zip(mine, theirs, strict=True):
            for box in a:
                like = max((x for x in b if x.label == box.label), key=lambda x: iou(box, x), default=None)
                if like is not None and iou(box, like) >= 0.5:
                    out.append((iou(box, like), abs(box.score - like.score)))
                elif box.score > threshold + score_tolerance:
                    out.append((0.0, box.score))
    return out
