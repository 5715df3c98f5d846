"""`edge-agent reference`: nothing is accepted silently."""

import json

import av
import cv2
import pytest

from edge_agent.cli.main import main
from edge_agent.devices.scene import ReferenceBank, Scene, SceneSettings, watch, watch_file
from edge_agent.errors import DeviceError, UsageError
from edge_agent.evidence.intray import tray_of

SITE = """
schema: 1
site: {{id: s1, tenant: t, device_id: d}}
evidence: {{key_file: {folder}/key.pem, store: {{directory: {folder}/evidence}}}}
street:
  references_dir: {folder}/references
  rules: {{overflow: {{}}}}
  cameras:
    cam1:
      video: {{url: {folder}/live.mp4}}
      zones:
        z1:
          rule: overflow
          polygon: [[0.1, 0.4], [0.9, 0.4], [0.9, 0.98], [0.1, 0.98]]
          door_line: [[0.1, 0.4], [0.9, 0.4]]
"""


def film(path, pictures):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=2)
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast", "crf": "12"}
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def clear(street):
    return street.paved()


@pytest.fixture
def laden(street, clear):
    return street.with_box(clear, 200, 150, 46, 40)


@pytest.fixture
def reference(tmp_path, street, clear, laden, capsys):
    """`reference("accept", ...)`: (status, what was printed)."""
    (tmp_path / "site.yaml").write_text(SITE.format(folder=tmp_path))
    (tmp_path / "clear.jpg").write_bytes(street.jpeg(clear))
    (tmp_path / "laden.jpg").write_bytes(street.jpeg(laden))
    film(tmp_path / "live.mp4", [street.taken(clear, seed=k) for k in range(4)])
    film(tmp_path / "day.mp4", [street.taken(p, seed=k) for k, p in enumerate([clear] * 4 + [laden] * 12)])

    def run(command, *more):
        status = main(["reference", command, "--config", str(tmp_path / "site.yaml"), *more])
        told = capsys.readouterr()
        return status, told.out + told.err

    return run


ACCEPT = ("accept", "--camera", "cam1", "--condition", "day-dry", "--by", "Li")


def test_a_camera_without_a_picture_is_said_to_have_none(reference):
    status, told = reference("list")

    assert status == 1
    assert "cam1: nothing accepted yet" in told


def test_without_a_detector_the_person_must_say_that_they_looked(reference, tmp_path):
    status, told = reference(*ACCEPT, "--image", str(tmp_path / "clear.jpg"))
    assert status == 1
    assert "nobody looked for people" in told

    status, told = reference(*ACCEPT, "--image", str(tmp_path / "clear.jpg"), "--force")

    assert status == 0
    assert "cam1: accepted day-dry-1  480x270" in told
    [kept] = ReferenceBank(tmp_path / "references", "cam1").active
    assert kept.accepted_at.endswith("Z")
    assert ReferenceBank(tmp_path / "references", "cam1").data(kept) == (tmp_path / "clear.jpg").read_bytes()


def test_a_picture_with_goods_is_told_by_the_picture_that_was_accepted_before(reference, tmp_path):
    reference(*ACCEPT, "--image", str(tmp_path / "clear.jpg"), "--force")

    status, told = reference(*ACCEPT, "--image", str(tmp_path / "laden.jpg"), "--json")

    assert status == 1
    answer = json.loads(told)
    assert answer["accepted"] is None
    assert "zone z1: 1 place(s) differ from day-dry-1: what stands there now?" in answer["against"]


def test_a_median_is_never_accepted_without_being_warned_of(reference, tmp_path):
    status, told = reference(*ACCEPT, "--video", str(tmp_path / "day.mp4"), "--median")
    assert status == 1
    assert "a median is no moment's picture" in told

    status, _ = reference(*ACCEPT, "--video", str(tmp_path / "day.mp4"), "--median", "--force")
    _, listed = reference("list")

    assert status == 0
    assert "a MEDIAN, not a moment" in listed
    bank = ReferenceBank(tmp_path / "references", "cam1")
    assert abs(int(bank.image(bank.active[0])[170, 220, 2]) - 170) < 20  # the crate is in it: the ghost


