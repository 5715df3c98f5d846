"""The size of a JPEG without decoding it.

FFD8  (FF marker  length-16  body)*  FF SOFn  length-16  precision-8  height-16  width-16 ...
"""

from __future__ import annotations

from edge_agent.devices.anpr_push.push import PushedPicture, Refused

SOI = b"\xff\xd8"
# Start-of-frame markers C0 to CF, less DHT (C4), JPG (C8) and DAC (CC).
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers without a body: TEM, restarts.
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels, or None when this is no JPEG with a usable frame header."""
    if not data.startswith(SOI):
        return None
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker in _BARE:  # fill bytes may stand before a marker
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _SOF:
            height = int.from_bytes(data[at + 5 : at + 7])
            width = int.from_bytes(data[at + 7 : at + 9])
            return (width, height) if len(data) >= at + 9 and width and height else None
        length = int.from_bytes(data[at + 2 : at + 4])
        if length < 2:
            return None
        at += 2 + length
    return None


def jpeg_picture(role: str, data: bytes, where: str) -> PushedPicture:
    """The picture, or a refusal when it is no JPEG."""
    size = jpeg_size(data)
    if size is None:
        raise Refused(415, "not_jpeg", f"{where}: not a JPEG ({len(data)} bytes)")
    return PushedPicture(role, data, *size)
