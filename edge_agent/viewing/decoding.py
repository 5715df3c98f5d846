"""Recorded video as single pictures, where a viewer cannot take the packets themselves.

Neither viewer shows streams whose pictures are reordered (B-frames): both say so in their documents. And
Rerun's native viewer starts the `ffmpeg` program for H.264, which not every machine has.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from edge_agent.core.units import MS, Ns
from edge_agent.journal.video import VideoPacket

CODECS = {"h264": "h264", "h265": "hevc"}  # Foxglove's word -> FFmpeg's
MAX_PIXELS = 64_000_000
WIDEST = 1_280
LEAST_APART = 190 * MS  # five pictures a second
QUALITY = 80
LATEST = 32  # a picture comes out of the decoder after at most so many more packets


@dataclass(frozen=True, slots=True)
class Look:
    """What a keyframe says of its stream."""

    width: int
    height: int
    reordered: bool


def look(data: bytes, codec: str) -> Look | None:
    """The stream that begins with this keyframe (Annex B); None where nobody can read it."""
    import av  # noqa: PLC0415 - heavy: loads FFmpeg

    try:
        with av.open(io.BytesIO(data), format=codec, options={"max_pixels": str(MAX_PIXELS)}) as container:
            context = container.streams.video[0].codec_context
            if not context.width or not context.height:
                return None
            return Look(context.width, context.height, bool(context.has_b_frames))
    except (av.FFmpegError, ValueError, IndexError):
        return None


class Decoding:
    """One stream's packets in, JPEGs out: no more than five a second, no wider than 1280 pixels."""

    def __init__(self, codec: str, stream: Look) -> None:
        from av.video.reformatter import VideoReformatter  # noqa: PLC0415 - heavy: loads FFmpeg

        from edge_agent.devices.camera.decode import open_decoder  # noqa: PLC0415 - same
        from edge_agent.devices.camera.ring import StreamInfo  # noqa: PLC0415 - same

        info = StreamInfo(codec, None, stream.width, stream.height, Fraction(1), b"")
        self._decoder = open_decoder(info)
        self._reformatter = VideoReformatter()
        self._number = 0
        self._taken: dict[int, Ns] = {}
        self._last: Ns | None = None

    def feed(self, packet: VideoPacket) -> Iterator[tuple[Ns, bytes]]:
        """A packet; damaged ones give nothing."""
        from edge_agent.devices.camera.decode import padded  # noqa: PLC0415 - heavy: loads FFmpeg

        compressed = padded(packet.data)
        compressed.pts = compressed.dts = self._number
        self._taken[self._number] = packet.captured_at
        self._taken.pop(self._number - LATEST, None)
        self._number += 1
        yield from self._decoded(compressed)

    def close(self) -> Iterator[tuple[Ns, bytes]]:
        """What the decoder still holds."""
        yield from self._decoded(None)

    def _decoded(self, packet: Any) -> Iterator[tuple[Ns, bytes]]:
        import av  # noqa: PLC0415 - heavy: loads FFmpeg
        import cv2  # noqa: PLC0415 - heavy

        from edge_agent.devices.camera.decode import to_bgr  # noqa: PLC0415 - heavy: loads FFmpeg

        try:
            frames = self._decoder.decode(packet)
        except av.FFmpegError:
            return  # damaged on the road, as it was then
        for frame in frames:
            at = self._taken.pop(frame.pts, None)
            if at is None or frame.is_corrupt:
                continue
            if self._last is not None and 0 <= at - self._last < LEAST_APART:
                continue
            self._last = at
            picture = to_bgr(frame, WIDEST, self._reformatter)
            done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            if done:
                yield at, data.tobytes()
