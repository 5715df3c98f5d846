"""The layout of a recording in Rerun: what an engineer sees at a glance.

cameras ┃ loads and axles, a view a lane
────────┃ gross weights and speeds; matches
log     ┃ states: limits, matches, zones, parts, devices
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge_agent.viewing.inventory import Inventory
from edge_agent.viewing.things import Place
from edge_agent.viewing.words import LayoutWords

if TYPE_CHECKING:
    import rerun.blueprint as rrb

    Row = tuple[str, rrb.Container | rrb.View]  # what it is, and how it is drawn

# States worth a glance; the rest is in the recording too.
SHOWN_STATES = ("lanes", "zones", "parts", "devices")
SHARES = {"loads": 6, "crossings": 4, "dwell": 3, "states": 8}  # of the height
MARGIN = 0.02  # of the time axis, on both sides


def blueprint(inventory: Inventory, language: str) -> rrb.Blueprint:
    """The layout for what was seen; `language` is zh or en."""
    import rerun.blueprint as rrb  # noqa: PLC0415 - only who looks has it

    words = LayoutWords(language)
    left = _left(inventory, words)
    right = [*_lanes(inventory, words), *_zones(inventory, words), *_states(inventory, words)]
    shares = [SHARES[kind] for kind, _ in right]
    return rrb.Blueprint(
        rrb.Horizontal(
            left,
            rrb.Vertical(*(view for _, view in right), row_shares=shares),
            column_shares=[4, 5],
        )
        if right
        else left,
        rrb.BlueprintPanel(state="collapsed"),
        rrb.SelectionPanel(state="collapsed"),
        rrb.TimePanel(state="collapsed", timeline="utc" if inventory.utc else "box"),
    )


def _left(inventory: Inventory, words: LayoutWords) -> rrb.Vertical:
    import rerun.blueprint as rrb  # noqa: PLC0415 - only who looks has it

    log = rrb.TextLogView(
        origin="/log",
        name=words("log"),
        columns=rrb.TextLogColumns(timeline_columns=[], text_log_columns=["loglevel", "body"]),
    )
    screens = [_screen(screen, inventory, words) for screen in inventory.screens]
    if not screens:
        return rrb.Vertical(log)
    cameras = screens[0] if len(screens) == 1 else rrb.Grid(*screens, name=words("cameras"))
    return rrb.Vertical(cameras, log, row_shares=[3, 2])


def _screen(screen: Place, inventory: Inventory, words: LayoutWords) -> rrb.Spatial2DView:
    import rerun.blueprint as rrb  # noqa: PLC0415 - only who looks has it

    size = inventory.sizes.get(screen)
    bounds = rrb.VisualBounds2D(x_range=(0, size[0]), y_range=(0, size[1])) if size else None
    name = words.screen(*screen[1:])
    return rrb.Spatial2DView(origin=entity(*screen), name=name, visual_bounds=bounds)


def _lanes(inventory: Inventory, words: LayoutWords) -> Iterator[Row]:
    import rerun.blueprint as rrb  # noqa: PLC0415 - only who looks has it

    for lane in inventory.lanes:
        sensors = [entity(*place) for place in inventory.loads if place[1] == lane]
        axles = [entity("lanes", lane, "axle", "axle_t")]
        if sensors:
            yield (
                "loads",
                _plot(words("loads", lane=lane), [*sensors, *axles], inventory),
            )
        if ("lanes", lane, "crossing") in inventory.numbers:
            gross = [entity("lanes", lane, "crossing", name) for name in ("gross_t", "speed_kmh")]
            match = [entity("lanes", lane, "match", name) for name in ("best", "none")]
            yield (
                "crossings",
                rrb.Horizontal(
                    _plot(words("crossings", lane=lane), gross, inventory),
                    _plot(words("posteriors", lane=lane), match, inventory),
                ),
            )


def _zones(inventory: Inventory, words: LayoutWords) -> Iterator[Row]:
    dwells = [entity(*place, "dwell_s") for place in inventory.numbers if place[0] == "zones"]
    if dwells:
        yield "dwell", _plot(words("dwell"), dwells, inventory)


def _states(inventory: Inventory, words: LayoutWords) -> Iterator[Row]:
    import rerun.blueprint as rrb  # noqa: PLC0415 - only who looks has it

    shown = [entity(*place) for place in inventory.states if place[0] in SHOWN_STATES]
    if shown:
        contents = [f"+ {place}" for place in shown]
        yield (
            "states",
            rrb.StateTimelineView(
                origin="/", contents=contents, name=words("states"), time_view=_axis(inventory)
            ),
        )


def _plot(name: str, contents: list[str], inventory: Inventory) -> rrb.TimeSeriesView:
    import rerun.blueprint as rrb  # noqa: PLC0415 - only who looks has it

    return rrb.TimeSeriesView(
        origin="/",
        contents=[f"+ {place}" for place in contents],
        name=name,
        axis_x=_axis(inventory),
        plot_legend=rrb.PlotLegend(corner=rrb.Corner2D.LeftTop),
    )


def _axis(inventory: Inventory) -> rrb.TimeAxis:
    """Who zooms in one view zooms in all; a view whose link is taken off shows the whole recording.

    Until somebody zooms, linked views show their own data's range each (seen with 0.41): their common range
    cannot be set in a layout.
    """
    import rerun as rr  # noqa: PLC0415 - only who looks has it
    import rerun.blueprint as rrb  # noqa: PLC0415 - same
    from rerun.blueprint.components import LinkAxis  # noqa: PLC0415 - same

    first, last = inventory.span
    margin = int((last - first) * MARGIN)
    return rrb.TimeAxis(
        link=LinkAxis.LinkToGlobal,
        view_range=rr.TimeRange(
            start=rr.TimeRangeBoundary.absolute(seq=first - margin),
            end=rr.TimeRangeBoundary.absolute(seq=last + margin),
        ),
    )


def entity(*place: str) -> str:
    """Where a thing is filed; whatever a name holds stays one part of the path."""
    from rerun import new_entity_path  # noqa: PLC0415 - only who looks has it

    return new_entity_path(list(place))
