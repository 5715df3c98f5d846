"""The layout of a recording in Foxglove: the same glance as in Rerun.

The panels are written with the SDK's own classes (`foxglove.layouts`), and handed out in the form that the
application exports and imports ("Import from file..."): panels by id, and a tree of splits in two. An id
begins with the panel's type, of which one has another name in such files than in the SDK.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edge_agent.viewing import colours
from edge_agent.viewing.foxglove_file import LOG_TOPIC, topic
from edge_agent.viewing.inventory import Inventory
from edge_agent.viewing.things import Place
from edge_agent.viewing.words import LayoutWords
from edge_agent.web.words import ENGLISH

if TYPE_CHECKING:
    from foxglove import layouts as fl

PLAIN = re.compile(r"[A-Za-z0-9_/-]+$")
SHOWN_STATES = ("lanes", "zones", "parts", "devices")
OLD_NAMES = {"Log": "RosOut"}  # the SDK's type of a panel -> the application's, where they differ


def layout(inventory: Inventory, language: str = ENGLISH) -> str:
    """JSON of the layout for what was seen, as the application imports it; `language` is zh or en."""
    from foxglove import layouts as fl  # noqa: PLC0415 - only who looks has it

    words = LayoutWords(language)
    log = fl.LogPanel(config=fl.LogConfig(topic_to_render=LOG_TOPIC), title=words("log"))
    left = [*_cameras(inventory, words), log]
    right = [*_lanes(inventory, words), *_dwell(inventory, words), *_states(inventory, words)]
    columns = [_column(panels) for panels in (left, right) if panels]
    whole = fl.Layout(
        content=fl.SplitContainer(direction="row", items=[fl.SplitItem(content=c) for c in columns])
    )
    return json.dumps(exported(json.loads(whole.to_json())), ensure_ascii=False, indent=1) + "\n"


def exported(written: dict[str, Any]) -> dict[str, Any]:
    """The SDK's tree of panels in the form of the application's files."""
    panels: dict[str, Any] = {}
    tree = _tree(written["content"], panels)
    return {
        "configById": panels,
        "globalVariables": {},
        "userNodes": {},
        "playbackConfig": {"speed": 1},
        "layout": tree,
    }


def _tree(node: dict[str, Any], panels: dict[str, Any]) -> Any:
    if node["type"] == "panel":
        kind = node["panelType"]
        name = f"{OLD_NAMES.get(kind, kind)}!edge{len(panels)}"
        panels[name] = {**node["config"], "foxglovePanelTitle": node["title"]}
        return name
    items = [(_tree(item["content"], panels), item["proportion"]) for item in node["items"]]
    return _split(items, node["direction"])


def _split(items: Sequence[tuple[Any, float]], direction: str) -> Any:
    """Many side by side as a chain of splits in two."""
    (first, share), *rest = items
    if not rest:
        return first
    percentage = 100 * share / (share + sum(proportion for _, proportion in rest))
    return {
        "direction": direction,
        "first": first,
        "second": _split(rest, direction),
        "splitPercentage": round(percentage, 1),
    }


def _column(panels: Sequence[fl.BasePanel]) -> fl.SplitContainer:
    """One above the other; states need twice the room of a plot."""
    from foxglove import layouts as fl  # noqa: PLC0415 - only who looks has it

    return fl.SplitContainer(
        direction="column",
        items=[
            fl.SplitItem(content=panel, proportion=2 if isinstance(panel, fl.StateTransitionsPanel) else 1)
            for panel in panels
        ],
    )


def _cameras(inventory: Inventory, words: LayoutWords) -> list[fl.BasePanel]:
    from foxglove import layouts as fl  # noqa: PLC0415 - only who looks has it

    panels: list[fl.BasePanel] = []
    for screen in inventory.screens:
        image = topic(*screen) if screen in inventory.videos else topic(*screen, "picture")
        shown = fl.ImageAnnotationSettings(visible=True)
        layers = {topic(*screen, layer): shown for layer in inventory.layers.get(screen, {})}
        mode = fl.ImageModeConfig(image_topic=image, annotations=layers)
        title = words.screen(*screen[1:])
        panels.append(fl.ImagePanel(config=fl.ImageConfig(image_mode=mode, synchronize=False), title=title))
    return panels


def _lanes(inventory: Inventory, words: LayoutWords) -> list[fl.BasePanel]:
    panels: list[fl.BasePanel] = []
    for lane in inventory.lanes:
        loads = [
            _series(place, "tonnes", f"{place[-1]} t", colours.SERIES[n % len(colours.SERIES)])
            for n, place in enumerate(place for place in inventory.loads if place[1] == lane)
        ]
        if loads:
            axles = _series(("lanes", lane, "axle"), "axle_t", words("axle"), colours.AXLE, line=False)
            panels.append(_plot(words("loads", lane=lane), [*loads, axles]))
        if ("lanes", lane, "crossing") in inventory.numbers:
            crossing = ("lanes", lane, "crossing")
            gross = _series(crossing, "gross_t", words("gross"), colours.GROSS, line=False)
            speed = _series(crossing, "speed_kmh", words("speed"), colours.SERIES[0], line=False)
            match = ("lanes", lane, "match")
            best = _series(match, "best", words("best"), colours.SERIES[2], line=False)
            panels.append(_plot(words("crossings_and_match", lane=lane), [gross, speed, best]))
    return panels


def _dwell(inventory: Inventory, words: LayoutWords) -> list[fl.BasePanel]:
    zones = [place for place in inventory.numbers if place[0] == "zones"]
    series = [
        _series(place, "dwell_s", place[1], colours.SERIES[n % len(colours.SERIES)], step=True)
        for n, place in enumerate(zones)
    ]
    return [_plot(words("dwell"), series)] if series else []


def _states(inventory: Inventory, words: LayoutWords) -> list[fl.BasePanel]:
    from foxglove import layouts as fl  # noqa: PLC0415 - only who looks has it

    paths = [
        fl.StateTransitionsSeries(
            value=path(place, "state"),
            label=" ".join(place[1:]),
            enabled=True,
            timestamp_method="receiveTime",
            custom_states=fl.StateTransitionsDiscreteCustomStates(states=_coloured(states, words)),
        )
        for root in SHOWN_STATES
        for place, states in inventory.states.items()
        if place[0] == root
    ]
    if not paths:
        return []
    return [
        fl.StateTransitionsPanel(
            config=fl.StateTransitionsConfig(paths=paths, is_synced=True), title=words("states")
        )
    ]


def _coloured(states: dict[str, None], words: LayoutWords) -> list[fl.StateTransitionsDiscreteCustomState]:
    from foxglove import layouts as fl  # noqa: PLC0415 - only who looks has it

    return [
        fl.StateTransitionsDiscreteCustomState(
            value=state,
            label=words.state(state),
            color=colours.hexadecimal(colours.STATES.get(state, colours.OTHER)),
        )
        for state in states
        if state
    ]


def _plot(title: str, series: list[fl.PlotSeries]) -> fl.PlotPanel:
    from foxglove import layouts as fl  # noqa: PLC0415 - only who looks has it

    config = fl.PlotConfig(
        paths=series,
        is_synced=True,
        x_axis_val="timestamp",
        show_legend=True,
        legend_display="floating",
        show_x_axis_labels=True,
        show_y_axis_labels=True,
    )
    return fl.PlotPanel(config=config, title=title)


def _series(
    place: Place, name: str, label: str, colour: colours.RGB, *, line: bool = True, step: bool = False
) -> fl.PlotSeries:
    from foxglove import layouts as fl  # noqa: PLC0415 - only who looks has it

    return fl.PlotSeries(
        value=path(place, name),
        label=label,
        color=colours.hexadecimal(colour),
        enabled=True,
        show_line=line,
        line_interpolation="step" if step else None,
        timestamp_method="receiveTime",
    )


def path(place: Place, field: str) -> str:
    """A field of a topic as panels name it; a topic with other than plain letters stands in quotes.

    >>> path(("zones", "east 1", "state"), "state")
    '"/zones/east 1/state".state'
    """
    name = topic(*place)
    return f"{name}.{field}" if PLAIN.match(name) else f"{json.dumps(name, ensure_ascii=False)}.{field}"
