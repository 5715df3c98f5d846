"""The units every record speaks: integers only, the unit in the name.

Floats become integers once, at the device. The same 100,003 float32 values summed in two orders
differ; the same int64 values agree exactly, and a replay must agree exactly.
"""

from __future__ import annotations

from typing import NewType

Ns = NewType("Ns", int)  # nanoseconds; of the box's monotonic clock unless the name says utc
Grams = NewType("Grams", int)
Mm = NewType("Mm", int)  # millimetres
MmPerS = NewType("MmPerS", int)  # millimetres per second; 1 km/h = 277.8 mm/s
Permille = NewType("Permille", int)  # 0 to 1000
Ppm = NewType("Ppm", int)  # 0 to 1,000,000
MilliCelsius = NewType("MilliCelsius", int)

US = 1_000
MS = 1_000_000
S = 1_000_000_000

KG = 1_000
TONNE = 1_000_000


def div_round(numerator: int, denominator: int) -> int:
    """Integer division to the nearest, halves away from zero. `denominator` must be positive.

    >>> div_round(5, 2), div_round(-5, 2), div_round(4, 3)
    (3, -3, 1)
    """
    if numerator >= 0:
        return (2 * numerator + denominator) // (2 * denominator)
    return -((-2 * numerator + denominator) // (2 * denominator))


def kmh_to_mm_s(kmh: int) -> MmPerS:
    """Kilometres per hour to millimetres per second, to the nearest.

    >>> kmh_to_mm_s(36)
    10000
    """
    return MmPerS(div_round(kmh * 10_000, 36))
