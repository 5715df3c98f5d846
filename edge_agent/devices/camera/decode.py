"""From compressed packets to pictures, or to a clip that was never decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from edge_agent.core.units import Ns, S
from edge_agent.devices.camera.ring import StoredPacket, StreamInfo
from edge_agent.errors import DeviceError

Image = npt.NDArray[np.uint8]


def padded(data: bytes) -> Any:
    """A packet of these bytes with the zeros behind them that decoders read up to.

    Allocated by FFmpeg: around Python's own bytes there are none, and MPEG-4 took what lay there for damage
    (measured).
    """
    packet = av.Packet(len(data))
    packet.update(data)
    return packet


def as_packet(stored: StoredPacket) -> Any:
    """What FFmpeg decodes or muxes."""
    packet = padded(stored.data)
    packet.pts, packet.dts, packet.time_base = stored.pts, stored.dts, stored.stream.time_base
    packet.is_keyframe = stored.keyframe
    return packet


def open_decoder(info: StreamInfo, hwaccel: Any = None) -> Any:
    """A decoder for this stream and for nothing larger.

    Raises:
        DeviceError: FFmpeg has none, or the device that should decode does not.
    """
    try:
        decoder: Any = av.CodecContext.create(info.codec, "r", hwaccel)
        decoder.extradata = info.extradata
        if info.tag:
            decoder.codec_tag = info.tag
        # One thread: a still may take 50 ms longer, the serial reader must not wait for a core.
        decoder.thread_count = 1
        # Decoders pad pictures, some by 64 on every side. A header that claims more is damage, or worse.
        decoder.options = {"max_pixels": str((info.width + 256) * (info.height + 256))}
        decoder.open()
    except (av.FFmpegError, ValueError, NotImplementedError, RuntimeError) as problem:
        raise DeviceError(f"no decoder for {info.codec}: {problem}") from problem
    return decoder


def pictures(run: Sequence[StoredPacket], wanted: frozenset[int], max_width: int = 0) -> dict[int, Image]:
    """Decode a run that begins at a keyframe; the pictures of the `wanted` pts, (h, w, 3) BGR.

    Damaged packets are skipped, as a player would; a wanted picture that did not come out is missing
    from the answer. Only wanted pictures are converted to BGR, and made no wider than `max_width` (0: as
    they are).
    """
    if not run:
        return {}
    info = run[0].stream
    decoder = open_decoder(info)
    reformatter = VideoReformatter()
    out: dict[int, Image] = {}
    for stored in (*run, None):  # None flushes the pictures that the decoder still holds
        try:
            frames = decoder.decode(as_packet(stored) if stored else None)
        except av.FFmpegError:
            continue
        for frame in frames:
            if frame.pts in wanted and not frame.is_corrupt:
                out[frame.pts] = to_bgr(frame, max_width, reformatter)
    return out


def to_bgr(frame: Any, max_width: int, reformatter: Any) -> Image:
    """A decoded picture, (h, w, 3) BGR, made no wider than `max_width` with its aspect kept; 0: as it is.

    Made small while its colours are converted it costs a fifth of a whole one (1080p to half, measured).
    """
    width, height = frame.width, frame.height
    if max_width and width > max_width:
        width, height = max_width, max(2, height * max_width // width)
    way = "AREA" if width != frame.width else "BILINEAR"
    picture: Image = reformatter.reformat(frame, width, height, "bgr24", interpolation=way).to_ndarray()
    return picture


def describe(stream: Any) -> StreamInfo:
    """What must be kept of an open input stream so that its packets can be used after it is closed."""
    context = stream.codec_context
    return StreamInfo(
        codec=context.name,
        extradata=context.extradata,
        width=context.width,
        height=context.height,
        time_base=stream.time_base,
        header=_header(stream),
        tag=context.codec_tag,
    )


def describe_keyframe(data: bytes, former: StreamInfo, max_pixels: int) -> StreamInfo:
    """The stream that `former` becomes with this keyframe, told from its bytes; its time line goes on.

    Raises:
        DeviceError: the keyframe is of a codec or of a kind that cannot be told from its bytes.
    """
    try:
        with av.open(
            io.BytesIO(data), format=former.codec, options={"max_pixels": str(max_pixels)}
        ) as container:
            info = describe(container.streams.video[0])
    except (av.FFmpegError, ValueError, IndexError) as problem:
        raise DeviceError(f"a new sequence header that cannot be read: {problem}") from problem
    if not info.width or not info.height:
        raise DeviceError("a new sequence header without a size, or with too large a one")
    return replace(info, time_base=former.time_base)


def _header(stream: Any) -> bytes:
    target = io.BytesIO()
    try:
        with av.open(target, "w", format="mp4", options={"movflags": "empty_moov"}) as container:
            container.add_stream_from_template(stream)
            container.start_encoding()
    except (av.FFmpegError, ValueError):
        return b""  # a codec that MP4 cannot hold: stills work, clips do not
    return target.getvalue()


def clip(run: Sequence[tuple[StoredPacket, Ns]]) -> bytes:
    """Packets of one stream as an MP4, not encoded again; empty when there are none.

    Args:
        run: packets in decoding order and when each was taken; time in the clip begins at 0. A jump
            forward stays one, as a picture that stands for so long.

    Raises:
        DeviceError: the stream's codec does not fit into an MP4.
    """
    if not run:
        return b""
    info = run[0][0].stream
    if not info.header:
        raise DeviceError(f"video in {info.codec} cannot be cut into an MP4")
    target = io.BytesIO()
    try:
        with av.open(io.BytesIO(info.header)) as template, av.open(target, "w", format="mp4") as container:
            stream = container.add_stream_from_template(template.streams.video[0])
            # MPEG-4's header alone does not give its size back.
            stream.codec_context.width, stream.codec_context.height = info.width, info.height
            for packet in _on_one_time_line(run, info.time_base):
                packet.stream = stream
                container.mux(packet)
    except (av.FFmpegError, ValueError) as problem:
        raise DeviceError(f"video in {info.codec} cannot be cut into an MP4: {problem}") from problem
    return target.getvalue()


def _on_one_time_line(run: Sequence[tuple[StoredPacket, Ns]], time_base: Fraction) -> Iterator[Any]:
    """Ticks by time of capture: a looped file's own timestamps begin again, a new connection's elsewhere."""
    ticks = [round(taken / (S * time_base)) for _, taken in run]
    begin = min(t - (stored.pts - stored.dts) for (stored, _), t in zip(run, ticks, strict=True))
    # Without a duration of its own the last picture would end as it begins, and no player would show it.
    step = min((b - a for a, b in pairwise(sorted(ticks)) if b > a), default=1)
    last = -1
    for (stored, _), shown in zip(run, ticks, strict=True):
        packet = as_packet(stored)
        packet.duration = step
        # An MP4 wants rising dts; at a join the two connections' times may overlap by their uncertainty.
        packet.dts = last = max(shown - (stored.pts - stored.dts) - begin, last + 1)
        packet.pts = max(shown - begin, packet.dts)
        yield packet
