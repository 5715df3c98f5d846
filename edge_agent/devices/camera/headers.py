"""Sequence headers inside a stream: how a camera says that its pictures are of another size from now on.

A camera whose resolution is changed while somebody looks sends a new header (SPS; in MJPEG the frame
header) before a keyframe. Packets before and after it must never meet in one decoder run or clip.

H.264 and H.265 are read in Annex B form, as RTSP delivers them: units behind the start code 00 00 01.
"""

from __future__ import annotations

from collections.abc import Iterator

_START = b"\x00\x00\x01"


def sequence_header(codec: str, data: bytes) -> bytes:
    """What a decoder must be opened anew for when it changes; empty where the packet holds none.

    Never raises, whatever the bytes are.
    """
    if codec in ("h264", "hevc"):
        return _START.join(sorted(set(_parameter_sets(codec, data))))
    return _jpeg_size(data) if codec == "mjpeg" else b""


def _parameter_sets(codec: str, data: bytes) -> Iterator[bytes]:
    """The SPS (and VPS) that stand before the first slice."""
    if not data.startswith((_START, b"\x00" + _START)):
        return  # length-prefixed, as in files: their header is in the container
    at = data.find(_START)
    while at >= 0 and at + 3 < len(data):
        kind = data[at + 3] & 0x1F if codec == "h264" else data[at + 3] >> 1 & 0x3F
        if (1 <= kind <= 5) if codec == "h264" else kind < 32:
            return
        end = data.find(_START, at + 3)
        if kind in ((7,) if codec == "h264" else (32, 33)):
            yield data[at + 3 : end if end >= 0 else len(data)].rstrip(b"\x00")
        at = end


def _jpeg_size(data: bytes) -> bytes:
    """Precision, height, width and components of the frame header (ITU-T T.81, B.2.2)."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return data[at + 4 : at + 10]
        at += 2 + max(length, 2)
    return b""
