"""Cameras that cannot be reached, cost too much, or do not see what they should."""

from __future__ import annotations

import socket
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_agent.core.street.settings import FitSettings
from edge_agent.core.units import S
from edge_agent.demo.rendered import scene_of
from edge_agent.demo.roadside import a_stage
from edge_agent.devices.scene.bank import MANIFEST
from edge_agent.doctor.camera_checks import camera_findings
from edge_agent.doctor.finding import State
from edge_agent.doctor.observed import CameraSeen
from edge_agent.doctor.reach import reached
from edge_agent.sim.render.draw import render_frame
from edge_agent.sim.street.draw import render_street
from tests.doctor.seen import (
    Seen,
    a_box,
    a_bridge,
    a_camera,
    findings,
    the_bridge,
    the_street,
    wrong,
)


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    return a_box(tmp_path_factory.mktemp("references")).model_copy(update={"cameras": {}})


def street(**changed):
    return a_camera(the_street()[1], **changed)


def of_street(config, seen):
    return list(camera_findings(config, Seen(cameras={"east": seen}), lambda _: ""))


def of_bridge(seen, config=None, reach=lambda _: ""):
    return list(camera_findings(config or a_bridge(), Seen(cameras={"cam1": seen}), reach))


def keys(found):
    return [one.key for one in found]


# -- not reached --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "tried", "key"),
    [
        ("HTTPUnauthorizedError: Server returned 401 Unauthorized", "", "camera.wrong_password"),
        ("HTTPNotFoundError: Server returned 404 Not Found", "", "camera.no_such_stream"),
        ("ConnectionRefusedError: Connection refused", "", "camera.refused"),
        ("OSError: Input/output error", "name", "camera.unknown_name"),
        ("OSError: Input/output error", "", "camera.sends_nothing"),
        ("OSError: Input/output error", "unreachable", "camera.unreachable"),
        ("TimeoutError: Connection timed out", "timed_out", "camera.timed_out"),
        ("timed out", "name", "camera.unknown_name"),
        ("timed out", "", "camera.timed_out"),
        ("DeviceError: there is no video in it", "", "camera.no_video"),
    ],
)
def test_why_no_picture_comes_is_told_apart(said, tried, key):
    [found] = of_bridge(CameraSeen(problem=said), reach=lambda _: tried)

    assert (found.key, found.state) == (key, State.FAULT)


def test_the_password_is_in_no_finding():
    config = a_bridge()
    camera = config.cameras["cam1"]
    video = camera.video.model_copy(update={"url": "rtsp://admin:s3cret@192.0.2.10/main"})
    config = config.model_copy(update={"cameras": {"cam1": camera.model_copy(update={"video": video})}})
    [found] = of_bridge(CameraSeen(problem="401"), config)

    assert "s3cret" not in str(found)


def test_trying_an_address_tells_an_open_port_from_a_closed_one_and_from_no_name():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert reached(f"rtsp://user:pass@127.0.0.1:{port}/main") == ""
    assert reached(f"rtsp://127.0.0.1:{port}/main") == "refused"
    assert reached("rtsp://[/main") == reached("rtsp:///main") == "name"


# -- what it sends, and what that costs ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"decode_ms": 21.0}, [("camera.decode_cost", State.WARNING)]),
        ({"decode_ms": 45.0}, [("camera.decode_cost", State.FAULT)]),
        ({"keyframe_interval_s": 4.0}, [("camera.long_groups", State.WARNING)]),
        ({"keyframe_interval_s": 2.04}, [("camera.ok", State.OK)]),
        ({"keyframe_interval_s": None}, [("camera.ok", State.OK)]),
        ({"frames_per_s": 2.0}, [("camera.slow", State.WARNING)]),
        ({"width": 640, "height": 360}, [("camera.low_resolution", State.WARNING)]),
        ({"codec": "hevc"}, [("camera.ok", State.OK)]),
    ],
)
def test_what_a_street_camera_sends(box, changed, expected):
    assert [(one.key, one.state) for one in of_street(box, street(**changed))] == expected


