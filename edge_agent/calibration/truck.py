"""The test truck, and its passes among the traffic."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from edge_agent.core.records import Crossing, Flag, SpeedSource
from edge_agent.core.settings import Settings

Kg = Annotated[int, Field(gt=0, lt=1_000_000)]

# A truck is told by its axles: their number, and every spacing within so much.
SPACING_TOLERANCE_PERMILLE = 80
SPACING_TOLERANCE_MM = 150
# Whoever weighs this much more or less is another one, however wrong the scale is.
GROSS_TOLERANCE_PERMILLE = 300
# These say that this very pass was not as a test pass should be. Others (temperature, warm-up, zero) are of
# the instrument, and a calibration with them would be wrong too.
EXCUSED = frozenset({Flag.UNCERTAIN, Flag.DISAGREE})


BY_HAND = "--without"


class TestTruck(Settings):
    """What is known of the truck at rest: YAML that the technician fills in from the weighing slip."""

    __test__ = False  # a test's class by name only

    name: str
    """Number plate, or what the hirer calls it."""
    gross_kg: Kg
    """On a verified static scale, with driver and fuel as driven."""
    gross_interval_kg: Annotated[int, Field(ge=0, lt=10_000)] = 20
    """Half width of the 95 % interval of that: twice the scale's permissible error, say."""
    axles_kg: tuple[Kg, ...] = ()
    """Static axle loads, front to rear; needed for the classes of axles and groups."""
    spacings_mm: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1)]
    """From axle to axle, front to rear."""
    weighed_at: str = ""
    """Which scale and which slip."""

    @model_validator(mode="after")
    def _axles_fit(self) -> Self:
        if self.axles_kg and len(self.axles_kg) != len(self.spacings_mm) + 1:
            raise ValueError(
                f"{len(self.axles_kg)} axles_kg and {len(self.spacings_mm)} spacings_mm: "
                "one spacing between any two"
            )
        if self.axles_kg and abs(sum(self.axles_kg) - self.gross_kg) > self.gross_kg // 50:
            raise ValueError(
                f"axles_kg add up to {sum(self.axles_kg)}, gross_kg is {self.gross_kg}: "
                "look at the slip again"
            )
        return self


@dataclass(frozen=True, slots=True)
class Passes:
    """What of the traffic was the truck."""

    used: tuple[Crossing, ...]
    left_out: tuple[tuple[Crossing, str], ...]  # the truck's too, and why they do not count
    others: int  # vehicles that were not the truck


def passes(
    crossings: Iterable[Crossing], truck: TestTruck, lane: str, without: Collection[int] = ()
) -> Passes:
    """Sort the traffic of one lane; those of the numbers in `without` a person has left out."""
    used: list[Crossing] = []
    left_out: list[tuple[Crossing, str]] = []
    others = 0
    for crossing in crossings:
        if crossing.lane != lane:
            continue
        if not _is_truck(crossing, truck):
            others += 1
            continue
        reason = BY_HAND if crossing.number in without else _unfit(crossing)
        if reason:
            left_out.append((crossing, reason))
        else:
            used.append(crossing)
    return Passes(tuple(used), tuple(left_out), others)


def _is_truck(crossing: Crossing, truck: TestTruck) -> bool:
    if crossing.gross is None or len(crossing.axles) != len(truck.spacings_mm) + 1:
        return False
    static_g = truck.gross_kg * 1000
    if abs(crossing.gross - static_g) * 1000 > static_g * GROSS_TOLERANCE_PERMILLE:
        return False
    offsets = [axle.offset for axle in crossing.axles]
    if None in offsets:
        return True  # a layout that tells no speed tells no spacing either
    found = [b - a for a, b in pairwise(offsets)]  # type: ignore[operator]  # none is None
    return all(
        abs(seen - true) <= max(SPACING_TOLERANCE_MM, true * SPACING_TOLERANCE_PERMILLE // 1000)
        for seen, true in zip(found, truck.spacings_mm, strict=True)
    )


def _unfit(crossing: Crossing) -> str:
    if crossing.speed is None or crossing.speed_source is SpeedSource.UNKNOWN:
        return "no speed"
    bad = [flag.value for flag in crossing.flags if flag not in EXCUSED]
    return ", ".join(bad)
