"""What is to be said of a drawing while it is drawn, and what it measures. Nothing is changed here.

The settings' own checks have the last word (`zones.py` runs them over the whole file); these say the same
earlier, shape by shape, in the technician's language, and what no setting knows: a crossing outline, ground
that two shops share.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from pydantic import ValidationError

from edge_agent.config.settings import SiteConfig
from edge_agent.console import edges
from edge_agent.console.drawing import Drawing, Shape, Tape, ViewDrawn, ZoneDrawn
from edge_agent.core.street.plane import Plane
from edge_agent.core.street.settings import DEPTH_MIN

XY = tuple[float, float]
Line = tuple[float, float, float, float]

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
MIN_AREA = 0.001  # of the picture, as the settings ask
MAX_CORNERS, MAX_DOOR_POINTS = 32, 8  # same
MAX_SIDE_MM, MAX_DIAGONAL_MM = 100_000, 150_000  # same
# A tape is read to a centimetre or two; what is further off is another length, or another corner.
TAPE_PERMILLE, TAPE_MM = 20, 30
GRID_LINES = 40  # each way


@dataclass(frozen=True, slots=True)
class Hint:
    """Something to be said. `key` names its text; `error`: as it is it cannot be saved."""

    level: Literal["error", "warning", "info"]
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a zone with tape measures comes to."""

    area_m2: float
    door_m: float  # length of the door line; 0: there is none
    patch_m2: float  # of the four points
    other_diagonal_mm: int  # BD, as the other five lengths have it
    residual_mm: int | None  # of BD; None: it was not measured
    grid: tuple[Line, ...]  # a metre apart where there is room, 0 to 1


@dataclass(frozen=True, slots=True)
class Judged:
    """One shape."""

    hints: tuple[Hint, ...]
    measured: Measured | None = None

    @property
    def good(self) -> bool:
        """Whether it can be saved."""
        return all(hint.level != "error" for hint in self.hints)


def judged(drawing: Drawing, config: SiteConfig, others: Mapping[str, str]) -> tuple[Judged, ...]:
    """Every shape of a drawing, in its order.

    Args:
        drawing: of one camera.
        config: the site, for its rules, shops and lanes.
        others: camera of each zone of the other cameras: names are unique over all of them.
    """
    return tuple(_judged(shape, drawing, config, others) for shape in drawing.shapes)


def _judged(shape: Shape, drawing: Drawing, config: SiteConfig, others: Mapping[str, str]) -> Judged:
    hints = list(_outline(shape.polygon))
    if isinstance(shape, ViewDrawn):
        hints = hints if shape.polygon or shape.line else []
        return Judged((*hints, *_reading_line(shape)))
    if not isinstance(shape, ZoneDrawn):
        return Judged(tuple(hints))
    hints += _names(shape, drawing, config, others)
    hints += _door(shape)
    hints += _beside(shape, drawing)
    measured = None
    if shape.tape is not None:
        found, measured = _tape(shape, shape.tape)
        hints += found
    return Judged(tuple(hints), measured)


def _outline(polygon: Sequence[XY]) -> Iterator[Hint]:
    if len(polygon) < 3:
        yield Hint("error", "hint_few")
    elif len(polygon) > MAX_CORNERS:
        yield Hint("error", "hint_many", {"most": MAX_CORNERS})
    elif edges.crosses_itself(polygon):
        yield Hint("error", "hint_crossing")
    elif edges.area(polygon) < MIN_AREA:
        yield Hint("error", "hint_small")


def _reading_line(view: ViewDrawn) -> Iterator[Hint]:
    if len(view.line) == 1:
        yield Hint("error", "hint_line_one")
    elif view.line and abs(view.line[0][0] - view.line[1][0]) < 0.02:
        yield Hint("error", "hint_line_short")


def _names(
    zone: ZoneDrawn, drawing: Drawing, config: SiteConfig, others: Mapping[str, str]
) -> Iterator[Hint]:
    street = config.street
    assert street is not None
    if zone.name != zone.was and not ID.fullmatch(zone.name):
        yield Hint("error", "hint_name")
    if sum(one.name == zone.name for one in drawing.zones) > 1:
        yield Hint("error", "hint_name_twice", {"name": zone.name})
    if zone.name in others:
        yield Hint("error", "hint_name_elsewhere", {"name": zone.name, "camera": others[zone.name]})
    if zone.rule not in street.rules:
        yield Hint("error", "hint_rule")
    if zone.shop and zone.shop not in street.shops:
        yield Hint("error", "hint_shop", {"shop": zone.shop})


