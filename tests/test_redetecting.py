"""The detector over recorded video again: its boxes of now against those of then."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from edge_agent.cli.main import main
from edge_agent.config.loader import load
from edge_agent.config.recorded import to_text
from edge_agent.core.records import Detection
from edge_agent.core.units import Ns, S
from edge_agent.devices.scene import ReferenceBank, Scene
from edge_agent.errors import UsageError
from edge_agent.journal.opening import open_all
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.video import VideoPacket
from edge_agent.journal.writer import RecordingHeader
from edge_agent.redetecting import Tolerance, redetect

SITE = """\
schema: 1
site: {id: street-1, tenant: test, device_id: box-1}
street:
  references_dir: FOLDER/references
  detector: {model: FOLDER/model.onnx, min_score: 0.25}
  rules:
    overflow: {}
  cameras:
    east:
      video: {url: "rtsp://192.0.2.7/main"}
      zones:
        front: {rule: overflow, polygon: [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]}
"""
WIDE, TALL, FPS, GOP, LOOK = 320, 180, 5, 10, 5
COUNT = 60
EPOCH = 1_000 * S


def picture(number):
    """A white thing that moves over a grey street; number 30 and later there are two."""
    image = np.full((TALL, WIDE, 3), 90, np.uint8)
    image[60:120, 20 + 3 * number :][:, :40] = 240
    if number >= COUNT // 2:
        image[130:160, 200:260] = 240
    return image


class Finder:
    """A detector: everything white is goods."""

    input_width = 0

    def __init__(self, model="a", score=900, right=0, least=0, invented=()):
        self.model_sha256 = model * 64
        self._score, self._right, self._least, self._invented = score, right, least, invented

    def detect(self, images):
        return tuple(self._look(image) for image in images)

    def _look(self, image):
        tall, wide = image.shape[:2]
        white = (image.mean(axis=2) > 180).astype(np.uint8)
        count, _, boxes, _ = cv2.connectedComponentsWithStats(white)
        found = []
        for x, y, w, h, area in boxes[1:count]:
            if area > 400 and area >= self._least:
                edges = (x * 1000 // wide, y * 1000 // tall, (x + w) * 1000 // wide, (y + h) * 1000 // tall)
                found.append(moved(Detection("goods_pile", "evidence", self._score, *edges), self._right))
        return (*sorted(found, key=lambda d: d.x_min), *self._invented)


def moved(detection, right):
    return replace(detection, x_min=detection.x_min + right, x_max=detection.x_max + right)


def compressed(codec):
    """(keyframe, Annex B) of each picture."""
    encoder = av.CodecContext.create({"h264": "libx264", "h265": "libx265"}[codec], "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDE, TALL, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, FPS), Fraction(FPS), GOP
    params = f"log-level=none:bframes=2:keyint={GOP}:min-keyint={GOP}:scenecut=0:repeat-headers=1:annexb=1"
    encoder.options = {"preset": "veryfast", "crf": "20", f"{codec.replace('h', 'x')}-params": params}
    packets = []
    for number in range(COUNT):
        frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return [(p.pts, bytes(p)) for p in packets]


def decoded(codec, packets):
    """number -> picture, as the box saw it."""
    decoder = av.CodecContext.create({"h264": "h264", "h265": "hevc"}[codec], "r")
    seen = {}
    for pts, data in [*packets, (None, None)]:
        packet = av.Packet(data) if data else None
        if packet:
            packet.pts = packet.dts = pts
        seen |= {frame.pts: frame.to_ndarray(format="bgr24") for frame in decoder.decode(packet)}
    return seen


@pytest.fixture(scope="module", params=["h264", "h265"])
def street_video(request):
    """(codec, packets, pictures)."""
    packets = compressed(request.param)
    return request.param, packets, decoded(request.param, packets)


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(SITE.replace("FOLDER", str(tmp_path)))
    return load(path)


def look(site, detector, image, at):
    chosen = site.street.cameras["east"]
    bank = ReferenceBank(site.street.references_dir, "east")
    scene = Scene("east", chosen.scene, [zone.polygon for zone in chosen.zones.values()], bank)
    found = scene.crop.back(detector.detect([scene.crop.of(image)])[0], image)
    return scene.look(image, at, Ns(0), found, detector.model_sha256, at)


def at_of(number):
    return Ns(EPOCH + number * S // FPS)


@pytest.fixture
def record(tmp_path, site, street_video):
    """`record(cut=(), video=True, detector=...)`: a journal of the street, a new segment at each cut."""

    def write(*, cut=(), video=True, detector=None, change=lambda event: event):
        codec, packets, pictures = street_video
        folder = tmp_path / "journal"
        header = RecordingHeader("test", site.sha256(), to_text(site))
        recorder = Recorder(folder, JournalSettings(), header)
        eyes = detector or Finder()
        for index, (number, data) in enumerate(packets):
            if index in cut:
                recorder.close()
                recorder = Recorder(folder, JournalSettings(), header)
            if video:
                recorder.video(VideoPacket("east", at_of(number), codec, data), at_of(index))
            if number % LOOK == 0:
                recorder.event(change(look(site, eyes, pictures[number], at_of(number))))
        recorder.close()
        return folder

    return write


LOOKS = COUNT // LOOK
BOXES = LOOKS + LOOKS // 2


def test_the_same_detector_agrees_with_itself_on_every_picture(record, site):
    [said] = redetect(open_all(record()), site.street, Finder(), Tolerance())

    assert said.agrees
    assert (said.camera, said.pictures, said.not_recorded, said.same) == ("east", LOOKS, 0, BOXES)
    assert said.differing == []


def test_a_group_of_pictures_goes_on_from_one_segment_to_the_next(record, site):
    folder = record(cut=(13, 37))
    [said] = redetect(open_all(folder), site.street, Finder(), Tolerance())

    assert len(list(folder.glob("*.mcap"))) == 3
    assert (said.agrees, said.pictures, said.not_recorded) == (True, LOOKS, 0)


def test_a_segment_alone_begins_at_its_first_keyframe_and_says_what_is_missing(record, site):
    last = max(record(cut=(13,)).glob("*.mcap"))
    [said] = redetect(open_all(last), site.street, Finder(), Tolerance())

    assert said.agrees
    assert 0 < said.not_recorded <= 2
    assert said.pictures + said.not_recorded == LOOKS - 3


@pytest.mark.parametrize(
    ("other", "moved", "added", "removed"),
    [
        (Finder("b", right=40), BOXES, 0, 0),
        (Finder("b", score=870), BOXES, 0, 0),
        (Finder("b", score=885), 0, 0, 0),
        (Finder("b", least=10**6), 0, 0, BOXES),
        (Finder("b", invented=(Detection("table", "evidence", 500, 700, 0, 800, 90),)), 0, LOOKS, 0),
    ],
    ids=["boxes elsewhere", "less sure", "hardly less sure", "blind", "sees a table"],
)
def test_what_another_model_sees_otherwise_is_counted(record, site, other, moved, added, removed):
    [said] = redetect(open_all(record()), site.street, other, Tolerance())

    assert (said.moved, said.added, said.removed) == (moved, added, removed)
    assert said.same == BOXES - moved - removed
    assert said.agrees == (not (moved or added or removed))
    assert len(said.differing) == (0 if said.agrees else LOOKS)


def test_only_the_pictures_that_differ_are_named(record, site):
    small = Finder("b", least=WIDE * TALL // 25)  # the second thing is too small for it
    [said] = redetect(open_all(record()), site.street, small, Tolerance())

    assert said.removed == LOOKS // 2
    assert said.differing == [at_of(number) for number in range(COUNT // 2, COUNT, LOOK)]


def test_pictures_that_no_detector_looked_at_have_nothing_to_be_compared_with(record, site):
    def failed_at_first(event):
        return replace(event, detections=(), model_sha256="") if event.captured_at == EPOCH else event

    [said] = redetect(open_all(record(change=failed_at_first)), site.street, Finder(), Tolerance())

    assert (said.agrees, said.pictures, said.added) == (True, LOOKS - 1, 0)


def test_a_reference_that_was_accepted_since_is_said(record, site, street_video):
    folder = record()
    bank = ReferenceBank(site.street.references_dir, "east")
    done, data = cv2.imencode(".jpg", street_video[2][0])
    assert done
    bank.accept(data.tobytes(), "day-dry", by="test", at_utc="2026-06-15T00:00:00Z")

    [said] = redetect(open_all(folder), site.street, Finder(), Tolerance())

    assert said.other_reference == said.pictures == LOOKS


def test_a_recording_without_video_says_how_to_get_one(record, site):
    with pytest.raises(UsageError, match=r"no video; record with journal\.video: true"):
        redetect(open_all(record(video=False)), site.street, Finder(), Tolerance())


def test_a_recording_in_which_nobody_looked_says_so(record, site):
    blind = record(change=lambda event: replace(event, detections=(), model_sha256=""))
    with pytest.raises(UsageError, match="no detector looked"):
        redetect(open_all(blind), site.street, Finder(), Tolerance())


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch, capsys):
    """`run(detector, *arguments)`: exit status, and what was printed."""

    def ran(detector, *arguments):
        loaded = "edge_agent.devices.detector.detector.Detector"
        monkeypatch.setattr(loaded, lambda _settings: detector)
        status = main(["redetect", *map(str, arguments)])
        return status, capsys.readouterr()

    return ran


def test_the_command_ends_with_0_when_all_agrees_and_1_when_not(record, run):
    folder = record()

    status, said = run(Finder(), folder, "--json")
    assert status == 0
    assert json.loads(said.out)["cameras"][0]["agrees"] is True

    status, said = run(Finder("b", score=800), folder, "--json")
    assert status == 1
    assert json.loads(said.out) == {
        "model_sha256": "b" * 64,
        "cameras": [
            {
                "camera": "east",
                "pictures": LOOKS,
                "not_recorded": 0,
                "other_reference": 0,
                "same": 0,
                "moved": BOXES,
                "added": 0,
                "removed": 0,
                "things": [things("", moved=BOXES), things("front", moved=BOXES)],
                "differing": [at_of(number) for number in range(0, COUNT, LOOK)],
                "agrees": False,
            }
        ],
    }

    assert run(Finder("b", score=800), folder, "--json", "--score", 100)[0] == 0


def things(zone, label="goods_pile", **counts):
    return {"zone": zone, "label": label, "same": 0, "moved": 0, "added": 0, "removed": 0} | counts


def test_boxes_are_counted_by_class_and_by_the_zone_on_whose_ground_they_stand(record, site):
    """The table hangs above the zone; seen 200 permille farther left, a pile stands outside of it."""
    folder = record()
    table = Detection("table", "evidence", 500, 700, 0, 800, 90)
    [same] = redetect(open_all(folder), site.street, Finder("b", invented=(table,)), Tolerance())
    [left] = redetect(open_all(folder), site.street, Finder("b", right=-200), Tolerance())

    assert [asdict(one) for one in same.things] == [
        things("", same=BOXES),
        things("", "table", added=LOOKS),
        things("front", same=BOXES),
    ]
    whole, front = left.things
    assert (whole.then, whole.now) == (BOXES, BOXES)
    assert (front.then, front.now < BOXES, front.removed > 0) == (BOXES, True, True)


def test_the_command_prints_a_table(record, run):
    status, said = run(Finder(), record())
    assert status == 0
    assert f"{BOXES}" in said.out
    assert "model aaaaaaaaaaaa" in said.out
    assert "front" in said.out


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda _record, folder: folder / "absent", "no such file"),
        (lambda record, _folder: record(video=False), "no video"),
    ],
)
def test_the_command_ends_with_2_when_it_cannot_be_carried_out(record, run, tmp_path, prepare, said):
    status, printed = run(Finder(), prepare(record, tmp_path))

    assert status == 2
    assert said in printed.err
    assert "Traceback" not in printed.err


def test_a_configuration_without_a_detector_is_refused(record, run, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("".join(line for line in SITE.splitlines(True) if "detector" not in line))
    status, printed = run(Finder(), record(), "--config", other)

    assert status == 2
    assert "no street with a detector" in printed.err
