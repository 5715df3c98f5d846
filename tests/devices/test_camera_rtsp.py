"""Cameras on GStreamer's RTSP server: cuts, stalls, other resolutions, who may look, whose clock it is.

The server runs in Debian's own Python (tests/devices/rtsp/server.py). Every picture says its number, and
a number says when it was taken, on the clock that this test reads too.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import random
import socket
import struct
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera import Camera, CameraSettings, Sampler
from edge_agent.devices.clock import monotonic

PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).parent / "rtsp" / "server.py"
PACKAGES = "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-ugly glib-networking"


@pytest.fixture(scope="session", autouse=True)
def _packages():
    """These tests need Debian packages that scripts/test installs where it may."""
    ask = (
        "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, GstRtspServer;"
        "Gst.init(None); assert all(map(Gst.ElementFactory.find, ('x264enc', 'x265enc', 'rtph265pay')))"
    )
    try:
        subprocess.run([PYTHON, "-c", ask], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"needs Debian packages: apt-get install {PACKAGES}")


class Server:
    """A camera that does as it is told."""

    def __init__(self, *options: str, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [PYTHON, str(SERVER), "--port", str(port), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        word, port_text, first = self._process.stdout.readline().split()
        assert word == "ready"
        self.port, self.first = int(port_text), int(first)
        self.url = f"rtsp://127.0.0.1:{self.port}/main"

    def tell(self, command: str) -> None:
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline().strip() == f"done {command}"

    def taken(self, number: int) -> Ns:
        """When the picture of that number was taken; the first 40 seconds only."""
        return Ns(self.first + number * 40 * MS)

    def close(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


@pytest.fixture
def serve():
    """`serve(*options, port=0)` starts a server; it ends with the test."""
    servers: list[Server] = []

    def start(*options: str, port: int = 0) -> Server:
        servers.append(Server(*options, port=port))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class Watched:
    """A camera with its events and its sampled pictures."""

    def __init__(self, url: str, period_ms: int = 400, name: str = "cam1", **settings: object) -> None:
        self.events, self.frames = [], []
        chosen = CameraSettings(url=url, **{"stall_ms": 2_000} | settings)
        self.camera = Camera(name, chosen, self.events.append, monotonic)
        self.sampler = Sampler(self.camera, self._take)
        self.sampler.pace(period_ms)
        self.sampler.start()
        self.camera.start()

    def _take(self) -> None:
        frame = self.sampler.take()
        if frame is not None:
            self.frames.append(frame)

    @property
    def states(self) -> list[str]:
        return [e.state for e in self.events if not e.device.endswith("/sub")]

    def close(self) -> None:
        self.sampler.close()
        self.camera.close()


@pytest.fixture
def watch():
    """`watch(url, **settings)` analyses a camera; it ends with the test."""
    watched: list[Watched] = []

    def start(url: str, **settings: object) -> Watched:
        watched.append(Watched(url, **settings))
        return watched[-1]

    yield start
    for one in watched:
        one.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--codec", "h264"), ("--codec", "h265"), ("--codec", "mjpeg")], ids=str)
def test_every_codec_gives_the_picture_taken_at_an_instant(serve, watch, eventually, read_number, options):
    server = serve(*options)
    seen = watch(server.url)
    eventually(lambda: len(seen.frames) >= 5, seconds=15)
    for frame in seen.frames[2:]:
        # Encoder and loopback: a picture comes some milliseconds after it was taken.
        assert -5 * MS <= frame.captured_at - server.taken(read_number(frame.image)) <= 60 * MS
    number = read_number(seen.frames[-1].image) - 12
    assert abs(read_number(seen.camera.frame_at(server.taken(number)).image) - number) <= 1
    assert seen.sampler.stats.errors == 0


@pytest.mark.slow
def test_a_camera_that_is_away_is_taken_up_when_it_comes_and_again_after_a_cut(
    serve, watch, eventually, read_number
):
    port = free_port()
    seen = watch(f"rtsp://127.0.0.1:{port}/main")
    eventually(lambda: seen.states == ["down"])
    server = serve(port=port)
    eventually(lambda: len(seen.frames) > 3, seconds=15)
    before = seen.frames[1]
    server.tell("cut")
    eventually(lambda: seen.states == ["down", "up", "down", "up"], seconds=15)
    count = len(seen.frames)
    eventually(lambda: len(seen.frames) > count + 2, seconds=15)
    # The seconds before the cut are evidence still.
    again = seen.camera.frame_at(before.captured_at)
    assert read_number(again.image) == read_number(before.image)
    assert all(a.captured_at < b.captured_at for a, b in pairwise(seen.frames))
    # One clip over the cut plays, and lasts as long as it took.
    newest = seen.frames[-1].captured_at
    seen.camera.wait_for(newest, Ns(newest + S))
    with av.open(io.BytesIO(seen.camera.clip(before.captured_at, newest))) as clip:
        pictures = [
            (f.pts * f.time_base, read_number(f.to_ndarray(format="bgr24"))) for f in clip.decode(video=0)
        ]
    for (t, number), (_, first) in zip(pictures, pictures[:1] * len(pictures), strict=True):
        assert abs(float(t - pictures[0][0]) - (number - first) * 0.04) < 0.15
    assert pictures[-1][1] == read_number(seen.frames[-1].image)


@pytest.mark.slow
def test_a_stall_is_noticed_in_time_and_its_end_too(serve, watch, eventually):
    server = serve()
    seen = watch(server.url, stall_ms=1_000)
    eventually(lambda: seen.frames, seconds=15)
    server.tell("stall")
    begin = monotonic()
    eventually(lambda: seen.states == ["up", "down"])
    assert 500 * MS <= monotonic() - begin <= 2_000 * MS
    server.tell("go")
    eventually(lambda: seen.states[-1] == "up", seconds=20)


@pytest.mark.slow
def test_another_resolution_inside_the_stream_is_neither_an_end_nor_a_mixture(
    serve, watch, eventually, read_number
):
    server = serve()
    seen = watch(server.url, stall_ms=3_000)
    eventually(lambda: len(seen.frames) >= 3, seconds=15)
    server.tell("size 640 368")
    eventually(lambda: seen.frames[-1].image.shape == (368, 640, 3), seconds=15)
    count = len(seen.frames)
    eventually(lambda: len(seen.frames) >= count + 4, seconds=15)
    assert seen.states == ["up"]
    assert (seen.camera.status().width, seen.camera.status().height) == (640, 368)
    for frame in seen.frames:
        assert frame.image.shape in ((192, 320, 3), (368, 640, 3))
        assert abs(frame.captured_at - server.taken(read_number(frame.image))) <= 80 * MS
    small, large = seen.frames[1], seen.frames[-1]
    assert seen.camera.frame_at(small.captured_at).image.shape == (192, 320, 3)
    with av.open(io.BytesIO(seen.camera.clip(small.captured_at, large.captured_at))) as clip:
        assert len({(f.width, f.height) for f in clip.decode(video=0)}) == 1
    assert seen.sampler.stats.errors == 0


@pytest.mark.slow
def test_pictures_larger_than_allowed_are_refused_at_the_door_and_in_the_middle(serve, watch, eventually):
    server = serve()
    refused = watch(server.url, max_pixels=60_000)
    eventually(lambda: refused.events, seconds=15)
    assert refused.states == ["down"]
    assert "larger than max_pixels" in refused.events[0].detail or "no video" in refused.events[0].detail
    seen = watch(server.url, max_pixels=100_000)
    eventually(lambda: seen.frames, seconds=15)
    server.tell("size 640 368")
    eventually(lambda: seen.states[-1] == "down", seconds=15)
    assert all(f.image.shape == (192, 320, 3) for f in seen.frames)


@pytest.mark.slow
def test_the_camera_s_own_clock_is_used_while_it_agrees_with_the_arrivals(
    serve, watch, eventually, read_number
):
    server = serve("--b-frames", "0")
    seen = watch(server.url, clock="sender", delay_ms=0)
    eventually(lambda: seen.camera.status().time_source == "sender", seconds=20)
    count = len(seen.frames)
    eventually(lambda: len(seen.frames) > count + 3, seconds=15)
    for frame in seen.frames[count + 1 :]:
        assert abs(frame.captured_at - server.taken(read_number(frame.image))) <= 10 * MS
        assert frame.uncertainty == 30 * MS


@pytest.mark.slow
def test_who_may_look_is_asked_by_digest_and_the_password_is_never_repeated(serve, watch, eventually):
    server = serve("--user", "root:s3cret!")
    address = server.url.removeprefix("rtsp://")
    seen = watch(f"rtsp://root:s3cret!@{address}")
    wrong = watch(f"rtsp://root:wrong@{address}")
    eventually(lambda: seen.frames and wrong.events, seconds=15)
    assert wrong.states == ["down"]
    assert "401" in wrong.events[0].detail or "nauthorized" in wrong.events[0].detail
    assert not any(word in e.detail for e in seen.events + wrong.events for word in ("s3cret", "wrong"))


def certificate(name: str, signed_by: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None):
    """A certificate for this host name, by that authority or by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = (signed_by[0].subject, signed_by[1]) if signed_by else (subject, key)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=signed_by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return made, key


