"""Axles that stand together, and axles that can be two vehicles."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import isqrt

from edge_agent.core.records import Axle, AxleGroup
from edge_agent.core.units import Grams, Mm
from edge_agent.core.weigh.settings import VehicleSettings


def group_sizes(spacings: Sequence[int], limit_mm: int) -> list[int]:
    """Sizes of the groups of neighbours less than `limit_mm` apart.

    >>> group_sizes([3800, 1350], 1800)
    [1, 2]
    """
    sizes = [1]
    for spacing in spacings:
        if spacing < limit_mm:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return sizes


def grouped(axles: Sequence[Axle], limit_mm: int) -> tuple[AxleGroup, ...]:
    """Groups of the axles; none of a group in which an axle has no value, or whose place is unknown."""
    offsets = [a.offset for a in axles]
    if any(o is None for o in offsets):
        return ()
    known = [o for o in offsets if o is not None]
    spacings = [b - a for a, b in itertools.pairwise(known)]
    groups = []
    first = 0
    for size in group_sizes(spacings, limit_mm) if axles else ():
        members = axles[first : first + size]
        if all(a.samples for a in members):
            groups.append(
                AxleGroup(
                    first,
                    size,
                    Grams(sum(a.load for a in members)),
                    Grams(group_interval([a.interval for a in members])),
                    tuple(Mm(s) for s in spacings[first : first + size - 1]),
                )
            )
        first += size
    return tuple(groups)


def group_interval(intervals: Sequence[int]) -> int:
    """Half interval of a sum whose parts' errors go partly together: between root-sum-square and sum."""
    together = sum(intervals)
    apart = isqrt(sum(i * i for i in intervals))
    return (together + apart) // 2


def split_points(spacings: Sequence[int], settings: VehicleSettings) -> list[int]:
    """Axle numbers at which a new vehicle begins: no vehicle is that long between two axles."""
    points = []
    start = 0
    for i, spacing in enumerate(spacings, start=1):
        parts = (
            spacing > settings.split_spacing_mm
            and is_vehicle(spacings[start : i - 1], settings)
            and is_vehicle(_until_next_gap(spacings[i:], settings), settings)
        )
        if spacing > settings.max_axle_spacing_mm or parts:
            points.append(i)
            start = i
    return points


def _until_next_gap(spacings: Sequence[int], settings: VehicleSettings) -> Sequence[int]:
    for i, spacing in enumerate(spacings):
        if spacing > settings.split_spacing_mm:
            return spacings[:i]
    return spacings


def is_vehicle(spacings: Sequence[int], settings: VehicleSettings) -> bool:
    """Whether axles at these spacings can be a whole vehicle: two of them a wheelbase apart."""
    return max(spacings, default=0) >= settings.min_wheelbase_mm


def can_be_two(spacings: Sequence[int], settings: VehicleSettings) -> bool:
    """Whether the axles can be divided into two whole vehicles bumper to bumper.

    A semi-trailer's axles are no vehicle: no two neighbours among them are a wheelbase apart. A
    lorry with a drawbar trailer can be two, and is flagged: the scale cannot see the drawbar.
    """
    return any(
        is_vehicle(spacings[:i], settings) and is_vehicle(spacings[i + 1 :], settings)
        for i in range(1, len(spacings) - 1)
        if spacings[i] >= settings.group_spacing_mm
    )
