"""From `TakePictures` to originals, copies and a clip: nothing is promised that was not taken."""

from __future__ import annotations

import threading
import time

import av
import cv2
import numpy as np

from edge_agent.core.decisions import Shot, TakePictures
from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera import Camera, CameraSettings
from edge_agent.devices.camera.camera import NoFrame
from edge_agent.devices.pictures import PictureSettings, PictureWorker
from edge_agent.devices.pictures.worker import QUEUE
from tests.devices.pictures.shopfront import (
    HEIGHT,
    WIDTH,
    ZONE,
    SeesColours,
    StreetVideo,
    Tray,
    a_box,
    a_reference,
    a_street,
)

GOODS = ("goods_pile", (420, 560, 560, 700))
PERSON = ("person", (600, 400, 650, 760))
STREET = [a_street(), a_street(GOODS, PERSON), a_street(GOODS, seed=2)]


def ask(*shots, **other):
    return TakePictures(
        **{
            "at": 3 * S,
            "request": "r1",
            "camera": "cam1",
            "zone": "shop1",
            "shots": tuple(Shot(role, second * S) for role, second in shots),
            "copies": False,
            "marks": (a_box(),),
            "clip": None,
            "hold_s": 600,
            **other,
        }
    )


class Desk:
    """A worker with everything around it."""

    def __init__(self, camera=None, detector=SeesColours(), reference=a_reference(), **settings):  # noqa: B008 never changed
        self.tray = Tray()
        self.answers = []
        self.camera = camera or StreetVideo(STREET)
        self.worker = PictureWorker(
            {"cam1": self.camera},
            lambda _camera: reference,
            {"shop1": ZONE},
            self.tray,
            self.tray.kept.get,
            detector,
            self.answers.append,
            lambda: 9 * S,
            settings=PictureSettings(**settings),
            said_time=lambda at: f"2026-11-23 10:00:{at // S:02}",
        )

    def take(self, *shots, **other):
        return self.worker.carry_out(ask(*shots, **other))

    def image(self, answer, role):
        return self.tray.image(next(p for p in answer.pictures if p.role == role))


def test_originals_are_whole_unmarked_and_held_for_the_time_that_was_asked():
    desk = Desk()
    answer = desk.take(("first_seen", 1), ("confirmed", 2))

    assert [p.role for p in answer.pictures] == ["first_seen", "confirmed"]
    assert [p.captured_at for p in answer.pictures] == [1 * S, 2 * S]
    assert all((p.width, p.height, p.parent, p.masked) == (WIDTH, HEIGHT, "", False) for p in answer.pictures)
    assert [[d.label for d in seen] for seen in answer.detections] == [
        ["person", "goods_pile"],
        ["goods_pile"],
    ]
    assert set(desk.tray.held_s.values()) == {600}
    off = np.abs(desk.image(answer, "first_seen").astype(int) - STREET[1])
    assert off.mean() < 6
    assert (answer.problem, answer.model_sha256, answer.at) == ("", "ab" * 32, 9 * S)


def test_only_the_pictures_of_a_stay_give_way_to_the_next_stays():
    desk = Desk()
    desk.take(("first_seen", 1), ("confirmed", 2))
    desk.take(("reference", 0), ("first_seen", 1), hold_s=300)  # of a suspect

    assert desk.tray.slots == ["shop1/first_seen", "", "", ""]


def test_a_picture_carries_no_metadata():
    desk = Desk()
    [picture] = desk.take(("confirmed", 1)).pictures
    assert b"Exif" not in desk.tray.kept[picture.sha256]
    assert picture.size == len(desk.tray.kept[picture.sha256])


def test_the_reference_is_the_accepted_file_byte_for_byte():
    accepted = a_reference()
    desk = Desk(reference=accepted)
    answer = desk.take(("reference", 0), ("first_seen", 1))

    assert [p.role for p in answer.pictures] == ["reference", "first_seen"]
    assert desk.tray.kept[answer.pictures[0].sha256] == accepted.data
    assert answer.pictures[0].media_type == "image/png"
    assert answer.detections[0] == ()


def test_copies_name_their_original_and_only_the_owners_is_masked():
    desk = Desk()
    answer = desk.take(("reference", 0), ("first_seen", 1), copies=True)
    by_role = {p.role: p for p in answer.pictures}

    assert list(by_role) == ["reference", "first_seen", "first_seen_marked", "first_seen_shared"]
    original = by_role["first_seen"].sha256
    assert {by_role[f"first_seen_{kind}"].parent for kind in ("marked", "shared")} == {original}
    assert [p.masked for p in answer.pictures] == [False, False, False, True]
    assert len(answer.detections) == len(answer.pictures)
    assert answer.detections[2:] == ((), ())


