"""Video files: their times, and those that cannot be looked into at any instant made so.

A dump of a network stream (.ts), or a bare H.264 or H.265 stream, has no index to find an instant by. It is
put into a Matroska file in a temporary folder, packet by packet; nothing is decoded or encoded again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from pathlib import Path

from edge_agent.core.units import Ns
from edge_agent.devices.camera.annex_b import AnnexB
from edge_agent.devices.camera.recorded import RecordedVideo
from edge_agent.errors import UsageError
from edge_agent.journal.video import VideoPacket

INDEXED = {"mov", "mp4", "matroska", "webm", "avi"}
BARE = {"h264", "hevc"}  # FFmpeg's names of streams that have no times


@dataclass(frozen=True, slots=True)
class Video:
    """A video file and the UTC time of its first picture."""

    path: Path
    starts_utc: Ns
    pictures_s: Fraction | None = None  # pictures a second, for a bare stream


def with_index(name: str, video: Video, folder: Path) -> Path:
    """The file itself, or a copy in `folder` in which every instant can be found.

    Raises:
        UsageError: no video, or its times cannot be told.
    """
    import av  # noqa: PLC0415 - heavy: loads FFmpeg

    try:
        with av.open(str(video.path)) as source:
            kind = set(source.format.name.split(","))
            if kind & INDEXED:
                return video.path
            stream = source.streams.video[0]
            step = _step(name, video, stream.codec_context) if kind & BARE else None
            target = folder / f"{name}.mkv"
            with av.open(str(target), "w") as container:
                out = container.add_stream_from_template(stream)
                first = before = None
                for number, packet in enumerate(p for p in source.demux(stream) if p.size):
                    if step is not None:
                        packet.time_base = step
                        packet.pts = packet.dts = number
                    elif packet.pts is None or packet.dts is None:
                        continue
                    first = packet.dts if first is None else first
                    if before is not None and packet.dts <= before:
                        raise UsageError(
                            _goes_back(name, video.path, float((before - first) * packet.time_base))
                        )
                    before = packet.dts
                    packet.stream = out
                    container.mux(packet)
            return target
    except (av.FFmpegError, IndexError) as error:
        raise UsageError(f"--video {name}=...: {video.path}: {error}") from None


def _goes_back(name: str, path: Path, at: float) -> str:
    return (
        f"--video {name}=...: the times in {path} go back after {at:.1f} s: two dumps in one file, or a "
        "camera that was started anew; cut it there, and import the parts by themselves"
    )


def _step(name: str, video: Video, codec: object) -> Fraction:
    """How long one picture of a bare stream lasts."""
    if video.pictures_s is None:
        raise UsageError(
            f"--video {name}=...: {video.path} is a bare stream, which holds no times: give --fps {name}=25"
        )
    if getattr(codec, "has_b_frames", 0):
        raise UsageError(
            f"--video {name}=...: {video.path} has B pictures, whose order a bare stream does not tell: "
            "put it into an .mp4 first"
        )
    return 1 / video.pictures_s


def last_picture(camera: RecordedVideo) -> Ns:
    """When the file's last picture was taken: all of it is read, nothing decoded, for heads may lie.

    Raises:
        UsageError: there is no picture in it.
        DeviceError: the file cannot be read.
    """
    last = max((taken for _, taken in camera.packets()), default=None)
    if last is None:
        raise UsageError(f"--video {camera.id}=...: there is no picture in it")
    return last


def kept(cameras: Mapping[str, RecordedVideo], end: Ns) -> Iterator[VideoPacket]:
    """The compressed pictures of all cameras from 0 to `end`, in order of time, as recordings hold them.

    Raises:
        DeviceError: a file cannot be read, or is neither H.264 nor H.265.
    """
    return merge(*(_kept(camera, end) for camera in cameras.values()), key=lambda packet: packet.captured_at)


def _kept(camera: RecordedVideo, end: Ns) -> Iterator[VideoPacket]:
    turn = AnnexB()
    for stored, taken in camera.packets():
        if taken > end:
            return
        form, parts = turn.of(stored)
        if taken >= 0:
            yield from (VideoPacket(camera.id, taken, form, data) for data in parts)
