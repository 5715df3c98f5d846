"""Of a street camera's file those pictures are looked at that the daemon would look at."""

import threading
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from edge_agent.core.units import Ns, S
from edge_agent.devices.camera import Camera, CameraSettings, Sampler
from edge_agent.devices.camera.recorded import RecordedVideo
from edge_agent.devices.clock import monotonic
from edge_agent.importing.looks import Sampled

FPS = 10
FOREVER = Ns(2**62)


@pytest.fixture(scope="module", params=["a.mp4", "a.mkv"])
def film(request, tmp_path_factory):
    """Twelve seconds of H.264 with B pictures, a keyframe every 2.5 s; a square that moves."""
    path = tmp_path_factory.mktemp("film") / request.param
    with av.open(str(path), "w") as container:
        options = {"bf": "2", "g": "25", "keyint_min": "25", "sc_threshold": "0", "threads": "1"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for n in range(12 * FPS):
            image = np.full((96, 160, 3), 60, np.uint8)
            image[20:50, n : n + 30] = 220
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = n, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def by_the_daemon(film, period_ms):
    """What the daemon's threads give out of the file."""
    ready, seen = threading.Semaphore(0), []
    camera = Camera("east", CameraSettings(url=str(film), realtime=False), lambda _: None, monotonic, Ns(0))
    sampler = Sampler(camera, ready.release)
    sampler.pace(period_ms)
    sampler.start()
    camera.start()
    try:
        while not sampler.ended:
            assert ready.acquire(timeout=20), "nothing came"
            frame = sampler.take()
            if frame is not None:
                seen.append((frame.captured_at, frame.image))
    finally:
        sampler.close()
        camera.close()
    return seen


def sampled(film, period_ms):
    pictures = Sampled(RecordedVideo("east", CameraSettings(url="x.mp4"), film, Ns(0)), "none", 0, Ns(0))
    pictures.pace(period_ms)
    return pictures


@pytest.mark.parametrize("period_ms", [0, 700, 2_000, 5_000])
def test_the_pictures_are_those_of_the_daemons_sampler(film, period_ms):
    pictures, seen = sampled(film, period_ms), []
    while pictures.ready(FOREVER) is not None:
        arrived, image = pictures.take()
        seen.append((arrived.captured_at, image))

    theirs = by_the_daemon(film, period_ms)
    assert len(seen) >= 2
    assert [at for at, _ in seen] == [at for at, _ in theirs]
    assert all(np.array_equal(image, other) for (_, image), (_, other) in zip(seen, theirs, strict=True))


def test_no_picture_is_there_before_its_time_and_a_new_pace_holds_at_once(film):
    pictures, taken = sampled(film, 2_000), []
    for until in range(0, 8 * S + 1, S // FPS):
        at = pictures.ready(Ns(until))
        if at is not None:
            assert 0 <= until - at <= S // 2  # the decoder may need what comes after it
            pictures.take()
            taken.append(at)
            if len(taken) == 2:
                pictures.pace(1_000)

    slow, *fast = (after - before for before, after in pairwise(taken))
    assert slow == 2 * S
    assert len(fast) >= 5
    assert max(fast) <= 1.2 * S
