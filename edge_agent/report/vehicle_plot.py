"""The vehicle from the side, to scale: axles where they were measured, loads under them, groups, speed.

Only what a scale can tell is drawn: wheels and the line that joins them. No body: nobody measured one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from edge_agent.core.units import TONNE

WIDTH, HEIGHT = 900, 220
LEFT, RIGHT = 70, 70
GROUND = 116  # y of the road
WHEEL_MM = 500  # radius of a lorry's wheel: for the eye, no measurement
LONGEST_PX_A_MM = 0.11  # a short vehicle is not drawn larger than this
BAR = 46  # of the heaviest axle's load, pixels


@dataclass(frozen=True, slots=True)
class DrawnAxle:
    """One axle."""

    offset_mm: int  # behind the first
    load_g: int
    interval_g: int
    known: bool  # it has a value


@dataclass(frozen=True, slots=True)
class DrawnGroup:
    """Axles that are judged together."""

    first: int
    count: int
    load_g: int


def draw_vehicle(
    axles: Sequence[DrawnAxle],
    groups: Sequence[DrawnGroup],
    *,
    to_scale: bool,
    backwards: bool,
    motion: str,
    title: str,
) -> str:
    """An `<svg>` element; empty without an axle.

    Args:
        axles: first axle first; it stands left, for the vehicle drives to the left.
        groups: of them.
        to_scale: offsets were measured; else they only give the order.
        backwards: it drove against the direction of travel.
        motion: speed and acceleration, in words.
        title: of the drawing.
    """
    if not axles:
        return ""
    place = _Place.of(axles)
    top = GROUND - 2 * place.radius
    heaviest = max(1, *(axle.load_g for axle in axles))
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg" class="trace">',
        f"<title>{escape(title)}</title>",
        *_motion(motion, backwards=backwards),
        f'<line x1="20" x2="{WIDTH - 20}" y1="{GROUND}" y2="{GROUND}" stroke="#8a94a0" stroke-width="1.5"/>',
        (
            f'<line x1="{place.x(axles[0]):.1f}" x2="{place.x(axles[-1]):.1f}" y1="{top:.1f}" '
            f'y2="{top:.1f}" stroke="#5b6875" stroke-width="4" stroke-linecap="round"/>'
        ),
    ]
    for number, axle in enumerate(axles, start=1):
        parts += _axle(place, number, axle, heaviest)
    if to_scale:
        parts += _spacings(place, axles)
        parts += [mark for group in groups for mark in _group(place, axles, group)]
        parts.append(_scale_bar(place))
    return "\n".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class _Place:
    px_a_mm: float
    start: float
    radius: float

    @staticmethod
    def of(axles: Sequence[DrawnAxle]) -> _Place:
        length = max(1, axles[-1].offset_mm)
        px_a_mm = min((WIDTH - LEFT - RIGHT) / length, LONGEST_PX_A_MM)
        closest = min((b.offset_mm - a.offset_mm for a, b in itertools.pairwise(axles)), default=length)
        radius = min(WHEEL_MM * px_a_mm, max(4.0, closest * px_a_mm / 2 - 1), 24.0)
        return _Place(px_a_mm, (WIDTH - length * px_a_mm) / 2, radius)

    def x(self, axle: DrawnAxle) -> float:
        return self.start + axle.offset_mm * self.px_a_mm


def _axle(place: _Place, number: int, axle: DrawnAxle, heaviest: int) -> list[str]:
    x, foot, r = place.x(axle), GROUND + 4, place.radius
    high = BAR * max(0, axle.load_g) / heaviest
    load = f"{axle.load_g / TONNE:.2f}" if axle.known else "–"
    words = f"{number}: {load} t ± {axle.interval_g / TONNE:.2f} t"
    return [
        (
            f'<circle cx="{x:.1f}" cy="{GROUND - r:.1f}" r="{r:.1f}" fill="#37424d">'
            f"<title>{escape(words)}</title></circle>"
        ),
        f'<circle cx="{x:.1f}" cy="{GROUND - r:.1f}" r="{r / 2.4:.1f}" fill="#c3ccd4"/>',
        f'<rect x="{x - 7:.1f}" y="{foot}" width="14" height="{high:.1f}" fill="#6f9bc7"/>',
        f'<text x="{x:.1f}" y="{foot + high + 13:.1f}" text-anchor="middle" class="axle-label">{load}</text>',
    ]


def _spacings(place: _Place, axles: Sequence[DrawnAxle]) -> list[str]:
    out = []
    y = GROUND - 2 * place.radius - 10
    for a, b in itertools.pairwise(axles):
        x0, x1 = place.x(a), place.x(b)
        words = f"{(b.offset_mm - a.offset_mm) / 1000:.2f}"
        out.append(
            f'<line x1="{x0 + 2:.1f}" x2="{x1 - 2:.1f}" y1="{y + 3:.1f}" y2="{y + 3:.1f}" stroke="#b4bec8"/>'
        )
        out.append(f'<text x="{(x0 + x1) / 2:.1f}" y="{y:.1f}" text-anchor="middle">{words}</text>')
    return out


def _group(place: _Place, axles: Sequence[DrawnAxle], group: DrawnGroup) -> list[str]:
    members = axles[group.first : group.first + group.count]
    if group.count < 2 or not members:
        return []
    x0, x1, y = place.x(members[0]) - 12, place.x(members[-1]) + 12, GROUND + BAR + 24
    return [
        f'<path d="M{x0:.1f} {y} v6 h{x1 - x0:.1f} v-6" fill="none" stroke="#9b1c1c" stroke-width="1.4"/>',
        (
            f'<text x="{(x0 + x1) / 2:.1f}" y="{y + 20}" text-anchor="middle" class="axle-label">'
            f"{group.count} 轴组 group {group.load_g / TONNE:.2f} t</text>"
        ),
    ]


def _motion(words: str, *, backwards: bool) -> list[str]:
    """An arrow to the left, the way it drove; against it where the flags say so."""
    tip, tail = (118, 24) if backwards else (24, 118)
    turn = -8 if backwards else 8
    return [
        f'<line x1="{tail}" x2="{tip}" y1="20" y2="20" stroke="#1f7a3d" stroke-width="2.4"/>',
        (
            f'<path d="M{tip + turn} 14 L{tip} 20 L{tip + turn} 26" fill="none" stroke="#1f7a3d" '
            'stroke-width="2.4"/>'
        ),
        f'<text x="130" y="24" class="axle-label">{escape(words)}</text>',
    ]


def _scale_bar(place: _Place) -> str:
    wide = 1000 * place.px_a_mm
    x = WIDTH - 30 - wide
    return (
        f'<path d="M{x:.1f} 14 v6 h{wide:.1f} v-6" fill="none" stroke="#5b6875"/>'
        f'<text x="{x + wide / 2:.1f}" y="32" text-anchor="middle">1 m</text>'
    )
