"""The detector on tiny ONNX models written here byte by byte, so that every output number is known."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.devices.detector import Detector, DetectorSettings
from edge_agent.devices.detector.boxes import (
    contains,
    letterbox,
    stands_in,
    suppress,
    to_permille,
    to_picture,
)
from edge_agent.errors import ConfigError

SIDE = 64
NAMES = "{0: 'truck', 1: 'bus', 2: 'car'}"
CLASSES = "classes:\n  truck: {label: truck, role: evidence}\n  bus: {label: bus, role: evidence}\n"


# -- a model in protobuf, by hand ------------------------------------------------------------------


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def chunk(field: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def value_info(name: str, shape: tuple[int, ...], kind: int) -> bytes:
    dims = b"".join(chunk(1, number(1, d)) for d in shape)
    return chunk(1, name) + chunk(2, chunk(1, number(1, kind) + chunk(2, dims)))


def model_bytes(
    output: np.ndarray, metadata: dict[str, str], size: tuple[int, int] = (SIDE, SIDE), kind: int = 1
) -> bytes:
    """A network that gives `output` whatever it sees: input x 0 + output."""
    tensor = b"".join(number(1, d) for d in output.shape) + number(2, 1) + chunk(8, "answer")
    tensor += chunk(9, output.astype("<f4").tobytes())
    node = chunk(1, "answer") + chunk(2, "output0") + chunk(4, "Identity")
    graph = chunk(1, node) + chunk(2, "g") + chunk(5, tensor)
    graph += chunk(11, value_info("images", (1, 3, *size), kind)) + chunk(
        12, value_info("output0", output.shape, 1)
    )
    props = b"".join(chunk(14, chunk(1, k) + chunk(2, v)) for k, v in metadata.items())
    return number(1, 8) + chunk(7, graph) + chunk(8, chunk(1, "") + number(2, 13)) + props


def raw_output(*rows: tuple[float, ...], columns: int = 32, classes: int = 3) -> np.ndarray:
    """(1, 4 + nc, N): each row is cx cy w h and one score a class, in input pixels."""
    output = np.zeros((1, 4 + classes, columns), np.float32)
    for i, row in enumerate(rows):
        output[0, :, i] = row
    return output


META = {"names": NAMES, "imgsz": f"[{SIDE}, {SIDE}]", "stride": "32", "task": "detect"}


@pytest.fixture
def a_model(tmp_path):
    """`a_model(output, metadata, classes)` writes a model with its class map, gives settings for it."""

    def write(output=None, metadata=None, classes=CLASSES, data=None, **chosen) -> DetectorSettings:
        output = raw_output() if output is None else output
        path = tmp_path / "m.onnx"
        path.write_bytes(
            data if data is not None else model_bytes(output, META if metadata is None else metadata)
        )
        path.with_suffix(".yaml").write_text(classes, encoding="utf-8")
        return DetectorSettings(model=str(path), **chosen)

    return write


PICTURE = np.full((SIDE, 2 * SIDE, 3), 90, np.uint8)  # 128x64: fitted at scale 0.5, 16 px of grey above


def boxes_of(detections):
    return [(d.label, d.score, (d.x_min, d.y_min, d.x_max, d.y_max)) for d in detections]


# -- from numbers to boxes -------------------------------------------------------------------------


def test_a_raw_output_becomes_boxes_of_the_picture(a_model):
    # Input pixels x 16..48, y 24..40; the picture begins at y = 16 and is halved: x 32..96, y 16..48.
    detector = Detector(a_model(raw_output((32, 32, 32, 16, 0.9, 0.1, 0.0))))
    assert boxes_of(detector.detect([PICTURE])[0]) == [("truck", 900, (250, 250, 750, 750))]


def test_an_output_with_nms_inside_becomes_the_same_boxes(a_model):
    output = np.zeros((1, 300, 6), np.float32)
    output[0, 0] = (16, 24, 48, 40, 0.9, 0)
    detector = Detector(a_model(output, {**META, "end2end": "True"}))
    assert boxes_of(detector.detect([PICTURE])[0]) == [("truck", 900, (250, 250, 750, 750))]


@pytest.mark.parametrize("end2end", ["True", "False", "", None])
def test_rows_of_six_are_boxes_however_the_nms_came_into_the_file(a_model, end2end):
    """YOLO26's own head says end2end, `nms=True` of YOLO11 says it is not; both give rows of six."""
    output = np.zeros((1, 300, 6), np.float32)
    output[0, 0] = (16, 24, 48, 40, 0.9, 0)
    said = {} if end2end is None else {"end2end": end2end}
    detector = Detector(a_model(output, {**META, **said}))
    assert boxes_of(detector.detect([PICTURE])[0]) == [("truck", 900, (250, 250, 750, 750))]


def test_a_raw_output_of_two_classes_is_not_taken_for_rows_of_six(a_model):
    names = {**META, "names": "{0: 'truck', 1: 'bus'}"}
    detector = Detector(a_model(raw_output((32, 32, 32, 16, 0.9, 0.1), classes=2), names))
    assert boxes_of(detector.detect([PICTURE])[0]) == [("truck", 900, (250, 250, 750, 750))]


