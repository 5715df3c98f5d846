"""What was really on a street, as the file beside a recording says it: any rule may be held to it.

`truth.street.json`: of each camera when nobody could have watched, how bright the clear pavement was, and of
each zone every thing that stood on its ground and every delivery beside it. Times are event times, ns.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from edge_agent.core.foreign_json import first_fault
from edge_agent.core.street.plane import Plane
from edge_agent.errors import UsageError
from edge_agent.sim.street.truth import GRID, LEAST_SHARE, Interval, merged

FORMAT: Literal[2] = 2  # 1 said only when goods stood there, by one rule

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that stood still with some of its footprint on a zone's ground."""

    label: str
    start: int
    end: int
    footprint_mm: tuple[Point, ...]  # its four corners on the ground


@dataclass(frozen=True, slots=True)
class Delivery:
    """A vehicle that stood within a box of its own size of a zone."""

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ZoneTruth:
    """The ground that was drawn as a zone, and what stood there."""

    polygon: tuple[Point, ...]  # as configured; its corners are those of the rectangle
    rect_mm: tuple[int, int, int, int]  # x0, y0, x1, y1 on the ground
    things: tuple[Thing, ...]
    deliveries: tuple[Delivery, ...] = ()

    def occupied(
        self,
        strong: Collection[str],
        weak: Collection[str],
        weak_needed: int,
        permitted: Sequence[Sequence[Point]],
    ) -> tuple[Interval, ...]:
        """When enough evidence really stood on the ground that is not permitted.

        Args:
            strong: classes of which one is enough.
            weak: classes of which `weak_needed` are.
            weak_needed: how many.
            permitted: strips of the picture, normalised, on which things may stand.
        """
        strips = tuple(self._on_ground(strip) for strip in permitted)
        kinds = {*strong, *weak}
        past = [one for one in self.things if one.label in kinds and self._share(one, strips) >= LEAST_SHARE]
        edges = sorted({at for one in past for at in (one.start, one.end)})
        spans = []
        for start, end in pairwise(edges):
            now = [one.label for one in past if one.start <= start < one.end]
            if any(label in strong for label in now) or sum(label in weak for label in now) >= weak_needed:
                spans.append((start, end))
        return merged(spans)

    def _share(self, thing: Thing, strips: Sequence[tuple[Point, ...]]) -> int:
        """Permille of a footprint that lies on the ground and on no strip; as `truth.share_in` samples it."""
        (ax, ay), (bx, by), _, (dx, dy) = thing.footprint_mm
        x0, y0, x1, y1 = self.rect_mm
        inside = 0
        for i in range(GRID):
            for j in range(GRID):
                u, v = (i + 0.5) / GRID, (j + 0.5) / GRID
                x, y = ax + (bx - ax) * u + (dx - ax) * v, ay + (by - ay) * u + (dy - ay) * v
                held = x0 <= x <= x1 and y0 <= y <= y1
                inside += held and not any(_inside(strip, x, y) for strip in strips)
        return 1000 * inside // (GRID * GRID)

    def _on_ground(self, strip: Sequence[Point]) -> tuple[Point, ...]:
        """Corners of a strip of the picture in millimetres."""
        x0, y0, x1, y1 = self.rect_mm
        wide, deep = x1 - x0, y1 - y0
        a, b, c, d = ((1000 * x, 1000 * y) for x, y in self.polygon)
        plane = Plane((a, b, c, d), (wide, deep, wide, deep), round((wide**2 + deep**2) ** 0.5))
        on = (plane.on_ground(1000 * x, 1000 * y) for x, y in strip)
        return tuple((x0 + x, y0 + y) for x, y in on)


@dataclass(frozen=True, slots=True)
class CameraTruth:
    """One camera's street."""

    away: tuple[Interval, ...]  # nobody could have watched
    light: tuple[tuple[int, int], ...]  # (from then on, median grey level of the clear pavement), ascending
    zones: dict[str, ZoneTruth] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreetTruth:
    """Everything that really stood on the streets of a recording."""

    format: Literal[2]
    utc_minus_mono: int
    cameras: dict[str, CameraTruth] = field(default_factory=dict)


_TRUTH: TypeAdapter[StreetTruth] = TypeAdapter(StreetTruth)


def write_street_truth(path: Path, truth: StreetTruth) -> None:
    """The file that `read_street_truth` reads."""
    path.write_bytes(_TRUTH.dump_json(truth, indent=1))


def read_street_truth(path: Path) -> StreetTruth:
    """The street's truth of a recording.

    Raises:
        UsageError: it cannot be read, or is none of this form.
    """
    try:
        return _TRUTH.validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        key, what = first_fault(error)
        raise UsageError(
            f"{path}: no street truth of today's form: {key} {what}; "
            "one of an older program says too little: record the day again, or move the file away"
        ) from None


def _inside(polygon: Sequence[Point], x: float, y: float) -> bool:
    """By the even-odd rule."""
    held = False
    for (xa, ya), (xb, yb) in pairwise((*polygon, polygon[0])):
        if (ya > y) != (yb > y) and x < xa + (y - ya) * (xb - xa) / (yb - ya):
            held = not held
    return held