def test_the_cost_is_said_in_cores_and_goes_away_with_a_sub_stream(box):
    large = {"width": 3840, "height": 2160, "decode_ms": 36.0, "codec": "hevc"}
    [cost] = of_street(box, street(**large))
    small = street(width=704, height=576, decode_ms=2.0)

    assert (cost.values["cores"], cost.values["fps"]) == (0.9, 25.0)
    assert "sub_url" in cost.values["next_en"]
    assert keys(of_street(box, street(**large, sub=small))) == ["camera.ok"]


def test_a_sub_stream_that_is_away_is_a_fault_of_its_own(box):
    found = of_street(box, street(sub=CameraSeen(problem="404 Not Found")))

    assert keys(found) == ["camera.no_sub_stream"]


def test_where_a_device_decodes_the_cpu_s_time_is_no_matter(box):
    camera = box.street.cameras["east"]
    video = camera.video.model_copy(update={"hwaccel": "vaapi"})
    cameras = {"east": camera.model_copy(update={"video": video})}
    config = box.model_copy(update={"street": box.street.model_copy(update={"cameras": cameras})})

    assert keys(of_street(config, street(decode_ms=50.0, decoded_by="vaapi"))) == ["camera.ok"]
    fallen_back = street(decode_ms=50.0, decoded_by="cpu (vaapi: no device)")
    assert keys(of_street(config, fallen_back)) == ["camera.decode_cost"]


def test_a_picture_that_never_changes_is_frozen(box):
    picture = the_street()[1][0]

    assert keys(of_street(box, a_camera([picture] * 3))) == ["camera.frozen"]


def test_a_camera_that_should_say_its_time_and_does_not():
    config = a_bridge()
    camera = config.cameras["cam1"]
    video = camera.video.model_copy(update={"clock": "sender"})
    config = config.model_copy(update={"cameras": {"cam1": camera.model_copy(update={"video": video})}})

    assert keys(of_bridge(a_camera(the_bridge(), sender_time=False), config)) == ["camera.no_sender_time"]
    assert keys(of_bridge(a_camera(the_bridge(), sender_time=True), config)) == ["camera.ok"]


# -- what it sees -------------------------------------------------------------------------------------


def shifted(pixels):
    def move(picture):
        return np.roll(picture, pixels, axis=1)

    return move


def blurred(picture):
    return cv2.GaussianBlur(picture, (0, 0), 6)


def night(picture):
    dark = (picture // 40).astype(np.uint8)
    dark[:80, :80] = picture[:80, :80]  # a shop's sign is all the light there is
    return dark


def burnt(picture):
    out = picture.copy()
    out[:, : out.shape[1] // 2] = 255
    return out


def white_cap(picture):
    return np.full_like(picture, 200)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (shifted(80), "camera.moved"),
        (blurred, "camera.blurred"),
        (white_cap, "camera.covered"),
        (night, "camera.dark"),
        (lambda picture: np.full_like(picture, 255), "camera.overexposed"),
        (shifted(4), "camera.ok"),  # a pole in the wind: taken out
    ],
)
def test_what_is_wrong_with_a_street_camera_s_view(box, change, key):
    seen = replace(street(), pictures=tuple(change(p) for p in the_street()[1]))

    assert keys(of_street(box, seen)) == [key]


@pytest.mark.parametrize("turn_permille", [(-45, 0), (110, 0), (0, 60), (-200, 0)])
def test_a_camera_that_was_turned_is_not_taken_for_another_light(box, turn_permille):
    """Else the next step would be to accept a picture of another view."""
    play, _ = the_street()
    turned = replace(play.day, scene=replace(play.day.scene, turn_permille=turn_permille))
    seen = replace(street(), pictures=tuple(turned.render(t * S) for t in range(3)))
    [found] = of_street(box, seen)

    assert (found.key.removesuffix("_far"), found.state) == ("camera.moved", State.FAULT)


