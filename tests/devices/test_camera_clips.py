"""Cameras on real recordings of several kinds: every picture wanted comes out, as it is in the file."""

from __future__ import annotations

import hashlib
import io
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from edge_agent.core.units import Ns, S
from edge_agent.devices.camera import Camera, CameraSettings, Sampler
from edge_agent.devices.clock import monotonic

CLIPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "clips"
# MPEG-4 in MP4; with B-pictures in AVI, at 60 a second, and with places for pictures that are not there.
KNOWN = {
    "straigen_pedestrian.mp4": "fbaea362ea9b60a3c2ebf48e8812041819e54a0c77341d39ee6b99029a280101",
    "bgs_video03.avi": "c0f046cd08c1c44a87a54c674793f1f6168bdbbb83d5526c22377fe262a2522a",
    "aboda_video4.avi": "5978c4f3dc364e46901f82b96d19fe5072656bd1c6efc39f846507e608ee5012",
}


@pytest.fixture(params=KNOWN)
def clip(request) -> Path:
    path = CLIPS / request.param
    if not path.exists():
        pytest.skip("the staged clips are not here: they are no part of the repository")
    if hashlib.sha256(path.read_bytes()).hexdigest() != KNOWN[request.param]:
        pytest.skip(f"{request.param} is another file than the one these numbers are of")
    return path


def pictures_by_pts(path: Path) -> dict[int, np.ndarray]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        first = stream.start_time or 0
        return {
            round((frame.pts - first) * stream.time_base * S): frame.to_ndarray(format="bgr24")
            for frame in container.decode(stream)
        }


def test_a_picture_a_second_is_exactly_the_file_s_own_and_none_is_missing(clip):
    ready, seen = threading.Semaphore(0), []
    camera = Camera("cam1", CameraSettings(url=str(clip), realtime=False), lambda _: None, monotonic, Ns(0))
    sampler = Sampler(camera, ready.release)
    sampler.pace(1_000)
    sampler.start()
    camera.start()
    while not sampler.ended:
        assert ready.acquire(timeout=20), "nothing came"
        frame = sampler.take()
        if frame is not None:
            seen.append(frame)
    stats = sampler.stats
    sampler.close()
    camera.close()
    truth = pictures_by_pts(clip)
    assert abs(len(seen) - max(truth) // S) <= 1
    assert (stats.lost, stats.errors) == (0, 0)
    assert all(np.array_equal(frame.image, truth[frame.captured_at]) for frame in seen)
    with av.open(io.BytesIO(camera.clip(Ns(10 * S), Ns(15 * S)))) as cut:
        assert cut.duration / 1e6 >= 5
        assert sum(1 for _ in cut.decode(video=0)) > 100
