"""The drawn bridge: the same seed gives the same pixels, and the truth it states is where the paint is."""

from __future__ import annotations

import io
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.units import MS, S
from edge_agent.devices.detector.boxes import stands_in
from edge_agent.devices.plate_reader.opening import open_reader
from edge_agent.devices.plate_reader.settings import PlateReaderSettings
from edge_agent.devices.plate_reader.strips import straightened
from edge_agent.errors import UsageError
from edge_agent.sim.plate_face import plate_face
from edge_agent.sim.render import (
    Scene,
    SceneLane,
    arrival_ns,
    lane_polygon,
    plate_picture,
    render_frame,
    vehicle_boxes,
    vehicle_picture,
    write_clip,
)
from edge_agent.sim.render.bodies import body_of
from edge_agent.sim.render.dataset import CLASSES, write_dataset
from edge_agent.sim.render.draw import _in_view
from edge_agent.sim.render.mounted import MountedPlate, mounted_plate
from edge_agent.sim.render.scene import Lens
from edge_agent.sim.vehicles import MODELS, draw_vehicle
from edge_agent.sim.world import Dynamics, Leg, Motion, Passage

STILL = Dynamics(1.0, 0.0, 10.0, 0.0, (0.0,) * 6, (0.0,) * 6)
TWO_LANES = (SceneLane("1", 0), SceneLane("2", -3_750))
SMALL = Scene(lanes=TWO_LANES, width=640, height=360)
KINDS = [kind for kind in MODELS if kind != "pedestrian"]


def passage(
    kind: str = "truck3", lane: str = "1", v_mm_s: float = 12_000, number: int = 1, **more
) -> Passage:
    vehicle = draw_vehicle(np.random.default_rng(number), kind)
    return Passage(number, lane, vehicle, Motion.uniform(0, v_mm_s), STILL, **more)


@pytest.mark.parametrize("light", ["day", "overcast", "dusk", "night"])
@pytest.mark.parametrize("weather", ["dry", "rain", "fog"])
def test_the_same_scene_gives_the_same_pixels_and_another_seed_others(light, weather):
    scene = replace(SMALL, light=light, weather=weather)
    at = arrival_ns(scene, passage())
    frame = render_frame(scene, [passage()], at)
    assert frame.shape == (360, 640, 3)
    assert frame.dtype == np.uint8
    assert (frame == render_frame(scene, [passage()], at)).all()
    assert (frame != render_frame(replace(scene, seed=2), [passage()], at)).any()


@pytest.mark.parametrize("facing", ["front", "rear"])
@pytest.mark.parametrize("kind", [k for k in KINDS if k != "motorbike"])
@pytest.mark.parametrize("lane", ["1", "2"])
def test_a_vehicle_that_is_due_at_the_camera_stands_in_its_own_lane_only(facing, kind, lane):
    scene = replace(SMALL, facing=facing)
    vehicle = passage(kind, lane)
    for shift in (-300 * MS, 0, 300 * MS):  # when the full views are taken, around the arrival
        [box] = vehicle_boxes(scene, [vehicle], arrival_ns(scene, vehicle) + shift)
        edges = [
            round(v * 1000 / side)
            for v, side in ((box.x_min, 640), (box.y_min, 360), (box.x_max, 640), (box.y_max, 360))
        ]
        other = "2" if lane == "1" else "1"
        assert stands_in(lane_polygon(scene, lane), *edges)
        assert not stands_in(lane_polygon(scene, other), *edges)


@pytest.mark.parametrize("kind", list(MODELS))
def test_what_changes_when_a_vehicle_comes_lies_in_its_box(kind):
    scene = replace(SMALL, noise=0)
    at = arrival_ns(scene, passage(kind))
    [box] = vehicle_boxes(scene, [passage(kind)], at)
    changed = (
        np.abs(render_frame(scene, [passage(kind)], at).astype(int) - render_frame(scene, [], at)).max(axis=2)
        > 12
    )
    rows, columns = np.nonzero(changed)
    assert (box.y_min - 2 <= rows).all()
    inside = changed[int(box.y_min) : int(box.y_max) + 1, int(box.x_min) : int(box.x_max) + 1]
    assert inside.sum() > 0.5 * changed.sum()  # the rest is its shadow
    assert inside.mean() > 0.4
    assert columns.min() >= box.x_min - 40


