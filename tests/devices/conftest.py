"""Builder of small real video files whose every picture says its own number."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

BITS = 10
CELL = 16


def numbered(number: int, width: int = 160, height: int = 96) -> np.ndarray:
    """A picture with its number in black and white squares: any codec keeps those."""
    image = np.full((height, width, 3), 90, np.uint8)
    for bit in range(BITS):
        image[0:CELL, bit * CELL : (bit + 1) * CELL] = 235 if number >> bit & 1 else 16
    image[40:80, (number * 3) % (width - 20) :][:, :20] = 200  # something that moves
    return image


def number_in(image: np.ndarray) -> int:
    """Read it back."""
    middles = image[CELL // 2, CELL // 2 : BITS * CELL : CELL].mean(axis=1)
    return sum(1 << bit for bit, level in enumerate(middles) if level > 128)


def write_video(
    path: Path, count: int = 50, fps: int = 25, gop: int = 10, b_frames: int = 0, first_pts: int = 0
) -> Path:
    """H.264 with a keyframe every `gop` pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.gop_size = gop
        stream.time_base = stream.codec_context.time_base = Fraction(1, fps)
        stream.codec_context.options = {
            "preset": "ultrafast" if not b_frames else "medium", "crf": "18",
            "bf": str(b_frames), "b-adapt": "0", "keyint_min": str(gop), "sc_threshold": "0",
        }  # fmt: skip
        for k in range(count):
            frame = av.VideoFrame.from_ndarray(numbered(k), format="rgb24")
            frame.pts, frame.time_base = k + first_pts, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def make_video():
    """`make_video(path, count=50, fps=25, gop=10, b_frames=0)` writes a numbered video."""
    return write_video


@pytest.fixture(scope="session")
def make_picture():
    """`make_picture(number)` is the picture of that number, RGB."""
    return numbered


@pytest.fixture(scope="session")
def read_number():
    """`read_number(bgr)` is the number drawn into a picture."""
    return number_in


def eventually(condition, seconds: float = 8.0) -> None:
    """Wait until something is true; fail when it does not come true in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


@pytest.fixture(scope="session", name="eventually")
def _eventually():
    return eventually
