"""When was it measured? From the time of a read to the time of each frame.

A read returns late: the converter's latency timer (FTDI: 16 ms), the batch, the scheduler. It never
returns early. So each frame's *raw* time (read time, less the time its bytes need on the line) is its
true time plus a delay that is never negative, and the truth is the lower envelope of the raw times:

* Frames are expected one nominal period apart (or as many as the sequence number says).
* All frames of one read are judged together, by the one with the **least delay**: after a stall the
  first frames of a backlog are very late, the last one hardly is.
* Least delay negative: the clock was late; it moves back at once, the envelope is a hard bound.
* Least delay positive: it may be delay or a slow instrument. Over two seconds the least of all tells
  which; the clock then moves forward by that much, slowly (`SLEW_PPM` of the elapsed time).
* How far the clock had to move in two seconds, net, is how far the instrument's rate is from nominal;
  half of it corrects the period.
* Least delay longer than a gap: frames are missing; the clock starts afresh.
* Late by more than a frame and a half for `LATE_FRAMES` frames and `LATE_FOR_NS` in a row: frames were
  lost without a trace; the clock starts afresh.

Output times never decrease.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.core.units import MS, S, div_round
from edge_agent.core.weigh.samples import Counters, Int64

# Crystals are right to 0.02 %; indicators with an RC clock or a rounded data sheet to a per cent.
MOST_PPM = 10_000
SLEW_PPM = 10_000
WINDOW_NS = 2 * S  # 160 frames at 80 Hz, 20 at 10 Hz: enough for one that was hardly delayed

SHORTEST_GAP_NS = 150 * MS  # a Linux box under load stalls a reader for tens of ms, not for 150
UNKNOWN_RATE_GAP_NS = 500 * MS  # slowest common indicators send 5 frames a second
GAP_PERIODS = 4

LATE_FRAMES = 8
LATE_FOR_NS = 200 * MS  # longer than any stall of a reader that is not a gap
LATE_AT_LEAST_NS = 30 * MS  # longer than any latency timer and read batch


def gap_after(period_ns: int, gap_ms: int) -> int:
    """Silence that counts as a gap, ns."""
    if gap_ms:
        return gap_ms * MS
    return max(GAP_PERIODS * period_ns, SHORTEST_GAP_NS) if period_ns else UNKNOWN_RATE_GAP_NS


@dataclass(slots=True)
class _Window:
    """What two seconds of frames say of the clock."""

    settled: bool = False  # it began near the envelope; the first one has to find it
    elapsed: int = 0
    least: int = WINDOW_NS  # least delay, against the clock as it is now
    moved_back: int = 0


class SampleClock:
    """Puts frames in time, see the top of this file."""

    def __init__(self, period_ns: int, gap_ns: int) -> None:
        self._period = period_ns
        self._gap = gap_ns
        self._late_after = max(period_ns * 3 // 2, LATE_AT_LEAST_NS)
        self._last: int | None = None  # estimate of the last frame
        self._given = 0  # last time handed out
        self._late_frames = 0
        self._late_ns = 0
        self._late_by = 0
        self._ppm = 0  # the instrument's period against nominal
        self._window = _Window()
        self._forward = 0  # what the clock has yet to move forward

    def restart(self) -> None:
        """What came before says nothing of what comes next."""
        self._last = None
        self._late_frames = self._late_ns = 0
        self._start_window(settled=False)

    def place(self, raw: Int64, steps: Int64) -> tuple[Int64, int]:
        """Times of the frames of one read, and the length of a gap before them (0: none).

        Args:
            raw: int64 (n,), n >= 1, raw time of each frame, ns.
            steps: int64 (n,), periods since the frame before, at least 1.
        """
        if not self._period:
            at, gap = raw, 0
            if self._last is not None and int(raw[0]) - self._last > self._gap:
                gap = int(raw[0]) - self._last
        else:
            at, gap = self._regular(raw, steps)
        self._last = int(at[-1])
        at = np.maximum(np.maximum.accumulate(at), self._given)
        self._given = int(at[-1])
        return at, gap

    def _regular(self, raw: Int64, steps: Int64) -> tuple[Int64, int]:
        elapsed = np.add.accumulate(steps) * self._period
        elapsed += elapsed * self._ppm // 1_000_000
        expected = elapsed + (self._last if self._last is not None else int(raw[0]))
        delay = int(np.minimum.reduce(raw - expected))
        if self._last is None:
            return expected + delay, 0
        if delay > self._gap or self._late_for_long(delay, len(raw), int(elapsed[-1])):
            shift = delay if delay > self._gap else self._late_by
            self._late_frames = self._late_ns = 0
            self._start_window(settled=False)
            return expected + shift, shift
        shift = self._follow(delay, int(elapsed[-1]))
        return expected + shift, 0

    def _follow(self, delay: int, elapsed: int) -> int:
        """How far to move the clock now."""
        if delay < 0:
            shift, self._forward = delay, 0
            self._window.moved_back += delay
        else:
            shift = min(self._forward, elapsed * SLEW_PPM // 1_000_000)
            self._forward -= shift
        window = self._window
        window.least = min(window.least, delay) - shift
        window.elapsed += elapsed
        if window.elapsed >= WINDOW_NS:
            self._learn(window)
        return shift

    def _learn(self, window: _Window) -> None:
        """The end of a window: what its least delayed frame says of phase and rate."""
        drift = window.moved_back + window.least - self._forward
        if window.settled:
            ppm = self._ppm + div_round(drift * 1_000_000, 2 * window.elapsed)
            self._ppm = min(max(ppm, -MOST_PPM), MOST_PPM)
        self._start_window(settled=True)
        self._forward = window.least

    def _start_window(self, *, settled: bool) -> None:
        self._window = _Window(settled=settled)
        self._forward = 0

    def _late_for_long(self, delay: int, frames: int, elapsed: int) -> bool:
        if delay <= self._late_after:
            self._late_frames = self._late_ns = 0
            return False
        self._late_by = delay if not self._late_frames else min(self._late_by, delay)
        self._late_frames += frames
        self._late_ns += elapsed
        return self._late_frames >= LATE_FRAMES and self._late_ns >= LATE_FOR_NS

    def steps(self, raw: Sequence[int], lost: Sequence[int]) -> Int64:
        """Periods since the frame before, where up to `lost` frames may be missing before each.

        The number that fits the raw times best; without a nominal rate it does not matter.
        """
        steps = np.ones(len(raw), dtype=np.int64)
        if not self._period or not any(lost):
            return steps
        before = self._last
        for i, (time, most) in enumerate(zip(raw, lost, strict=True)):
            if most and before is not None:
                steps[i] = min(max(div_round(time - before, self._period), 1), 1 + most)
            before = time if before is None else before + int(steps[i]) * self._period
        return steps


RATE_WINDOW_NS = 2 * S


class RateMeter:
    """The effective frame rate, over windows of two seconds of event time."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._since: int | None = None
        self._frames = 0

    def count(self, at: int, frames: int) -> None:
        """`frames` frames were complete at `at`."""
        if self._since is None:
            self._since = at  # the first frames only start the window
            return
        self._frames += frames
        elapsed = at - self._since
        if elapsed >= RATE_WINDOW_NS:
            self._counters.rate_mhz = self._frames * 1_000 * S // elapsed
            self._since, self._frames = at, 0
