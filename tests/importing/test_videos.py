"""Dumps of network streams and bare streams are looked into like files, and kept in the recording."""

from fractions import Fraction

import av
import numpy as np
import pytest

from edge_agent.config.loader import load
from edge_agent.core.events import SerialBytes
from edge_agent.devices.camera.recorded import RecordedVideo
from edge_agent.errors import UsageError
from edge_agent.importing.looks import Sampled
from edge_agent.importing.videos import Video, with_index
from edge_agent.importing.writing import write_recording
from edge_agent.journal.reader import Recording
from tests.road import ROOT

SECOND = 10**9
START = 1_780_000_000 * SECOND
FPS = 10
SITE = load(ROOT / "configs" / "bridge.yaml")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Four seconds in which the picture's grey tells its number, as .mp4, .ts and bare .h264."""
    folder = tmp_path_factory.mktemp("film")
    with av.open(str(folder / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"bf": "0", "g": "10", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for n in range(40):
            image = np.full((96, 160, 3), 40 + 4 * n, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    for name in ("a.ts", "a.h264"):
        with av.open(str(folder / "a.mp4")) as source, av.open(str(folder / name), "w") as target:
            out = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = out
                    target.mux(packet)
    return folder


def camera(path):
    return RecordedVideo("cam1", SITE.cameras["cam1"].video, path, 0)


@pytest.mark.parametrize(("name", "rate"), [("a.ts", None), ("a.h264", Fraction(FPS))])
def test_every_instant_of_a_dump_shows_the_picture_of_that_instant(film, tmp_path, name, rate):
    wanted = [n * SECOND // FPS for n in (0, 7, 10, 23, 39)]

    path = with_index("cam1", Video(film / name, START, rate), tmp_path)

    shown, asked = camera(path).frames_at(wanted), camera(film / "a.mp4").frames_at(wanted)
    for one, other in zip(shown, asked, strict=True):
        assert abs(one.captured_at - other.captured_at) <= 2_000_000  # Matroska counts milliseconds
        assert abs(int(one.image.mean()) - int(other.image.mean())) <= 1


def test_a_file_with_an_index_is_taken_as_it_is(film, tmp_path):
    assert with_index("cam1", Video(film / "a.mp4", START), tmp_path) == film / "a.mp4"


def test_a_bare_stream_needs_its_pictures_a_second(film, tmp_path):
    with pytest.raises(UsageError, match="--fps cam1=25"):
        with_index("cam1", Video(film / "a.h264", START), tmp_path)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "a.ts").write_bytes(b"nothing of the kind" * 100)

    with pytest.raises(UsageError, match="--video cam1"):
        with_index("cam1", Video(tmp_path / "a.ts", START), tmp_path)


def test_two_dumps_in_one_file_are_refused_with_the_second_at_which_they_meet(film, tmp_path):
    (tmp_path / "twice.ts").write_bytes((film / "a.ts").read_bytes() * 2)

    with pytest.raises(UsageError, match=r"go back after 3\.9 s.*cut it there"):
        with_index("cam1", Video(tmp_path / "twice.ts", START), tmp_path)


@pytest.mark.parametrize(("name", "rate"), [("a.ts", None), ("a.h264", Fraction(FPS))])
def test_a_dump_that_broke_off_shows_nothing_that_the_whole_one_does_not(film, tmp_path, name, rate):
    def shown(path, folder):
        folder.mkdir()
        sampled = Sampled(camera(with_index("cam1", Video(path, START, rate), folder)), "none", 0, 0)
        sampled.pace(1)
        found = []
        while sampled.ready(10**15) is not None:
            arrived, image = sampled.take()
            found.append((arrived.captured_at, image.tobytes()))
        return found

    whole = shown(film / name, tmp_path / "whole")
    data = (film / name).read_bytes()
    for cut in (len(data) * 2 // 3, len(data) - 100):
        half = tmp_path / f"{cut}{name}"
        half.write_bytes(data[:cut])

        found = shown(half, tmp_path / str(cut))

        assert 0 < len(found) <= len(whole)
        assert found == whole[: len(found)]


def test_kept_video_lies_among_the_events_at_its_own_time_and_decodes(film, tmp_path):
    happened = [SerialBytes(START + n * SECOND, "wim", b"x") for n in (1, 2, 3)]
    site = SITE.model_copy(update={"detector": None})
    rec = tmp_path / "rec.mcap"

    done = write_recording(rec, site, happened, {"cam1": Video(film / "a.mp4", START)}, None, keep_video=True)

    packets = list(Recording.open(rec).video())
    assert done.video_packets == len(packets) == 40
    assert [p.captured_at for p in packets[:2]] == [0, SECOND // FPS]  # the recording begins a second before
    decoder = av.CodecContext.create("h264", "r")
    pictures = [f for p in packets for f in decoder.decode(av.Packet(p.data))] + decoder.decode(None)
    assert len(pictures) == 40
    topics = [message.topic for message in Recording.open(rec).messages()]
    first_bytes = topics.index("/serial/wim")
    assert "/video/cam1" in topics[:first_bytes]
    assert "/video/cam1" in topics[first_bytes:]
