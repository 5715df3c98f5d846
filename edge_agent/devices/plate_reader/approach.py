"""Vehicles on their way over the reading line, told from the detector's boxes in a few pictures.

    boxes picture by picture ──> approaches (boxes that overlap) ──> when its foot was on the line

The foot of a box is where the end that the camera sees stands on the road, so the line lies on the road as
well. The time is interpolated between the pictures before and behind the line. It is what the matcher
compares with the time that the scale predicts: a read whose time was chosen by whoever read it would fit
any vehicle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from edge_agent.core.records import Detection
from edge_agent.core.units import MS, Ns
from edge_agent.devices.detector.boxes import paired

Line = tuple[tuple[int, int], tuple[int, int]]  # permille of the picture, left point first

# A vehicle at 35 km/h, looked at every 120 ms, still overlaps its last box by more.
SAME_IOU = 250  # permille
FORGET = 500 * MS
# Where a detector draws the lower edge of a box is uncertain by about so much: half a percent.
FOOT_SD = 5  # permille
CUT_OFF = 992  # permille: from here on a box ends where the picture does, and its foot is not seen


@dataclass(slots=True)
class Approach:
    """One vehicle, picture by picture."""

    seen: list[tuple[Ns, Detection]] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What the detector called it most often; of two equal the first in name."""
        said = [box.label for _, box in self.seen]
        return min(set(said), key=lambda label: (-said.count(label), label))


@dataclass(frozen=True, slots=True)
class AtLine:
    """When a vehicle's foot was on the line."""

    at: Ns
    sd: Ns  # one standard deviation
    direction: str  # approaching | leaving
    in_lane: bool  # it stood in the lane's polygon there


def approaches(pictures: Sequence[tuple[Ns, Sequence[Detection]]]) -> list[Approach]:
    """The vehicles in pictures that follow one another, in order of first sight."""
    under_way: list[Approach] = []
    found: list[Approach] = []
    for at, boxes in pictures:
        vehicles = [box for box in boxes if box.role == "evidence"]
        under_way = [a for a in under_way if at - a.seen[-1][0] <= FORGET]
        pairs = paired([a.seen[-1][1] for a in under_way], vehicles, SAME_IOU)
        for i, j in pairs:
            under_way[i].seen.append((at, vehicles[j]))
        known = {j for _, j in pairs}
        fresh = [Approach([(at, box)]) for j, box in enumerate(vehicles) if j not in known]
        under_way += fresh
        found += fresh
    return found


def at_line(approach: Approach, line: Line) -> AtLine | None:
    """When its foot was on the line; None where it was not seen on both sides of it.

    What stands has no such time, and what was lost before the line may have gone elsewhere.
    """
    feet = [(at, _below(line, box), box) for at, box in approach.seen if box.y_max < CUT_OFF]
    for (t0, d0, before), (t1, d1, behind) in pairwise(feet):
        if (d0 < 0) != (d1 < 0):
            at = Ns(t0 + round((t1 - t0) * d0 / (d0 - d1)))
            sd = Ns(round((t1 - t0) * FOOT_SD / abs(d1 - d0)))
            direction = "approaching" if d1 > d0 else "leaving"
            nearer = before if abs(d0) < abs(d1) else behind
            return AtLine(at, sd, direction, in_lane=nearer.in_lane)
    return None


def _below(line: Line, box: Detection) -> float:
    """How far the box's foot is below the line, permille of the picture; negative above it."""
    (x0, y0), (x1, y1) = line
    x, y = (box.x_min + box.x_max) / 2, box.y_max
    return float(y - y0 - (y1 - y0) * (x - x0) / (x1 - x0))