def test_of_two_boxes_on_one_thing_the_surer_stays_whatever_its_class(a_model):
    twice = raw_output((32, 32, 32, 16, 0.6, 0, 0), (33, 32, 32, 16, 0, 0.8, 0))
    assert [d.label for d in Detector(a_model(twice)).detect([PICTURE])[0]] == ["bus"]
    apart = Detector(a_model(twice, class_agnostic=False)).detect([PICTURE])[0]
    assert [d.label for d in apart] == ["bus", "truck"]


def test_classes_that_the_map_ignores_or_does_not_name_are_not_reported(a_model):
    output = raw_output((32, 32, 8, 8, 0, 0, 0.9), (12, 32, 8, 8, 0, 0.9, 0))
    with_ignored = CLASSES.replace("bus, role: evidence", "bus, role: ignore")
    assert Detector(a_model(output, classes=with_ignored)).detect([PICTURE])[0] == ()


def test_what_the_model_is_unsure_of_is_not_reported(a_model):
    unsure = raw_output((32, 32, 32, 16, 0.34, 0, 0))
    assert Detector(a_model(unsure)).detect([PICTURE])[0] == ()
    assert len(Detector(a_model(unsure, min_score=0.3)).detect([PICTURE])[0]) == 1


def test_several_pictures_of_several_sizes_are_answered_in_order(a_model):
    detector = Detector(a_model(raw_output((32, 32, 32, 16, 0.9, 0, 0))))
    tall = np.zeros((200, 100, 3), np.uint8)
    wide, high, again = detector.detect([PICTURE, tall, PICTURE])
    assert wide == again
    assert boxes_of(high)[0][2] == (0, 375, 1000, 625)
    assert detector.detect([]) == ()


def test_numbers_that_are_no_numbers_are_no_vehicle(a_model):
    nan, inf = float("nan"), float("inf")
    output = raw_output((nan, 32, 32, 16, 0.9, 0, 0), (inf, inf, 1, 1, 0.9, 0, 0), (32, 32, 8, 8, nan, 0, 0))
    assert Detector(a_model(output)).detect([PICTURE])[0] == ()


def test_the_letterbox_keeps_the_ratio_and_the_colours_order():
    red = np.zeros((64, 128, 3), np.uint8)
    red[:, :, 2] = 255
    planes, fit = letterbox(red, 64, 64)
    assert planes.shape == (3, 64, 64)
    assert (fit.scale, fit.left, fit.top) == (0.5, 0, 16)
    assert planes[:, 32, 32].tolist() == [1.0, 0.0, 0.0]
    assert planes[0, 0, 0] == pytest.approx(114 / 255)


@given(st.integers(8, 900), st.integers(8, 900), st.floats(0.05, 0.4), st.floats(0.5, 0.95))
@settings(max_examples=60, deadline=None)
def test_a_box_survives_the_letterbox_there_and_back(width, height, low, high):
    _, fit = letterbox(np.zeros((height, width, 3), np.uint8), 320, 320)
    pixels = np.array([low * width, low * height, high * width, high * height], np.float32)
    there = pixels * fit.scale + np.array([fit.left, fit.top, fit.left, fit.top], np.float32)
    back = to_permille(to_picture(there[None], fit)[0], width, height)
    assert back is not None
    assert all(abs(b - e * 1000) <= 1.5 for b, e in zip(back, (low, low, high, high), strict=True))


def test_equally_sure_boxes_keep_the_networks_order():
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [0, 0, 10, 10]], np.float32)
    same = np.full(3, 0.5, np.float32)
    assert suppress(boxes, same, np.zeros(3, np.int64), 0.5, class_agnostic=True) == [0, 1]


# -- whose foot stands in the lane -----------------------------------------------------------------

LANE = ((400, 300), (600, 300), (800, 1000), (200, 1000))


def test_a_vehicle_in_the_lane_stands_in_it():
    assert stands_in(LANE, 350, 300, 650, 800)


def test_a_lorry_beside_the_lane_does_not_stand_in_it_though_its_box_covers_half_of_it():
    assert not stands_in(LANE, 0, 100, 460, 900)
    assert contains(LANE, 430, 500)  # a point of that box that does lie in the lane


def test_a_vehicle_beyond_the_lanes_end_does_not_stand_in_it():
    assert not stands_in(LANE, 480, 100, 520, 250)


def test_no_polygon_means_nobody_stands_in_the_lane():
    assert not stands_in((), 0, 0, 1000, 1000)


@given(st.integers(-100, 1100), st.integers(-100, 1100))
def test_inside_and_outside_agree_with_the_sides_of_a_rectangle(x, y):
    square = ((100, 200), (700, 200), (700, 900), (100, 900))
    if x not in (100, 700) and y not in (200, 900):
        assert contains(square, x, y) == (100 < x < 700 and 200 < y < 900)
        assert contains(square[::-1], x, y) == contains(square, x, y)


