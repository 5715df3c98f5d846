"""Whatever library runs it, a model says the same of a picture, within what is stated in docs/models.md."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.devices.detector import Detector, DetectorSettings
from tests.devices.detector_agreement import (
    ROOT,
    SHARED,
    detect_with_ultralytics,
    differences,
    drawn_pictures,
)

MODEL = str(ROOT / "models" / "bridge-synthetic.onnx")
needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="needs the extra `openvino`"
)


@pytest.fixture(scope="module")
def pictures():
    return drawn_pictures()


@pytest.fixture(scope="module")
def reference(pictures):
    found = Detector(DetectorSettings(model=MODEL, runtime="onnxruntime")).detect(pictures)
    assert sum(map(len, found)) >= 15
    return found


@needs_openvino
def test_openvino_at_32_bits_says_the_same_to_a_permille(pictures, reference):
    found = Detector(DetectorSettings(model=MODEL, runtime="openvino", bfloat16=False)).detect(pictures)
    apart = differences(reference, found, 350, 1)
    assert min(i for i, _ in apart) >= 0.99
    assert max(s for _, s in apart) <= 1


SILENT = f"""
import socket, sys
def nobody(*_, **__): raise AssertionError("something was sent")
socket.socket.connect = socket.getaddrinfo = nobody
from edge_agent.devices.detector import Detector, DetectorSettings
Detector(DetectorSettings(model={MODEL!r}, runtime="openvino"))
print([name for name, module in sys.modules.items() if "openvino_telemetry" in name and module])
"""


@needs_openvino
def test_openvino_tells_nobody_that_it_runs():
    done = subprocess.run([sys.executable, "-c", SILENT], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@needs_openvino
def test_openvino_in_bfloat16_moves_boxes_and_scores_a_little(pictures, reference):
    found = Detector(DetectorSettings(model=MODEL, runtime="openvino")).detect(pictures)
    apart = differences(reference, found, 350, 60)
    assert min(i for i, _ in apart) >= 0.90
    assert max(s for _, s in apart) <= 60
    near = [pair for pair in apart if pair[0] >= 0.95 and pair[1] <= 20]
    assert len(near) >= 0.9 * len(apart)


@pytest.mark.slow
def test_ultralytics_own_pre_and_postprocessing_of_the_same_file_says_the_same(pictures, reference, tmp_path):
    sha256 = hashlib.sha256(Path(MODEL).read_bytes()).hexdigest()
    found = detect_with_ultralytics(pictures, tmp_path, model=MODEL, sha256=sha256)
    apart = differences(reference, found, 350, 5)
    assert min(i for i, _ in apart) >= 0.98
    assert max(s for _, s in apart) <= 5


def staged(name: str, sha256: str) -> str:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs the staged file {name}")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256, f"{path} is another file"
    return str(path)


ONNX = ("models/yolo11n-coco.onnx", "6463267f4120b732f78357dff6aa35186d53ec8426a654c1bd1651ed6f91ea58")
PT = ("models/yolo11n-coco.pt", "f9d38b3bd40ff58ca405452c348c74fe8819aee8daa4ea36b222dd9254e69a53")
STREET = ("stills/000000181542.jpg", "c0fdc24e1516a871e5dd195ff34a0da7b2227ef6486492545fb2548743ba4bf5")


@pytest.mark.slow
def test_a_pt_in_ultralytics_and_its_onnx_export_say_the_same_of_a_real_street(tmp_path):
    import cv2  # noqa: PLC0415 only here

    street = [cv2.imread(staged(*STREET))]
    classes = str(ROOT / "models" / "street-coco.yaml")
    exported = Detector(DetectorSettings(model=staged(*ONNX), classes=classes, runtime="onnxruntime"))
    of_onnx = exported.detect(street)
    of_pt = detect_with_ultralytics(street, tmp_path, model=staged(*PT), sha256=PT[1], classes=classes)
    apart = differences(of_onnx, of_pt, 350, 20)
    assert len(apart) >= 20
    assert min(i for i, _ in apart) >= 0.95
    assert max(s for _, s in apart) <= 20


def test_on_a_real_street_without_a_stall_nothing_is_evidence():
    import cv2  # noqa: PLC0415 only here

    street = cv2.imread(staged(*STREET))
    classes = str(ROOT / "models" / "street-coco.yaml")
    detector = Detector(DetectorSettings(model=staged(*ONNX), classes=classes, class_agnostic=False))
    [found] = detector.detect([street])
    assert {d.role for d in found} == {"context"}
    counts = [sum(d.label == label for d in found) for label in ("person", "two_wheeler", "motor_vehicle")]
    assert counts == [6, 4, 3]
