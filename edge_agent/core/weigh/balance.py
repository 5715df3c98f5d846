"""Two sensors of a lane against each other over many vehicles.

One crossing cannot tell a wrong gain from bounce: at 20 km/h two good pads differ by up to 9 %. The
median over many vehicles can. A gain error that all sensors share stays invisible to the scale.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from edge_agent.core.units import div_round

# Median of 64 ratios with a scatter of 4 % wanders by 0.6 %.
VEHICLES = 64
FEWEST = 32


class SensorBalance:
    """Bounded memory of how much more the last sensor read than the first, in permille."""

    def __init__(self, limit_permille: int) -> None:
        self._limit = limit_permille
        self._ratios: deque[int] = deque(maxlen=VEHICLES)
        self.drifted = False
        self.median = 0

    @property
    def detail(self) -> str:
        """What is wrong, for a fault."""
        return (
            f"the last sensor reads {self.median} permille more than the first, median of {len(self._ratios)}"
        )

    def note(self, totals: Sequence[int]) -> bool:
        """One clean vehicle's gross weight by sensor. True when the drift became known with it."""
        if len(totals) < 2 or totals[0] <= 0 or totals[-1] <= 0:
            return False
        self._ratios.append(div_round(2000 * (totals[-1] - totals[0]), totals[-1] + totals[0]))
        if len(self._ratios) < FEWEST:
            return False
        self.median = sorted(self._ratios)[len(self._ratios) // 2]
        before, self.drifted = self.drifted, abs(self.median) > self._limit
        return self.drifted and not before
