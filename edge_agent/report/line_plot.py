"""A zone's time line as an SVG drawing: what the rule said, what was seen, what did not count, the dwell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from math import ceil

from edge_agent.devices.pictures.words import both
from edge_agent.report.names import FINDING, STATE, Names, reason
from edge_agent.report.times import local, span
from edge_agent.report.zone_line import SEVERITY, Run, ZoneLine, columns, cut, thinned

WIDTH = 900
LEFT, RIGHT, TOP = 108, 16, 54
BAND, GAP, CURVE, FOOT = 20, 8, 92, 34
LEVELS = 3  # of labels above the bands
SAME_MOMENT = 4  # pixels
COLUMNS = 600  # marks across at most: one pixel and a bit each

STATE_COLOURS = {"clear": "#cfd8df", "candidate": "#f0b429", "confirmed": "#d64545", "ongoing": "#9b1c1c"}
FINDING_COLOURS = {"present": "#d98880", "suspect": "#a78bda", "absent": "#a9d3b3", "unseen": "url(#unseen)"}
NOTE_COLOUR = "url(#note)"
# Steps between the marks of the time axis, seconds.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
DAY, MOST_STEPS = STEPS[-1], 8  # of longer times a mark is several days
# Once in a page, before the first drawing.
PATTERNS = (
    '<svg width="0" height="0" class="patterns"><defs>'
    '<pattern id="unseen" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#8a94a0"/><rect width="2.5" height="6" fill="#b9c1c9"/></pattern>'
    '<pattern id="note" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
    '<rect width="6" height="6" fill="#dbe6f1"/><rect width="2" height="6" fill="#b4cbe2"/></pattern>'
    "</defs></svg>"
)


@dataclass(frozen=True, slots=True)
class Pin:
    """A picture or a record on the time line."""

    at: int  # ns
    label: str
    record: bool = False  # a statement; else a picture


@dataclass(frozen=True, slots=True)
class Axis:
    """From monotonic time to a place in the drawing."""

    start: int
    end: int
    utc_offset_us: int | None  # None: time is shown from the start

    def x(self, at: int) -> float:
        """Pixels."""
        return LEFT + (at - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def clock(self, at: int) -> datetime | None:
        """China time; None when no offset is known."""
        return None if self.utc_offset_us is None else local(at // 1000 + self.utc_offset_us)

    def ticks(self) -> list[tuple[int, str]]:
        """Times of round numbers, at most nine, with their words."""
        length = (self.end - self.start) / 1e9
        step = next((s for s in STEPS if length / s <= MOST_STEPS), DAY * ceil(length / DAY / MOST_STEPS))
        zero = self.start
        clock = self.clock(self.start)
        if clock is not None:  # round in the reader's time
            into_day = clock.hour * 3600 + clock.minute * 60 + clock.second
            zero = self.start - into_day * 10**9 - clock.microsecond * 1000
        first = -(-(self.start - zero) // (step * 10**9))
        marks = (zero + n * step * 10**9 for n in range(first, first + 10))
        return [(at, self.words(at, step)) for at in marks if at <= self.end]

    def words(self, at: int, step: int) -> str:
        """One tick's time."""
        clock = self.clock(at)
        if clock is None:
            return span((at - self.start) // 1_000_000)
        if step >= DAY:
            return f"{clock:%m-%d}"
        return f"{clock:%H:%M:%S}" if step < 60 else f"{clock:%H:%M}"

    def marks(self, top: int, clock_name: str = "北京时间 China time") -> list[str]:
        """The time axis drawn at `top`, whose clock it is beneath."""
        out = []
        for at, words in self.ticks():
            x = self.x(at)
            out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + 5}" stroke="#5b6875"/>')
            if x < WIDTH - RIGHT - 12:  # the last one would be cut off
                out.append(f'<text x="{x:.1f}" y="{top + 18}" text-anchor="middle">{words}</text>')
        clock = self.clock(self.start)
        said = f"{clock:%Y-%m-%d} {escape(clock_name)}" if clock else "自开始起 from the start"
        out.append(f'<text x="{WIDTH - RIGHT}" y="{top + 31}" text-anchor="end">{said}</text>')
        return out


