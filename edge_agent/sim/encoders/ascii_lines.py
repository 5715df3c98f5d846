"""The "ST,GS" family, CAS 22 bytes, Rinstrum and Laumas fast."""

from __future__ import annotations

from edge_agent.core.weigh.protocols.settings import (
    AsciiStGsSettings,
    Cas22Settings,
    LaumasFastSettings,
    RinstrumSettings,
)
from edge_agent.core.weigh.samples import BAD_OVERLOAD, BAD_UNDERLOAD, INFO_MOTION, INFO_NET
from edge_agent.sim.encoders.display import RowEncoder, digits_of, with_point


def stgs(settings: AsciiStGsSettings, decimals: int) -> RowEncoder:
    """Kilograms, filled with zeros; blanks on overload."""
    width = settings.number_chars - 1

    def encode(grams: int, status: int) -> bytes:
        digits = digits_of(grams, decimals, "kg")
        number = (b"-" if digits < 0 else b"+") + with_point(abs(digits), decimals, width)
        header = b"US" if status & INFO_MOTION else b"ST"
        if status & (BAD_OVERLOAD | BAD_UNDERLOAD):
            header, number = (b"OL" if status & BAD_OVERLOAD else b"UL"), b"+" + b" " * width
        kind = (b"NT," if status & INFO_NET else b"GS,") if settings.second_header else b""
        unit = (b"," if settings.unit_comma else b"") + b"kg".rjust(settings.unit_chars)
        return settings.address.encode("ascii") + header + b"," + kind + number + unit + b"\r\n"

    return encode


def cas22(settings: Cas22Settings, decimals: int) -> RowEncoder:
    """Kilograms, filled with blanks; the lamp byte agrees with the headers."""
    device = bytes([0x31 if settings.device_id is None else settings.device_id])

    def encode(grams: int, status: int) -> bytes:
        net, moving, over = status & INFO_NET, status & INFO_MOTION, status & BAD_OVERLOAD
        digits = digits_of(grams, decimals, "kg")
        text = (b"-" if digits < 0 else b"") + with_point(
            abs(digits), decimals, decimals + 2 if decimals else 1
        )
        header = b"OL" if over else b"US" if moving else b"ST"
        lamp = 0b1010_0000 | (0 if moving or over else 0x40) | (0x02 if net else 0x04)
        number = b"" if over else text
        kind = b"NT" if net else b"GS"
        return b"%s,%s,%s%c,%s kg\r\n" % (header, kind, device, lamp, number.rjust(8))

    return encode


def rinstrum(settings: RinstrumSettings, decimals: int) -> RowEncoder:
    """The short form."""

    def encode(grams: int, status: int) -> bytes:
        digits = digits_of(grams, decimals, settings.unit)
        width = decimals + 2 if decimals else 1
        number = with_point(abs(digits), decimals, width).rjust(7)
        letter = b"N" if status & INFO_NET else b"M" if status & INFO_MOTION else b"G"
        if status & (BAD_OVERLOAD | BAD_UNDERLOAD):
            letter, number = (b"O" if status & BAD_OVERLOAD else b"U"), b" " * 7
        return b"\x02" + (b"-" if digits < 0 else b" ") + number + letter + b"\x03"

    return encode


def laumas_fast(settings: LaumasFastSettings) -> RowEncoder:
    """Six digits; there is no way to say overload but to be silent."""

    def encode(grams: int, status: int) -> bytes:
        digits = digits_of(grams, settings.decimals, settings.unit)
        shown = b"%06d" % digits
        return b"" if status & BAD_OVERLOAD or len(shown) > 6 else shown + b"\r\n"

    return encode
