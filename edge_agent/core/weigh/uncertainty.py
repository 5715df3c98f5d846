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

# P95 of an axle's relative error in permille of the bounce amplitude, by the microseconds that its load
# was averaged over: bounce of 1.5 to 4 Hz in any phase, hop of 8 to 15 Hz a fifth as large (computed).
REMAINING = (
    (0, 1_140), (25_000, 1_110), (45_000, 1_050), (60_000, 1_000), (90_000, 940), (120_000, 900),
    (150_000, 850), (180_000, 800), (250_000, 660), (350_000, 450), (500_000, 230), (700_000, 190),
    (1_200_000, 105), (2_000_000, 68), (3_000_000, 45),
)  # fmt: skip
# Two sensors see an axle at two phases of its bounce: a little better than one, permille.
TWO_SENSORS = 920
# Gross weight against a single axle, permille, by sensors (1, 2 or more) and axles (1, 2, 3 or more).
# Errors of axles go partly together (one body) and partly not: the worse of the two.
GROSS = {1: (1_000, 930, 820), 2: (900, 780, 680)}


def bounce_ppm(speed_mm_s: int, settings: CalibrationSettings) -> int:
    """Amplitude of body bounce: 0.336 % a km/h less 1.9 %, at least 1 % (public WIM simulations)."""
    ppm = max(10_000, div_round(3_360 * 36 * speed_mm_s, 10_000) - 19_000)
    return div_round(ppm * settings.dynamics_permille, 1000)


def remaining_permille(averaged_us: int) -> int:
    """How much of the bounce is left, by the straight lines between the table's points."""
    before = REMAINING[0]
    for point in REMAINING[1:]:
        if averaged_us <= point[0]:
            part = (averaged_us - before[0]) * (before[1] - point[1])
            return before[1] - div_round(part, point[0] - before[0])
        before = point
    return before[1]


def axle_interval(
    load_g: int, speed_mm_s: int, averaged_us: int, sensors: int, noise_g: int, settings: CalibrationSettings
) -> int:
    """Half interval of one axle's load, the mean of `sensors` sensors; `noise_g` is that of the mean."""
    ppm = div_round(bounce_ppm(speed_mm_s, settings) * remaining_permille(averaged_us), 1000)
    if sensors > 1:
        ppm = div_round(ppm * TWO_SENSORS, 1000)
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
    share_of_one_axle = share if sensors == 1 else div_round(share * 1000, TWO_SENSORS)
    expected = div_round(together * share_of_one_axle, 1000)
    seen = div_round(apart_g * 6, 10)
    return max(expected, seen, div_round(gross_g * settings.residual_permille, 1000))


def _joined(parts: Sequence[int]) -> int:
    return isqrt(sum(p * p for p in parts))