def pem(made: x509.Certificate, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(form[0]) + (key.private_bytes(*form) if key else b"")


@pytest.mark.slow
def test_an_encrypted_camera_is_believed_only_with_the_site_s_own_authority_and_the_right_name(
    serve, watch, eventually, tmp_path
):
    ours, strangers = certificate("our authority"), certificate("another authority")
    camera = certificate("camera-7.local", ours)
    (tmp_path / "camera.pem").write_bytes(pem(*camera))
    (tmp_path / "ours.pem").write_bytes(pem(ours[0]))
    (tmp_path / "strangers.pem").write_bytes(pem(strangers[0]))
    server = serve("--certificate", str(tmp_path / "camera.pem"))
    url = server.url.replace("rtsp:", "rtsps:")
    good = watch(url, tls_ca=tmp_path / "ours.pem", tls_name="camera-7.local")
    others = [
        watch(url, tls_ca=tmp_path / "strangers.pem", tls_name="camera-7.local"),
        watch(url, tls_ca=tmp_path / "ours.pem", tls_name="camera-8.local"),
        watch(url, tls_ca=tmp_path / "ours.pem"),  # nor is it 127.0.0.1
    ]
    eventually(lambda: good.frames and all(o.events for o in others), seconds=15)
    assert [o.states for o in others] == [["down"]] * 3


@pytest.mark.slow
def test_stills_come_from_the_main_stream_while_the_sub_stream_is_analysed(
    serve, watch, eventually, read_number
):
    small = serve("--size", "320", "192")
    main = serve("--size", "640", "368")
    seen = watch(main.url, sub_url=small.url)
    eventually(lambda: len(seen.frames) > 5, seconds=15)
    frame = seen.frames[-1]
    assert frame.image.shape == (192, 320, 3)
    assert seen.camera.wait_for(frame.captured_at, Ns(frame.captured_at + 2 * S))
    still = seen.camera.frame_at(frame.captured_at)
    assert still.image.shape == (368, 640, 3)
    # Two servers, two counts: what was taken when both say it was taken.
    at_small, at_main = (s.taken(read_number(f.image)) for s, f in ((small, frame), (main, still)))
    assert abs(at_small - at_main) <= 60 * MS
    assert 0 < seen.camera.alignment < 400 * MS


@pytest.mark.slow
def test_the_pace_is_kept_in_real_time_and_only_what_it_needs_is_decoded(serve, watch, eventually):
    server = serve("--gop", "50")
    seen = watch(server.url, period_ms=1_000)
    eventually(lambda: len(seen.frames) >= 8, seconds=20)
    stats, times = seen.sampler.stats, [f.captured_at for f in seen.frames[1:]]
    assert abs((times[-1] - times[0]) / (len(times) - 1) - S) <= 100 * MS
    # A group is a keyframe and the 25 pictures to its middle, of 50; the first may begin anywhere.
    assert stats.decoded <= 13 * stats.pictures + 26
    assert (stats.errors, stats.lost, stats.replaced) == (0, 0, 0)


class Hostile:
    """Accepts anybody and answers with rubbish: half headers, damaged video, made-up RTP, resets."""

    def __init__(self, *kinds: str) -> None:
        self._kinds = kinds or ("silence", "video", "noise", "rtp")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/main"
        self.visits = self.sent = 0
        self._stop = threading.Event()
        self._chance = random.Random(7)
        self._video = [n for packet in numbered_packets(50) for n in split_nals(packet)]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                self._answer(connection, self._kinds[self.visits % len(self._kinds)])
                if self.visits % 2:  # a reset instead of an end
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _answer(self, connection: socket.socket, kind: str) -> None:
        while kind != "silence" and (request := connection.recv(4096)):
            if kind == "noise":
                connection.sendall(self._chance.randbytes(5_000))
                return
            cseq = next(line for line in request.split(b"\r\n") if line.startswith(b"CSeq"))
            body = b""
            head = b"RTSP/1.0 200 OK\r\n" + cseq + b"\r\nSession: 1\r\n"
            if request.startswith(b"DESCRIBE"):
                body = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n"
                head += b"Content-Type: application/sdp\r\n"
            if request.startswith(b"SETUP"):
                head += b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
            connection.sendall(head + b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
            if request.startswith(b"PLAY"):
                self._play(connection, kind)
                return

    def _play(self, connection: socket.socket, kind: str) -> None:
        if kind == "endless":
            self._play_endless(connection)
        for number in range(3_000):
            if kind == "video" and number > 100:
                self._stop.wait(0.01)  # in time, as video would come: the decoder is to see it
            if kind == "rtp":
                nal = bytes(
                    [self._chance.choice([0x65, 0x67, 0x68, 0x41, 0x7C, 0x78])]
                ) + self._chance.randbytes(800)
            else:
                nal = self._video[number % len(self._video)]
                if self._chance.random() < 0.3:
                    cut = self._chance.randrange(1, len(nal))
                    nal = nal[:cut] + self._chance.randbytes(len(nal) - cut)
            self._send(connection, nal, number, number, ends=True)

    def _play_endless(self, connection: socket.socket) -> None:
        for number, nal in enumerate(self._video[:60]):
            self._send(connection, nal, number, number, ends=True)
            self._stop.wait(0.01)
        fragment = self._chance.randbytes(60_000)
        for number in itertools.count(60):  # FU-A (RFC 6184, 5.8): a start, then middles for ever
            mark = b"\x7c\x81" if number == 60 else b"\x7c\x01"
            self._send(connection, mark + fragment, number, 60, ends=False)
            self.sent += len(fragment)

    @staticmethod
    def _send(connection: socket.socket, nal: bytes, sequence: int, picture: int, *, ends: bool) -> None:
        kind = 96 | (0x80 if ends else 0)
        rtp = struct.pack(">BBHII", 0x80, kind, sequence & 0xFFFF, picture * 3600, 42) + nal
        connection.sendall(b"$\x00" + struct.pack(">H", len(rtp)) + rtp)


def numbered_packets(count: int) -> list[bytes]:
    """H.264 in Annex B form."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 160, 96, "yuv420p"
    encoder.time_base, encoder.gop_size = Fraction(1, 25), 10
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "30"}
    noise = np.random.default_rng(1)
    pictures = [noise.integers(0, 255, (96, 160, 3), np.uint8) for _ in range(count)]
    return [
        bytes(p)
        for picture in pictures
        for p in encoder.encode(av.VideoFrame.from_ndarray(picture, format="rgb24"))
        if p.size < 60_000
    ]


def split_nals(annex_b: bytes) -> list[bytes]:
    return [n for n in annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01") if n]


@pytest.mark.slow
def test_a_hostile_camera_spoils_nobody_else_s_cadence(serve, watch, eventually):
    server, hostile = serve(), Hostile()
    try:
        bad = watch(hostile.url, name="bad")
        good = watch(server.url, name="good", period_ms=400)
        eventually(lambda: len(good.frames) >= 14 and hostile.visits >= 3, seconds=20)
        gaps = [b.captured_at - a.captured_at for a, b in pairwise(good.frames[1:])]
        assert abs(sum(gaps) / len(gaps) - 400 * MS) <= 40 * MS
        assert good.sampler.stats.errors == 0
        assert bad.camera._thread.is_alive()
        assert bad.sampler._thread.is_alive()
    finally:
        hostile.close()


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.slow
def test_a_picture_that_never_ends_takes_no_more_memory_than_the_largest_that_is_allowed(watch, eventually):
    hostile = Hostile("endless")
    try:
        before, most = resident(), 0
        seen = watch(hostile.url, stall_ms=4_000)

        def sent_much() -> bool:
            nonlocal most
            most = max(most, resident())
            return hostile.sent > 800_000_000 or seen.states == ["up", "down"]

        eventually(sent_much, seconds=20)
        assert hostile.sent > 250_000_000, "too slow a machine to tell"
        # The parser's buffer, twice while it grows, and what the network holds.
        assert most - before < 200_000_000
    finally:
        hostile.close()
