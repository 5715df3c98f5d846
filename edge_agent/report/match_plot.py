r"""Who competed for a plate, as an SVG drawing: expected arrivals as bells, reads as ticks, lines between.

    crossing 4  ───/‾\\────────────
                     │   ╲
    crossing 5  ─────┼─────/‾\\────
                     │      │ 99.97 %
    reads      ──────┴──────┴───── time

A line is as strong as the posterior that the read belongs to the crossing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 900
LEFT, RIGHT, TOP = 236, 24, 30
ROW, BELL = 52, 34
ROOM = 26  # between the last crossing and the reads
LEVEL = 15  # of labels under the reads
LABELS = 3  # levels of labels under the axis
SIGMAS = 4
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)
OWN, OTHER, CHOSEN = "#1f5fbf", "#8a94a0", "#1f7a3d"


@dataclass(frozen=True, slots=True)
class Bell:
    """A crossing: when its read was expected; the normal law around that."""

    name: str
    beside: str  # weight and axles, and how probable it is that no read is its
    at: float  # seconds
    sd: float
    own: bool  # the crossing that the statement is of


@dataclass(frozen=True, slots=True)
class Tick:
    """A vehicle as the camera saw it: one read, or several of one plate."""

    text: str
    at: tuple[float, ...]  # seconds, of each read


@dataclass(frozen=True, slots=True)
class Link:
    """How probable it is that a read belongs to a crossing."""

    bell: int
    tick: int
    share: float  # 0 to 1
    words: str
    chosen: bool


def draw_match(bells: Sequence[Bell], ticks: Sequence[Tick], links: Sequence[Link], title: str) -> str:
    """An `<svg>` element; empty without a crossing."""
    if not bells:
        return ""
    axis = _Axis.of(bells, ticks)
    foot = TOP + ROW * len(bells) + ROOM
    rows = [TOP + ROW * number + BELL + 8 for number in range(len(bells))]
    labels, levels = _ticks(axis, ticks, {link.tick for link in links if link.chosen}, foot)
    height = foot + 14 + LEVEL * max(1, levels)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg" class="trace">',
        f"<title>{escape(title)}</title>",
        *_time(axis, foot),
    ]
    for bell, row in zip(bells, rows, strict=True):
        parts += _bell(axis, bell, row)
    for link in sorted(links, key=lambda link: (link.chosen, link.share)):
        parts += _link(axis, link, bells[link.bell], ticks[link.tick], rows[link.bell], foot)
    parts += labels
    return "\n".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class _Axis:
    first: float
    last: float

    @staticmethod
    def of(bells: Sequence[Bell], ticks: Sequence[Tick]) -> _Axis:
        low = min([bell.at - SIGMAS * bell.sd for bell in bells] + [at for tick in ticks for at in tick.at])
        high = max([bell.at + SIGMAS * bell.sd for bell in bells] + [at for tick in ticks for at in tick.at])
        room = max(0.05, (high - low) * 0.04)
        return _Axis(low - room, high + room)

    def x(self, at: float) -> float:
        return LEFT + (at - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)


def _time(axis: _Axis, foot: int) -> list[str]:
    length = axis.last - axis.first
    step = next((s for s in STEPS if length / s <= 9), STEPS[-1])
    out = [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{foot}" y2="{foot}" stroke="#5b6875"/>']
    for number in range(math.ceil(axis.first / step), math.floor(axis.last / step) + 1):
        x = axis.x(number * step)
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{foot}" class="grid"/>')
        out.append(f'<text x="{x:.1f}" y="{TOP - 12}" text-anchor="middle">{number * step:+g} s</text>')
    out.append(f'<text x="{LEFT - 10}" y="{foot + 20}" text-anchor="end">识读 reads</text>')
    return out


def _bell(axis: _Axis, bell: Bell, row: int) -> list[str]:
    colour = OWN if bell.own else OTHER
    sd = max(bell.sd, (axis.last - axis.first) / 2_000)
    points = [
        (axis.x(bell.at + sd * s), row - BELL * math.exp(-s * s / 2))
        for s in (n / 8 for n in range(-8 * SIGMAS, 8 * SIGMAS + 1))
    ]
    shape = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    weight = ' class="axle-label"' if bell.own else ""
    spread = f"{bell.name}: {bell.at:+.2f} s, sd {bell.sd:.2f} s"
    return [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{row}" y2="{row}" stroke="#d8dee4"/>',
        (
            f'<polygon points="{shape}" fill="{colour}" fill-opacity="0.22" stroke="{colour}">'
            f"<title>{escape(spread)}</title></polygon>"
        ),
        f'<text x="{LEFT - 10}" y="{row - 15}" text-anchor="end"{weight}>{escape(bell.name)}</text>',
        f'<text x="{LEFT - 10}" y="{row - 1}" text-anchor="end">{escape(bell.beside)}</text>',
    ]


def _link(axis: _Axis, link: Link, bell: Bell, tick: Tick, row: int, foot: int) -> list[str]:
    x0, x1 = axis.x(bell.at), axis.x(tick.at[0])
    colour = CHOSEN if link.chosen else "#b06a1f"
    wide = 0.8 + 3.2 * link.share
    dashes = "" if link.chosen or link.share > 0.5 else ' stroke-dasharray="4 4"'
    label = (x0 + x1) / 2 + 8, (row + foot) / 2 + 4
    weight = ' class="halo axle-label"' if link.chosen else ' class="halo"'
    return [
        (
            f'<line x1="{x0:.1f}" x2="{x1:.1f}" y1="{row}" y2="{foot}" stroke="{colour}" '
            f'stroke-width="{wide:.1f}"{dashes}><title>{escape(link.words)}</title></line>'
        ),
        f'<text x="{label[0]:.1f}" y="{label[1]:.1f}"{weight}>{escape(link.words)}</text>',
    ]


def _ticks(axis: _Axis, ticks: Sequence[Tick], chosen: set[int], foot: int) -> tuple[list[str], int]:
    """Labels on levels, so that neighbours do not cover each other; and how many levels."""
    out = []
    free = [float("-inf")] * LABELS
    used = 0
    for number, tick in sorted(enumerate(ticks), key=lambda pair: pair[1].at):
        colour = CHOSEN if number in chosen else "#1c2733"
        for at in tick.at:
            x = axis.x(at)
            out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{foot - 6}" y2="{foot + 7}" stroke="{colour}" '
                       'stroke-width="2"/>')  # fmt: skip
        x = axis.x(tick.at[0])
        wide = 8 * len(tick.text) + 14
        level = next((n for n, end in enumerate(free) if end <= x - wide / 2), LABELS - 1)
        free[level] = x + wide / 2
        used = max(used, level + 1)
        weight = ' class="axle-label"' if number in chosen else ""
        out.append(
            f'<text x="{x:.1f}" y="{foot + 21 + LEVEL * level}" text-anchor="middle"{weight}>'
            f"{escape(tick.text)}</text>"
        )
    return out, used
