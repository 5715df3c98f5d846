"""Yaohua indicators: A9, A12 and "=" continuous output, and replies in command mode."""

from __future__ import annotations

from edge_agent.core.weigh.protocols.settings import (
    YaohuaA9Settings,
    YaohuaA12Settings,
    YaohuaCmdSettings,
    YaohuaEqSettings,
)
from edge_agent.core.weigh.samples import BAD, BAD_OVERLOAD, BAD_UNDERLOAD, INFO_NET
from edge_agent.sim.encoders.display import RowEncoder, digits_of, with_point


def _xor_chars(data: bytes) -> bytes:
    total = 0
    for byte in data:
        total ^= byte
    return b"%X%X" % (total >> 4, total & 15)


def a9(settings: YaohuaA9Settings, decimals: int) -> RowEncoder:
    """No overload is documented for A9: a value that cannot be shown is sent as blanks."""

    def encode(grams: int, status: int) -> bytes:
        digits = digits_of(grams, decimals, settings.unit)
        sign = b"-" if digits < 0 else b"+"
        shown = b"%06d" % abs(digits)
        if status & BAD or len(shown) > 6:
            shown = b" " * 6
        body = sign + shown + b"%d" % decimals
        return b"\x02" + body + _xor_chars(body) + b"\x03"

    return encode


def command_reply(settings: YaohuaCmdSettings, decimals: int) -> RowEncoder:
    """The answer to command B, gross."""

    def encode(grams: int, status: int) -> bytes:
        digits = digits_of(grams, decimals, settings.unit)
        shown = b"%06d" % abs(digits)
        if status & BAD or len(shown) > 6:
            shown = b" " * 6
        sign = b"-" if digits < 0 else b"+"
        body = settings.address.encode("ascii") + b"B" + sign + shown + b"%d" % decimals
        return b"\x02" + body + _xor_chars(body) + b"\x03"

    return encode


def a12(settings: YaohuaA12Settings, decimals: int) -> RowEncoder:
    """Framed or text form, in kilograms."""

    def encode(grams: int, status: int) -> bytes:
        net = bool(status & INFO_NET)
        digits = digits_of(grams, decimals, "kg")
        shown = with_point(abs(digits), decimals, 7)
        if not decimals:
            shown = shown[1:] + b" " if settings.form == "frame" else shown
        if digits < 0:
            shown = b"-" + shown[1:]
        if settings.form == "text":
            return (b"wn" if net else b"ww") + shown + b"kg"
        if status & (BAD_OVERLOAD | BAD_UNDERLOAD):
            body = b" " * 9 + (b"OL" if status & BAD_OVERLOAD else b"LO")
        else:
            body = b"W" + (b"N" if net else b"G") + shown + b"kg"
        return body + _xor_chars(body) + b"\r\n"

    return encode


def eq(settings: YaohuaEqSettings, decimals: int) -> RowEncoder:
    """Forward or reversed; without decimals the point stands last."""

    def encode(grams: int, status: int) -> bytes:
        del status  # the form has no room for one
        digits = digits_of(grams, decimals, settings.unit)
        shown = with_point(abs(digits), decimals, 7) if decimals else b"%06d." % abs(digits)
        text = (b"-" if digits < 0 else b"0") + shown
        return b"=" + (text if settings.direction == "forward" else text[::-1])

    return encode
