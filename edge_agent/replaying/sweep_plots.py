"""A sweep as a picture: lines over one setting, maps over two. Needs the `plots` extra."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import matplotlib as mpl

from edge_agent.replaying.grid import Axis
from edge_agent.replaying.street_truth import StreetScore
from edge_agent.replaying.sweep import Tally
from edge_agent.replaying.truth import Score

Metric = Callable[[Tally], float | None]

COUNTED: dict[str, Metric] = {
    "over a limit": lambda one: one.over,
    "matched": lambda one: one.matched,
    "ambiguous": lambda one: one.ambiguous,
    "unmatched": lambda one: one.unmatched,
    "street cases": lambda one: one.street_cases,
    "suspects": lambda one: one.suspects,
}
SCORED: dict[str, Metric] = {
    "overweight: precision": lambda one: _percent(one, lambda score: score.over_precision),
    "overweight: recall": lambda one: _percent(one, lambda score: score.over_recall),
    "plates: precision": lambda one: _percent(one, lambda score: score.plate_precision),
    "plates: recall": lambda one: _percent(one, lambda score: score.plate_recall),
}
STREET: dict[str, Metric] = {
    "street: precision": lambda one: _street_percent(one, lambda score: score.precision),
    "street: recall": lambda one: _street_percent(one, lambda score: score.recall),
}
STYLES = ("o-", "s--", "^-.", "d:", "v-", "x--")  # what lies over each other is still told apart
LONGEST = 40  # letters of a value under an axis
MOST_NUMBERS = 120  # cells with their number in them


def draw(axes: Sequence[Axis], found: Sequence[Tally], title: str, path: Path) -> None:
    """Lines where one axis has several values, maps where two have; the rest is fixed.

    Args:
        axes: those with more than one value, one or two.
        found: of every combination, the last axis fastest.
        title: above everything.
        path: of the PNG.
    """
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend was chosen

    figure = _lines(plt, axes[0], found) if len(axes) == 1 else _maps(plt, axes[0], axes[1], found)
    figure.suptitle(title, fontsize=11)
    figure.tight_layout(rect=(0, 0, 1, 0.99))
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _lines(plt: Any, axis: Axis, found: Sequence[Tally]) -> Any:
    panels = [("count", _telling(COUNTED, found))]
    if shares := _shares(found):
        panels.append(("%", shares))
    figure, places = plt.subplots(1, len(panels), figsize=(6.5 * len(panels), 4.5), squeeze=False)
    at, labels = _positions(axis)
    for panel, (unit, metrics) in zip(places[0], panels, strict=True):
        for style, (name, metric) in zip(STYLES, metrics.items(), strict=False):
            panel.plot(at, [_number(metric(one)) for one in found], style, label=name, alpha=0.8)
        panel.set_xlabel(axis.key)
        panel.set_ylabel(unit)
        if labels:
            panel.set_xticks(at, labels, rotation=20, ha="right")
        if unit == "%":
            panel.set_ylim(-2, 104)
        else:
            panel.set_ylim(bottom=0)
            panel.yaxis.get_major_locator().set_params(integer=True)
        panel.grid(visible=True, alpha=0.3)
        panel.legend(fontsize=9)
    return figure


def _maps(plt: Any, rows: Axis, columns: Axis, found: Sequence[Tally]) -> Any:
    shares = _shares(found)
    scored = bool(shares)
    metrics = _telling(shares or COUNTED, found)
    width = min(2, len(metrics))
    height = -(-len(metrics) // width)
    figure, places = plt.subplots(height, width, figsize=(6.5 * width, 4.5 * height), squeeze=False)
    across, down = len(columns.values), len(rows.values)
    for panel, (name, metric) in zip(places.flat, metrics.items(), strict=False):
        cells = [[_number(metric(found[r * across + c])) for c in range(across)] for r in range(down)]
        top = 100 if scored else None
        image = panel.imshow(cells, aspect="auto", origin="lower", cmap="viridis", vmin=0, vmax=top)
        panel.set_xticks(range(across), [_short(v) for v in columns.values], rotation=20)
        panel.set_yticks(range(down), [_short(v) for v in rows.values])
        panel.set_xlabel(columns.key, fontsize=8)
        panel.set_ylabel(rows.key, fontsize=8)
        panel.set_title(f"{name}, %" if scored else name)
        figure.colorbar(image, ax=panel)
        if across * down <= MOST_NUMBERS:
            _numbers(panel, image, cells)
    for panel in list(places.flat)[len(metrics) :]:
        panel.axis("off")
    return figure


def _numbers(panel: Any, image: Any, cells: Sequence[Sequence[float]]) -> None:
    """Each cell's number, dark on light and light on dark; a dash for a share of nothing."""
    for r, row in enumerate(cells):
        for c, value in enumerate(row):
            nothing = isnan(value)
            text = "-" if nothing else f"{value:.1f}".removesuffix(".0")
            dark = not nothing and image.norm(value) < 0.6
            panel.text(c, r, text, ha="center", va="center", color="white" if dark else "black")


def _shares(found: Sequence[Tally]) -> dict[str, Metric]:
    """Those that there is a truth of."""
    bridge = SCORED if any(one.score for one in found) else {}
    return bridge | (STREET if any(one.street for one in found) else {})


def _telling(metrics: dict[str, Metric], found: Sequence[Tally]) -> dict[str, Metric]:
    """Those that are anything at all; all of them where none is."""
    telling = {name: metric for name, metric in metrics.items() if any(metric(one) for one in found)}
    return telling or metrics


def _positions(axis: Axis) -> tuple[list[float], list[str]]:
    """Where the values stand, and what is written under them; nothing where they are numbers."""
    try:
        return [float(value) for value in axis.values], []
    except ValueError:
        return [float(n) for n in range(len(axis.values))], [_short(value) for value in axis.values]


def _short(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[:LONGEST]} ..."


def _percent(found: Tally, share: Callable[[Score], float | None]) -> float | None:
    value = share(found.score) if found.score else None
    return None if value is None else 100 * value


def _street_percent(found: Tally, share: Callable[[StreetScore], float | None]) -> float | None:
    value = share(found.street) if found.street else None
    return None if value is None else 100 * value


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
