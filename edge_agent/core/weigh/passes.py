"""One sensor's pulses become passes: each axle's instants and its load on that sensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_agent.core.units import MS, US, div_round
from edge_agent.core.weigh.edges import Edge, Pulse, find_edges, find_pulses
from edge_agent.core.weigh.layout import NO_VALUE
from edge_agent.core.weigh.samples import INFO_GAP, Int64
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.core.weigh.staircase import axle_loads, steps_of
from edge_agent.core.weigh.trace import Signal

# A ramp with fewer samples between a quarter and three quarters of its height is not measured.
SEEN_SAMPLES = 8
# Axles on one deck at once: more than any vehicle has; bounds the linear equations.
MAX_TOGETHER = 16


@dataclass(frozen=True, slots=True)
class Pass:
    """One axle over one sensor."""

    enter: int  # ns, half height
    leave: int
    centre: int
    load: int | None  # mean of the plateau; None = no value, and on a strip, which has no plateau
    area: int | None  # gram-microseconds under the whole pulse; None = no value, or not its alone
    sides: tuple[int, int] | None  # of `load`, or of `area` where there is no load; for shares only
    samples: int  # on the plateau
    plateau: int  # ns, how long its load could be told from others
    status: int  # bits of all its samples
    alone: bool = True  # no other axle was on the sensor with it
    whole: bool = True  # its edges were found as an axle's should be
    windows: tuple[tuple[int, int], ...] = ()  # ns, from .. to: the plateaus; for people who look

    @property
    def width(self) -> int:
        """From half height to half height, ns."""
        return self.leave - self.enter


def find_passes(signal: Signal, settings: ScaleSettings, on_g: int) -> list[Pass]:
    """Every axle that crossed the sensor, in order of time."""
    sensor = signal.column.sensor
    passes: list[Pass] = []
    for pulse in find_pulses(signal, settings.detect, on_g):
        if sensor.kind == "strip":
            passes.append(_strip_pass(signal, pulse, settings.detect.off_g))
            continue
        edges = find_edges(signal, pulse, settings.patch_mm, on_g)
        pairs = _paired(edges)
        if not pairs or len(pairs) > MAX_TOGETHER:
            passes.append(_shapeless(signal, pulse))
        elif len(pairs) == 1:
            passes.append(_lone_pass(signal, pairs[0], settings.patch_mm))
        else:
            passes.extend(_together(signal, pairs, settings.patch_mm))
    return passes


def _paired(edges: list[Edge]) -> list[tuple[int, int]]:
    """(enter, leave) of each axle: first on, first off. Empty when ons and offs do not fit."""
    rises = [e.at for e in edges if e.rise]
    falls = [e.at for e in edges if not e.rise]
    if len(rises) != len(falls) or any(r >= f for r, f in zip(rises, falls, strict=True)):
        return []
    return list(zip(rises, falls, strict=True))


def _status(signal: Signal, start: int, end: int) -> int:
    first, last = signal.at.searchsorted((start, end))
    bits = int(np.bitwise_or.reduce(signal.status[max(0, first - 1) : last + 1], initial=0))
    at = signal.at[max(0, first - 1) : last + 1]
    # Samples that never came leave a hole in time, whether or not the instrument's numbering shows it.
    if at.size > 1 and signal.period and int((at[1:] - at[:-1]).max()) > 4 * signal.period + 5 * MS:
        bits |= INFO_GAP
    return bits


def _lone_pass(signal: Signal, span: tuple[int, int], patch_mm: int) -> Pass:
    enter, leave = span
    width = leave - enter
    ramp = width * patch_mm // signal.length_mm
    status = _status(signal, enter - ramp // 2, leave + ramp // 2)
    steep = max(_seen_ramp(signal, edge, ramp, (enter + leave) // 2) for edge in span)
    window = (enter + steep // 2, leave - steep // 2)
    first, last = _plateau(signal.at, *window)
    if status & NO_VALUE:
        return Pass(enter, leave, (enter + leave) // 2, None, None, None, last - first, width - steep, status)
    area = _area(signal.at, signal.load, *_around(signal.at, enter - ramp, leave + ramp))
    load = div_round(int(signal.load[first:last].sum()), last - first)
    sides = None
    if signal.sides is not None:
        left = div_round(int(signal.sides[first:last, 0].sum()), last - first)
        sides = (left, load - left)
    return Pass(
        enter, leave, (enter + leave) // 2, load, area, sides, last - first, width - steep, status,
        windows=(window,),
    )  # fmt: skip


def _seen_ramp(signal: Signal, edge: int, ramp: int, middle: int) -> int:
    """How long this ramp took: twice the time between a quarter and three quarters of its height.

    Never longer than the longest patch would take, and that long where too few samples tell.
    """
    first, last = signal.at.searchsorted((edge - ramp, edge + ramp)).tolist()
    high = int(signal.load[min(int(signal.at.searchsorted(middle)), signal.load.size - 1)])
    piece = 4 * signal.load[first:last]
    between = int(((piece > high) & (piece < 3 * high)).sum())
    if between < SEEN_SAMPLES:
        return ramp
    seen = 2 * between * signal.period
    return min(ramp, seen + seen // 16 + signal.period)


def _plateau(at: Int64, start: int, end: int) -> tuple[int, int]:
    """Samples within [start, end]; at least the one nearest the middle."""
    first, last = at.searchsorted((start, end + 1)).tolist()
    if first < last:
        return first, last
    middle = min(int(at.searchsorted((start + end) // 2)), at.size - 1)
    return middle, middle + 1


def _around(at: Int64, start: int, end: int) -> tuple[int, int]:
    """Samples from the last before `start` to the first after `end`."""
    first, last = at.searchsorted((start, end)).tolist()
    return max(0, first - 1), min(at.size, last + 1)


def _area(at: Int64, load: Int64, first: int, last: int) -> int:
    """Integral over samples [first, last), gram-microseconds, by trapezoids."""
    if last - first < 2:
        return 0
    us = at[first:last] // US
    piece = load[first:last]
    return int(((piece[1:] + piece[:-1]) * (us[1:] - us[:-1])).sum()) // 2


def _strip_pass(signal: Signal, pulse: Pulse, off_g: int) -> Pass:
    """Area, and the centre of gravity of the pulse: no edge decides."""
    margin = max(2, (pulse.last - pulse.first) // 4)
    first, last = max(0, pulse.first - margin), min(signal.at.size, pulse.last + margin)
    area = _area(signal.at, signal.load, first, last)
    weight = np.maximum(signal.load[pulse.first : pulse.last] - off_g // 2, 1)
    since = (signal.at[pulse.first : pulse.last] - signal.at[pulse.first]) // US
    middle = int(signal.at[pulse.first]) + US * div_round(int((weight * since).sum()), int(weight.sum()))
    enter, leave = int(signal.at[pulse.first]), int(signal.at[pulse.last - 1])
    status = _status(signal, enter, leave)
    sides = None
    if signal.sides is not None:
        sides = (
            _area(signal.at, signal.sides[:, 0], first, last),
            _area(signal.at, signal.sides[:, 1], first, last),
        )
    value = None if status & NO_VALUE else area
    return Pass(enter, leave, middle, None, value, sides, pulse.last - pulse.first, 0, status)


def _shapeless(signal: Signal, pulse: Pulse) -> Pass:
    """Something was on the sensor, and its edges are not those of axles: no value."""
    enter, leave = int(signal.at[pulse.first]), int(signal.at[pulse.last - 1])
    status = _status(signal, enter, leave)
    return Pass(enter, leave, (enter + leave) // 2, None, None, None, 0, 0, status, whole=False)


def _together(signal: Signal, pairs: list[tuple[int, int]], patch_mm: int) -> list[Pass]:
    """Several axles on the sensor at once."""
    width = sum(leave - enter for enter, leave in pairs) // len(pairs)
    guard = width * patch_mm // signal.length_mm // 2
    status = _status(signal, pairs[0][0] - guard, pairs[-1][1] + guard)
    columns = [signal.load] if signal.sides is None else [signal.load, signal.sides[:, 0]]
    steps = steps_of(signal.at, columns, pairs, guard)
    loads = None if status & NO_VALUE else axle_loads(len(pairs), steps, 0)
    if loads is not None:
        loads = _scaled(signal, pairs, loads, guard)
    lefts = axle_loads(len(pairs), steps, 1) if loads is not None and len(columns) > 1 else None
    out = []
    for k, (enter, leave) in enumerate(pairs):
        mine = [step for step in steps if k in step.on]
        alone = sum(step.duration for step in mine if len(step.on) == 1)
        load = None if loads is None else loads[k]
        out.append(
            Pass(
                enter, leave, (enter + leave) // 2, load, None,
                None if load is None or lefts is None else (lefts[k], load - lefts[k]),
                sum(step.samples for step in mine),
                alone or min((step.duration for step in mine), default=0),
                status, alone=False,
                windows=() if load is None else tuple((s.start, s.start + s.duration) for s in mine),
            )
        )  # fmt: skip
    return out


def _scaled(signal: Signal, pairs: list[tuple[int, int]], loads: list[int], guard: int) -> list[int]:
    """Carry the loads halfway to what fills the area from the first axle's plateau to the last one's.

    The levels leave out the time of each ramp in between, and with it a part of every bounce; the area
    has it, but needs the axles' times, which bounce moves too. The mean of both errs less than either.
    Half an axle's ramp lies on either side of its instant, so each one fills the area with its load
    times its time on the sensor; the first and the last are cut where their own plateau begins, ends.
    """
    times = [leave - enter for enter, leave in pairs]
    times[0] -= guard
    times[-1] -= guard
    start, end = pairs[0][0] + guard, pairs[-1][1] - guard
    first, last = (int(i) for i in np.searchsorted(signal.at, (start, end)))
    if last - first < 2:
        return loads
    # Sample sums times the period: the ends lie on plateaus, where a part of a period hardly matters.
    piece = signal.load[first:last]
    mean = div_round(int(piece.sum()), last - first)
    filled = sum(load * time for load, time in zip(loads, times, strict=True))
    if filled <= 0:
        return loads
    return [div_round(load * (mean * (end - start) + filled), 2 * filled) for load in loads]
