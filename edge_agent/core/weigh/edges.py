r"""When something is on a sensor, and the instants at which each axle's middle passed its ends.

A tyre patch of length c rolls onto a pad of length L: the load rises along a ramp of c/v, stays,
and falls along another. At half height the patch's middle is over the pad's end, whatever c is:

    load          ┌───────────────┐              two axles on a long pad: a staircase
         half ─ ─/─ ─ ─ ─ ─ ─ ─ ─ ─\\─ ─                 ┌──────┐
                /                   \\              ┌─────┘      └─────┐
        ───────┘                     └──────   ────┘                  └────
              enter               leave          1     2        1     2
               ├───────── L/v ───────┤

Half heights are taken between the levels next to each edge, because a bouncing axle is heavier at
one end than at the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge_agent.core.units import MS, US, div_round
from edge_agent.core.weigh.samples import Int64
from edge_agent.core.weigh.settings import DetectSettings
from edge_agent.core.weigh.trace import Signal

# A step smaller than this share of the cluster's largest is bounce: an empty trailer's axle has more
# than a third of its tractor's, and bounce of 18 % moves a ramp's time of it by 11 %.
STEP_SHARE = 4
# More pulses than this in one window are noise around the threshold: together they are no axle's.
MAX_PULSES = 64
# Half a period of the fastest body bounce (4 Hz): over a longer ramp the load is no straight line.
STRAIGHT_NS = 125 * MS


@dataclass(frozen=True, slots=True)
class Pulse:
    """Samples [first, last) while anything was on the sensor."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Edge:
    """One axle's middle passed one end of the sensor at `at`: onto it (`rise`) or off it."""

    at: int  # ns, between the samples
    rise: bool


def find_pulses(signal: Signal, detect: DetectSettings, on_g: int) -> list[Pulse]:
    """Hysteresis: on above `on_g`, off at or below `off_g`; then hold-off; then too short ones dropped."""
    load, at = signal.load, signal.at
    mark = np.where(load > on_g, 1, np.where(load <= detect.off_g, -1, 0))
    last_mark = np.maximum.accumulate(np.where(mark != 0, np.arange(load.size), 0))
    on = mark[last_mark] > 0
    change = np.flatnonzero(np.diff(np.concatenate(([False], on, [False])).astype(np.int8)))
    pulses: list[Pulse] = []
    for first, last in zip(change[::2].tolist(), change[1::2].tolist(), strict=True):
        start = _since_off(load, first, detect.off_g)
        if pulses and int(at[start] - at[pulses[-1].last - 1]) < detect.hold_off_us * 1_000:
            pulses[-1] = Pulse(pulses[-1].first, last)
        else:
            pulses.append(Pulse(start, last))
    shortest = detect.min_pulse_us * US - signal.period
    pulses = [p for p in pulses if int(at[p.last - 1] - at[p.first]) >= shortest]
    return pulses if len(pulses) <= MAX_PULSES else [Pulse(pulses[0].first, pulses[-1].last)]


def _since_off(load: Int64, first: int, off_g: int) -> int:
    """Where the rise to `first` began: after the last sample at or below off."""
    reach = max(0, first - 4096)
    below = np.flatnonzero(load[reach:first] <= off_g)
    return reach + int(below[-1]) + 1 if below.size else reach


