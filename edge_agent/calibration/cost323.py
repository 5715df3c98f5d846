"""Which accuracy class of COST 323 a set of runs reaches.

A class is a tolerance d, in percent, for each of four criteria. It is reached when the share of errors
within ±d, as estimated from below out of number, mean and standard deviation, is at least the level pi_0
that the test plan asks for:

    pi_0 = 2 Phi(u - t(n-1) / sqrt n) - 1          u of plan and environment; t two-sided, 5 %
    pi   = F(k - m/s) + F(k + m/s) - 1             k = d/s less t(n-1) / sqrt n; F Student, n-1 degrees

Source: B. Jacob, E. J. OBrien, European specification on weigh-in-motion of road vehicles (COST 323), 1998,
as its published accuracy calculation sheet has it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

from edge_agent.calibration.student import cdf, quantile


class Criterion(StrEnum):
    """What was compared with its static weight."""

    GROSS = "gross"
    GROUP = "group"  # an axle group as a whole
    SINGLE = "single"  # a single axle
    OF_GROUP = "of_group"  # one axle of a group


class Plan(StrEnum):
    """Which vehicles ran, in the standard's words."""

    R1 = "r1"  # full repeatability: one vehicle, one load, one speed
    R2 = "r2"  # extended repeatability: one vehicle, several loads and speeds
    RR1 = "rr1"  # limited reproducibility: a few vehicles
    RR2 = "rr2"  # full reproducibility: vehicles out of the traffic


class Environment(StrEnum):
    """How long the test took."""

    I = "i"  # noqa: E741 - the standard's own name  # hours
    II = "ii"  # days within one season
    III = "iii"  # over the year


PLAN_U = {Plan.R1: 2.675, Plan.R2: 2.36, Plan.RR1: 2.155, Plan.RR2: 2.0}
ENVIRONMENT_DIVISOR = {Environment.I: 1.0, Environment.II: 1.05, Environment.III: 1.1}
# Percent, by class; at an initial verification four fifths of it.
TOLERANCE: dict[str, dict[Criterion, float]] = {
    name: dict(zip(Criterion, values, strict=True))
    for name, values in {
        "A(5)": (5, 7, 8, 10),
        "B+(7)": (7, 10, 11, 14),
        "B(10)": (10, 13, 15, 20),
        "C(15)": (15, 18, 20, 25),
        "D+(20)": (20, 23, 25, 30),
        "D(25)": (25, 28, 30, 35),
    }.items()
}
INITIAL = 0.8
BEYOND = "E"  # worse than every class that has a tolerance here


@dataclass(frozen=True, slots=True)
class Errors:
    """Relative errors against the static reference: count, mean and standard deviation in percent."""

    number: int
    mean: float
    sd: float

    @classmethod
    def of(cls, percents: list[float]) -> Errors:
        """Of single errors; the standard deviation is that of a sample."""
        number = len(percents)
        mean = math.fsum(percents) / number
        square = math.fsum((one - mean) ** 2 for one in percents) / (number - 1) if number > 1 else 0.0
        return cls(number, mean, math.sqrt(square))


@dataclass(frozen=True, slots=True)
class Reached:
    """What one criterion reaches."""

    name: str  # of the class; `BEYOND`, or empty where there are too few runs to say
    required: float  # pi_0, percent
    level: float  # pi within the class's tolerance, percent
    tolerance: float  # d of the class, percent; infinite beyond all classes
    smallest: float  # d at which pi is pi_0, percent


def accuracy(
    found: Mapping[Criterion, Errors], plan: Plan, environment: Environment, *, initial: bool
) -> dict[Criterion, Reached]:
    """Each criterion by itself. The site's class is `worst` of them.

    Args:
        found: errors of at least three runs each; with fewer the answer has no name.
        plan: which vehicles ran.
        environment: for how long.
        initial: an initial verification: its tolerances are narrower.
    """
    return {which: _reached(which, errors, plan, environment, initial) for which, errors in found.items()}


def worst(reached: Mapping[Criterion, Reached]) -> str:
    """The class of the site: that of the worst criterion; empty when one of them cannot be told."""
    order = [*TOLERANCE, BEYOND]
    names = [one.name for one in reached.values()]
    return "" if not names or "" in names else max(names, key=order.index)


def required_level(number: int, plan: Plan, environment: Environment) -> float:
    """pi_0 in percent."""
    u = PLAN_U[plan] / ENVIRONMENT_DIVISOR[environment]
    return 100 * (2 * NormalDist().cdf(u - _margin(number)) - 1)


def level_within(errors: Errors, tolerance: float) -> float:
    """Pi in percent: the share of errors within ±`tolerance` percent, estimated from below."""
    if errors.sd == 0:
        return 100.0 if abs(errors.mean) <= tolerance else 0.0
    k, bias = tolerance / errors.sd - _margin(errors.number), errors.mean / errors.sd
    degrees = errors.number - 1
    return 100 * max(0.0, cdf(k - bias, degrees) + cdf(k + bias, degrees) - 1)


def _reached(
    which: Criterion, errors: Errors, plan: Plan, environment: Environment, initial: bool
) -> Reached:
    if errors.number < 3:
        return Reached("", math.nan, math.nan, math.inf, math.nan)
    required = required_level(errors.number, plan, environment)
    smallest = _smallest(errors, required)
    factor = INITIAL if initial else 1.0
    for name, tolerances in TOLERANCE.items():
        tolerance = tolerances[which] * factor
        level = level_within(errors, tolerance)
        if level >= required:
            return Reached(name, required, level, tolerance, smallest)
    return Reached(BEYOND, required, 100.0, math.inf, smallest)


def _margin(number: int) -> float:
    return quantile(0.975, number - 1) / math.sqrt(number)


def _smallest(errors: Errors, required: float) -> float:
    """By halving: the level rises with the tolerance."""
    low, high = 0.0, abs(errors.mean) + 1.0
    while level_within(errors, high) < required:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if level_within(errors, middle) >= required else (middle, high)
    return high