def test_copies_of_a_stays_earlier_pictures_are_made_when_it_becomes_a_case():
    desk = Desk()
    before = desk.take(("first_seen", 1)).pictures
    answer = desk.take(("reference", 0), ("confirmed", 2), copies=True, taken=before)
    by_role = {p.role: p for p in answer.pictures}

    assert list(by_role) == [
        "reference", "confirmed",
        "first_seen_marked", "first_seen_shared", "confirmed_marked", "confirmed_shared",
    ]  # fmt: skip
    assert by_role["first_seen_marked"].parent == before[0].sha256
    assert by_role["first_seen_shared"].masked
    assert by_role["first_seen_marked"].captured_at == 1 * S
    assert answer.problem == ""


def test_what_came_later_is_not_marked_in_an_earlier_picture():
    came_later = a_box("seat", (700, 560, 800, 700))
    desk = Desk()
    before = desk.take(("first_seen", 1)).pictures
    answer = desk.take(("confirmed", 2), copies=True, taken=before, marks=(a_box(), came_later))
    only = desk.take(("confirmed", 2), copies=True, taken=before, marks=(a_box(),))

    def earlier(a):
        return next(p.sha256 for p in a.pictures if p.role == "first_seen_marked")

    assert earlier(answer) == earlier(only)


def test_an_earlier_picture_that_is_not_held_any_more_costs_its_copies_only():
    desk = Desk()
    before = desk.take(("first_seen", 1)).pictures
    desk.tray.kept.clear()
    answer = desk.take(("confirmed", 2), copies=True, taken=before)

    assert [p.role for p in answer.pictures] == ["confirmed", "confirmed_marked", "confirmed_shared"]
    assert answer.problem == "first_seen: no copies: it is not held any more"


