"""Which pictures of a camera are analysed, and how much is decoded for them."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera import Camera, CameraSettings, Sampler
from edge_agent.devices.clock import monotonic

EPOCH = Ns(1_000 * S)


class Watching:
    """A file analysed as fast as it goes, every picture taken."""

    def __init__(self, path, period_ms, max_width=0, **settings):
        self.frames = []
        self._ready = threading.Semaphore(0)
        chosen = CameraSettings(url=str(path), realtime=False, **settings)
        camera = Camera("cam1", chosen, lambda _: None, monotonic, EPOCH)
        self.sampler = Sampler(camera, self._ready.release, max_width)
        self.sampler.pace(period_ms)
        self.sampler.start()
        camera.start()
        while not self.sampler.ended:
            assert self._ready.acquire(timeout=20), "nothing came"
            frame = self.sampler.take()
            if frame is not None:
                self.frames.append(frame)
        self.stats = self.sampler.stats
        self.sampler.close()
        camera.close()

    def times_ms(self):
        return [(f.captured_at - EPOCH) // MS for f in self.frames]


@pytest.mark.parametrize("b_frames", [0, 2])
def test_one_picture_a_second_of_a_file_is_each_second_s_own(tmp_path, make_video, read_number, b_frames):
    seen = Watching(make_video(tmp_path / "v.mp4", count=250, gop=50, b_frames=b_frames), 1_000)
    numbers = [read_number(f.image) for f in seen.frames]
    assert numbers == [t // 40 for t in seen.times_ms()]
    assert len(numbers) == 10
    assert all(900 <= b - a <= 1_100 for a, b in pairwise(seen.times_ms()))
    assert (seen.stats.replaced, seen.stats.lost, seen.stats.errors) == (0, 0, 0)


def test_only_what_leads_to_a_wanted_picture_is_decoded(tmp_path, make_video):
    seen = Watching(make_video(tmp_path / "v.mp4", count=500, gop=50), 1_000)
    # Of each group of 50: the keyframe and the 25 that lead to the picture in its middle.
    assert seen.stats.decoded == 10 * 26
    assert seen.stats.pictures == 20


def test_while_keyframes_suffice_nothing_else_is_decoded(tmp_path, make_video, read_number):
    path = make_video(tmp_path / "v.mp4", count=500, gop=50, b_frames=2)
    keyframes = Watching(path, 0)
    assert [read_number(f.image) for f in keyframes.frames] == list(range(0, 500, 50))
    assert keyframes.stats.decoded == 10
    slow = Watching(path, 4_000)
    assert slow.times_ms() == [0, 4_000, 8_000, 12_000, 16_000]
