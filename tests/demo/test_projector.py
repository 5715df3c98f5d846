"""The camera of the proving ground: it never ends, and shows the test once."""

import av
import numpy as np

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


def seen(url, pictures):
    """(time, brightness) of so many pictures."""
    out = []
    with av.open(url) as camera:
        for frame in camera.decode(video=0):
            out.append((float(frame.pts * frame.time_base), frame.to_ndarray(format="gray").mean()))
            if len(out) == pictures:
                return out
    return out


def test_one_stream_goes_on_over_repetitions_and_over_the_clip_that_is_shown_once(tmp_path):
    idle = a_clip(tmp_path / "idle.mp4", DARK, 1)
    test = a_clip(tmp_path / "test.mp4", BRIGHT, 0.5)
    camera = Projector(idle, clock.monotonic)
    try:
        origin = Ns(clock.monotonic() + 1_300 * MS)
        assert camera.show(test, origin) == origin + length_of(test) == origin + S // 2
        pictures = seen(camera.url, 28)
    finally:
        camera.stop()
    times = np.array([at for at, _ in pictures])
    assert np.all(np.diff(times) > 0)
    assert np.median(np.diff(times)) == np.float64(1 / FPS)
    bright = [level > (DARK + BRIGHT) / 2 for _, level in pictures]
    assert sum(bright) == 5
    first = bright.index(True)
    assert bright[first : first + 5] == [True] * 5  # once, and in one piece
    assert not bright[-1]
    assert not bright[0]
