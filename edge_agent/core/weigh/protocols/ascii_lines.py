"""Readable lines without a checksum: the "ST,GS" family, CAS 22 bytes, Rinstrum, Laumas fast.

    ST,GS  [ST US OL UL ...] , [GS NT TR] , [sign] [7 characters] [unit] [0D 0A]              18 bytes
    CAS    [ST US OL] , [GS NT] , [id] [lamp] , [8 characters] [blank] [unit] [0D 0A]         22 bytes
    Rin    [02] [sign] [7 characters] [G N U O M E] [03]                                      11 bytes
    Laumas [6 digits] [0D 0A]                                                                  8 bytes

The fixed shape is the only check, so it is checked to the last byte; an unknown header or unit is a
fault and not a guess. Sources: General Measure M02 p56, A&D EK-L p30, Dini Argeo LTP p43, Tiger
TI-02P, CAS CI-400 p103, CI-600D p74, Rinstrum R320 p46, Laumas LCB p67 manuals.
"""

from __future__ import annotations

import re

from edge_agent.core.weigh.protocols.faults import Reason
from edge_agent.core.weigh.protocols.framing import Frame, Parse, Parsed, Reject, fixed_frames, hunt, unusable
from edge_agent.core.weigh.protocols.grams import fixed_point
from edge_agent.core.weigh.protocols.settings import (
    AsciiStGsSettings,
    Cas22Settings,
    LaumasFastSettings,
    RinstrumSettings,
)
from edge_agent.core.weigh.protocols.yaohua import grams_frame
from edge_agent.core.weigh.samples import BAD_OVERLOAD, BAD_UNDERLOAD, INFO_MOTION, INFO_NET, INFO_STABLE

_STATUS = {b"ST": INFO_STABLE, b"US": INFO_MOTION, b"OL": BAD_OVERLOAD, b"UL": BAD_UNDERLOAD}
_NO_VALUE = BAD_OVERLOAD | BAD_UNDERLOAD
_UNITS = {b"kg": "kg", b"t": "t", b"g": "g", b"lb": "lb"}


def signed(field: bytes, signs: bytes = b"+- ") -> tuple[int, int] | None:
    """Digits and decimals of a sign and a number with leading blanks, minus anywhere among them."""
    text = field.lstrip(b" ")
    negative = text[:1] == b"-"
    if text[:1] and text[:1] in signs:
        text = text[1:]
    number = fixed_point(text)
    if number is None:
        return None
    return (-number[0] if negative else number[0]), number[1]


def _weight(length: int, field: bytes, unit: str | None, status: int) -> Frame:
    """The value of a frame whose header is known."""
    if status & _NO_VALUE:
        return Frame(length, 0, status & _NO_VALUE)  # the number may be blank
    if unit is None:
        return unusable(length, Reason.UNIT)
    number = signed(field)
    if number is None:
        return unusable(length, Reason.NO_NUMBER)
    return grams_frame(length, *number, unit, status)


def _unit(text: bytes, *, allow_lb: bool) -> str | None:
    unit = _UNITS.get(text.strip(b" "))
    return None if unit == "lb" and not allow_lb else unit


def stgs_length(settings: AsciiStGsSettings) -> int:
    """Bytes of a frame of this variant."""
    header = len(settings.address) + 3 + (3 if settings.second_header else 0)
    return header + settings.number_chars + settings.unit_comma + settings.unit_chars + 2


def stgs_parser(settings: AsciiStGsSettings) -> Parse:
    """The "ST,GS" family in the configured variant.

    `QT` (a count) and `TL` (tilted) carry no weight; `TR` is a tare.
    """
    length = stgs_length(settings)
    shape = re.compile(
        (rb"(\d\d)" if settings.address else b"()")
        + rb"(ST|US|OL|UL|QT|TL),"
        + (rb"(GS|NT|TR)," if settings.second_header else b"()")
        + rb"([+\- ][ \-.\d]{%d})" % (settings.number_chars - 1)
        + (b"," if settings.unit_comma else b"")
        + rb"([a-zA-Z ]{%d})\r\n" % settings.unit_chars
    )
    first = b"0123456789" if settings.address else b"SUOQT"
    address = settings.address.encode("ascii")

    def read(frame: bytes, before: bytes) -> Frame | Reject:
        found = shape.fullmatch(frame)
        if found is None:
            return Reject(1, Reason.SHAPE if b"," in frame[:5] else Reason.NOISE)
        spoken, header, kind, number, unit = found.groups()
        if spoken != address or (not address and before.isdigit()):
            return Reject(length, Reason.ADDRESS)
        if header in (b"QT", b"TL"):
            return unusable(length, Reason.NOT_READY)
        if kind == b"TR" or (kind == b"NT" and not settings.accept_net):
            return unusable(length, Reason.NOT_GROSS)
        status = _STATUS[header] | (INFO_NET if kind == b"NT" else 0)
        return _weight(length, number, _unit(unit, allow_lb=settings.allow_lb), status)

    def parse(buffer: bytes, start: int) -> Parsed:
        if buffer[start] not in first:
            return hunt(buffer, start, first)
        frame = buffer[start : start + length]
        return read(frame, buffer[max(start - 1, 0) : start]) if len(frame) == length else None

    return parse