def find_edges(signal: Signal, pulse: Pulse, patch_mm: int, on_g: int) -> list[Edge]:
    """All edges of a pulse in order of time; a lone axle has one rise and one fall.

    One axle takes L/v from half height to half height, so the ramp takes about patch/L of the
    pulse; with several axles on the sensor at most twice that, still less than their spacing.
    """
    width = pulse.last - pulse.first
    lag = max(1, min(width, width * patch_mm // signal.length_mm))
    # Beyond the pulse the sensor is taken as empty: the next axle's ramp may be there already.
    load = _padded(signal.load[pulse.first : pulse.last], 2 * lag, 2 * lag)
    soft = _smoothed(load, lag // 4)
    steps = soft[lag:] - soft[:-lag]
    threshold = max(on_g, int(np.abs(steps).max()) // STEP_SHARE)
    coarse = [(centre + div_round(lag, 2), rise) for centre, rise in _regions(steps, threshold, lag)]
    ramp = _ramp(coarse, lag, patch_mm, signal.length_mm)
    first = pulse.first - 2 * lag
    straight = ramp * signal.period <= STRAIGHT_NS
    return [
        Edge(_time_at(signal, first, *_crossing(soft, centre, lag, low, high)), rise)
        for centre, rise, low, high in _with_levels(load, coarse, ramp, straight=straight)
    ]


def _ramp(coarse: list[tuple[int, bool]], lag: int, patch_mm: int, length_mm: int) -> int:
    """Samples of a ramp, from the axles' own times on the sensor where those are known."""
    rises = [centre for centre, rise in coarse if rise]
    falls = [centre for centre, rise in coarse if not rise]
    if not rises or len(rises) != len(falls):
        return lag
    shortest = min(fall - rise for rise, fall in zip(rises, falls, strict=True))
    return min(lag, max(1, shortest * patch_mm // length_mm))


def _smoothed(load: Int64, half: int) -> Int64:
    """Mean over `half` samples to either side: shorter than a ramp, so its half height stays."""
    if half < 1:
        return load
    total = np.add.accumulate(_padded(load, half + 1, half))
    width = 2 * half + 1
    mean: Int64 = (total[width:] - total[:-width]) // width
    return mean


def _padded(load: Int64, before: int, after: int) -> Int64:
    """With zeros at both ends."""
    padded = np.zeros(before + load.size + after, dtype=np.int64)
    padded[before : before + load.size] = load
    return padded


def _regions(steps: Int64, threshold: int, lag: int) -> list[tuple[int, bool]]:
    """(centre, rising) of each run of steps beyond the threshold; noise does not cut a run in two."""
    sign = (steps > threshold).astype(np.int8) - (steps < -threshold)
    change: list[int] = (np.flatnonzero(sign[1:] != sign[:-1]) + 1).tolist()
    runs: list[tuple[int, int, int]] = []
    for first, last in pairwise([0, *change, sign.size]):
        which = int(sign[first])
        if which and runs and runs[-1][2] == which and first - runs[-1][1] < lag // 2:
            runs[-1] = (runs[-1][0], last, which)
        elif which:
            runs.append((first, last, which))
    out = []
    for first, last, which in runs:
        weight = np.abs(steps[first:last])
        centre = first + div_round(int((weight * np.arange(last - first)).sum()), int(weight.sum()))
        out.append((centre, which > 0))
    return out


def _with_levels(
    load: Int64, coarse: list[tuple[int, bool]], ramp: int, *, straight: bool
) -> list[tuple[int, bool, int, int]]:
    """(centre, rise, level before, level after) of each edge."""
    centres = [c for c, _ in coarse]
    out = []
    for k, (centre, rise) in enumerate(coarse):
        before = centres[k - 1] if k else -load.size
        after = centres[k + 1] if k + 1 < len(centres) else 2 * load.size
        low = _level(load, centre, before, ramp, straight=straight)
        high = _level(load, centre, after, ramp, straight=straight)
        out.append((centre, rise, low, high))
    return out


def _level(load: Int64, edge: int, other: int, ramp: int, *, straight: bool) -> int:
    """The load that the edge leads to or comes from, on the side of the neighbouring edge `other`.

    Off both ramps, and where there is room carried on to the edge along a straight line: a bouncing
    axle's load changes by a few per cent over the length of a ramp. Where a ramp takes so long that
    the bounce turns within it, the mean serves better than any line.
    """
    side = 1 if other > edge else -1
    half = ramp // 2 + 1
    room = abs(other - edge) - 2 * half
    if room < 2 * half:
        return _mean(load, edge + side * half, edge + side * (half + max(1, min(half, room))))
    near = _mean(load, edge + side * half, edge + side * 2 * half)
    if not straight:
        return _mean(load, edge + side * half, edge + side * min(3 * half, half + room))
    far = _mean(load, edge + side * 2 * half, edge + side * 3 * half)
    # Their middles lie 1.5 and 2.5 halves away.
    return near + div_round(3 * (near - far), 2)


def _mean(load: Int64, one: int, other: int) -> int:
    """Mean between two places, at least one sample; nothing beyond the ends."""
    first, last = sorted((one, other))
    first = min(max(0, first), load.size - 1)
    piece = load[first : max(first + 1, min(load.size, last))]
    return div_round(int(piece.sum()), piece.size)


def _crossing(load: Int64, centre: int, lag: int, before: int, after: int) -> tuple[int, int, int]:
    """Where the load passes the middle of two levels: (sample, numerator, denominator) of the way on."""
    middle2 = before + after
    first = max(0, centre - lag)
    piece = 2 * load[first : centre + lag + 2]
    over = piece > middle2 if after > before else piece < middle2
    passes = np.flatnonzero(over[1:] & ~over[:-1])
    if not passes.size:
        return centre, 0, 1
    i = first + int(passes[int(np.argmin(np.abs(passes + first - centre)))])
    here, there = 2 * int(load[i]), 2 * int(load[i + 1])
    return i, abs(middle2 - here), max(1, abs(there - here))


def _time_at(signal: Signal, first: int, sample: int, numerator: int, denominator: int) -> int:
    """Time of a place between two samples, counted from sample `first` of the signal."""
    i = min(max(0, first + sample), signal.at.size - 2)
    t0, t1 = int(signal.at[i]), int(signal.at[i + 1])
    return t0 + div_round((t1 - t0) * numerator, denominator)
