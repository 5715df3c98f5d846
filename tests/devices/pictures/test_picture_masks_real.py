"""On a real crowded street: every face that a person can see in the still is gone from the owner's copy."""

import hashlib

import cv2
import numpy as np
import pytest

from edge_agent.devices.detector import Detector, DetectorSettings
from edge_agent.devices.pictures.copies import nearby
from edge_agent.devices.pictures.masks import masked
from edge_agent.devices.pictures.zone import ZoneDrawing
from tests.road import ROOT

DATA = ROOT.parent / "shared" / "data"
STILL = DATA / "stills" / "000000181542.jpg"
MODEL = DATA / "models" / "yolo11n-coco.onnx"
STILL_SHA256 = "c0fdc24e1516a871e5dd195ff34a0da7b2227ef6486492545fb2548743ba4bf5"
MODEL_SHA256 = "6463267f4120b732f78357dff6aa35186d53ec8426a654c1bd1651ed6f91ea58"

pytestmark = pytest.mark.skipif(
    not (STILL.is_file() and MODEL.is_file()),
    reason="needs the staged still and model beside the checkout (../shared/data)",
)

# Looked up by hand, pixels of the still: x0, y0, x1, y1.
FACES = {
    "walking towards the camera": (230, 133, 268, 185),
    "rider on the left": (124, 114, 166, 166),
    "rider in the middle": (452, 122, 498, 158),
    "rider on the right": (568, 152, 622, 205),
    "child behind the riders": (50, 165, 80, 193),
}
EVERYWHERE = ZoneDrawing(((0, 0), (1000, 0), (1000, 1000), (0, 1000)))


@pytest.fixture(scope="module")
def copy():
    assert hashlib.sha256(STILL.read_bytes()).hexdigest() == STILL_SHA256
    detector = Detector(
        DetectorSettings(
            model=str(MODEL),
            sha256=MODEL_SHA256,
            classes=str(ROOT / "models" / "street-coco.yaml"),
            runtime="onnxruntime",
            min_score=0.1,
        )
    )
    image = cv2.imread(str(STILL))
    found = (*detector.detect([image])[0], *nearby(image, EVERYWHERE, detector))
    return image, masked(image, EVERYWHERE, found, (), 500)[0]


@pytest.mark.parametrize("who", FACES)
def test_a_face_is_no_more_than_a_few_blocks_of_one_colour(copy, who):
    image, out = copy
    x0, y0, x1, y1 = FACES[who]
    before, after = (len(np.unique(part[y0:y1, x0:x1])) for part in (image, out))

    assert before > 60
    assert after <= 24
