"""Decoding groups of pictures in parts, whole ones and damaged ones."""

from __future__ import annotations

import random

import av
import numpy as np
import pytest

from edge_agent.core.units import MS, Ns
from edge_agent.devices.camera.decode import describe
from edge_agent.devices.camera.feed import Arrived
from edge_agent.devices.camera.group import GroupDecoder
from edge_agent.devices.camera.readers import FileReader
from edge_agent.devices.camera.ring import StoredPacket


def packets(path) -> list[StoredPacket]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return list(FileReader().one_pass(container, stream, describe(stream)))


def seen(decoder: GroupDecoder, stored: list[StoredPacket], wanted, read_number) -> list[int]:
    """Numbers of the pictures that come out when those at these places, by time, are wanted."""
    out = []
    for packet in stored:
        number = round(packet.shown / (40 * MS))
        arrived = Arrived(packet, Ns(packet.shown), Ns(0))
        for asked, image in decoder.add(arrived, wanted=number in wanted, more=True):
            assert read_number(image) == round(asked.captured_at / (40 * MS))
            out.append(read_number(image))
    return out + [read_number(image) for _, image in decoder.finish()]


@pytest.mark.parametrize("b_frames", [0, 2])
def test_wanted_pictures_come_out_and_the_rest_of_a_group_is_not_decoded(
    tmp_path, make_video, read_number, b_frames
):
    stored = packets(make_video(tmp_path / "v.mp4", count=100, gop=50, b_frames=b_frames))
    decoder = GroupDecoder("none")
    assert seen(decoder, stored, {0, 9, 50, 51}, read_number) == [0, 9, 50, 51]
    assert decoder.counts.decoded <= 10 + 2 + 2 * 4 * b_frames
    assert (decoder.counts.lost, decoder.counts.errors) == (0, 0)


def test_the_last_picture_of_a_long_group_comes_out_too(tmp_path, make_video, read_number):
    stored = packets(make_video(tmp_path / "v.mp4", count=120, gop=120))
    assert seen(GroupDecoder("none"), stored, {60, 119}, read_number) == [60, 119]


def test_pictures_that_no_other_refers_to_are_not_decoded_on_the_way(tmp_path, make_video, read_number):
    stored = packets(make_video(tmp_path / "v.mp4", count=50, gop=50, b_frames=2))
    decoder = GroupDecoder("none")
    far = max(p.shown for p in stored if len(p.data) > 60) // (40 * MS)
    seen(decoder, stored, {far // 3 * 3}, read_number)
    assert decoder.counts.decoded < far * 0.75


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_what_is_decoded_from_kept_packets_is_what_the_file_says(tmp_path, codec):
    path, noise = tmp_path / "v.avi", np.random.default_rng(2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 192, "yuv420p", 12
        for _ in range(40):
            picture = noise.integers(0, 255, (192, 320, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        wanted = [f.to_ndarray(format="bgr24") for f in container.decode(video=0)]
    decoder, out = GroupDecoder("none"), []
    for packet in packets(path):
        arrived = Arrived(packet, Ns(packet.shown), Ns(0))
        out += [image for _, image in decoder.add(arrived, wanted=True, more=True)]
    out += [image for _, image in decoder.finish()]
    assert decoder.counts.errors == 0
    assert len(out) == len(wanted)
    assert all(np.array_equal(a, b) for a, b in zip(out, wanted, strict=True))


def test_a_damaged_group_is_left_at_its_damage_and_the_next_one_is_whole(tmp_path, make_video, read_number):
    stored = packets(make_video(tmp_path / "v.mp4", count=60, gop=20))
    chance = random.Random(3)
    for k in range(22, 40):
        packet = stored[k]
        data = packet.data[:4] + chance.randbytes(len(packet.data) - 4)
        stored[k] = StoredPacket(packet.shown, packet.pts, packet.dts, packet.keyframe, data, packet.stream)
    decoder = GroupDecoder("none")
    out = seen(decoder, stored, set(range(60)), read_number)
    assert set(range(20)) | set(range(40, 60)) <= set(out)
    assert decoder.counts.groups_given_up == 1
    assert decoder.counts.lost + len(out) == 60


@pytest.mark.parametrize("seed", range(5))
def test_no_rubbish_ends_the_decoder(tmp_path, make_video, read_number, seed):
    chance = random.Random(seed)
    good = packets(make_video(tmp_path / "v.mp4", count=40, gop=10))
    bad = []
    for packet in good * 5:
        data = bytearray(packet.data)
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        cut = data[: chance.randrange(1, len(data))] if chance.random() < 0.1 else data
        bad.append(
            StoredPacket(packet.shown, packet.pts, packet.dts, packet.keyframe, bytes(cut), packet.stream)
        )
    decoder = GroupDecoder("none")
    for packet in bad:
        decoder.add(Arrived(packet, Ns(packet.shown), Ns(0)), wanted=True, more=True)
    out = seen(decoder, good, set(range(40)), read_number)
    assert out == list(range(40))


def test_pictures_are_made_no_wider_than_asked_for(tmp_path, make_video):
    stored = packets(make_video(tmp_path / "v.mp4", count=2))
    [(_, image)] = GroupDecoder("none", max_width=80).add(
        Arrived(stored[0], Ns(0), Ns(0)), wanted=True, more=False
    )
    assert image.shape == (48, 80, 3)


@pytest.mark.parametrize("hwaccel", ["auto", "cuda", "nonsense"])
def test_a_device_that_does_not_decode_is_named_and_the_cpu_takes_over(tmp_path, make_video, hwaccel):
    stored = packets(make_video(tmp_path / "v.mp4", count=2))
    decoder = GroupDecoder(hwaccel)
    assert decoder.add(Arrived(stored[0], Ns(0), Ns(0)), wanted=True, more=False)
    if hwaccel == "nonsense":
        assert decoder.device.startswith("cpu (nonsense: ")
    else:
        assert decoder.device  # this machine may have one
