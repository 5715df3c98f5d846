"""How far off a weight may be: half widths of stated 95 % intervals.

Three parts, which add as squares: what the suspension does while an axle is on the sensor, noise,
and what calibration left over. The first is far the largest above 10 km/h. It is the amplitude of
body bounce at the speed, times how much of it is left after averaging over the time on the sensor;
both are tables, because the interval must be right 95 times of 100, not Gaussian on paper.
`edge-agent bench weigh` measures the coverage.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from edge_agent.core.units import div_round
from edge_agent.core.weigh.settings import CalibrationSettings

# P95 of an axle's relative error in permille of the bounce amplitude, by time on the plateau in
# microseconds: bounce of 1.5 to 4 Hz in any phase, hop of 8 to 15 Hz a fifth as large.
REMAINING = (
    (0, 1_180), (25_000, 1_120), (45_000, 1_060), (60_000, 1_010), (90_000, 960), (120_000, 910),
    (180_000, 800), (250_000, 620), (350_000, 380), (500_000, 240), (700_000, 160), (1_200_000, 100),
    (3_000_000, 50),
)  # fmt: skip

# Gross weight against a single axle, permille, by sensors (1, 2 or more) and axles (1, 2, 3 or more).
# Errors of axles go partly together (one body) and partly not: the worse of the two.
GROSS = {1: (1_000, 930, 860), 2: (900, 800, 720)}


def bounce_ppm(speed_mm_s: int, settings: CalibrationSettings) -> int:
    """Amplitude of body bounce: 0.336 % a km/h less 1.9 %, at least 1 % (public WIM simulations)."""
    ppm = max(10_000, div_round(3_360 * 36 * speed_mm_s, 10_000) - 19_000)
    return div_round(ppm * settings.dynamics_permille, 1000)


def remaining_permille(plateau_us: int) -> int:
    """How much of the bounce is left, by the straight lines between the table's points."""
    before = REMAINING[0]
    for point in REMAINING[1:]:
        if plateau_us <= point[0]:
            part = (plateau_us - before[0]) * (before[1] - point[1])
            return before[1] - div_round(part, point[0] - before[0])
        before = point
    return before[1]


def axle_interval(
    load_g: int, speed_mm_s: int, plateau_mm: int, sensors: int, noise_g: int, settings: CalibrationSettings
) -> int:
    """Half interval of one axle's load, the mean of `sensors` sensors; `noise_g` is that of the mean."""
    plateau_us = div_round(plateau_mm * 1_000_000, max(1, speed_mm_s))
    ppm = div_round(bounce_ppm(speed_mm_s, settings) * remaining_permille(plateau_us), 1000)
    if sensors > 1:
        ppm = div_round(ppm * 92, 100)
    dynamic = div_round(load_g * ppm, 1_000_000)
    return _joined([dynamic, div_round(load_g * settings.residual_permille, 1000), 2 * noise_g])


def gross_interval(
    axle_intervals: Sequence[int], gross_g: int, sensors: int, settings: CalibrationSettings, apart_g: int
) -> int:
    """Half interval of the gross weight.

    `apart_g` is how far the sensors' own gross weights lie apart: what was seen may widen what was
    expected, never narrow it.
    """
    together = sum(axle_intervals)
    share = GROSS[1 if sensors == 1 else 2][min(len(axle_intervals), 3) - 1]
    share_of_one_axle = share if sensors == 1 else div_round(share * 1000, 920)
    expected = div_round(together * share_of_one_axle, 1000)
    seen = div_round(apart_g * 6, 10)
    return max(expected, seen, div_round(gross_g * settings.residual_permille, 1000))


def _joined(parts: Sequence[int]) -> int:
    return isqrt(sum(p * p for p in parts))
