"""Mettler-Toledo continuous output."""

from __future__ import annotations

from edge_agent.core.weigh.protocols.settings import ToledoContSettings
from edge_agent.core.weigh.samples import BAD_OVERLOAD, BAD_UNDERLOAD, INFO_MOTION, INFO_NET
from edge_agent.sim.encoders.display import RowEncoder, digits_of

SEVEN_BITS_EVEN = bytes(i | (0x80 if i.bit_count() % 2 else 0) for i in range(128))


def toledo(settings: ToledoContSettings, decimals: int) -> RowEncoder:
    """Kilograms, tare zero; with `strip_bit7` the bytes carry even parity as a 7E1 line does."""

    def encode(grams: int, status: int) -> bytes:
        digits = digits_of(grams, decimals, "kg")
        over = status & (BAD_OVERLOAD | BAD_UNDERLOAD) or abs(digits) > 999_999
        swb = 0b0011_0000 | bool(status & INFO_NET) | bool(status & INFO_MOTION) << 3 | bool(over) << 2
        if digits < 0 or status & BAD_UNDERLOAD:
            swb |= 2
        shown = b"%06d" % (0 if over else abs(digits))
        tare = b"000000" if settings.length in (17, 18) else b""
        frame = bytes([0x02, 0b0010_1000 | (decimals + 2), swb, 0b0010_0000]) + shown + tare + b"\r"
        if settings.length in (18, 12):
            frame += bytes([-sum(frame) & 0x7F])
        return frame.translate(SEVEN_BITS_EVEN + bytes(128)) if settings.strip_bit7 else frame

    return encode
