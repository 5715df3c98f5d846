"""What an indicator shows: grams as digits with a fixed point. The encoders' own arithmetic."""

from __future__ import annotations

from collections.abc import Callable

RowEncoder = Callable[[int, int], bytes]
"""One weight in grams (counts where raw) and its status to the bytes of one frame."""

_GRAMS_PER = {"g": 1.0, "kg": 1_000.0, "t": 1_000_000.0, "lb": 453.59237}


def digits_of(grams: int, decimals: int, unit: str) -> int:
    """Grams as the digits on the display, rounded."""
    per_digit: float = _GRAMS_PER[unit] / 10.0**decimals
    return round(grams / per_digit)


def with_point(digits: int, decimals: int, width: int) -> bytes:
    """Digits filled with zeros to `width` characters, the point among them where there are decimals.

    >>> with_point(12345, 3, 7), with_point(20000, 0, 7)
    (b'012.345', b'0020000')
    """
    if not decimals:
        return b"%0*d" % (width, digits)
    shown = b"%0*d" % (width - 1, digits)
    return shown[:-decimals] + b"." + shown[-decimals:]
