"""What is drawn over one camera's picture: out of the configuration, and back out of a form.

A street camera has zones (polygon, door line, tape measures) and masks; a camera of the road has a view of
each of its lanes (polygon, reading line). Coordinates are 0 to 1, origin top-left, as in the configuration.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.config.settings import SiteConfig
from edge_agent.console.edges import edges_of
from edge_agent.core.foreign_json import first_fault
from edge_agent.core.street.settings import MetricSettings, ZoneSettings
from edge_agent.errors import UsageError

MAX_LETTERS = 200_000  # of a drawing; 64 zones of 32 corners take half of it
MAX_SHAPES = 128
MAX_CORNERS = 64  # the settings say how many may be saved; a drawing may have more until then

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Point = tuple[Share, Share]
Ring = Annotated[tuple[Point, ...], Field(max_length=MAX_CORNERS)]
Word = Annotated[str, Field(max_length=64)]
Millimetres = Annotated[int, Field(ge=0, le=10_000_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tape(_Part):
    """Four points of the ground and what a tape says between them, millimetres; 0: not measured."""

    quad: Annotated[tuple[Point, ...], Field(min_length=4, max_length=4)]
    sides_mm: Annotated[tuple[Millimetres, ...], Field(min_length=4, max_length=4)] = (0, 0, 0, 0)
    diagonal_mm: Millimetres = 0
    """AC."""
    other_diagonal_mm: Millimetres = 0
    """BD: it only checks the others, and is not kept."""

    def settings(self) -> MetricSettings:
        """As the configuration holds it.

        Raises:
            ValidationError: no such patch of ground exists.
        """
        return MetricSettings(quad=self.quad, sides_mm=self.sides_mm, diagonal_mm=self.diagonal_mm or None)


class ZoneDrawn(_Part):
    """A stretch of public ground."""

    kind: Literal["zone"] = "zone"
    was: Word = ""
    """Its name in the configuration; empty: it is new."""
    name: Word
    rule: Word = ""
    shop: Word = ""
    polygon: Ring
    door: Annotated[
        tuple[Annotated[int, Field(ge=0, lt=MAX_CORNERS)], ...], Field(max_length=MAX_CORNERS)
    ] = ()
    """Edges of the polygon that are the door line; edge 2 goes from corner 2 to the next."""
    door_line: Ring = ()
    """A door line of the configuration that is no edge of the polygon."""
    permitted: Annotated[tuple[Ring, ...], Field(max_length=32)] = ()
    """Shown, not changed."""
    tape: Tape | None = None


class MaskDrawn(_Part):
    """Text that is burnt into the picture."""

    kind: Literal["mask"] = "mask"
    polygon: Ring


class ViewDrawn(_Part):
    """One lane as the camera sees it."""

    kind: Literal["view"] = "view"
    lane: Word
    polygon: Ring = ()
    line: Annotated[tuple[Point, ...], Field(max_length=2)] = ()


Shape = Annotated[ZoneDrawn | MaskDrawn | ViewDrawn, Field(discriminator="kind")]


class Drawing(_Part):
    """All that is drawn over one camera's picture."""

    shapes: Annotated[tuple[Shape, ...], Field(max_length=MAX_SHAPES)] = ()

    @property
    def zones(self) -> tuple[ZoneDrawn, ...]:
        """Its zones, in order."""
        return tuple(shape for shape in self.shapes if isinstance(shape, ZoneDrawn))

    @property
    def masks(self) -> tuple[MaskDrawn, ...]:
        """Its masks, in order."""
        return tuple(shape for shape in self.shapes if isinstance(shape, MaskDrawn))

    @property
    def views(self) -> tuple[ViewDrawn, ...]:
        """Its lanes, in order."""
        return tuple(shape for shape in self.shapes if isinstance(shape, ViewDrawn))


def is_street(config: SiteConfig, camera: str) -> bool:
    """Whether zones are drawn over its pictures; else lanes are."""
    return config.street is not None and camera in config.street.cameras


def drawing_of(config: SiteConfig, camera: str) -> Drawing:
    """What the configuration has of a camera that is in it."""
    if is_street(config, camera):
        assert config.street is not None
        chosen = config.street.cameras[camera]
        zones = [_zone_of(name, zone) for name, zone in chosen.zones.items()]
        return Drawing(shapes=(*zones, *(MaskDrawn(polygon=mask) for mask in chosen.scene.masks)))
    video = config.cameras[camera].video
    views = video.views if video else {}
    lanes = [lane for lane, one in config.lanes.items() if one.camera == camera or lane in views]
    return Drawing(
        shapes=tuple(
            ViewDrawn(lane=lane, polygon=views[lane].polygon, line=views[lane].line or ())
            if lane in views
            else ViewDrawn(lane=lane)
            for lane in lanes
        )
    )


def _zone_of(name: str, zone: ZoneSettings) -> ZoneDrawn:
    door = edges_of(zone.polygon, zone.door_line)
    metric = zone.metric
    return ZoneDrawn(
        was=name,
        name=name,
        rule=zone.rule,
        shop=zone.shop,
        polygon=zone.polygon,
        door=door,
        door_line=() if door else zone.door_line,
        permitted=zone.permitted,
        tape=Tape(quad=metric.quad, sides_mm=metric.sides_mm, diagonal_mm=metric.diagonal_mm or 0)
        if metric
        else None,
    )


def parse(text: str) -> Drawing:
    """A drawing out of a form.

    Raises:
        UsageError: it is none, or larger than anybody draws.
    """
    if len(text) > MAX_LETTERS:
        raise UsageError(f"a drawing of {len(text)} letters; at most {MAX_LETTERS}")
    try:
        return Drawing.model_validate(json.loads(text, parse_constant=_no_number))
    except ValidationError as error:
        where, what = first_fault(error)
        raise UsageError(f"no drawing: {where}: {what}"[:300]) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"no drawing: {error}"[:300]) from error


def _no_number(said: str) -> NoReturn:
    raise ValueError(f"{said} is no coordinate")


def as_json(drawing: Drawing) -> str:
    """For the form."""
    return drawing.model_dump_json()


def point_as_written(point: tuple[float, float]) -> list[Any]:
    """A point as it is written into the configuration: a tenth of a thousandth is less than half a pixel."""
    return [int(share) if share in (0.0, 1.0) else share for share in (round(part, 4) for part in point)]
