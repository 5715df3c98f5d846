"""Are the cells wired as configured? Told from vehicles that crossed while somebody listened.

    both cells of a pad feel an axle at the same time          else a cell is wired to another pad
    the second pad feels it later than the first               else the pads are the wrong way round
    a vehicle that is heavier on one side is so on every pad   else left and right are swapped on one

Both pads' sides swapped alike cannot be seen from the signals: only a person who knows the side can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_agent.core.units import S
from edge_agent.core.weigh.samples import Int64
from edge_agent.doctor.cell_signals import Floats, Stretch

# Signals of one pad's two cells follow each other; of two pads, only by chance of the axle spacing.
TOGETHER, APART = 0.9, 0.7
# A side share nearer to even than this says nothing of sides. Vehicles differ by 5 to 10 % (facts, 7).
TELLING = 0.012
# A cell that carries less than this share of what the lane's other cells carry feels nothing.
NOTHING = 0.05
FEWEST_SIDED = 2
FEWEST_FELT = 2


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the vehicles said; columns and sensors are counted as the settings list them."""

    vehicles: int
    deaf: tuple[int, ...] = ()  # columns that felt nothing
    crossed: tuple[tuple[int, int], ...] = ()  # pairs of columns that are wired to each other's pad
    reversed: bool = False  # the last sensor felt the axles first
    mirrored: int | None = None  # sensor whose left and right are swapped against the first


def wiring_of(stretch: Stretch) -> Wiring:
    """From every vehicle of the stretch."""
    count = len(stretch.vehicles)
    if not count:
        return Wiring(0)
    loads = np.concatenate([stretch.loads[a:b] for a, b in stretch.vehicles]).astype(np.float64)
    deaf = _deaf(stretch, loads)
    crossed = _crossed(stretch, loads, deaf)
    if crossed:
        return Wiring(count, deaf, crossed)
    if deaf:  # what feels nothing is in no order
        return Wiring(count, deaf)
    whole = _felt_by_all(stretch)
    return Wiring(len(whole), (), (), _reversed(stretch, whole), _mirrored(stretch, whole))


def _deaf(stretch: Stretch, loads: Floats) -> tuple[int, ...]:
    """Against the sensor's other cells; against all, where more than one vehicle should have been felt."""
    total = np.maximum(loads, 0).sum(axis=0)
    usual = float(np.median(total))
    found = []
    for sensor in stretch.layout.sensors:
        felt = float(total[sensor.all].max())
        if felt < NOTHING * usual and len(stretch.vehicles) < FEWEST_FELT:
            continue  # one vehicle may have turned back before it
        found += [int(k) for k in sensor.all if total[k] < NOTHING * max(felt, usual)]
    return tuple(found)


def _crossed(stretch: Stretch, loads: Floats, deaf: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Columns that go with another sensor's column, while their own partner does not."""
    sensors = [s.all.tolist() for s in stretch.layout.sensors]
    if len(sensors) < 2 or deaf or any(len(columns) < 2 for columns in sensors):
        return ()
    together: Floats = np.atleast_2d(np.corrcoef(loads, rowvar=False))
    begin, behind = stretch.vehicles[0]
    felt = [_middle(stretch, stretch.loads[begin:behind, k], begin) for k in range(loads.shape[1])]
    found = []
    for k, own in enumerate(sensors):
        for others in sensors[k + 1 :]:
            found += [
                (a, b)
                for a in own
                for b in others
                # Exchanging the other two cells would put the pairs together as well, the wrong way round.
                if felt[a] > felt[b] and _changed_places(together, a, b, own, others)
            ]
    return tuple(found)


def _changed_places(together: Floats, a: int, b: int, own: list[int], others: list[int]) -> bool:
    """Column `a` goes with the others' rest, `b` with the rest of `a`'s own."""
    rest_own, rest_others = [c for c in own if c != a], [c for c in others if c != b]
    with_others = min(together[a, c] for c in rest_others)
    with_own = min(together[b, c] for c in rest_own)
    parted = max(together[a, c] for c in rest_own)
    return bool(with_others > TOGETHER and with_own > TOGETHER and parted < APART)


def _felt_by_all(stretch: Stretch) -> tuple[tuple[int, int], ...]:
    """Vehicles that crossed every sensor: one may stand on the first, or turn back."""
    kept = []
    for begin, behind in stretch.vehicles:
        loads = np.maximum(stretch.layout.per_sensor(stretch.loads[begin:behind]), 0).sum(axis=0)
        if int(loads.min()) >= NOTHING * int(loads.max()):
            kept.append((begin, behind))
    return tuple(kept)


def _reversed(stretch: Stretch, vehicles: tuple[tuple[int, int], ...]) -> bool:
    """Every vehicle met the last sensor before the first."""
    sensors = stretch.layout.sensors
    if len(sensors) < 2:
        return False
    votes = []
    for begin, behind in vehicles:
        loads = stretch.loads[begin:behind]
        first, last = (_middle(stretch, loads[:, sensors[k].all].sum(axis=1), begin) for k in (0, -1))
        votes.append(last < first)
    return bool(votes) and all(votes)


def _middle(stretch: Stretch, load: Int64, begin: int) -> float:
    """Seconds at which half of all that the sensor felt of a vehicle was felt."""
    felt = np.cumsum(np.maximum(load, 0))
    at = stretch.at[begin + int(np.searchsorted(felt, felt[-1] / 2))]
    return float(at - stretch.at[0]) / S


def _mirrored(stretch: Stretch, vehicles: tuple[tuple[int, int], ...]) -> int | None:
    """The sensor on which vehicles lean the other way than on the first."""
    sensors = stretch.layout.sensors
    if not vehicles or len(sensors) < 2 or not all(s.left.size and s.right.size for s in sensors):
        return None
    leans = np.array([_leans(stretch, begin, behind) for begin, behind in vehicles])
    for k in range(1, len(sensors)):
        telling = (np.abs(leans[:, 0]) > TELLING) & (np.abs(leans[:, k]) > TELLING)
        opposed = leans[telling, 0] * leans[telling, k] < 0
        if int(telling.sum()) >= FEWEST_SIDED and bool(opposed.all()):
            return k
    return None


def _leans(stretch: Stretch, begin: int, behind: int) -> list[float]:
    """By sensor: how much more than half of the vehicle its left side carried."""
    loads = np.maximum(stretch.loads[begin:behind], 0).sum(axis=0).astype(np.float64)
    out = []
    for sensor in stretch.layout.sensors:
        left, right = float(loads[sensor.left].sum()), float(loads[sensor.right].sum())
        out.append(left / max(1.0, left + right) - 0.5)
    return out
