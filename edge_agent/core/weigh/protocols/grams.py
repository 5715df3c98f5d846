"""Decimal digits into grams, exactly: integers and powers of ten, never a float."""

from __future__ import annotations

from typing import Final

from edge_agent.core.units import div_round

# Power of ten from the unit to grams.
EXPONENT: Final = {"g": 0, "kg": 3, "t": 6}

# The international pound is 0.45359237 kg by definition: 453.59237 g.
LB_NUMERATOR, LB_DENOMINATOR = 45_359_237, 100_000


def to_grams(digits: int, decimals: int, unit: str) -> int | None:
    """`digits` with `decimals` of them behind the point, in `unit`, as grams.

    None when the last place is finer than a gram: an indicator that claims to weigh a lorry to a
    tenth of a gram is misread. Pounds are rounded to the nearest gram.

    >>> to_grams(2000, 2, "kg"), to_grams(999999, 4, "kg"), to_grams(999999, 4, "t")
    (20000, None, 99999900)
    """
    if unit == "lb":
        return div_round(digits * LB_NUMERATOR, LB_DENOMINATOR * 10**decimals)
    places = EXPONENT[unit] - decimals
    return digits * 10**places if places >= 0 else None


def fixed_point(text: bytes) -> tuple[int, int] | None:
    """Digits and decimals of ` 0012.50`: leading blanks, at most one point, digits on its both sides.

    >>> fixed_point(b" 012.50"), fixed_point(b"0020000"), fixed_point(b"1 2"), fixed_point(b".5")
    ((1250, 2), (20000, 0), None, None)
    """
    whole, point, fraction = text.lstrip(b" ").partition(b".")
    if not whole.isdigit() or (point and not fraction.isdigit()):
        return None
    return int(whole + fraction), len(fraction)


def float32_to_grams(bits: int, unit: str) -> int | None:
    """An IEEE 754 single as grams, to the nearest, in integer arithmetic; None for NaN and infinities.

    >>> float32_to_grams(0x469C4000, "kg"), float32_to_grams(0x7FC00000, "kg")
    (20000000, None)
    """
    exponent = (bits >> 23) & 0xFF
    fraction = bits & 0x7FFFFF
    if exponent == 0xFF:
        return None
    mantissa = fraction | 0x800000 if exponent else fraction
    shift = max(exponent, 1) - 150
    if unit == "lb":
        numerator, denominator = mantissa * LB_NUMERATOR, LB_DENOMINATOR
    else:
        numerator, denominator = mantissa * 10 ** EXPONENT[unit], 1
    if shift >= 0:
        numerator <<= shift
    else:
        denominator <<= -shift
    grams = div_round(numerator, denominator)
    return -grams if bits >> 31 else grams