def draw_case(line: ZoneLine, axis: Axis, stay_ms: int, pins: Sequence[Pin], title: str) -> str:
    """The time line of a case, an `<svg>` element."""
    states, findings, details = (
        cut(r, axis.start, axis.end) for r in (line.states, line.findings, line.details)
    )
    rows = [
        ("状态 state", columns(states, axis.start, axis.end, COLUMNS, SEVERITY), STATE_COLOURS, STATE),
        ("所见 seen", columns(findings, axis.start, axis.end, COLUMNS), FINDING_COLOURS, FINDING),
    ]
    top, parts = TOP, []
    for name, runs, colours, names in rows:
        parts += _band(axis, name, runs, top, colours, names)
        top += BAND + GAP
    parts += _notes(axis, columns(details, axis.start, axis.end, COLUMNS), top)
    top += BAND + GAP
    parts += _curve(axis, thinned(line.dwell, axis.start, axis.end, COLUMNS), stay_ms, top)
    top += CURVE
    parts += _pins(axis, pins, top)
    parts += axis.marks(top)
    height = top + FOOT
    return _svg(height, title, parts)


def draw_records(
    axis: Axis,
    label: str,
    states: Sequence[Run],
    pins: Sequence[Pin],
    title: str,
    names: Names,
    clock: str,
) -> str:
    """The moments that a case's records name, an `<svg>` element: no journal is needed.

    Args:
        axis: from when to when.
        label: of the band of states.
        states: what the records say, runs of it.
        pins: pictures and records.
        title: of the drawing.
        names: of the states.
        clock: whose time the axis shows.
    """
    parts = _band(axis, label, states, TOP, STATE_COLOURS, names)
    foot = TOP + BAND + GAP
    parts += _pins(axis, pins, foot)
    parts += axis.marks(foot, clock)
    return _svg(foot + FOOT, title, parts)


def draw_zones(lines: Mapping[str, ZoneLine], axis: Axis, links: Mapping[str, str], title: str) -> str:
    """All zones over the whole time, a band of state and a thinner one of what was seen for each."""
    top, parts = 14, []
    for name, line in lines.items():
        states = columns(cut(line.states, axis.start, axis.end), axis.start, axis.end, COLUMNS, SEVERITY)
        seen = columns(cut(line.findings, axis.start, axis.end), axis.start, axis.end, COLUMNS)
        label = f'<text x="{LEFT - 8}" y="{top + 14}" text-anchor="end" class="name">{escape(name)}</text>'
        target = links.get(name, "")
        parts.append(f'<a href="#{escape(target)}">{label}</a>' if target else label)
        parts += _rects(axis, states, top, 13, STATE_COLOURS, STATE)
        parts += _rects(axis, seen, top + 13, 5, FINDING_COLOURS, FINDING)
        top += 18 + GAP
    parts += axis.marks(top - GAP)
    return _svg(top - GAP + FOOT, title, parts)


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg" class="trace">'
    return "\n".join([head, f"<title>{escape(title)}</title>", *parts, "</svg>"])


def _band(
    axis: Axis, name: str, runs: Sequence[Run], top: int, colours: Mapping[str, str], names: Names
) -> list[str]:
    label = f'<text x="{LEFT - 8}" y="{top + 14}" text-anchor="end">{escape(name)}</text>'
    return [label, *_rects(axis, runs, top, BAND, colours, names)]


def _rects(
    axis: Axis, runs: Sequence[Run], top: int, height: int, colours: Mapping[str, str], names: Names
) -> list[str]:
    return [
        _rect(axis, run, top, height, colours.get(run.word, "#999"), both(run.word, names)) for run in runs
    ]


