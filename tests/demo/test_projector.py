"""The camera of the proving ground: it never ends, and shows the test once."""

import av
import numpy as np
import pytest

from edge_agent.core.units import MS, Ns, S
from edge_agent.demo.projector import Projector, length_of
from edge_agent.devices import clock

FPS = 10
DARK, BRIGHT = 40, 200


def a_clip(path, level, seconds):
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=FPS, options={"bf": "0", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, "yuv420p", FPS
        for _ in range(round(seconds * FPS)):
            picture = np.full((48, 64, 3), level, "uint8")
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        film.mux(stream.encode(None))
    return path


def watched(camera, begin):
    """(time, bright or not) of each picture until the test is over; `begin` is called meanwhile."""
    out = []
    with av.open(camera.url) as stream:
        for frame in stream.decode(video=0):
            bright = frame.to_ndarray(format="gray").mean() > (DARK + BRIGHT) / 2
            out.append((float(frame.pts * frame.time_base), bright))
            if len(out) == 3:
                begin()
            if any(seen for _, seen in out) and not any(seen for _, seen in out[-3:]):
                return out
    return out


def test_one_stream_goes_on_over_repetitions_and_over_the_clip_that_is_shown_once(tmp_path):
    idle = a_clip(tmp_path / "idle.mp4", DARK, 1)
    test = a_clip(tmp_path / "test.mp4", BRIGHT, 0.5)
    camera = Projector(idle, clock.monotonic)

    def show():
        origin = Ns(clock.monotonic() + 1_300 * MS)
        assert camera.show(test, origin) == origin + length_of(test) == origin + S // 2

    try:
        pictures = watched(camera, show)
    finally:
        camera.stop()
    between = np.diff([at for at, _ in pictures])
    assert np.all(between > 0)
    assert np.median(between) == pytest.approx(1 / FPS)
    bright = [level for _, level in pictures]
    assert sum(bright) == 5
    first = bright.index(True)
    assert bright[first : first + 5] == [True] * 5  # once, and in one piece
