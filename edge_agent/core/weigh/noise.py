"""How noisy a signal is, told from the differences of neighbours.

The spread of the values themselves would count every load change, drift and most of a 50 Hz hum as
noise; differences of neighbouring samples do not.
"""

from __future__ import annotations

import numpy as np

from edge_agent.core.weigh.samples import Int64


def difference_scale(values: Int64) -> int:
    """Standard deviation of white noise in `values` (n,), from the median of |successive differences|.

    For a normal distribution the median of |x2 - x1| is 0.6745 * sqrt(2) = 0.9539 of one sample's
    standard deviation, hence the factor 1.0484.

    >>> difference_scale(np.array([0, 10, 0, 10, 0]))
    10
    """
    if values.size < 2:
        return 0
    steps = np.abs(values[1:] - values[:-1])
    middle = steps.size // 2
    return int(np.partition(steps, middle)[middle]) * 10484 // 10000
