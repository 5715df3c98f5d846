"""All gross weights over time against the limit, as an SVG drawing: a dot a crossing, its interval a bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from edge_agent.report.line_plot import Axis
from edge_agent.report.trace_plot import ticks

WIDTH, HEIGHT = 900, 250
LEFT, RIGHT, TOP, BOTTOM = 108, 16, 26, 40  # as the zones' drawing, so that times stand under each other
TONES = {"bad": "#b3261e", "good": "#1f7a3d", "warn": "#9a6700", "soft": "#5b6875"}
MOST = 4_000  # dots: more are thinned to the heaviest of each column


@dataclass(frozen=True, slots=True)
class Dot:
    """One crossing that has a gross weight."""

    at: int  # ns
    tonnes: float
    interval: float  # half of it, tonnes
    tone: str
    words: str
    link: str  # of its case; empty: none


def draw_gross(dots: Sequence[Dot], limits: Sequence[float], axis: Axis, title: str, tonnes: str) -> str:
    """An `<svg>` element; empty without a dot.

    Args:
        dots: in order of time.
        limits: tonnes; each is a line across.
        axis: from when to when.
        title: of the drawing.
        tonnes: what the upright axis shows.
    """
    if not dots:
        return ""
    shown = _thinned(dots, axis) if len(dots) > MOST else dots
    high = max(*(dot.tonnes + dot.interval for dot in shown), *limits, 1.0) * 1.08
    foot = HEIGHT - BOTTOM

    def y(value: float) -> float:
        return foot - value / high * (foot - TOP)

    right = WIDTH - RIGHT
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg" class="trace">',
        f"<title>{escape(title)}</title>",
        *(_level(mark, y(mark), right) for mark in ticks(0.0, high, 6)),
        *(_limit(limit, y(limit), right) for limit in limits),
        *(_dot(dot, axis.x(dot.at), y) for dot in shown),
        f'<text x="6" y="16">{escape(tonnes)}</text>',
        *axis.marks(foot),
        "</svg>",
    ]
    return "\n".join(parts)


def _level(tonnes: float, y: float, right: int) -> str:
    return (
        f'<line x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tonnes:g}</text>'
    )


def _limit(tonnes: float, y: float, right: int) -> str:
    return (
        f'<line x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#b3261e" stroke-width="1.4" '
        'stroke-dasharray="7 4"/>'
        f'<text x="{right - 4}" y="{y - 4:.1f}" text-anchor="end">限值 limit {tonnes:g} t</text>'
    )


def _dot(dot: Dot, x: float, place: Callable[[float], float]) -> str:
    colour = TONES[dot.tone]
    drawn = (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{place(dot.tonnes - dot.interval):.1f}" '
        f'y2="{place(dot.tonnes + dot.interval):.1f}" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{place(dot.tonnes):.1f}" r="3.6" fill="{colour}">'
        f"<title>{escape(dot.words)}</title></circle>"
    )
    return f'<a href="#{escape(dot.link)}">{drawn}</a>' if dot.link else drawn


def _thinned(dots: Sequence[Dot], axis: Axis) -> list[Dot]:
    """The heaviest of each pixel column, and every one with a case."""
    best: dict[int, Dot] = {}
    for dot in dots:
        column = int(axis.x(dot.at))
        if column not in best or dot.tonnes > best[column].tonnes:
            best[column] = dot
    chosen = [dot for dot in dots if dot.link or best[int(axis.x(dot.at))] is dot]
    return sorted(chosen, key=lambda dot: dot.at)
