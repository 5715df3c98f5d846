"""The doctor's own look: real pseudo-terminals, real video files, a server that asks for a password."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
import time
import tty
from fractions import Fraction

import av
import numpy as np
import pytest

from edge_agent.core.weigh.protocols.settings import YaohuaA9Settings, YaohuaCmdSettings
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.doctor.adapter import look_at
from edge_agent.doctor.camera_checks import camera_findings
from edge_agent.doctor.own_eyes import OwnEyes
from edge_agent.doctor.serial_checks import serial_findings
from edge_agent.doctor.watching import watch
from tests.doctor.seen import Seen, a_box, a_bridge, frames_of, the_street, there, with_scale
from tests.films import a_video

A9 = YaohuaA9Settings()
LISTENS_S = 0.6


@pytest.fixture
def pty():
    """A terminal with somebody on its other end: (master, path)."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


def on(path, protocol=A9):
    return with_scale(a_bridge(device=path, baud=9_600, protocol=protocol), sensors=())


@contextlib.contextmanager
def speaking(master, frame):
    """An indicator that sends this again and again, fifty times a second."""
    silent = threading.Event()

    def speak():
        while not silent.wait(0.02):
            os.write(master, frame)

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    yield
    silent.set()
    speaker.join()


def test_a_line_is_heard_as_it_is_sent(pty):
    master, path = pty
    [frame] = frames_of(A9, [0])
    eyes = OwnEyes(on(path))
    with speaking(master, frame):
        seen = eyes.serial("wim", LISTENS_S)
    heard = b"".join(chunk.data for chunk in seen.chunks)

    assert heard.count(frame) >= 5
    assert heard in frame * 100
    assert (seen.problem, seen.baud) == ("", 9_600)
    assert seen.seconds == pytest.approx(LISTENS_S, abs=0.3)
    assert eyes.serial("wim", LISTENS_S) is seen  # the next check opens nothing


def test_an_instrument_that_must_be_asked_is_asked(pty):
    master, path = pty
    seen = OwnEyes(on(path, YaohuaCmdSettings())).serial("wim", 0.3)

    assert seen.problem == ""
    assert os.read(master, 6) == bytes.fromhex("02 41 42 30 33 03")


def test_an_unplugged_adapter_is_named_at_once(tmp_path):
    config = on(str(tmp_path / "ttyUSB0"))
    began = time.monotonic()
    [found] = serial_findings(config, OwnEyes(config))

    assert found.key == "serial.missing"
    assert time.monotonic() - began < 3


def test_a_port_that_another_program_holds_is_named(pty):
    _, path = pty
    held = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        config = on(path)
        [found] = serial_findings(config, OwnEyes(config))
    finally:
        os.close(held)

    assert found.key == "serial.busy"


def test_a_silent_line_is_heard_out_and_called_silent(pty):
    _, path = pty
    config = on(path)
    seen = OwnEyes(config).serial("wim", 0.2)

    assert [one.key for one in serial_findings(config, Seen({"wim": seen}), there)] == ["serial.silent"]


def test_what_the_system_knows_of_a_device(pty, tmp_path):
    _, path = pty
    link = tmp_path / "wim"
    link.symlink_to(path)

    assert look_at(str(link)).exists
    assert look_at(str(link)).group
    assert look_at(str(link)).latency_ms is None
    assert not look_at(str(tmp_path / "none")).exists
    assert look_at("socket://192.0.2.1:4001").exists


# -- cameras -----------------------------------------------------------------------------------------


def a_film(path, count=50, fps=25, gop=10, size=(160, 96), codec="libx264", busy=False):
    """Noise that moves; of a large picture that is not `busy`, a slope."""
    chance = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options={"preset": "ultrafast", "bf": "0"})
        stream.width, stream.height = size
        stream.pix_fmt, stream.gop_size = "yuv420p", gop
        image = chance.integers(60, 190, (size[1], size[0], 3), dtype=np.uint8)
        if size[0] > 320 and not busy:
            image[:] = np.linspace(0, 255, size[0], dtype=np.uint8)[None, :, None]
        for k in range(count):
            frame = av.VideoFrame.from_ndarray(np.roll(image, 2 * k, axis=1), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("gop", "interval_s"), [(10, 0.4), (25, 1.0), (200, 1.96)])
