"""Raw weight less the configured deduction."""

from __future__ import annotations

from edge_agent.core.units import Grams
from edge_agent.core.weigh.limits.settings import DeductionSettings


def deduct(raw: Grams, deduction: DeductionSettings) -> tuple[Grams, Grams]:
    """(deduction, deducted); they add up to `raw` exactly, and `deducted` rounds down.

    "5 %" has two readings; this is raw × 0.95, not raw ÷ 1.05: it favours the driver.
    """
    left = raw * (1000 - deduction.permille) // 1000 - deduction.fixed_g
    deducted = max(0, left) if raw >= 0 else left
    return Grams(raw - deducted), Grams(deducted)