# -- models that must not be believed --------------------------------------------------------------


def test_the_digest_is_that_of_the_file_and_another_file_is_refused(a_model, tmp_path):
    chosen = a_model()
    digest = hashlib.sha256(Path(chosen.model).read_bytes()).hexdigest()
    assert Detector(chosen).model_sha256 == digest
    assert Detector(a_model(sha256=digest)).model_sha256 == digest
    pinned = CLASSES + f"sha256: '{'0' * 64}'\n"
    with pytest.raises(ConfigError, match=f"SHA-256 is {digest}, accepted was 0000.*another model"):
        Detector(a_model(classes=pinned))
    assert Detector(a_model(classes=pinned, sha256=digest)).model_sha256 == digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "segment"}, "task is 'segment'; only detection"),
        ({"names": "__import__('os').system('true')"}, "no literal"),
        ({"names": "[" * 5_000}, "no literal"),
        ({"names": "{0: 'a'}" + " " * 200_000}, "has 200008 characters"),
        ({"names": "{0: 'truck', 2: 'car', 3: 'bus'}"}, "count from 0 without a gap"),
        ({"names": "{0: 'truck', 1: 7, 2: 'car'}"}, "each a short text"),
        ({"names": "{}"}, "must map 1 to 1000"),
        ({"names": "{0: 'truck'}"}, "does not fit 1 class names"),
        ({"imgsz": "'large'"}, "two numbers are expected"),
        ({"imgsz": "[128, 128]"}, "its metadata says"),
    ],
)
def test_a_model_whose_metadata_lies_is_refused_in_words(a_model, change, message):
    with pytest.raises(ConfigError, match=message):
        Detector(a_model(metadata={**META, **change}))


def test_a_model_without_class_names_is_refused(a_model):
    with pytest.raises(ConfigError, match=r"no 'names'.*export it with Ultralytics"):
        Detector(a_model(metadata={"task": "detect"}))


@given(st.dictionaries(st.sampled_from(["names", "imgsz", "task", "end2end"]), st.text(max_size=60)))
@settings(max_examples=40, deadline=None)
def test_any_metadata_is_driven_or_refused_and_never_crashes(tmp_path_factory, metadata):
    path = tmp_path_factory.mktemp("m") / "m.onnx"
    printable = {k: v.encode("utf-8", "ignore").decode().replace("\x00", "") for k, v in metadata.items()}
    path.write_bytes(model_bytes(raw_output(), {**META, **printable}))
    path.with_suffix(".yaml").write_text(CLASSES, encoding="utf-8")
    with contextlib.suppress(ConfigError):
        Detector(DetectorSettings(model=str(path))).detect([PICTURE])


@pytest.mark.parametrize("data", [b"", b"not a model", model_bytes(raw_output(), META)[:200]])
def test_bytes_that_are_no_model_are_refused(a_model, data):
    with pytest.raises(ConfigError, match=r"not a model that ONNX Runtime can load|input is|no 'names'"):
        Detector(a_model(data=data))


def test_a_model_of_another_input_is_refused(a_model):
    with pytest.raises(ConfigError, match="input type"):
        Detector(a_model(data=model_bytes(raw_output(), META, kind=7)))
    tiny = model_bytes(raw_output(), {**META, "imgsz": "[8, 8]"}, size=(8, 8))
    with pytest.raises(ConfigError, match="out of range"):
        Detector(a_model(data=tiny))


def test_a_missing_model_or_map_is_named(a_model, tmp_path):
    chosen = a_model()
    with pytest.raises(ConfigError, match="cannot be read"):
        Detector(DetectorSettings(model=str(tmp_path / "absent.onnx"), classes=str(tmp_path / "m.yaml")))
    with pytest.raises(ConfigError, match=r"no class map.*docs/models\.md"):
        Detector(DetectorSettings(model=chosen.model, classes=str(tmp_path / "absent.yaml")))


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ("classes: [truck]", "needs a mapping `classes`"),
        ("classes: {truck: truck}", "classes.truck: needs a `label` and a `role`"),
        ("classes: {truck: {label: truck, role: guilty}}", "role: is 'guilty'; must be one of evidence"),
        (
            "classes: {lorry: {label: truck, role: evidence}}",
            r"m\.yaml: classes\.lorry: names lorry, which .* know .*the model's classes: truck",
        ),
        ("classes: {truk: {label: truck, role: evidence}}", r"did you mean truck\?"),
        ("classes: {truck: {label: truck, role: evidence, weight: 3}}", "has weight too"),
        ("classes: {truck: {label: truck, role: evidence}}\nsha256: 12", "must be 64 hexadecimal digits"),
        ("classes: [", "not YAML"),
    ],
)
def test_a_class_map_with_a_mistake_is_refused_in_words(a_model, classes, message):
    with pytest.raises(ConfigError, match=message):
        Detector(a_model(classes=classes))
