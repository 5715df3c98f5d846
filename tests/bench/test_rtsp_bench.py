"""The benches' RTSP camera is one for the daemon's own reader: pictures, cuts, other sizes, damage."""

from __future__ import annotations

import time

import pytest

from edge_agent.bench.hostile import Hostility, _endless
from edge_agent.bench.rtsp_camera import Clip, RtspCamera
from edge_agent.demo.street import street_play
from edge_agent.devices.camera import Camera, CameraSettings, Sampler
from edge_agent.devices.clock import monotonic
from edge_agent.sim.street.clip import write_clip

S = 1_000_000_000


def until(condition, seconds=15.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Two seconds of the demo's street, in two sizes."""
    day, made = street_play(10, 10).day, []
    for size in ((320, 180), (160, 90)):
        path = tmp_path_factory.mktemp("clips") / f"{size[0]}.mkv"
        write_clip(path, day.scene, day, 0, 2 * S, 10, size, gop=5)
        made.append(Clip.read(path))
    return made


@pytest.fixture
def watched(clips):
    """A server, the daemon's camera on it, its events and its pictures."""
    server = RtspCamera(*clips)
    events, widths = [], []
    camera = Camera("cam1", CameraSettings(url=server.url, stall_ms=2_000), events.append, monotonic)

    def take():
        frame = sampler.take()
        if frame is not None:
            widths.append(frame.image.shape[1])

    sampler = Sampler(camera, take)
    sampler.pace(0)
    sampler.start()
    camera.start()
    yield server, events, widths
    server.stop()
    camera.close()
    sampler.close()


def test_a_clip_is_read_as_pictures_with_their_parameters(clips):
    clip = clips[0]
    assert (clip.fps, len(clip.units), clip.seconds) == (10, 20, 2.0)
    assert [k for k, unit in enumerate(clip.units) if unit.keyframe] == [0, 5, 10, 15]
    assert [clip.keyframe_before(n) for n in (0, 4, 7, 20, 23, 39)] == [0, 0, 5, 20, 20, 35]


def test_pictures_come_and_come_again_after_a_reset(watched):
    server, events, widths = watched
    until(lambda: len(widths) >= 2)
    server.cut(reset=True)
    until(lambda: [event.state for event in events] == ["up", "down", "up"])
    seen = len(widths)
    until(lambda: len(widths) > seen)
    assert server.connections == 2


def test_another_size_in_the_middle_of_the_stream_is_shown(watched):
    server, _events, widths = watched
    until(lambda: 320 in widths)
    server.show(1)
    until(lambda: 160 in widths)


def test_a_spoilt_stream_is_read_again_when_it_is_none_any_more(watched):
    server, _events, widths = watched
    until(lambda: widths)
    server.spoil = lambda data: bytes(len(data))
    time.sleep(1.0)
    server.spoil = None
    seen = len(widths)
    until(lambda: len(widths) > seen)


def test_an_endless_picture_has_no_last_packet():
    packet = bytes((0x24, 0, 0, 14, 0x80, 0x80 | 96)) + bytes(12)
    assert _endless(packet + packet) == (packet[:5] + b"\x60" + packet[6:]) * 2


def test_the_same_seed_has_the_same_moods(clips):
    def moods(seed):
        server = RtspCamera(clips[0])
        hostility = Hostility(server, seed)
        hostility._rng.uniform = lambda _low, _high: 0.005
        hostility.start()
        until(lambda: sum(hostility.done.values()) >= 12)
        hostility.stop()
        server.stop()
        assert (server.sending, server.spoil) == (True, None)
        return set(hostility.done)

    assert len(moods(1)) >= 4
