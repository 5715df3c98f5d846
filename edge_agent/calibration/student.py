"""Student's t distribution. SciPy has it too, and is a hundred megabytes on a box that weighs lorries."""

from __future__ import annotations

from functools import lru_cache

import mpmath


@lru_cache(maxsize=4096)
def cdf(t: float, degrees: int) -> float:
    """The share below `t`.

    >>> round(cdf(2.776, 4), 4)
    0.975
    """
    tail = mpmath.betainc(degrees / 2, 0.5, 0, degrees / (degrees + t * t), regularized=True) / 2
    return float(1 - tail if t > 0 else tail)


@lru_cache(maxsize=1024)
def quantile(share: float, degrees: int) -> float:
    """The t below which `share` lies, by halving; to 1e-10.

    >>> round(quantile(0.975, 9), 3)
    2.262
    """
    low, high = -1e4, 1e4
    while high - low > 1e-10:
        middle = (low + high) / 2
        low, high = (middle, high) if cdf(middle, degrees) < share else (low, middle)
    return (low + high) / 2