def test_a_hidden_vehicle_is_said_to_be_hidden():
    near, far = passage("semi6", number=1), passage("car", number=2)
    behind = replace(far, motion=Motion((Leg(0, -22_000.0, 12_000, 0.0),)))
    boxes = {b.passage_id: b for b in vehicle_boxes(SMALL, [near, behind], arrival_ns(SMALL, near))}
    assert boxes[1].visible_permille == 1000
    assert boxes[2].visible_permille < 700
    assert (boxes[1].label, boxes[2].label) == ("truck", "car")


def test_the_lens_shows_the_aimed_point_where_it_is_aimed_and_the_right_side_right():
    for facing, side in (("front", -1), ("rear", 1)):
        scene = replace(SMALL, facing=facing, aim_u_permille=400, aim_v_permille=700)
        lens = Lens(scene)
        target = np.array([[scene.x_cam_mm / 1e3, scene.middle_mm / 1e3, 0.0]])
        [[u, v]] = lens.to_pixels(lens.to_camera(target))
        assert abs(u - 256) < 4  # aimed in one step, not iterated: a few pixels are fine
        assert abs(v - 252) < 4
        [[right, _]] = lens.to_pixels(lens.to_camera(target + np.array([[0, 1.0, 0]])))
        assert (right - u) * side > 0
        [[_, higher]] = lens.to_pixels(lens.to_camera(target + np.array([[0, 0, 1.0]])))
        assert higher < v


@given(
    kind=st.sampled_from(list(MODELS)),
    x=st.floats(-60_000, 70_000),
    lateral=st.integers(-3_000, 3_000),
    facing=st.sampled_from(["front", "rear"]),
    standoff=st.integers(0, 30_000),
)
@settings(max_examples=80, deadline=None)
def test_a_vehicle_anywhere_even_under_the_camera_can_be_drawn(kind, x, lateral, facing, standoff):
    scene = replace(SMALL, facing=facing, standoff_mm=standoff, noise=0)
    here = replace(passage(kind, lateral_mm=lateral), motion=Motion((Leg(0, x, 0.0, 0.0),)))
    render_frame(scene, [here], 0)
    for box in vehicle_boxes(scene, [here], 0):
        assert 0 <= box.x_min < box.x_max <= 640
        assert 0 <= box.y_min < box.y_max <= 360
        assert 0 <= box.visible_permille <= 1000


def test_a_vehicle_that_never_comes_has_no_arrival():
    stopped = replace(passage(), motion=Motion.uniform(0, 5_000, -2_000))
    assert arrival_ns(SMALL, stopped) is None
    assert vehicle_picture(SMALL, stopped)  # a picture can be drawn all the same


def test_the_rear_camera_waits_for_the_rear():
    front = arrival_ns(SMALL, passage("semi6"))
    rear = arrival_ns(replace(SMALL, facing="rear"), passage("semi6"))
    assert rear - front == pytest.approx(passage("semi6").vehicle.length_mm / 12_000 * 1e9, rel=1e-6)


def test_a_clip_has_its_pictures_its_size_and_a_keyframe_each_second(tmp_path):
    told = []
    path = tmp_path / "bridge.mp4"
    count = write_clip(
        path,
        SMALL,
        [passage()],
        1 * S,
        3 * S + 500 * MS,
        10,
        size=(320, 180),
        progress=lambda *p: told.append(p),
    )
    assert count == 25
    assert told[-1] == (25, 25)
    with av.open(str(path)) as container:
        frames = [(f.pts * f.time_base, f.key_frame, f.width, f.height) for f in container.decode(video=0)]
    assert [round(float(t), 3) for t, *_ in frames] == [k / 10 for k in range(25)]
    assert [k for k, f in enumerate(frames) if f[1]] == [0, 10, 20]
    assert frames[0][2:] == (320, 180)