CAS22_LENGTH = 22
LAMP_ALWAYS, LAMP_HOLD = 0x80, 0x10
# The lamp byte has bit 7 set: masked to seven bits it may look like CR or LF, so never mask.
_CAS22 = re.compile(rb"(ST|US|OL),(GS|NT),(.)(.),([ \-.\d]{8}) ([a-zA-Z ]{2})\r\n", re.DOTALL)


def cas22_parser(settings: Cas22Settings) -> Parse:
    """CAS CI series. A held display is not a live weight."""

    def read(frame: bytes) -> Frame | Reject:
        found = _CAS22.fullmatch(frame)
        if found is None or not found[4][0] & LAMP_ALWAYS:
            return Reject(1, Reason.SHAPE if frame[2:3] == b"," else Reason.NOISE)
        header, kind, device, lamp, number, unit = found.groups()
        if settings.device_id is not None and device[0] != settings.device_id:
            return Reject(CAS22_LENGTH, Reason.ADDRESS)
        if lamp[0] & LAMP_HOLD:
            return unusable(CAS22_LENGTH, Reason.NOT_READY)
        if kind == b"NT" and not settings.accept_net:
            return unusable(CAS22_LENGTH, Reason.NOT_GROSS)
        status = _STATUS[header] | (INFO_NET if kind == b"NT" else 0)
        return _weight(CAS22_LENGTH, number, _unit(unit, allow_lb=settings.allow_lb), status)

    return fixed_frames(b"SUO", CAS22_LENGTH, read)


RINSTRUM_LENGTH = 11
# Letters are listed in the manual, their meaning is not spelled out: M is read as gross in motion,
# without which no dynamic weight could ever be taken.
_RINSTRUM = {b"G": 0, b"N": INFO_NET, b"U": BAD_UNDERLOAD, b"O": BAD_OVERLOAD, b"M": INFO_MOTION}


def rinstrum_parser(settings: RinstrumSettings) -> Parse:
    """Automatic output, short form."""

    def read(frame: bytes) -> Frame | Reject:
        letter = frame[9:10]
        if frame[10] != 0x03 or frame[1:2] not in (b" ", b"-", b"+") or letter not in b"GNUOME":
            return Reject(1, Reason.SHAPE)
        if letter == b"E":
            return unusable(RINSTRUM_LENGTH, Reason.NOT_READY)
        if letter == b"N" and not settings.accept_net:
            return unusable(RINSTRUM_LENGTH, Reason.NOT_GROSS)
        if not (_RINSTRUM[letter] & _NO_VALUE) and fixed_point(frame[2:9]) is None:
            return Reject(1, Reason.SHAPE)
        return _weight(RINSTRUM_LENGTH, frame[1:9], settings.unit, _RINSTRUM[letter])

    return fixed_frames(b"\x02", RINSTRUM_LENGTH, read)


LAUMAS_LENGTH = 8
_LAUMAS = re.compile(rb"([\d\-]\d{5})\r\n")


def laumas_fast_parser(settings: LaumasFastSettings) -> Parse:
    """Six digits a line. Only a line whose beginning was seen is read: half a line has digits too."""

    def parse(buffer: bytes, start: int) -> Parsed:
        if not start or buffer[start - 1] != 0x0A:
            end = buffer.find(b"\n", start)
            return Reject((end + 1 if end >= 0 else len(buffer)) - start, Reason.NOISE)
        frame = buffer[start : start + LAUMAS_LENGTH]
        if len(frame) < LAUMAS_LENGTH:
            return None
        found = _LAUMAS.fullmatch(frame)
        if found is None:
            return Reject(1, Reason.SHAPE)
        return grams_frame(LAUMAS_LENGTH, int(found[1]), settings.decimals, settings.unit)

    return parse
