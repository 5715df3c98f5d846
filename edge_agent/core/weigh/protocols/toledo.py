"""Mettler-Toledo continuous output and its clones.

    [02] [SWA] [SWB] [SWC] [6 weight] [6 tare] [0D] [CHK]      18 bytes; 17 without CHK
    [02] [SWA] [SWB] [SWC] [6 weight] [0D] [CHK]               12 bytes; 11 without CHK

    SWA  b2-b0 place of the point, b4b3 division 1 2 5
    SWB  b0 net, b1 negative, b2 out of range, b3 motion, b4 kg (else lb), b6 power-up or not zeroed
    SWC  b2-b0 other units (1 = grams), b3 print request, b4 expanded display
    CHK  (sum of all bytes, CHK too) & 7F = 0

Weight and tare have no point and no sign; leading zeros may be blanks. CHK takes every value, STX, CR
and XOFF among them, so frames are cut by length and the length is configured. Clones differ in the
constant bits of the status words: they are masked, not checked. About seven frames a second: for
static and slow weighing. Sources: Mettler-Toledo Wildcat p40-41, IND445 p50, Rockwell 57C428 p37,
Cardinal 225 p126, Fairbanks FB2550 and Liden LUW2001 manuals.
"""

from __future__ import annotations

from edge_agent.core.weigh.protocols.faults import Reason
from edge_agent.core.weigh.protocols.framing import Frame, Parse, Reject, fixed_frames, unusable
from edge_agent.core.weigh.protocols.settings import ToledoContSettings
from edge_agent.core.weigh.protocols.yaohua import grams_frame
from edge_agent.core.weigh.samples import BAD_OVERLOAD, BAD_UNDERLOAD, INFO_MOTION, INFO_NET, INFO_STABLE

CR = 0x0D
NET, NEGATIVE, OUT_OF_RANGE, MOTION, KILOGRAMS, POWER_UP = 1, 2, 4, 8, 16, 64
EXPANDED = 16
_DIGITS_AND_BLANKS = frozenset(b" 0123456789")
_WITHOUT_BIT7 = bytes(i & 0x7F for i in range(256))


def parser(settings: ToledoContSettings) -> Parse:
    """Frames of the configured length."""
    length = settings.length
    checked = length in (18, 12)
    end = length - checked - 1  # where CR stands

    def read(frame: bytes) -> Frame | Reject:
        if settings.strip_bit7:
            frame = frame.translate(_WITHOUT_BIT7)
        if frame[end] != CR or not frame.isascii():
            return Reject(1, Reason.SHAPE)
        if checked and sum(frame) & 0x7F:
            return Reject(1, Reason.CHECKSUM)
        if frame[2] & OUT_OF_RANGE:
            return Frame(length, 0, BAD_UNDERLOAD if frame[2] & NEGATIVE else BAD_OVERLOAD)
        if not _DIGITS_AND_BLANKS.issuperset(frame[4:end]):
            return Reject(1, Reason.SHAPE)
        return _weight(frame, settings)

    return fixed_frames(b"\x02\x82" if settings.strip_bit7 else b"\x02", length, read)


def _weight(frame: bytes, settings: ToledoContSettings) -> Frame:
    length, swb = len(frame), frame[2]
    unit = _unit(frame, settings)
    if unit is None:
        return unusable(length, Reason.UNIT)
    if swb & POWER_UP:
        return unusable(length, Reason.NOT_READY)
    if swb & NET and not settings.accept_net:
        return unusable(length, Reason.NOT_GROSS)
    scaling = _scaling(frame, settings)
    if scaling is None:
        return unusable(length, Reason.SCALING)
    field = frame[4:10].lstrip(b" ")
    if not field.isdigit():
        return unusable(length, Reason.NO_NUMBER)
    factor, decimals = scaling
    digits = int(field) * (-factor if swb & NEGATIVE else factor)
    status = (INFO_MOTION if swb & MOTION else INFO_STABLE) | (INFO_NET if swb & NET else 0)
    return grams_frame(length, digits, decimals, unit, status)


def _unit(frame: bytes, settings: ToledoContSettings) -> str | None:
    """The frame's unit, None when it is not one we take."""
    other = frame[3] & 7
    if other:
        return "g" if other == 1 else None
    if frame[2] & KILOGRAMS:
        return "kg"
    return "lb" if settings.allow_lb else None


def _scaling(frame: bytes, settings: ToledoContSettings) -> tuple[int, int] | None:
    """Factor and decimals of the six characters; None where a manual would have to be asked."""
    place = frame[1] & 7
    factor, decimals = 1, max(place - 2, 0)
    if place < 2:  # the display shows one or two fixed zeros
        if settings.fixed_zeros == "refuse":
            return None
        factor = 10 ** (2 - place) if settings.fixed_zeros == "append" else 1
    if frame[3] & EXPANDED:
        if settings.expanded == "refuse":
            return None
        decimals += 1
    return factor, decimals
