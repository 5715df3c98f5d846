"""From a request for pictures to staged JPEGs, boxes and a crop: on real video, with a small detector."""

from __future__ import annotations

import hashlib
import threading
import time

import cv2
import numpy as np
import pytest

from edge_agent.core.decisions import Capture
from edge_agent.core.records import Detection
from edge_agent.core.units import MS, Ns, Permille, S
from edge_agent.devices.camera import Camera, CameraSettings, CaptureWorker
from edge_agent.devices.camera.capture import QUEUE
from edge_agent.devices.detector.boxes import stands_in

LANE = {"1": {"polygon": [[0, 0.3], [1, 0.3], [1, 1], [0, 1]]}}


def clock() -> Ns:
    return Ns(time.monotonic_ns())


class FindsTheBrightBlock:
    """A detector that can be checked by hand: one box around the moving bright block."""

    model_sha256 = "ab" * 32

    def detect(self, images, lane=()):
        return tuple(self._one(image, lane) for image in images)

    def _one(self, image, lane):
        ys, xs = np.nonzero(image[30:, :, 1] > 150)
        height, width = image.shape[:2]
        edges = (
            xs.min() * 1000 // width, (ys.min() + 30) * 1000 // height,
            (xs.max() + 1) * 1000 // width, (ys.max() + 31) * 1000 // height,
        )  # fmt: skip
        box = tuple(Permille(int(e)) for e in edges)
        return (Detection("truck", "evidence", Permille(900), *box, in_lane=stands_in(lane, *box)),)


class Desk:
    """Everything a capture goes through, with what came out of it."""

    def __init__(self, path, detector=None, **settings):
        self.epoch = clock()
        self.kept: dict[str, bytes] = {}
        self.answers = []
        self.camera = Camera(
            "cam1", CameraSettings(url=str(path), views=LANE, **settings), lambda _: None, clock, self.epoch
        )
        self.worker = CaptureWorker({"cam1": self.camera}, self.stage, detector, self.answers.append, clock)

    def stage(self, data):
        assert data.startswith(b"\xff\xd8\xff"), "a JPEG"
        digest = hashlib.sha256(data).hexdigest()
        self.kept[digest] = data
        return digest

    def picture(self, digest):
        return cv2.imdecode(np.frombuffer(self.kept[digest], np.uint8), cv2.IMREAD_COLOR)

    def __enter__(self):
        self.camera.start()
        self.worker.start()
        return self

    def __exit__(self, *_):
        self.worker.close()
        self.camera.close()


def ask(desk: Desk, *ms: int, request: str = "r1") -> Capture:
    return Capture(clock(), request, "cam1", "1", tuple(Ns(desk.epoch + m * MS) for m in ms))


def test_two_instants_become_two_pictures_and_a_crop_with_their_boxes(
    tmp_path, make_video, read_number, eventually
):
    with Desk(make_video(tmp_path / "v.mp4"), FindsTheBrightBlock(), jpeg_quality=95) as desk:
        desk.worker.submit(ask(desk, 200, 600))
        eventually(lambda: desk.answers)
    [answer] = desk.answers
    assert (answer.request, answer.problem, answer.model_sha256) == ("r1", "", "ab" * 32)
    assert [p.role for p in answer.pictures] == ["full_view_1", "full_view_2", "front"]
    assert len(answer.detections) == len(answer.pictures)
    views = [read_number(desk.picture(p.sha256)) for p in answer.pictures[:2]]
    assert views == [5, 15]
    assert [p.captured_at for p in answer.pictures[:2]] == [desk.epoch + 200 * MS, desk.epoch + 600 * MS]
    assert all(p.size == len(desk.kept[p.sha256]) for p in answer.pictures)
    crop = desk.picture(answer.pictures[2].sha256)
    [inside] = answer.detections[2]
    assert inside.in_lane
    middle = crop[
        (inside.y_min + inside.y_max) * crop.shape[0] // 2000,
        (inside.x_min + inside.x_max) * crop.shape[1] // 2000,
    ]
    assert middle.min() > 150  # the bright block is where the crop's box says it is


