"""What happened in a zone over time, out of the journal's `ZoneChanged`: runs of what held, and the dwell.

A day may hold one change a second and zone. So equal neighbours are one run, and what is drawn is never
more than one mark a pixel column (`columns`): a page stays small however long the journal is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from edge_agent.core.decisions import Decision, ZoneChanged
from edge_agent.core.scene import ZoneState

# Nothing that was ever confirmed is drawn as less, however short it was beside the page's time.
SEVERITY = (ZoneState.CLEAR, ZoneState.CANDIDATE, ZoneState.CONFIRMED, ZoneState.ONGOING)

RULE_STEP = re.compile(r"[a-z]+ \d+ of \d+ ms")  # a step of the rule: its mark, the dwell, what was asked
ON_LINE_MS = 10  # rounding of the dwell; a real corner at one look a second is off by most of a second


@dataclass(slots=True)
class Run:
    """From `start` to `end`, nanoseconds, one word held."""

    start: int
    end: int
    word: str


@dataclass(slots=True)
class ZoneLine:
    """One zone's time."""

    camera: str
    zone: str
    states: list[Run] = field(default_factory=list)
    findings: list[Run] = field(default_factory=list)
    details: list[Run] = field(default_factory=list)  # why time did not count; the empty word: it did
    dwell: list[tuple[int, int]] = field(default_factory=list)  # (ns, ms), corners of the curve

    @property
    def start(self) -> int:
        """First change."""
        return self.states[0].start

    @property
    def end(self) -> int:
        """Last change."""
        return self.states[-1].end

    def add(self, change: ZoneChanged) -> None:
        """Take in the next change."""
        at = int(change.at)
        if self.states and at < self.end:
            return  # another run of the box, whose clock began anew: its times cannot stand on one line
        # What the rule's own steps say of themselves is in the states; the reason before them still holds.
        step = RULE_STEP.fullmatch(change.detail)
        detail = change.detail if not step else self.details[-1].word if self.details else ""
        _extend(self.states, at, change.state)
        _extend(self.findings, at, change.finding)
        _extend(self.details, at, detail)
        self._add_dwell(at, change.dwell_ms)
        if step and change.state is ZoneState.CLEAR:
            self._add_dwell(at, 0)  # the step tells how long the stay was that has ended with it

    def _add_dwell(self, at: int, dwell_ms: int) -> None:
        """A corner of the curve; a middle one that lies on the line between its neighbours is dropped.

        A stay that ended fell at once, not slowly since the change before.
        """
        if self.dwell and dwell_ms < self.dwell[-1][1]:
            self._corner(at, self.dwell[-1][1])
        self._corner(at, dwell_ms)

    def _corner(self, at: int, dwell_ms: int) -> None:
        if len(self.dwell) >= 2:
            (t0, d0), (t1, d1) = self.dwell[-2:]
            if abs((d1 - d0) * (at - t0) - (dwell_ms - d0) * (t1 - t0)) <= ON_LINE_MS * (at - t0):
                self.dwell.pop()
        self.dwell.append((at, dwell_ms))


def _extend(runs: list[Run], at: int, word: str) -> None:
    """What held goes on to `at`; from there on `word` holds."""
    if runs:
        runs[-1].end = at
    if not runs or runs[-1].word != word:
        runs.append(Run(at, at, word))


def without_changes(decisions: Iterable[Decision], lines: dict[str, ZoneLine]) -> Iterator[Decision]:
    """The other decisions; every `ZoneChanged` among them is taken into its zone's line on the way."""
    for decision in decisions:
        if isinstance(decision, ZoneChanged):
            lines.setdefault(decision.zone, ZoneLine(decision.camera, decision.zone)).add(decision)
        else:
            yield decision


def cut(runs: Sequence[Run], start: int, end: int) -> list[Run]:
    """What of the runs lies between two times; the last one goes on to the end."""
    out = []
    for number, run in enumerate(runs):
        until = end if number == len(runs) - 1 else run.end
        low, high = max(run.start, start), min(until, end)
        if low < high:
            out.append(Run(low, high, run.word))
    return out


def columns(runs: Sequence[Run], start: int, end: int, count: int, order: Sequence[str] = ()) -> list[Run]:
    """The runs with no more than one word in each of `count` equal columns.

    Args:
        runs: cut to start .. end, in order.
        start: ns.
        end: ns.
        count: columns.
        order: where given the word that stands last in it wins a column; else the one that held longest,
            of equal ones the first.
    """
    if len(runs) <= count // 4:
        return list(runs)
    step = max(1, -(-(end - start) // count))
    held: dict[int, Counter[str]] = {}
    for run in runs:
        for column in range((run.start - start) // step, (run.end - 1 - start) // step + 1):
            low = start + column * step
            part = min(run.end, low + step) - max(run.start, low)
            held.setdefault(column, Counter())[run.word] += part
    out: list[Run] = []
    for column in sorted(held):
        words = held[column]
        word = max(words, key=order.index) if order else max(words, key=lambda w: words[w])
        low = start + column * step
        if out and out[-1].word == word and out[-1].end == low:
            out[-1].end = min(end, low + step)
        else:
            out.append(Run(low, min(end, low + step), word))
    return out


def thinned(curve: Sequence[tuple[int, int]], start: int, end: int, count: int) -> list[tuple[int, int]]:
    """The curve's corners between two times, of each of `count` columns its lowest and highest one."""
    inside = [point for point in curve if start <= point[0] <= end]
    if len(inside) <= 2 * count:
        return inside
    step = max(1, -(-(end - start) // count))
    groups: dict[int, list[tuple[int, int]]] = {}
    for point in inside:
        groups.setdefault(min((point[0] - start) // step, count - 1), []).append(point)
    out: list[tuple[int, int]] = []
    for number in sorted(groups):
        group = groups[number]
        ends = {min(group, key=lambda p: (p[1], p[0])), max(group, key=lambda p: (p[1], p[0]))}
        out += sorted(ends)
    return out
