"""Yaohua XK3190 continuous output: A9, A12 and the "=" form. No frame tells motion or overload but A12.

    A9   [02] [sign + -] [6 digits, MSD first] [dp 0-4] [XOR high] [XOR low] [03]      12 bytes
    A12  [W] [G N] [7 characters with point] [k g] [XOR high] [XOR low] [0D 0A]        15 bytes
    =    [=] [sign 0 -] [7 characters with point]  or the same eight reversed          9 bytes

Sources: Yaohua A1+, A12(E) p13, A23p and A26 manuals. The manuals call 02 and 03 XON and XOFF;
they are STX and ETX. A9's XOR has the same high nibble for every well-formed frame, so only four
bits of it protect the data, and no XOR sees two swapped digits: every field is checked as well.
"""

from __future__ import annotations

from edge_agent.core.weigh.protocols.faults import Reason
from edge_agent.core.weigh.protocols.framing import Frame, Parse, Reject, fixed_frames, unusable
from edge_agent.core.weigh.protocols.grams import fixed_point, to_grams
from edge_agent.core.weigh.protocols.settings import YaohuaA9Settings, YaohuaA12Settings, YaohuaEqSettings
from edge_agent.core.weigh.samples import BAD_OVERLOAD, BAD_UNDERLOAD, INFO_NET

ETX, MINUS, ZERO, W = 0x03, 0x2D, 0x30, 0x57

A9_LENGTH = 12
A12_LENGTH = 15
A12_TEXT_LENGTH = 11
EQ_LENGTH = 9

# A nibble up to 9 is sent as 0x30 + n. Above, the manuals' samples show A-F (0x37 + n); one open
# reader in the field sees 0x30 + n, ":" to "?". Lower case is refused: one flipped bit makes it.
_NIBBLE = {0x30 + n: n for n in range(16)} | {0x37 + n: n for n in range(10, 16)}


def xor(data: bytes) -> int:
    """All bytes, exclusive-ored."""
    result = 0
    for byte in data:
        result ^= byte
    return result


def xor_fits(data: bytes, high: int, low: int) -> bool:
    """Do the two characters spell the XOR of `data`?"""
    spelled_high, spelled_low = _NIBBLE.get(high), _NIBBLE.get(low)
    if spelled_high is None or spelled_low is None:
        return False
    return spelled_high << 4 | spelled_low == xor(data)


def grams_frame(length: int, digits: int, decimals: int, unit: str, status: int = 0) -> Frame:
    """A frame with its value in grams, or unusable where its last place is finer than a gram."""
    value = to_grams(digits, decimals, unit)
    return unusable(length, Reason.FINER_THAN_GRAM) if value is None else Frame(length, value, status)


def a9_parser(settings: YaohuaA9Settings) -> Parse:
    """Continuous output 0 and 1 of A9, A1+, A26, DS3 and relatives."""

    def read(frame: bytes) -> Frame | Reject:
        if frame[11] != ETX or frame[1] not in b"+-" or frame[8] not in b"01234":
            return Reject(1, Reason.SHAPE)
        if not xor_fits(frame[1:9], frame[9], frame[10]):
            return Reject(1, Reason.CHECKSUM)
        if not frame[2:8].isdigit():
            return unusable(A9_LENGTH, Reason.NO_NUMBER)
        digits = int(frame[2:8])
        return grams_frame(
            A9_LENGTH, -digits if frame[1] == MINUS else digits, frame[8] - ZERO, settings.unit
        )

    return fixed_frames(b"\x02", A9_LENGTH, read)


def a12_parser(settings: YaohuaA12Settings) -> Parse:
    """A12 and A12E in their framed form."""

    def read(frame: bytes) -> Frame | Reject:
        spoken = frame[0] == W  # nine blanks may begin a frame too, but mostly blanks are blanks
        if frame[13:15] != b"\r\n":
            return Reject(1, Reason.SHAPE if spoken else Reason.NOISE)
        if not xor_fits(frame[:11], frame[11], frame[12]):
            return Reject(1, Reason.CHECKSUM if spoken else Reason.NOISE)
        if frame[:9] == b" " * 9 and frame[9:11] in (b"OL", b"LO"):
            return Frame(A12_LENGTH, 0, BAD_OVERLOAD if frame[9:11] == b"OL" else BAD_UNDERLOAD)
        if not spoken or frame[1] not in b"GN":
            return Reject(1, Reason.SHAPE)
        if frame[9:11] != b"kg":
            return unusable(A12_LENGTH, Reason.UNIT)
        return _a12_weight(frame, net=frame[1:2] == b"N", accept=settings.accept_net)

    return fixed_frames(b"W ", A12_LENGTH, read)


def _a12_weight(frame: bytes, *, net: bool, accept: bool) -> Frame:
    """Seven characters; minus takes the first place, a blank the last where there is no point."""
    if net and not accept:
        return unusable(len(frame), Reason.NOT_GROSS)
    field = frame[2:9]
    negative = field[0] == MINUS
    number = fixed_point((field[1:] if negative else field).removesuffix(b" "))
    if number is None:
        return unusable(len(frame), Reason.NO_NUMBER)
    digits, decimals = number
    return grams_frame(len(frame), -digits if negative else digits, decimals, "kg", INFO_NET if net else 0)


def a12_text_parser(settings: YaohuaA12Settings) -> Parse:
    """`ww000.000kg` gross, `wn-0000.1kg` net, `wt000.000kg` tare."""

    def read(frame: bytes) -> Frame | Reject:
        if frame[1] not in b"wnt" or frame[9:11] != b"kg":
            return Reject(1, Reason.SHAPE)
        if frame[1:2] == b"t":
            return unusable(A12_TEXT_LENGTH, Reason.NOT_GROSS)
        return _a12_weight(frame, net=frame[1:2] == b"n", accept=settings.accept_net)

    return fixed_frames(b"w", A12_TEXT_LENGTH, read)


def eq_parser(settings: YaohuaEqSettings) -> Parse:
    """The "=" form, in the configured direction and no other."""
    step = 1 if settings.direction == "forward" else -1

    def read(frame: bytes) -> Frame | Reject:
        text = frame[1:][::step]
        whole, point, fraction = text[1:].partition(b".")
        if text[0] not in b"0-" or not whole or not (whole + fraction).isdigit():
            return Reject(1, Reason.SHAPE)
        if not point and not settings.allow_no_point:
            return Reject(1, Reason.SHAPE)
        digits = int(whole + fraction)
        return grams_frame(EQ_LENGTH, -digits if text[0] == MINUS else digits, len(fraction), settings.unit)

    return fixed_frames(b"=", EQ_LENGTH, read)