def test_a_stream_s_codec_pace_and_groups_are_measured(tmp_path, gop, interval_s):
    seen = watch(CameraSettings(url=str(a_film(tmp_path / "v.mp4", gop=gop))), 6)

    assert (seen.problem, seen.codec, seen.width, seen.height) == ("", "h264", 160, 96)
    assert seen.frames_per_s == pytest.approx(25, abs=0.5)
    assert seen.keyframe_interval_s == pytest.approx(interval_s, abs=0.05)
    assert 0 < seen.decode_ms < 20
    assert 2 <= len(seen.pictures) <= 8
    assert seen.pictures[0].shape == (96, 160, 3)


def test_a_large_picture_costs_more_and_fewer_are_kept(tmp_path):
    small = watch(CameraSettings(url=str(a_film(tmp_path / "s.mp4", count=4, size=(320, 180)))), 6)
    large = watch(CameraSettings(url=str(a_film(tmp_path / "l.mp4", count=4, size=(3840, 2160)))), 6)

    assert large.decode_ms > 5 * small.decode_ms
    assert large.pictures[0].shape == (2160, 3840, 3)
    assert len(large.pictures) <= 4


def test_the_sub_stream_is_watched_too(tmp_path):
    main, sub = a_film(tmp_path / "m.mp4", size=(320, 180)), a_film(tmp_path / "s.mp4")
    seen = watch(CameraSettings(url=str(main), sub_url=str(sub)), 6)

    assert (seen.width, seen.sub.width, seen.sub.pictures) == (320, 160, ())


def cameras_at(url):
    config = a_bridge()
    camera = config.cameras["cam1"]
    video = camera.video.model_copy(update={"url": url})
    config = config.model_copy(update={"cameras": {"cam1": camera.model_copy(update={"video": video})}})
    return [one.key for one in camera_findings(config, OwnEyes(config))]


def test_a_file_that_is_not_there_and_one_that_is_no_video(tmp_path):
    (tmp_path / "text.mp4").write_text("this is no video", "utf-8")

    assert cameras_at(str(tmp_path / "none.mp4")) == ["camera.no_file"]
    assert cameras_at(str(tmp_path / "text.mp4")) == ["camera.no_video"]


def test_a_host_that_refuses_is_told_from_one_that_wants_a_password():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert cameras_at(f"rtsp://127.0.0.1:{port}/main") == ["camera.refused"]
    with asking_for_a_password() as port:
        assert cameras_at(f"rtsp://admin:wrong@127.0.0.1:{port}/main") == ["camera.wrong_password"]


def test_a_street_s_film_is_laid_over_the_accepted_picture(tmp_path):
    a_video(tmp_path / "street.mp4", the_street()[1] * 8, fps=10)
    box = a_box(tmp_path / "references")
    east = box.street.cameras["east"]
    video = east.video.model_copy(update={"url": str(tmp_path / "street.mp4")})
    cameras = {"east": east.model_copy(update={"video": video})}
    street = box.street.model_copy(update={"cameras": cameras})
    config = box.model_copy(update={"cameras": {}, "street": street})
    [found] = camera_findings(config, OwnEyes(config))

    # The film is small, and nothing else is the matter with it.
    assert (found.key, found.values["pictures"]) == ("camera.low_resolution", 3)


class asking_for_a_password:  # noqa: N801  reads as a sentence
    """An RTSP server that answers 401 to everything."""

    def __enter__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._answer, daemon=True).start()
        return self._server.getsockname()[1]

    def __exit__(self, *_):
        self._server.close()

    def _answer(self):
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            with line:
                sequence = 0
                while data := line.recv(4096):
                    sequence = next((r.split(b":")[1] for r in data.split(b"\r\n") if b"CSeq" in r), b"1")
                    realm = b'WWW-Authenticate: Basic realm="camera"'
                    line.sendall(b"RTSP/1.0 401 Unauthorized\r\nCSeq:%s\r\n%s\r\n\r\n" % (sequence, realm))