def test_a_clip_shows_the_instant_that_its_time_says(tmp_path):
    path = tmp_path / "bridge.mp4"
    write_clip(path, SMALL, [passage()], 0, 3 * S, 10, size=(640, 360))
    with av.open(str(path)) as container:
        drawn = [f.to_ndarray(format="bgr24") for f in container.decode(video=0)]
    truth = [render_frame(SMALL, [passage()], k * S // 10).astype(int) for k in range(30)]
    for k in (5, 15, 25):
        errors = [np.abs(drawn[k] - frame).mean() for frame in truth]
        assert int(np.argmin(errors)) == k


def test_the_same_clip_is_the_same_file(tmp_path):
    a, b = tmp_path / "a.mkv", tmp_path / "b.mkv"
    for path in (a, b):
        write_clip(path, SMALL, [passage()], 0, 1 * S, 10, size=(320, 180))
    with av.open(str(a)) as one, av.open(str(b)) as other:
        assert [bytes(p) for p in one.demux(video=0)] == [bytes(p) for p in other.demux(video=0)]


def test_the_pushed_pictures_are_jpegs_that_stay_the_same():
    vehicle, plate = vehicle_picture(SMALL, passage()), plate_picture(passage())
    assert vehicle == vehicle_picture(SMALL, passage())
    assert plate == plate_picture(passage())
    for data, size in ((vehicle, (360, 640)), (plate, (140, 440))):
        assert data.startswith(b"\xff\xd8")
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[:2] == size


def test_a_plate_is_of_its_colour():
    for colour, channel in (("yellow", 2), ("blue", 0)):
        painted = replace(passage().vehicle, plate_colour=colour)
        data = plate_picture(replace(passage(), vehicle=painted))
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert int(np.median(image.reshape(-1, 3), axis=0).argmax()) == channel


def test_training_pictures_come_with_labels_inside_the_picture_and_the_same_again(tmp_path):
    for name in ("a", "b"):
        path = write_dataset(tmp_path / name, {"train": 8, "val": 4}, seed=3)
        assert "names:\n  0: truck" in path.read_text()
    pictures = sorted((tmp_path / "a/images").rglob("*.jpg"))
    assert len(pictures) == 12
    labelled = 0
    for picture in pictures:
        twin = tmp_path / "b" / picture.relative_to(tmp_path / "a")
        assert picture.read_bytes() == twin.read_bytes()
        label = tmp_path / "a/labels" / picture.parent.name / f"{picture.stem}.txt"
        for line in io.StringIO(label.read_text()):
            number, u, v, w, h = map(float, line.split())
            assert int(number) in range(len(CLASSES))
            assert -0.001 <= u - w / 2 < u + w / 2 <= 1.001
            assert -0.001 <= v - h / 2 < v + h / 2 <= 1.001
            labelled += 1
    assert labelled > 10


# -- number plates ---------------------------------------------------------------------------------

# A plate is about 110 px wide in it: what a camera that is to read plates has to be aimed and zoomed to.
CLOSE = Scene(lanes=TWO_LANES, x_cam_mm=5_000, focal_permille=4_000, noise=2)


def plate_corners(scene, one, at):
    """Where the plate is in the picture, (4, 2) px; None where nothing is drawn on it."""
    [placed] = _in_view(scene, Lens(scene), [one], at)
    for polygon, corners in zip(placed.body.polygons, placed.corners, strict=True):
        if polygon.plate:
            return Lens(scene).to_pixels(corners)
    return None


@pytest.mark.parametrize(
    ("kind", "facing", "size"),
    [
        ("car", "front", (0.44, 0.14)),
        ("truck3", "front", (0.44, 0.14)),
        ("truck3", "rear", (0.44, 0.22)),
        ("tractor", "rear", (0.44, 0.22)),
        ("semi6", "rear", (0.44, 0.22)),
    ],
)
def test_a_plate_is_as_large_as_a_plate(kind, facing, size):
    vehicle = replace(
        passage(kind).vehicle, plate="沪A12345", plate_colour="blue" if kind == "car" else "yellow"
    )
    [quad] = [p.corners for p in body_of(vehicle, 1, facing).polygons if p.plate]
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    assert sides == pytest.approx([*size, *size])
    assert quad[0][1] * (1 if facing == "front" else -1) > 0  # its left is on the left of who looks at it


def test_a_new_energy_plate_is_longer_and_a_trailer_has_its_own_number_at_the_rear():
    energy = replace(passage("bus").vehicle, plate="沪A12345D", plate_colour="yellow_green")
    [quad] = [p.corners for p in body_of(energy, 1, "rear").polygons if p.plate]
    assert np.linalg.norm(quad[1] - quad[0]) == pytest.approx(0.48)
    assert np.linalg.norm(quad[3] - quad[0]) == pytest.approx(0.14)
    semi = passage("semi6").vehicle
    assert mounted_plate(semi, "rear") == MountedPlate(semi.plate_rear, "yellow", 2)
    assert mounted_plate(semi, "front") == MountedPlate(semi.plate, "yellow", 1)


def test_learners_have_one_row_and_what_is_no_plate_is_not_written():
    car = passage("car").vehicle
    learner = replace(car, plate="川A1234学", plate_colour="yellow")
    assert mounted_plate(learner, "rear") == MountedPlate("川A1234学", "yellow", 1)
    assert mounted_plate(replace(car, plate="12345678"), "front") is None
    assert mounted_plate(replace(car, plate_colour=""), "front") is None


@pytest.mark.parametrize("light", ["day", "overcast", "dusk", "night"])
@pytest.mark.parametrize(("kind", "facing"), [("car", "front"), ("truck3", "rear"), ("semi6", "rear")])
def test_what_is_drawn_on_a_vehicle_straightens_to_its_plate(light, kind, facing):
    scene = replace(CLOSE, light=light, facing=facing, noise=0)
    one = passage(kind)
    at = arrival_ns(scene, one)
    plate = mounted_plate(one.vehicle, facing)
    face = plate_face(plate.text, plate.colour, plate.rows)
    height, width = face.shape[:2]
    corners = plate_corners(scene, one, at).astype(np.float32)
    seen = straightened(render_frame(scene, [one], at), corners, width, height)
    grey = [cv2.GaussianBlur(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), (0, 0), 3) for p in (seen, face)]
    assert np.corrcoef(grey[0].ravel(), grey[1].ravel())[0, 1] > 0.85
    if facing == "rear":  # headlights throw light of their own on a front plate
        level = {"day": 1.0, "overcast": 0.82, "dusk": 0.52, "night": 0.4}[light]
        assert seen.mean() == pytest.approx(face.mean() * level, rel=0.2)


def test_a_covered_plate_has_nothing_to_read_and_a_far_one_only_its_colour():
    covered = passage(behaviours=("covered_plate",))
    assert plate_corners(CLOSE, covered, arrival_ns(CLOSE, covered)) is None
    picture = cv2.imdecode(np.frombuffer(plate_picture(covered), np.uint8), cv2.IMREAD_COLOR)
    assert picture[50:90, 60:380].std(axis=(0, 1)).max() < 3
    for focal, one_colour in ((840, True), (4_000, False)):
        scene = replace(CLOSE, focal_permille=focal, width=640, height=360, noise=0)
        at = arrival_ns(scene, passage())
        corners = plate_corners(scene, passage(), at)
        assert (np.linalg.norm(corners[1] - corners[0]) < 12) == one_colour
        (x0, y0), (x1, y1) = (np.round(corners[k] + d).astype(int) for k, d in ((0, 2), (2, -1)))
        inner = render_frame(scene, [passage()], at)[y0:y1, x0:x1]
        assert inner.size
        assert (inner == inner[0, 0]).all() == one_colour


@given(x=st.floats(-25_000, 25_000), lateral=st.integers(-3_000, 3_000), standoff=st.integers(0, 6_000))
@settings(max_examples=40, deadline=None)
def test_a_plate_may_reach_out_of_the_picture_or_behind_the_lens(x, lateral, standoff):
    scene = replace(SMALL, standoff_mm=standoff, height_mm=1_000, noise=0)
    here = replace(passage("car", lateral_mm=lateral), motion=Motion((Leg(0, x, 0.0, 0.0),)))
    render_frame(scene, [here], 0)


@pytest.fixture(scope="module")
def reader():
    try:
        return open_reader(PlateReaderSettings())
    except UsageError as missing:
        pytest.skip(str(missing))


@pytest.mark.skipif(
    not hasattr(cv2, "FontFace"), reason="OpenCV 4 has no Chinese characters to draw plates with"
)
@pytest.mark.parametrize(
    ("kind", "facing"), [("car", "front"), ("truck3", "front"), ("semi6", "rear"), ("tractor", "rear")]
)
def test_the_box_reads_the_plate_of_a_drawn_vehicle(reader, kind, facing):
    scene = replace(CLOSE, facing=facing)
    for number in (3, 4):
        one = passage(kind, number=number)
        found = reader.read(render_frame(scene, [one], arrival_ns(scene, one)))
        assert found.text == mounted_plate(one.vehicle, facing).text
        middle = plate_corners(scene, one, arrival_ns(scene, one)).mean(axis=0)
        assert np.linalg.norm(found.region.corners.mean(axis=0) - middle) < 30
