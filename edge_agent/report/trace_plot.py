"""The weigh trace as an SVG drawing: load on each sensor over time, every axle marked.

Drawn by hand rather than by a plotting library: the daemon's box has none, and an SVG of two lines
stays sharp in a browser and weighs a few kilobytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 900, 280
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 46, 34
MAX_POINTS = 900  # one a pixel column: more cannot be seen
COLOURS = ("#2f6fb0", "#c4682b", "#4f8f4f", "#7a5fa0")


@dataclass(frozen=True, slots=True)
class Line:
    """One sensor's load: `seconds` float64 (n,), relative to the first axle; `tonnes` float64 (n,)."""

    name: str
    seconds: npt.NDArray[np.float64]
    tonnes: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mark:
    """An axle: when its plateau was centred on the first sensor, and what it weighed."""

    seconds: float
    label: str
    below: str = ""  # a second line: its interval


@dataclass(frozen=True, slots=True)
class Window:
    """The samples that tell one axle's load on one sensor, and that load."""

    line: int  # index of the sensor's line
    start: float  # seconds
    end: float
    tonnes: float
    words: str  # shown where a mouse rests on it


def draw_trace(
    lines: Sequence[Line],
    marks: Sequence[Mark],
    title: str,
    seconds: str,
    tonnes: str,
    *,
    windows: Sequence[Window] = (),
) -> str:
    """An `<svg>` element. The axes start at the first sample and at or below zero load.

    Each window is a shaded bar in its line's colour, as high as the load that was told from it.
    """
    drawn = [line for line in lines if len(line.seconds)]
    if not drawn:
        return ""
    first = min(float(line.seconds[0]) for line in drawn)
    last = max(float(line.seconds[-1]) for line in drawn)
    low = min(0.0, *(float(line.tonnes.min()) for line in drawn))
    high = max(1.0, *(float(line.tonnes.max()) for line in drawn)) * 1.08
    axes = _Axes(first, max(last, first + 0.001), low, high)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg" class="trace">',
        f"<title>{escape(title)}</title>",
        *_grid(axes, seconds, tonnes),
        *(_window(axes, window) for window in windows),
        *(_polyline(axes, line, COLOURS[i % len(COLOURS)]) for i, line in enumerate(drawn)),
        *(_mark(axes, mark) for mark in marks),
        *_legend(drawn),
        "</svg>",
    ]
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class _Axes:
    first: float
    last: float
    low: float
    high: float

    def x(self, second: float) -> float:
        return LEFT + (second - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)

    def y(self, tonne: float) -> float:
        return HEIGHT - BOTTOM - (tonne - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def _grid(axes: _Axes, seconds: str, tonnes: str) -> list[str]:
    out = []
    for tonne in ticks(axes.low, axes.high, 5):
        y = axes.y(tonne)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tonne:g}</text>')
    for second in ticks(axes.first, axes.last, 8):
        x = axes.x(second)
        out.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{second:g}</text>')
    out.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{escape(seconds)}</text>')
    out.append(f'<text x="6" y="16">{escape(tonnes)}</text>')
    return out


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from low to high, steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / about
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= rough)
    return [round(step * k, 6) for k in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def _polyline(axes: _Axes, line: Line, colour: str) -> str:
    """The line with, in each pixel column, its lowest and highest point, so that no peak is lost."""
    count = len(line.seconds)
    per_bin = max(1, -(-count // MAX_POINTS))
    points = []
    for start in range(0, count, per_bin):
        chunk = line.tonnes[start : start + per_bin]
        order = sorted({int(chunk.argmin()), int(chunk.argmax())})
        points += [f"{axes.x(line.seconds[start + i]):.1f},{axes.y(chunk[i]):.1f}" for i in order]
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="1.4"/>'


def _window(axes: _Axes, window: Window) -> str:
    left, right = (max(axes.x(axes.first), axes.x(at)) for at in (window.start, window.end))
    top, foot = axes.y(window.tonnes), axes.y(0.0)
    colour = COLOURS[window.line % len(COLOURS)]
    return (
        f'<rect x="{left:.1f}" y="{min(top, foot):.1f}" width="{max(right - left, 1):.1f}" '
        f'height="{abs(foot - top):.1f}" fill="{colour}" fill-opacity="0.2">'
        f"<title>{escape(window.words)}</title></rect>"
        f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{top:.1f}" y2="{top:.1f}" '
        f'stroke="{colour}" stroke-width="2.4"/>'
    )


def _mark(axes: _Axes, mark: Mark) -> str:
    x = axes.x(mark.seconds)
    out = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" class="axle"/>'
    top = TOP - (18 if mark.below else 6)
    out += f'<text x="{x:.1f}" y="{top}" text-anchor="middle" class="axle-label">{escape(mark.label)}</text>'
    if mark.below:
        out += f'<text x="{x:.1f}" y="{TOP - 6}" text-anchor="middle">{escape(mark.below)}</text>'
    return out


def _legend(lines: Sequence[Line]) -> list[str]:
    out = []
    for i, line in enumerate(lines):
        x = LEFT + 8 + i * 110
        colour = COLOURS[i % len(COLOURS)]
        out.append(f'<rect x="{x}" y="{HEIGHT - 14}" width="14" height="4" fill="{colour}"/>')
        out.append(f'<text x="{x + 20}" y="{HEIGHT - 8}">{escape(line.name)}</text>')
    return out
