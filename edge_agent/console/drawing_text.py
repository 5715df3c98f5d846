"""A drawing put into the configuration's text. What was not moved is not written anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_agent.config.document import Loc
from edge_agent.config.edit import GONE, value_at, with_value, without
from edge_agent.config.settings import SiteConfig
from edge_agent.console.drawing import Drawing, ZoneDrawn, is_street, point_as_written
from edge_agent.console.edges import line_of
from edge_agent.errors import UsageError

XY = tuple[float, float]


def drawn_into(text: str, config: SiteConfig, camera: str, drawing: Drawing) -> str:
    """The text with the drawing in the place of what it had of the camera.

    Args:
        text: of the configuration.
        config: what the text says.
        camera: one that is in it.
        drawing: new.

    Raises:
        UsageError: two zones have one name, or the text cannot be changed safely.
    """
    if is_street(config, camera):
        return _Street(text, ("street", "cameras", camera)).drawn(drawing)
    views: Loc = ("cameras", camera, "video", "views")
    for view in drawing.views:
        loc: Loc = (*views, view.lane)
        if not view.polygon and not view.line:
            text = without(text, loc)
            continue
        text = _with_points(text, (*loc, "polygon"), view.polygon)
        text = _with_points(text, (*loc, "line"), view.line)
    return text


class _Street:
    """One camera's zones and masks."""

    def __init__(self, text: str, camera: Loc) -> None:
        self._text = text
        self._zones: Loc = (*camera, "zones")
        self._masks: Loc = (*camera, "scene", "masks")

    def drawn(self, drawing: Drawing) -> str:
        names = [zone.name for zone in drawing.zones]
        if len(set(names)) < len(names):
            raise UsageError("two zones have the same name")
        present = value_at(self._text, self._zones)
        present = present if isinstance(present, dict) else {}
        before = {zone.name: present.get(zone.was, {}) for zone in drawing.zones}
        for zone in drawing.zones:
            self._put(zone, before[zone.name])
        for name in present.keys() - set(names):
            self._text = without(self._text, (*self._zones, name))
        self._put_masks([mask.polygon for mask in drawing.masks])
        return self._text

    def _put(self, zone: ZoneDrawn, before: dict[str, Any]) -> None:
        loc: Loc = (*self._zones, zone.name)
        if zone.name != zone.was and before:  # what is not drawn goes along with the name
            self._text = with_value(self._text, loc, before)
        self._set((*loc, "rule"), zone.rule)
        self._set((*loc, "shop"), zone.shop)
        self._text = _with_points(self._text, (*loc, "polygon"), zone.polygon)
        line = line_of(zone.polygon, zone.door) if zone.door else zone.door_line
        self._text = _with_points(self._text, (*loc, "door_line"), line)
        if zone.tape is None:
            self._text = without(self._text, (*loc, "metric"))
            return
        metric: Loc = (*loc, "metric")
        self._text = _with_points(self._text, (*metric, "quad"), zone.tape.quad)
        self._text = with_value(self._text, (*metric, "sides_mm"), list(zone.tape.sides_mm))
        if zone.tape.diagonal_mm:
            self._text = with_value(self._text, (*metric, "diagonal_mm"), zone.tape.diagonal_mm)
        else:
            self._text = without(self._text, (*metric, "diagonal_mm"))

    def _set(self, loc: Loc, word: str) -> None:
        self._text = with_value(self._text, loc, word) if word else without(self._text, loc)

    def _put_masks(self, masks: Sequence[Sequence[XY]]) -> None:
        present = value_at(self._text, self._masks)
        if not masks:
            if present not in (GONE, []):
                self._text = without(self._text, self._masks)
            return
        wanted = [[point_as_written(point) for point in mask] for mask in masks]
        if not _same(present, masks):
            self._text = with_value(self._text, self._masks, wanted)


def _with_points(text: str, loc: Loc, points: Sequence[XY]) -> str:
    if not points:
        return without(text, loc)
    present = value_at(text, loc)
    if _same(present, points):
        return text
    return with_value(text, loc, [point_as_written(point) for point in points])


def _same(present: Any, wanted: Any) -> bool:
    """The same numbers, however they are written."""
    if isinstance(wanted, list | tuple):
        return isinstance(present, list) and len(present) == len(wanted) and all(map(_same, present, wanted))
    return isinstance(present, int | float) and float(present) == float(wanted)
