"""Who was read when: exact marginals over all one-to-one assignments of one cluster.

An assignment gives each sighting to one vehicle or to none ("stray"), and each vehicle at most one
sighting ("none": its plate was missed). Its weight is the product of one factor for every pair,
one for every vehicle without a sighting and one for every sighting without a vehicle:

    weight = product of pair[s][v]  *  product of none[v]  *  product of stray[s]

The posterior of a pair is the weight of all assignments with it over the weight of all. They are
summed with a forward and a backward pass over the sightings in order of time; a state is the set
of vehicles already taken, and a vehicle leaves the state after the last sighting that could be
its own. The weights are integers, sums and products of integers are exact, so the marginals are
exact too and do not depend on the order of anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Layer = dict[int, int]  # set of taken vehicles, as bits -> weight


@dataclass(frozen=True, slots=True)
class Marginals:
    """Unnormalised marginals; divide by `total`.

    pairs: for each sighting, vehicle -> weight of all assignments with that pair
    """

    total: int
    pairs: tuple[Mapping[int, int], ...]

    def ppm(self, sighting: int, vehicle: int) -> int:
        """Posterior of one pair in parts per million, rounded down."""
        return self.pairs[sighting].get(vehicle, 0) * 1_000_000 // self.total

    def none_ppm(self, vehicle: int) -> int:
        """Posterior that no sighting is the vehicle's, rounded down."""
        taken = sum(row.get(vehicle, 0) for row in self.pairs)
        return (self.total - taken) * 1_000_000 // self.total


def marginals(
    pairs: Sequence[Mapping[int, int]], none: Sequence[int], stray: Sequence[int], max_states: int
) -> Marginals | None:
    """Exact marginals, or None when more than `max_states` partial assignments would be needed.

    Args:
        pairs: for each sighting, in order of time: vehicle -> weight. Scale: that of `none` times
            that of `stray`, so that every assignment's weight has the same scale.
        none: for each vehicle, the weight of having no sighting; positive.
        stray: for each sighting, the weight of having no vehicle; positive.
        max_states: bound on the states of one layer.
    """
    leaving = _leaving(pairs, len(none))
    layers: list[Layer] = [{0: 1}]
    for row, stray_weight, done in zip(pairs, stray, leaving, strict=True):
        after: Layer = {}
        for taken, weight in layers[-1].items():
            for _, now_taken, factor in _moves(taken, row, stray_weight):
                left, fee = _leave(now_taken, done, none)
                after[left] = after.get(left, 0) + weight * factor * fee
        if len(after) > max_states:
            return None
        layers.append(after)

    behind: Layer = {0: 1}
    summed: list[dict[int, int]] = []
    for index in range(len(pairs) - 1, -1, -1):
        here: Layer = {}
        weights: dict[int, int] = {}
        for taken, weight in layers[index].items():
            ahead = 0
            for vehicle, now_taken, factor in _moves(taken, pairs[index], stray[index]):
                left, fee = _leave(now_taken, leaving[index], none)
                onward = factor * fee * behind[left]
                ahead += onward
                if vehicle is not None:
                    weights[vehicle] = weights.get(vehicle, 0) + weight * onward
            here[taken] = ahead
        behind = here
        summed.append(weights)

    # Vehicles that no sighting could be are in every assignment alike: their factor cancels.
    return Marginals(behind[0], tuple(reversed(summed)))


def _moves(taken: int, row: Mapping[int, int], stray_weight: int) -> list[tuple[int | None, int, int]]:
    """What one sighting may be: (vehicle or None, taken afterwards, factor)."""
    moves: list[tuple[int | None, int, int]] = [(None, taken, stray_weight)]
    moves += [(v, taken | 1 << v, weight) for v, weight in row.items() if not taken >> v & 1]
    return moves


def _leaving(pairs: Sequence[Mapping[int, int]], vehicles: int) -> list[tuple[int, ...]]:
    """For each sighting, the vehicles for which it is the last that could be theirs."""
    last = [-1] * vehicles
    for index, row in enumerate(pairs):
        for vehicle in row:
            last[vehicle] = index
    return [tuple(v for v in range(vehicles) if last[v] == index) for index in range(len(pairs))]


def _leave(taken: int, done: tuple[int, ...], none: Sequence[int]) -> tuple[int, int]:
    """Drop finished vehicles from the state; those not taken pay their "none"."""
    fee = 1
    for vehicle in done:
        bit = 1 << vehicle
        if taken & bit:
            taken ^= bit
        else:
            fee *= none[vehicle]
    return taken, fee
