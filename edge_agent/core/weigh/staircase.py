"""Several axles on one sensor: each level of the staircase is the sum of the axles then on it.

           ┌──────┐  1 + 2
     ┌─────┘      └─────┐
     │ 1              2 │
─────┘                  └─────
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from edge_agent.core.units import div_round
from edge_agent.core.weigh.samples import Int64


@dataclass(frozen=True, slots=True)
class Step:
    """One level, its ramps left out."""

    on: tuple[int, ...]  # axles, rising
    start: int  # ns
    samples: int
    duration: int  # ns
    levels: tuple[int, ...]  # mean of each column


def steps_of(at: Int64, columns: Sequence[Int64], pairs: Sequence[tuple[int, int]], guard: int) -> list[Step]:
    """Levels between the instants at which axles enter and leave, `guard` ns off both ends of each."""
    instants = sorted(
        [(enter, k) for k, (enter, _) in enumerate(pairs)]
        + [(leave, k) for k, (_, leave) in enumerate(pairs)]
    )
    on: set[int] = set()
    steps = []
    for (start, k), (end, _) in pairwise(instants):
        on ^= {k}
        first, last = (int(i) for i in np.searchsorted(at, (start + guard, end - guard)))
        if on and last > first:
            levels = tuple(div_round(int(c[first:last].sum()), last - first) for c in columns)
            steps.append(
                Step(tuple(sorted(on)), start + guard, last - first, end - start - 2 * guard, levels)
            )
    return steps


def axle_loads(axles: int, steps: Sequence[Step], column: int) -> list[int] | None:
    """Axle loads that fit the levels best; None if the levels do not determine them.

    A level with k axles on it carries k bounces, so it weighs samples / k. With two axles that makes
    the sum of their loads the plain average of each one's whole time on the sensor.
    """
    matrix = [[Fraction(0)] * (axles + 1) for _ in range(axles)]
    for step in steps:
        weight = Fraction(step.samples, len(step.on))
        for i in step.on:
            for j in step.on:
                matrix[i][j] += weight
            matrix[i][axles] += weight * step.levels[column]
    return _solved(matrix)


def _solved(matrix: list[list[Fraction]]) -> list[int] | None:
    """Gauss and Jordan on exact fractions: the same on every machine."""
    size = len(matrix)
    for i in range(size):
        pivot = next((r for r in range(i, size) if matrix[r][i]), None)
        if pivot is None:
            return None
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        for r in range(size):
            if r != i and matrix[r][i]:
                factor = matrix[r][i] / matrix[i][i]
                matrix[r] = [a - factor * b for a, b in zip(matrix[r], matrix[i], strict=True)]
    solution = [row[size] / row[i] for i, row in enumerate(matrix)]
    return [div_round(x.numerator, x.denominator) for x in solution]
