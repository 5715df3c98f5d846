"""From compressed packets to pictures, or to a clip that was never decoded."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from edge_agent.core.units import S
from edge_agent.devices.camera.ring import StoredPacket, StreamInfo
from edge_agent.errors import DeviceError

Image = npt.NDArray[np.uint8]


def _packet(stored: StoredPacket) -> Any:
    packet = av.Packet(stored.data)
    packet.pts, packet.dts, packet.time_base = stored.pts, stored.dts, stored.stream.time_base
    packet.is_keyframe = stored.keyframe
    return packet


def pictures(run: Sequence[StoredPacket], wanted: frozenset[int]) -> dict[int, Image]:
    """Decode a run that begins at a keyframe; the pictures of the `wanted` pts, (h, w, 3) BGR.

    Damaged packets are skipped, as a player would; a wanted picture that did not come out is missing
    from the answer. Only wanted pictures are converted to BGR.
    """
    if not run:
        return {}
    info = run[0].stream
    try:
        decoder: Any = av.CodecContext.create(info.codec, "r")
        decoder.extradata = info.extradata
        # One thread: a still may take 50 ms longer, the serial reader must not wait for a core.
        decoder.thread_count = 1
    except (av.FFmpegError, ValueError) as problem:
        raise DeviceError(f"no decoder for {info.codec}: {problem}") from problem
    out: dict[int, Image] = {}
    for stored in (*run, None):  # None flushes the pictures that the decoder still holds
        try:
            frames = decoder.decode(_packet(stored) if stored else None)
        except av.FFmpegError:
            continue
        for frame in frames:
            if frame.pts in wanted and not frame.is_corrupt:
                out[frame.pts] = frame.to_ndarray(format="bgr24")
    return out


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
    )


def _header(stream: Any) -> bytes:
    target = io.BytesIO()
    try:
        with av.open(target, "w", format="mp4", options={"movflags": "empty_moov"}) as container:
            container.add_stream_from_template(stream)
            container.start_encoding()
    except (av.FFmpegError, ValueError):
        return b""  # a codec that MP4 cannot hold: stills work, clips do not
    return target.getvalue()


def clip(run: Sequence[StoredPacket]) -> bytes:
    """The packets as an MP4, not encoded again; time begins at 0. Empty when there are none.

    Raises:
        DeviceError: the stream's codec does not fit into an MP4.
    """
    if not run:
        return b""
    info = run[0].stream
    if not info.header:
        raise DeviceError(f"video in {info.codec} cannot be cut into an MP4")
    target = io.BytesIO()
    with av.open(io.BytesIO(info.header)) as template, av.open(target, "w", format="mp4") as container:
        stream = container.add_stream_from_template(template.streams.video[0])
        # Ticks on the ring's own time line: a looped file's timestamps begin again, `shown` does not.
        shifts = [round(stored.shown / (S * info.time_base)) - stored.pts for stored in run]
        base = min(stored.dts + shift for stored, shift in zip(run, shifts, strict=True))
        for stored, shift in zip(run, shifts, strict=True):
            packet = _packet(stored)
            packet.pts, packet.dts = stored.pts + shift - base, stored.dts + shift - base
            packet.stream = stream
            container.mux(packet)
    return target.getvalue()