def _rect(axis: Axis, run: Run, top: int, height: int, colour: str, words: str) -> str:
    x, wide = axis.x(run.start), axis.x(run.end) - axis.x(run.start)
    lasted = span((run.end - run.start) // 1_000_000)
    return (
        f'<rect x="{x:.1f}" y="{top}" width="{max(wide, 0.6):.1f}" height="{height}" fill="{colour}">'
        f"<title>{escape(words)} · {lasted}</title></rect>"
    )


def _notes(axis: Axis, runs: Sequence[Run], top: int) -> list[str]:
    out = [f'<text x="{LEFT - 8}" y="{top + 14}" text-anchor="end">说明 note</text>']
    for run in runs:
        if not run.word:
            continue
        whole = reason(run.word)
        out.append(_rect(axis, run, top, BAND, NOTE_COLOUR, whole))
        middle, room = (axis.x(run.start) + axis.x(run.end)) / 2, axis.x(run.end) - axis.x(run.start)
        words = next((w for w in (whole, whole.split(" ")[0]) if _wide(w) < room), "")
        if words:
            place = f'x="{middle:.1f}" y="{top + 14}" text-anchor="middle"'
            out.append(f'<text {place} class="on">{escape(words)}</text>')
    return out


def _curve(axis: Axis, curve: Sequence[tuple[int, int]], stay_ms: int, top: int) -> list[str]:
    highest = max([stay_ms, *(ms for _, ms in curve), 1]) * 1.1
    foot = top + CURVE

    def y(ms: float) -> float:
        return foot - ms / highest * CURVE

    points = " ".join(f"{axis.x(at):.1f},{y(ms):.1f}" for at, ms in curve)
    return [
        f'<text x="{LEFT - 8}" y="{top + CURVE // 2}" text-anchor="end">累计停留 dwell</text>',
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{foot}" y2="{foot}" class="grid"/>',
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(stay_ms):.1f}" y2="{y(stay_ms):.1f}" class="axle"/>',
        f'<text x="{LEFT + 4}" y="{y(stay_ms) - 4:.1f}">规则时限 asked {span(stay_ms)}</text>',
        f'<text x="{LEFT - 8}" y="{foot}" text-anchor="end">0</text>',
        f'<polyline points="{points}" fill="none" stroke="#2f6fb0" stroke-width="1.8"/>',
    ]


def _pins(axis: Axis, pins: Sequence[Pin], foot: int) -> list[str]:
    """What belongs to one moment under one label; labels on levels, so that neighbours do not cover."""
    moments: list[list[Pin]] = []
    for pin in sorted(pins, key=lambda p: (p.at, p.record, p.label)):
        if moments and axis.x(pin.at) - axis.x(moments[-1][0].at) < SAME_MOMENT:
            moments[-1].append(pin)
        else:
            moments.append([pin])
    out = []
    free = [float("-inf")] * LEVELS  # where each level's last label ends
    for moment in moments:
        label = "·".join(dict.fromkeys(pin.label for pin in moment))
        record = any(pin.record for pin in moment)
        x, colour = axis.x(moment[0].at), "#9b1c1c" if record else "#1c2733"
        left = min(max(x - _wide(label) / 2, LEFT - 60), WIDTH - _wide(label) - 2)
        level = next(
            (n for n, end in enumerate(free) if end <= left), min(range(LEVELS), key=free.__getitem__)
        )
        free[level] = left + _wide(label) + 6
        y = TOP - 8 - level * 14
        out.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y + 2}" y2="{foot}" stroke="{colour}" stroke-width="0.8" '
            f'stroke-dasharray="{"none" if record else "2 3"}"/>'
            f'<text x="{left:.1f}" y="{y}" class="pin" fill="{colour}">{escape(label)}</text>'
        )
    return out


def _wide(words: str) -> float:
    """About how many pixels the words take: Chinese letters are twice as wide."""
    return sum(12 if ord(letter) > 0x2E80 else 6.2 for letter in words)
