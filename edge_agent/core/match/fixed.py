"""Probabilities as integers: the same bits on every machine, no libm.

A number x is held as round(x * ONE). Sums and products of such integers are exact in Python, so
only `exp_neg` and `normal_density` round at all, each by less than one part in 2**40.
"""

from __future__ import annotations

from math import isqrt

from edge_agent.core.units import S

BITS = 48
ONE = 1 << BITS

_FINE_BITS = 80
_FINE = 1 << _FINE_BITS
_LN2_FINE = 837963523372001241319908  # ln 2 * 2**80
_SQRT_2PI_FINE = 3030327641377486072904008  # sqrt(2 pi) * 2**80
_TERMS = 24  # 0.35**24 / 24! is below 2**-100


def exp_neg(x_fine: int) -> int:
    """`exp(-x)` with x >= 0, both times 2**80.

    >>> exp_neg(0) == 1 << 80
    True
    """
    halvings, rest = divmod(x_fine, _LN2_FINE)
    if halvings > _FINE_BITS:
        return 0
    term = total = _FINE
    for n in range(1, _TERMS):
        term = (term * rest >> _FINE_BITS) // n
        total += term
    return ((_FINE << _FINE_BITS) // total) >> halvings


def normal_density(distance_ns: int, variance_ns2: int) -> int:
    """Normal probability density per second at this distance from the mean, times `ONE`."""
    variance = max(1, variance_ns2)
    height = (S << (2 * _FINE_BITS)) // (isqrt(variance) or 1) // _SQRT_2PI_FINE
    fall = exp_neg((distance_ns * distance_ns << _FINE_BITS) // (2 * variance))
    return (height * fall) >> (2 * _FINE_BITS - BITS)


def uniform_density(width_ns: int) -> int:
    """Density per second of "anywhere within this width", times `ONE`."""
    return S * ONE // max(1, width_ns)


def from_ppm(ppm: int) -> int:
    """A share in parts per million, times `ONE`."""
    return ppm * ONE // 1_000_000


def per_hour(rate: int) -> int:
    """A rate per hour as a density per second, times `ONE`."""
    return rate * ONE // 3_600


def times(first: int, *rest: int) -> int:
    """Product of numbers held times `ONE`, again times `ONE`."""
    for factor in rest:
        first = first * factor >> BITS
    return first