def test_the_same_view_by_night_is_another_light_and_no_moved_camera(box):
    play, _ = the_street()
    night = replace(play.day.scene, light="night")
    seen = replace(street(), pictures=tuple(render_street(night, (), t * S) for t in range(3)))
    [found] = of_street(box, seen)

    assert (found.key, found.state) == ("camera.other_light", State.WARNING)


def test_a_view_of_another_place_cannot_be_laid_over(box):
    seen = replace(street(), pictures=the_bridge())
    [found] = of_street(box, seen)

    assert found.key in ("camera.moved_far", "camera.other_light")


def test_an_infrared_picture_is_told_from_one_in_colour(box):
    grey = [cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR) for p in the_bridge()]

    assert [one.values["colour"] for one in of_bridge(a_camera(the_bridge()))] == [True]
    assert [one.values["colour"] for one in of_bridge(a_camera(grey))] == [False]


def test_one_lorry_before_the_lens_is_no_cover(box):
    pictures = the_street()[1]
    seen = replace(street(), pictures=(pictures[0], white_cap(pictures[1]), pictures[2]))

    assert keys(of_street(box, seen)) == ["camera.ok"]


def test_a_street_without_an_accepted_picture(box, tmp_path):
    config = box.model_copy(update={"street": box.street.model_copy(update={"references_dir": tmp_path})})

    assert keys(of_street(config, street())) == ["camera.no_reference"]


def test_an_accepted_picture_that_was_changed_is_refused(box, tmp_path):
    (tmp_path / "east").mkdir()
    (tmp_path / "east" / MANIFEST).write_text("{}", "utf-8")
    config = box.model_copy(update={"street": box.street.model_copy(update={"references_dir": tmp_path})})

    assert keys(of_street(config, street())) == ["camera.reference_refused"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (white_cap, "camera.covered"),
        (blurred, "camera.unsharp"),
        (burnt, "camera.burnt"),
        (night, "camera.dark"),
        (lambda picture: picture, "camera.ok"),
    ],
)
def test_what_is_wrong_with_a_lane_camera_s_view(change, key):
    assert keys(of_bridge(a_camera([change(p) for p in the_bridge()]))) == [key]


def test_an_empty_road_of_one_grey_is_no_cover_and_is_not_out_of_focus():
    stage = a_stage((), 1, 0)
    scene = scene_of(stage.scenario)
    road = [render_frame(scene, (), at) for at in (0, 1 * S)]
    views = stage.site.cameras["cam1"].video.views
    config = a_bridge()
    camera = config.cameras["cam1"]
    video = camera.video.model_copy(update={"views": views})
    config = config.model_copy(update={"cameras": {"cam1": camera.model_copy(update={"video": video})}})

    assert max(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY).std() for p in road) < FitSettings().contrast_min
    assert keys(of_bridge(a_camera(road), config)) == ["camera.ok"]
    assert keys(of_bridge(a_camera([white_cap(picture) for picture in road]), config)) == ["camera.covered"]


def test_plates_that_are_too_small_to_be_read_on_the_box():
    config = a_bridge()
    camera = config.cameras["cam1"]
    lane = camera.video.views["1"]
    drawn = lane.model_copy(update={"line": ((0.05, 0.6), (0.95, 0.6))})
    video = camera.video.model_copy(update={"views": {"1": drawn}})
    box = camera.model_copy(update={"video": video, "plates": "box"})
    config = config.model_copy(update={"cameras": {"cam1": box}})
    [found] = of_bridge(a_camera(the_bridge()), config)

    assert (found.key, found.state) == ("camera.small", State.FAULT)
    assert found.values["character_px"] < 6.5


def test_every_text_of_a_camera_can_be_said(box):
    looks = [
        street(decode_ms=30.0, keyframe_interval_s=5.0),
        CameraSeen(problem="401"),
        replace(street(), pictures=tuple(map(blurred, the_street()[1]))),
    ]
    config = box.model_copy(update={"ports": {}, "lanes": {}})
    told = {key for look in looks for key in wrong(findings(config, Seen(cameras={"east": look})))}

    assert told == {
        "camera.decode_cost",
        "camera.long_groups",
        "camera.wrong_password",
        "camera.blurred",
    }
