"""Video for a recording: whatever form the camera's packets have, it decodes from every keyframe on."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera import Camera, CameraSettings
from edge_agent.devices.camera.decode import describe
from edge_agent.devices.camera.feed import Arrived, Feed
from edge_agent.devices.camera.readers import FileReader
from edge_agent.devices.camera.tap import VideoTap
from edge_agent.devices.clock import monotonic

EPOCH = Ns(1_000 * S)
FFMPEG = {"h264": "h264", "h265": "hevc"}


def recorded(path, count, eventually):
    """(captured at, form, data) of every picture of a file, as the tap gives them."""
    kept = []
    camera = Camera("east", CameraSettings(url=str(path), realtime=False), lambda _: None, monotonic, EPOCH)
    tap = VideoTap(camera, lambda *packet: kept.append(packet))
    tap.start()
    camera.start()
    eventually(lambda: len(kept) + tap.failed >= count)
    tap.close()
    camera.close()
    assert tap.failed == 0
    assert {camera for camera, _, _, _ in kept} == {"east"}
    return [packet[1:] for packet in kept]


def numbers_from(packets, read_number):
    """What a decoder that begins here sees: (captured at, number drawn into the picture)."""
    decoder = av.CodecContext.create(FFMPEG[packets[0][1]], "r")
    seen = []
    for index, packet in enumerate([*packets, None]):
        compressed = av.Packet(packet[2]) if packet else None
        if compressed:
            compressed.pts = compressed.dts = index
        seen += [
            (packets[f.pts][0], read_number(f.to_ndarray(format="bgr24"))) for f in decoder.decode(compressed)
        ]
    return seen


def encode(path, codec, picture, count=30, options=None):
    """A numbered video, 25 pictures a second, a keyframe every ten."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 25)
        stream.gop_size = 10
        stream.codec_context.options = options or {}
        for k in range(count):
            frame = av.VideoFrame.from_ndarray(picture(k), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def keyframes(path):
    """Which of a file's packets are keyframes, and each one's bytes."""
    with av.open(str(path)) as container:
        return [(p.is_keyframe, bytes(p)) for p in container.demux(video=0) if p.size]


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("name", ["lengths.mp4", "lengths.mkv", "start_codes.ts"])
def test_what_is_recorded_decodes_from_any_keyframe(
    tmp_path, make_video, read_number, eventually, name, b_frames
):
    path = make_video(tmp_path / name, count=50, gop=10, b_frames=b_frames)
    packets = recorded(path, 50, eventually)
    starts = [k for k, (key, _) in enumerate(keyframes(path)) if key]

    assert [form for _, form, _ in packets] == ["h264"] * 50
    assert len(starts) == 5
    for start in starts:
        seen = numbers_from(packets[start:], read_number)
        assert len(seen) >= 50 - start
        assert all((at - EPOCH) // (40 * MS) == number for at, number in seen)


def test_a_packet_whose_length_looks_like_a_start_code_is_a_packet_with_lengths(
    tmp_path, make_picture, read_number, eventually
):
    def restless(number):
        picture = make_picture(number)
        spots = np.random.default_rng(number).integers(0, 255, (12, 2 + number % 24, 3), np.uint8)
        picture[82:94, : spots.shape[1]] = spots
        return picture

    path = encode(tmp_path / "v.mp4", "libx264", restless, 50, {"crf": "18", "preset": "ultrafast"})
    assert any(data.startswith(b"\x00\x00\x01") for _, data in keyframes(path)), "none: choose another video"

    packets = recorded(path, 50, eventually)

    assert all(data.startswith((b"\x00\x00\x01", b"\x00\x00\x00\x01")) for _, _, data in packets)
    assert len(numbers_from(packets, read_number)) == 50


@pytest.mark.parametrize(
    ("codec", "form", "options"),
    [
        ("libx264", "h264", {"x264-params": "open-gop=1:bframes=2:keyint=10:min-keyint=10:scenecut=0"}),
        ("libx265", "h265", {"x265-params": "log-level=none:keyint=10:min-keyint=10:bframes=2"}),
    ],
)
def test_open_groups_decode_from_their_keyframe_too(
    tmp_path, make_picture, read_number, eventually, codec, form, options
):
    path = encode(tmp_path / "v.mp4", codec, make_picture, options=options)
    packets = recorded(path, 30, eventually)
    starts = [k for k, (key, _) in enumerate(keyframes(path)) if key]

    assert {said for _, said, _ in packets} == {form}
    assert len(starts) == 3
    for start in starts:
        at = packets[start][0]
        # What is shown before the keyframe that it follows needs the group before.
        seen = {number for when, number in numbers_from(packets[start:], read_number) if when >= at}
        assert seen == set(range((at - EPOCH) // (40 * MS), 30))


# -- packets as they come from a network -----------------------------------------------------------


class Source:
    """A camera that gives what it is told to."""

    id = "east"

    def __init__(self):
        self.feed = Feed(lossless=True)
        self.closed = False

    @property
    def analysis(self):
        return self

    def open_feed(self):
        return self.feed

    def close_feed(self, feed):
        self.closed = feed is self.feed
        feed.close()


@pytest.fixture
def tapped():
    """(source, what was kept, the tap), running."""
    source, kept = Source(), []
    tap = VideoTap(source, lambda *packet: kept.append(packet))
    tap.start()
    yield source, kept, tap
    tap.close()


def stored(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return list(FileReader().one_pass(container, stream, describe(stream)))


def put(source, packets):
    for packet in packets:
        source.feed.put(Arrived(packet, Ns(packet.shown), Ns(0)))


def test_a_keyframe_gets_the_headers_back_that_were_only_in_the_sdp(
    tmp_path, make_video, read_number, eventually, tapped
):
    source, kept, _ = tapped
    packets = stored(make_video(tmp_path / "v.ts", count=20))
    bare = [without_headers(packet) for packet in packets]
    assert all(len(b.data) < len(p.data) for b, p in zip(bare, packets, strict=True) if p.keyframe)

    put(source, bare)
    eventually(lambda: len(kept) == 20)

    for start in (0, 10):
        assert len(numbers_from([packet[1:] for packet in kept[start:]], read_number)) == 20 - start


def without_headers(packet):
    """The packet less its parameter sets, as a camera sends it that named them in its SDP."""
    units = [u for u in packet.data.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01") if u]
    kept = [u for u in units if u[0] & 0x1F not in (7, 8)]
    return replace(packet, data=b"".join(b"\x00\x00\x00\x01" + u for u in kept))


def test_a_codec_that_recordings_do_not_know_is_counted_and_ends_nothing(
    tmp_path, make_video, make_picture, eventually, tapped
):
    source, kept, tap = tapped
    strange = encode(tmp_path / "v.mkv", "mpeg4", make_picture, count=5)
    put(source, stored(strange))
    put(source, stored(make_video(tmp_path / "v.mp4", count=10)))

    eventually(lambda: len(kept) == 10)
    assert tap.failed == 5


def test_nothing_is_recorded_after_the_end(tmp_path, make_video, eventually, tapped):
    source, kept, tap = tapped
    packets = stored(make_video(tmp_path / "v.mp4", count=10))
    put(source, packets[:4])
    eventually(lambda: len(kept) == 4)
    tap.close()
    put(source, packets[4:])

    assert source.closed
    assert len(kept) == 4


def test_a_tap_that_was_never_started_can_be_closed():
    source = Source()
    VideoTap(source, lambda *_: None).close()
    assert source.closed