def test_a_moment_of_a_video_and_the_live_camera_can_be_accepted(reference, tmp_path):
    reference(*ACCEPT, "--video", str(tmp_path / "day.mp4"), "--at", "1", "--force")
    status, told = reference(*ACCEPT, "--force")

    assert status == 0
    assert "differ" not in told
    origins = [r.origin for r in ReferenceBank(tmp_path / "references", "cam1").all]
    assert origins == ["day.mp4 at 1 s", f"live {tmp_path}/live.mp4"]


def test_show_draws_the_zones_over_it(reference, tmp_path):
    reference(*ACCEPT, "--image", str(tmp_path / "clear.jpg"), "--force")

    status, _ = reference("show", "--camera", "cam1", "--out", str(tmp_path / "drawn.png"))

    assert status == 0
    drawn, clear = (cv2.imread(str(tmp_path / name)) for name in ("drawn.png", "clear.jpg"))
    assert (drawn != clear).any(axis=2).mean() > 0.003
    assert (drawn[260, 240] != clear[260, 240]).any() or (drawn[264, 240] != clear[264, 240]).any()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((*ACCEPT[:2], "nowhere", *ACCEPT[3:]), "no street camera 'nowhere'; there are cam1"),
        ((*ACCEPT, "--image", "a.jpg", "--video", "b.mp4"), "either --image or --video"),
        ((*ACCEPT, "--median"), "--median is of a --video"),
        (("show", "--camera", "cam1", "--out", "x.png"), "cam1: no accepted picture"),
    ],
)
def test_a_call_that_makes_no_sense_is_explained(reference, arguments, reason):
    status, told = reference(*arguments)

    assert status == 2
    assert reason in told


def test_a_touched_picture_is_refused_by_the_command_line_too(reference, tmp_path):
    reference(*ACCEPT, "--image", str(tmp_path / "clear.jpg"), "--force")
    [kept] = ReferenceBank(tmp_path / "references", "cam1").active
    (tmp_path / "references" / "cam1" / kept.file).write_bytes((tmp_path / "laden.jpg").read_bytes())

    status, told = reference("list")

    assert status == 2
    assert "not the picture that Li accepted" in told


def test_a_video_that_ends_too_early_or_is_none_is_said_to(tmp_path, street, clear):
    with pytest.raises(UsageError, match="ends before 99 s"):
        watch.picture_at(film(tmp_path / "short.mp4", [clear] * 2), 99)
    (tmp_path / "no.mp4").write_bytes(b"no video")
    with pytest.raises(DeviceError, match=r"no\.mp4"):
        list(watch.pictures(tmp_path / "no.mp4", 1000))


def test_a_file_is_looked_at_once_a_period_and_always_with_the_same_result(
    tmp_path, street, clear, laden, bank_of
):
    path = film(
        tmp_path / "day.mp4", [street.taken(p, seed=k) for k, p in enumerate([clear] * 4 + [laden] * 40)]
    )

    def seen():
        scene = Scene("cam1", SceneSettings(), (street.ZONE,), bank_of(clear))
        return list(watch_file(path, scene, None, 1_000))

    first = seen()

    assert [event.captured_at for event in first] == [k * 1_000_000_000 for k in range(22)]
    assert len(first[-1].still) == 1
    assert seen() == first


def test_who_accepted_what_in_spite_of_what_is_left_for_the_chain(reference, tmp_path):
    status, _ = reference(*ACCEPT, "--image", str(tmp_path / "clear.jpg"), "--force")
    assert status == 0
    [(_, note)] = tray_of(tmp_path / "evidence").waiting()
    action = note.record
    assert (action.action, action.subject, action.via) == (
        "reference_accepted",
        "camera/cam1",
        "command_line",
    )
    [kept] = ReferenceBank(tmp_path / "references", "cam1").all
    assert f"{kept.id} sha256 {kept.sha256} by Li" in action.detail
    assert "in spite of: no detector is configured" in action.detail
