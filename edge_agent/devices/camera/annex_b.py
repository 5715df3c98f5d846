"""Packets as recordings hold them: start codes, and every keyframe with its parameter sets before it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from edge_agent.devices.camera.headers import sequence_header
from edge_agent.devices.camera.ring import StoredPacket, StreamInfo
from edge_agent.errors import DeviceError

FORMATS = {"h264": "h264", "hevc": "h265"}  # FFmpeg's word -> Foxglove's
START_CODE = b"\x00\x00\x01"


class UnsupportedCodec(DeviceError):
    """Not one of `FORMATS`."""


class AnnexB:
    """Turns the packets of one stream after the other."""

    def __init__(self) -> None:
        self._stream: StreamInfo | None = None
        self._filter: Any = None

    def of(self, packet: StoredPacket) -> tuple[str, Iterable[bytes]]:
        """The format's name, and the packet in it.

        Raises:
            UnsupportedCodec: it is neither H.264 nor H.265.
        """
        form = FORMATS.get(packet.stream.codec)
        if form is None:
            raise UnsupportedCodec(f"video in {packet.stream.codec} is not recorded; H.264 and H.265 are")
        return form, self._turned(packet)

    def _turned(self, packet: StoredPacket) -> Iterable[bytes]:
        if not _has_lengths(packet.stream):
            return (_with_headers(packet),)
        from edge_agent.devices.camera import decode  # noqa: PLC0415 - heavy: loads FFmpeg

        if self._stream is not packet.stream:
            self._stream, self._filter = packet.stream, _to_annex_b(packet.stream)
        return map(bytes, self._filter.filter(decode.as_packet(packet)))


def _has_lengths(info: StreamInfo) -> bool:
    """Whether packets are as files hold them, with lengths in the place of start codes.

    The stream's own header says it. A packet does not: a length of 256 to 511 is 00 00 01 xx too.
    """
    return bool(info.extradata) and not _is_annex_b(info.extradata or b"")


def _is_annex_b(data: bytes) -> bool:
    return data.startswith((START_CODE, b"\x00" + START_CODE))


def _with_headers(packet: StoredPacket) -> bytes:
    """A keyframe that comes without its parameter sets (they were in the SDP) gets them back."""
    if not packet.keyframe or sequence_header(packet.stream.codec, packet.data):
        return packet.data
    return (packet.stream.extradata or b"") + packet.data


def _to_annex_b(info: StreamInfo) -> Any:
    """Start codes for lengths, and the parameter sets before every keyframe, whatever its kind."""
    import av  # noqa: PLC0415 - heavy: loads FFmpeg

    with av.open(io.BytesIO(info.header)) as container:
        return av.BitStreamFilterContext(
            f"{info.codec}_mp4toannexb,dump_extra=freq=keyframe", in_stream=container.streams.video[0]
        )
