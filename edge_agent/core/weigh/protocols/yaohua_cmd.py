"""Yaohua command mode: the answer to "read gross".

    request  [02] [address A-Z] [B] [XOR high] [XOR low] [03]                             6 bytes
    reply    [02] [address] [B] [sign] [6 digits] [dp] [XOR high] [XOR low] [03]          14 bytes

One article shows a literal point among seven characters instead of dp; both are read. A converter
with local echo gives our own request back, and the answer to a handshake looks like one: whole
requests are passed over. Replies to C and D are refused: which of them is tare differs by model.
Sources: Yaohua DS3 p8, A1+P, A23p p23-26 manuals.
"""

from __future__ import annotations

from edge_agent.core.weigh.protocols.faults import Reason
from edge_agent.core.weigh.protocols.framing import Frame, Parse, Parsed, Reject, Skip, hunt, unusable
from edge_agent.core.weigh.protocols.grams import fixed_point
from edge_agent.core.weigh.protocols.settings import YaohuaCmdSettings
from edge_agent.core.weigh.protocols.yaohua import ETX, MINUS, grams_frame, xor_fits

REQUEST_LENGTH = 6
LENGTH = 14


def parser(settings: YaohuaCmdSettings) -> Parse:
    """Replies of the configured address."""
    address = settings.address.encode("ascii")[0]

    def parse(buffer: bytes, start: int) -> Parsed:
        if buffer[start] != 0x02:
            return hunt(buffer, start, b"\x02")
        frame = buffer[start : start + LENGTH]
        if len(frame) < REQUEST_LENGTH:
            return None
        if frame[5] == ETX and xor_fits(frame[1:3], frame[3], frame[4]):
            return Skip(REQUEST_LENGTH)
        return _reply(frame, address, settings.unit) if len(frame) == LENGTH else None

    return parse


def _reply(frame: bytes, address: int, unit: str) -> Frame | Reject:
    if frame[13] != ETX or frame[3] not in b"+-":
        return Reject(1, Reason.SHAPE)
    if not xor_fits(frame[1:11], frame[11], frame[12]):
        return Reject(1, Reason.CHECKSUM)
    if frame[1] != address:
        return Reject(LENGTH, Reason.ADDRESS)
    if frame[2:3] != b"B":
        return unusable(LENGTH, Reason.NOT_GROSS)
    number = _number(frame[4:11])
    if number is None:
        return unusable(LENGTH, Reason.NO_NUMBER)
    digits, decimals = number
    return grams_frame(LENGTH, -digits if frame[3] == MINUS else digits, decimals, unit)


def _number(field: bytes) -> tuple[int, int] | None:
    """Six digits and their dp, or seven characters with a point."""
    if b"." in field:
        return fixed_point(field)
    if not field.isdigit() or field[6] not in b"01234":
        return None
    return int(field[:6]), field[6] - 0x30