def _door(zone: ZoneDrawn) -> Iterator[Hint]:
    if not zone.door and zone.door_line:
        yield Hint("warning", "hint_door_elsewhere")
        return
    try:
        line = edges.line_of(zone.polygon, zone.door)
    except ValueError:
        yield Hint("error", "hint_door_broken")
        return
    if not line:
        yield Hint("info", "hint_door_none")
    elif len(line) > MAX_DOOR_POINTS:
        yield Hint("error", "hint_door_long", {"most": MAX_DOOR_POINTS - 1})


def _beside(zone: ZoneDrawn, drawing: Drawing) -> Iterator[Hint]:
    for other in drawing.zones:
        if other is zone or other.shop == zone.shop or min(len(zone.polygon), len(other.polygon)) < 3:
            continue
        if edges.overlap(zone.polygon, other.polygon):
            yield Hint("warning", "hint_overlap", {"name": other.name})


def _tape(zone: ZoneDrawn, tape: Tape) -> tuple[list[Hint], Measured | None]:
    if not all(tape.sides_mm):
        return [Hint("error", "hint_tape_sides")], None
    if max(tape.sides_mm) > MAX_SIDE_MM or tape.diagonal_mm > MAX_DIAGONAL_MM:
        return [Hint("error", "hint_tape_long", {"metres": MAX_SIDE_MM // 1000})], None
    try:
        plane = tape.settings().plane()
    except ValidationError as error:
        said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        key = "hint_tape_quad" if said.startswith("quad") else "hint_tape_wrong"
        return [Hint("error", key, {"said": said})], None
    line = edges.line_of(zone.polygon, zone.door) if _fits(zone) else ()
    outline = [(1000 * x, 1000 * y) for x, y in (*zone.polygon, *line)]
    if any(plane.depth(*point) < DEPTH_MIN for point in outline):
        return [Hint("error", "hint_tape_horizon")], None
    measured = _measured(zone, line, tape, plane)
    return list(_tape_hints(tape, measured)), measured


def _fits(zone: ZoneDrawn) -> bool:
    return not any(hint.level == "error" for hint in _door(zone))


def _tape_hints(tape: Tape, measured: Measured) -> Iterator[Hint]:
    if not tape.diagonal_mm:
        yield Hint("warning", "hint_tape_right_angle")
    if measured.residual_mm is None:
        return
    allowed = max(TAPE_MM, measured.other_diagonal_mm * TAPE_PERMILLE // 1000)
    off = abs(measured.residual_mm)
    values = {"off": off, "computed": measured.other_diagonal_mm, "allowed": allowed}
    yield (
        Hint("error", "hint_tape_residual", values)
        if off > allowed
        else Hint("info", "hint_tape_agrees", values)
    )


def _measured(zone: ZoneDrawn, line: Sequence[XY], tape: Tape, plane: Plane) -> Measured:
    def ground(points: Sequence[XY]) -> list[XY]:
        return [plane.on_ground(1000 * x, 1000 * y) for x, y in points]

    outline, patch, door = ground(zone.polygon), ground(tape.quad), ground(line)
    computed = round(math.dist(patch[1], patch[3]))
    return Measured(
        area_m2=edges.area(outline) / 1e6 if len(outline) >= 3 else 0.0,
        door_m=sum(math.dist(a, b) for a, b in pairwise(door)) / 1000,
        patch_m2=edges.area(patch) / 1e6,
        other_diagonal_mm=computed,
        residual_mm=tape.other_diagonal_mm - computed if tape.other_diagonal_mm else None,
        grid=tuple(_grid(plane, [*outline, *patch])),
    )


def _grid(plane: Plane, ground: Sequence[XY]) -> Iterator[Line]:
    """Lines along both sides of the patch, as far as the zone goes."""
    (left, right), (near, far) = ((min(v), max(v)) for v in zip(*ground, strict=True))
    longest = max(right - left, far - near)
    step = next(s for s in (1_000, 2_000, 5_000, 10_000, 100_000, longest) if longest / s <= GRID_LINES)
    for x in _ticks(left, right, step):
        yield from _drawn(plane, (x, near), (x, far))
    for y in _ticks(near, far, step):
        yield from _drawn(plane, (left, y), (right, y))


def _ticks(low: float, high: float, step: float) -> Iterator[float]:
    first = math.ceil(low / step)
    for k in range(GRID_LINES + 2):
        if (first + k) * step <= high:
            yield (first + k) * step


def _drawn(plane: Plane, a: XY, b: XY) -> Iterator[Line]:
    """A straight line of the ground is one in the picture, where both ends are before the horizon."""
    start, end = plane.in_picture(*a), plane.in_picture(*b)
    if start and end and min(plane.depth(*start), plane.depth(*end)) >= DEPTH_MIN / 2:
        (x0, y0), (x1, y1) = start, end
        yield (round(x0 / 1000, 4), round(y0 / 1000, 4), round(x1 / 1000, 4), round(y1 / 1000, 4))
