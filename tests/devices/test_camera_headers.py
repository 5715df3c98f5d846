"""Sequence headers inside a stream: seen when they change, and never a surprise."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.camera.decode import describe_keyframe
from edge_agent.devices.camera.headers import sequence_header
from edge_agent.devices.camera.ring import StreamInfo
from edge_agent.errors import DeviceError

ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}


def keyframe(codec: str, width: int, height: int) -> bytes:
    encoder = av.CodecContext.create(ENCODERS[codec], "w")
    encoder.width, encoder.height, encoder.time_base = width, height, Fraction(1, 25)
    encoder.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    encoder.options = {} if codec == "mjpeg" else {"preset": "ultrafast", "tune": "zerolatency"}
    if codec == "hevc":
        encoder.options |= {"x265-params": "log-level=none:repeat-headers=1"}
    frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), 90, np.uint8), format="rgb24")
    packets = [
        bytes(p) for p in (*encoder.encode(frame.reformat(format=encoder.pix_fmt)), *encoder.encode(None))
    ]
    return packets[0]


@pytest.mark.parametrize("codec", ENCODERS)
def test_another_size_is_another_header_and_the_same_size_is_the_same(codec):
    small, again, large = (keyframe(codec, *size) for size in ((160, 96), (160, 96), (320, 192)))
    assert sequence_header(codec, small) != b""
    assert sequence_header(codec, small) == sequence_header(codec, again)
    assert sequence_header(codec, small) != sequence_header(codec, large)


@pytest.mark.parametrize("codec", ENCODERS)
def test_the_new_stream_is_told_from_its_keyframe(codec):
    former = StreamInfo(codec, None, 160, 96, Fraction(1, 90_000), b"")
    info = describe_keyframe(keyframe(codec, 320, 192), former, 1_000_000)
    assert (info.codec, info.width, info.height, info.time_base) == (codec, 320, 192, Fraction(1, 90_000))
    assert info.header != b""


def test_a_header_that_cannot_be_understood_is_the_camera_s_fault():
    former = StreamInfo("h264", None, 160, 96, Fraction(1, 90_000), b"")
    with pytest.raises(DeviceError):
        describe_keyframe(b"\x00\x00\x00\x01\x67" + bytes(range(40)), former, 1_000_000)


@given(st.sampled_from([*ENCODERS, "vp9"]), st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_without_a_fault(codec, data, start):
    assert isinstance(sequence_header(codec, b"\x00\x00\x01" + data if start else data), bytes)
