"""The camera's time offset in one lane, learned from vehicles that nobody could confuse.

A running median over the latest lone vehicles: one wrong pair in it does no harm. What is learned
moves in bounded steps, stays within a bound of what was configured, and says how uncertain it is;
the same vehicles also show when the configured spreads are too narrow, and then widen them. They
are never made narrower.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import isqrt

from edge_agent.core.match.settings import LaneMatchSettings, OffsetSettings
from edge_agent.core.units import MS, Ns

MAX_WIDEN_PERMILLE = 4_000
# A median of n is this much less sure than a mean of n, normal law: sqrt(pi / 2).
MEDIAN_PERMILLE = 1_253
# Median absolute deviation to standard deviation, normal law.
MAD_PERMILLE = 1_483
# Widening by chance is pointless noise: 64 samples know a spread to about 12 %.
WIDEN_FROM_PERMILLE = 1_150


@dataclass(frozen=True, slots=True)
class Offset:
    """What is in use for a lane now."""

    value: Ns
    sd: Ns
    widen_permille: int = 1_000  # 1000 = the configured spreads hold


class OffsetLearner:
    """Learns one lane's offset."""

    def __init__(self, lane: LaneMatchSettings, settings: OffsetSettings) -> None:
        self._settings = settings
        self._configured = lane.offset_ms * MS
        self._prior_sd = lane.offset_sd_ms * MS
        self._value = self._configured
        self._samples: deque[tuple[int, int]] = deque(maxlen=settings.samples)
        self._alarmed = False
        self.current = Offset(Ns(self._value), Ns(self._prior_sd))

    @property
    def learned_ms(self) -> int:
        """Offset in use less the configured one, milliseconds."""
        return (self._value - self._configured) // MS

    def learn(self, residual: int, sd: int) -> bool:
        """Take in one lone vehicle.

        Args:
            residual: when it was read less when it was expected without any offset, ns.
            sd: the spread that was expected of it without the offset's own, ns.

        Returns:
            True when the offset has just drifted out of its limits.
        """
        settings = self._settings
        if not settings.enabled:
            return False
        self._samples.append((residual, max(1, sd)))
        if len(self._samples) < settings.min_count:
            return False
        middle = _median([r for r, _ in self._samples])
        bound = settings.bound_ms * MS
        goal = min(max(middle, self._configured - bound), self._configured + bound)
        step = settings.step_ms * MS
        self._value += min(max(goal - self._value, -step), step)
        self.current = Offset(Ns(self._value), Ns(self._sd(middle)), self._widen(middle))
        return self._drifted(abs(middle - self._configured))

    def _sd(self, middle: int) -> int:
        """Of the offset in use: the median's own, and how far behind it the steps still are."""
        spread = _median([abs(r - middle) for r, _ in self._samples]) * MAD_PERMILLE // 1_000
        of_median = spread * MEDIAN_PERMILLE // 1_000 // max(1, isqrt(len(self._samples)))
        floor = self._settings.sd_floor_ms * MS
        uncertain = isqrt(max(of_median, floor) ** 2 + (middle - self._value) ** 2)
        return min(uncertain, max(self._prior_sd, self._settings.bound_ms * MS))

    def _widen(self, middle: int) -> int:
        """By how much the expected spreads fall short of the ones seen."""
        seen = _median([abs(r - middle) * 1_000 // sd for r, sd in self._samples]) * MAD_PERMILLE // 1_000
        return min(seen, MAX_WIDEN_PERMILLE) if seen > WIDEN_FROM_PERMILLE else 1_000

    def _drifted(self, distance: int) -> bool:
        alarm = self._settings.alarm_ms * MS
        if self._alarmed:
            self._alarmed = distance > alarm * 3 // 4
            return False
        self._alarmed = distance > alarm
        return self._alarmed


def _median(values: list[int]) -> int:
    """Middle value; of an even number the mean of the two, rounded down."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) // 2