def test_a_marked_copy_shows_the_whole_picture_with_a_strip_below():
    desk = Desk()
    answer = desk.take(("first_seen", 1), copies=True)
    copy = desk.image(answer, "first_seen_marked")

    assert copy.shape[1] == WIDTH
    assert copy.shape[0] > HEIGHT
    assert np.abs(copy[: HEIGHT // 4].astype(int) - STREET[1][: HEIGHT // 4]).mean() < 6
    assert np.ptp(copy[HEIGHT:].astype(int)) > 150  # something is written there
    assert np.abs(copy[:HEIGHT].astype(int) - STREET[1]).mean() > 1  # and something is drawn


def test_the_owners_copy_is_the_shops_ground_and_the_passer_bys_head_is_gone():
    class SeesNobody(SeesColours):
        def detect(self, images, lane=()):
            return tuple(tuple(d for d in seen if d.label != "person") for seen in super().detect(images))

    copies = []
    for detector in (SeesColours(), SeesNobody()):
        desk = Desk(detector=detector)
        copies.append(desk.image(desk.take(("first_seen", 1), copies=True), "first_seen_shared").astype(int))
    rows = np.flatnonzero((np.abs(copies[0] - copies[1]).max(axis=2) > 25).any(axis=1))

    assert copies[0].shape[1] < WIDTH
    assert 20 < len(rows) < 80  # the head with its rim is 72 rows high, the person 130


def test_without_a_detector_there_is_no_copy_for_the_owner():
    answer = Desk(detector=None).take(("first_seen", 1), copies=True)

    assert [p.role for p in answer.pictures] == ["first_seen", "first_seen_marked"]
    assert "nobody looked" in answer.problem
    assert answer.model_sha256 == ""


def test_a_model_that_knows_no_people_makes_no_copy_for_the_owner():
    answer = Desk(detector=SeesColours(labels=["truck", "bus"])).take(("first_seen", 1), copies=True)

    assert [p.role for p in answer.pictures] == ["first_seen", "first_seen_marked"]
    assert "nobody looked for people" in answer.problem


def test_a_detector_that_fails_costs_the_boxes_and_not_the_picture():
    class Fails(SeesColours):
        def detect(self, images, lane=()):
            raise ValueError("no memory")

    answer = Desk(detector=Fails()).take(("first_seen", 1), copies=True)

    assert [p.role for p in answer.pictures] == ["first_seen", "first_seen_marked"]
    assert answer.detections == ((), ())
    assert "no memory" in answer.problem
    assert answer.model_sha256 == ""


def test_boxes_of_which_the_model_is_unsure_are_not_reported():
    answer = Desk(detector=SeesColours(score=100)).take(("first_seen", 1))
    assert answer.detections == ((),)


def test_an_instant_that_is_not_there_is_named_and_the_others_are_kept():
    answer = Desk().take(("first_seen", 1), ("middle", 7), ("confirmed", 2))

    assert [p.role for p in answer.pictures] == ["first_seen", "confirmed"]
    assert answer.problem == "middle: the camera holds no picture of that time"


def test_one_picture_is_one_proof():
    answer = Desk().take(("first_seen", 1), ("middle", 1))
    assert [p.role for p in answer.pictures] == ["first_seen"]
    assert answer.problem == "middle: the same picture as first_seen"


def test_a_camera_without_an_accepted_reference_says_so():
    answer = Desk(reference=None).take(("reference", 0), ("first_seen", 1))
    assert [p.role for p in answer.pictures] == ["first_seen"]
    assert answer.problem == "reference: none is accepted"


def test_a_zone_that_nobody_knows_costs_the_copies_only():
    answer = Desk().take(("first_seen", 1), copies=True, zone="shop9")
    assert [p.role for p in answer.pictures] == ["first_seen"]
    assert "no zone 'shop9'" in answer.problem


def test_a_clip_is_kept_as_the_camera_cut_it():
    desk = Desk()
    answer = desk.take(("confirmed", 2), clip=(1 * S, 2 * S))
    clip = answer.pictures[-1]

    assert (clip.role, clip.media_type, clip.captured_at) == ("clip", "video/mp4", 1 * S)
    assert desk.tray.kept[clip.sha256] == desk.camera.the_clip
    assert (clip.width, clip.height) == (WIDTH, HEIGHT)


def test_a_clip_that_is_too_large_loses_its_beginning_and_never_its_end():
    class Heavy(StreetVideo):
        def clip(self, t0, t1):
            self.clips.append((t0, t1))
            return bytes((t1 - t0) // S * 400_000)

    camera = Heavy(STREET)
    answer = Desk(camera, clip_mb=1).take(("confirmed", 2), clip=(0, 10 * S))

    assert answer.pictures[-1].size <= 1_000_000
    assert {end for _, end in camera.clips} == {10 * S + 20 * MS}
    assert answer.problem == ""


def test_a_clip_that_cannot_be_made_small_or_at_all_is_left_out_with_a_reason():
    huge = Desk(StreetVideo(STREET, clip=bytes(2_000_000)), clip_mb=1).take(("confirmed", 2), clip=(0, S))
    assert [p.role for p in huge.pictures] == ["confirmed"]
    assert huge.problem == "clip: 2000000 bytes, more than 1000000"

    class Empty(StreetVideo):
        def clip(self, _t0, _t1):
            raise NoFrame("camera cam1 holds no video of the time asked for")

    none = Desk(Empty(STREET)).take(("confirmed", 2), clip=(0, S))
    assert none.problem == "clip: camera cam1 holds no video of the time asked for"


def test_copies_of_a_large_picture_are_smaller_and_the_original_is_not():
    large = cv2.resize(STREET[1], (1920, 1080))
    answer = Desk(StreetVideo([large]), copy_width_px=640).take(("inspection", 0), copies=True)
    widths = {p.role: p.width for p in answer.pictures}

    assert widths["inspection"] == 1920
    assert widths["inspection_marked"] == 640
    assert widths["inspection_shared"] < 640


def test_who_asks_never_waits_and_one_too_many_is_answered_first(eventually):
    desk = Desk()  # not started yet: nothing leaves the queue
    for number in range(QUEUE + 2):
        desk.worker.submit(ask(("confirmed", 1), request=str(number)))
    desk.worker.submit(ask(("confirmed", 1), camera="cam9"))

    assert desk.answers == []
    desk.worker.start()
    eventually(lambda: len(desk.answers) >= 3)
    desk.worker.close()
    assert [a.request for a in desk.answers[:3]] == [str(QUEUE), str(QUEUE + 1), "r1"]
    assert "are waiting already" in desk.answers[0].problem
    assert desk.answers[2].problem == "no camera 'cam9'"


def test_one_request_that_fails_does_not_stop_the_next(eventually):
    class FailsOnce(StreetVideo):
        failed = threading.Event()

        def frames_at(self, times):
            if not self.failed.is_set():
                self.failed.set()
                raise RuntimeError("decoder")
            return super().frames_at(times)

    desk = Desk(FailsOnce(STREET))
    desk.worker.start()
    desk.worker.submit(ask(("first_seen", 1), request="a"))
    eventually(lambda: len(desk.answers) == 1)
    desk.worker.submit(ask(("first_seen", 1), request="b"))
    eventually(lambda: len(desk.answers) == 2)
    desk.worker.close()

    assert [(a.request, a.problem) for a in desk.answers] == [("a", "RuntimeError: decoder"), ("b", "")]


def test_stills_and_a_clip_come_out_of_a_real_cameras_ring(tmp_path, make_video, read_number, eventually):
    def clock():
        return Ns(time.monotonic_ns())

    video = make_video(tmp_path / "v.mp4")
    epoch = clock()
    camera = Camera("cam1", CameraSettings(url=str(video)), lambda _: None, clock, epoch)
    desk = Desk(camera, detector=None)
    camera.start()
    desk.worker.start()
    desk.worker.submit(
        ask(shots=(Shot("first_seen", epoch + 200 * MS), Shot("confirmed", epoch + 1_000 * MS)),
            clip=(epoch + 400 * MS, epoch + 1_000 * MS))
    )  # fmt: skip
    eventually(lambda: desk.answers)
    desk.worker.close()
    camera.close()
    [answer] = desk.answers

    assert answer.problem == ""
    assert [read_number(desk.tray.image(p)) for p in answer.pictures[:2]] == [5, 25]
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(desk.tray.kept[answer.pictures[2].sha256])
    with av.open(str(clip)) as container:
        shown = [read_number(f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]
    assert (shown[0], shown[-1]) == (10, 25)
