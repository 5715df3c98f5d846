"""Which number plate hangs on which end of a vehicle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from edge_agent.core.plates.grammar import parse
from edge_agent.sim.plate_face import DOUBLE, GROUNDS
from edge_agent.sim.world import Passage, Vehicle


@dataclass(frozen=True, slots=True)
class MountedPlate:
    """A plate as `plate_face` takes it."""

    text: str
    colour: str
    rows: int


def mounted_plate(v: Vehicle, end: Literal["front", "rear"]) -> MountedPlate | None:
    """The plate on one end; None where there is none, or one that GA 36 does not know.

    A trailer has its own at the rear. Yellow ones are in two rows there, learners' excepted.
    """
    own = end == "rear" and v.plate_rear
    text, colour = (v.plate_rear, "yellow") if own else (v.plate, v.plate_colour)
    plate = parse(text)
    if plate is None or plate.text != text or colour not in GROUNDS:
        return None
    double = end == "rear" and colour == "yellow" and plate.kind in DOUBLE
    return MountedPlate(text, colour, 2 if double else 1)


def as_seen(passage: Passage) -> Vehicle:
    """The vehicle without what nobody can read: a covered plate has nothing on it."""
    covered = "covered_plate" in passage.behaviours
    return replace(passage.vehicle, plate="", plate_rear="") if covered else passage.vehicle
