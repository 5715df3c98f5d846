"""What the lane's calibration does to a weight. Integers, one rounding at the end."""

from __future__ import annotations

from edge_agent.core.units import MilliCelsius, div_round
from edge_agent.core.weigh.settings import CalibrationSettings

MILLION = 1_000_000


def calibrated(
    load_g: int, settings: CalibrationSettings, speed_mm_s: int | None, temperature: MilliCelsius | None
) -> int:
    """Corrected weight: factor, speed bin, temperature.

    Without a speed no bin applies, without a temperature no temperature correction: both are
    flagged by whoever calls.
    """
    numerator = load_g * (MILLION + settings.factor_ppm) * (MILLION + _bin_ppm(settings, speed_mm_s))
    denominator = MILLION * MILLION
    if temperature is not None and settings.temperature_ppm_per_c:
        # The sensors read more by this, so the weight is divided by it.
        excess = settings.temperature_ppm_per_c * (temperature - settings.reference_mc)
        numerator *= MILLION * 1000
        denominator *= max(MILLION * 1000 + excess, MILLION * 100)
    return div_round(numerator, denominator)


def _bin_ppm(settings: CalibrationSettings, speed_mm_s: int | None) -> int:
    if speed_mm_s is None or not settings.speed_bins:
        return 0
    for one in settings.speed_bins:
        if speed_mm_s <= one.up_to_mm_s:
            return one.correction_ppm
    return settings.speed_bins[-1].correction_ppm