def test_a_picture_of_the_future_is_waited_for(tmp_path, make_video, read_number, eventually):
    with Desk(make_video(tmp_path / "v.mp4")) as desk:
        desk.worker.submit(ask(desk, 1_000))
        eventually(lambda: desk.answers)
        assert clock() >= desk.epoch + 1_000 * MS
    assert read_number(desk.picture(desk.answers[0].pictures[0].sha256)) == 25


def test_nobody_looked_when_there_is_no_detector(tmp_path, make_video, eventually):
    with Desk(make_video(tmp_path / "v.mp4")) as desk:
        desk.worker.submit(ask(desk, 100, 200))
        eventually(lambda: desk.answers)
    [answer] = desk.answers
    assert (answer.model_sha256, answer.detections) == ("", ((), ()))


def test_a_camera_that_is_away_is_answered_with_a_problem_in_time(tmp_path, eventually):
    with Desk(tmp_path / "absent.mp4") as desk:
        begin = clock()
        desk.worker.submit(ask(desk, 100))
        eventually(lambda: desk.answers)
        assert clock() - begin < 3 * S
    assert desk.answers[0].pictures == ()
    assert desk.answers[0].problem == "the camera holds no picture of that time"


def test_an_instant_that_is_missing_is_said_and_the_other_is_kept(tmp_path, make_video, eventually):
    with Desk(make_video(tmp_path / "v.mp4", count=20)) as desk:
        desk.worker.submit(ask(desk, 200, 5_000))
        eventually(lambda: desk.answers)
    assert [p.role for p in desk.answers[0].pictures] == ["full_view_1"]
    assert desk.answers[0].problem == "1 of 2 pictures are missing"


def test_two_instants_in_one_picture_are_one_picture(tmp_path, make_video, eventually):
    with Desk(make_video(tmp_path / "v.mp4")) as desk:
        desk.worker.submit(ask(desk, 200, 205))
        eventually(lambda: desk.answers)
    assert len(desk.answers[0].pictures) == 1
    assert desk.answers[0].problem == "1 of 2 pictures are missing"


def test_an_unknown_camera_is_answered_at_once(tmp_path, eventually):
    with Desk(tmp_path / "absent.mp4") as desk:
        desk.worker.submit(Capture(Ns(0), "r1", "cam9", "1", (Ns(0),)))
        eventually(lambda: desk.answers)
    assert desk.answers[0].problem == "no camera 'cam9'"


def test_one_too_many_is_answered_before_the_others_and_never_by_who_asks(tmp_path, eventually):
    """Who asks is the runner: its answers go to a queue that only the runner empties."""
    desk = Desk(tmp_path / "absent.mp4")  # not started yet: nothing leaves the queue
    for number in range(QUEUE + 3):
        desk.worker.submit(ask(desk, 100, request=str(number)))
    assert desk.answers == []
    with desk:
        eventually(lambda: len(desk.answers) >= 3)
    assert [a.request for a in desk.answers[:3]] == [str(QUEUE), str(QUEUE + 1), str(QUEUE + 2)]
    assert all("are waiting already" in a.problem for a in desk.answers[:3])


def test_a_detector_that_fails_costs_one_answer_and_not_the_worker(tmp_path, make_video, eventually):
    class FailsOnce(FindsTheBrightBlock):
        failed = threading.Event()

        def detect(self, images, lane=()):
            if not self.failed.is_set():
                self.failed.set()
                raise ValueError("no memory")
            return super().detect(images, lane)

    with Desk(make_video(tmp_path / "v.mp4"), FailsOnce()) as desk:
        desk.worker.submit(ask(desk, 100, request="first"))
        eventually(lambda: len(desk.answers) == 1)
        desk.worker.submit(ask(desk, 200, request="second"))
        eventually(lambda: len(desk.answers) == 2)
    assert desk.answers[0].problem == "ValueError: no memory"
    assert desk.answers[1].problem == ""


@pytest.mark.parametrize("quality", [60, 95])
def test_the_pictures_are_24_bit_colour_at_full_size(tmp_path, make_video, eventually, quality):
    with Desk(make_video(tmp_path / "v.mp4"), jpeg_quality=quality) as desk:
        desk.worker.submit(ask(desk, 100))
        eventually(lambda: desk.answers)
    [picture] = desk.answers[0].pictures
    assert (picture.width, picture.height, picture.media_type) == (160, 96, "image/jpeg")
    assert desk.picture(picture.sha256).shape == (96, 160, 3)
