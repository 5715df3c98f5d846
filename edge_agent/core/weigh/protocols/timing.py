"""When was it measured? From the time of a read to the time of each frame.

A read returns late: the converter's latency timer (FTDI: 16 ms), the batch, the scheduler. It never
returns early. So each frame's *raw* time (read time, less the time its bytes need on the line) is its
true time plus a delay that is never negative, and the truth is the lower envelope of the raw times:

* Frames are expected one nominal period apart (or as many as the sequence number says).
* All frames of one read are judged together, by the one with the **least delay**: after a stall the
  first frames of a backlog are very late, the last one hardly is.
* Least delay negative: the clock was late; it moves back at once, the envelope is a hard bound.
* Least delay positive: it may be delay or a slow instrument, so the clock follows slowly
  (`SLEW_PPM` of the elapsed time).
* Least delay longer than a gap: frames are missing; the clock starts afresh.
* Late by more than a frame and a half for `LATE_FRAMES` frames in a row: frames were lost without a
  trace; the clock starts afresh.

Output times never decrease.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_agent.core.units import MS, S, div_round
from edge_agent.core.weigh.samples import Counters, Int64

# Follows instruments up to 1 % slower than their data sheet; a delay of one 16 ms latency timer
# moves the clock by 0.16 ms at most.
SLEW_PPM = 10_000

SHORTEST_GAP_NS = 150 * MS  # a Linux box under load stalls a reader for tens of ms, not for 150
UNKNOWN_RATE_GAP_NS = 500 * MS  # slowest common indicators send 5 frames a second
GAP_PERIODS = 4

LATE_FRAMES = 8
LATE_AT_LEAST_NS = 30 * MS  # longer than any latency timer and read batch


def gap_after(period_ns: int, gap_ms: int) -> int:
    """Silence that counts as a gap, ns."""
    if gap_ms:
        return gap_ms * MS
    return max(GAP_PERIODS * period_ns, SHORTEST_GAP_NS) if period_ns else UNKNOWN_RATE_GAP_NS


class SampleClock:
    """Puts frames in time, see the top of this file."""

    def __init__(self, period_ns: int, gap_ns: int) -> None:
        self._period = period_ns
        self._gap = gap_ns
        self._late_after = max(period_ns * 3 // 2, LATE_AT_LEAST_NS)
        self._last: int | None = None  # estimate of the last frame
        self._given = 0  # last time handed out
        self._late_frames = 0
        self._late_by = 0

    def restart(self) -> None:
        """What came before says nothing of what comes next."""
        self._last = None
        self._late_frames = 0

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
        elapsed = np.cumsum(steps) * self._period
        expected = elapsed + (self._last if self._last is not None else int(raw[0]))
        delay = int((raw - expected).min())
        if self._last is None or delay <= 0:
            self._late_frames = 0
            return expected + delay, 0
        lost = delay > self._gap or self._late_for_long(delay, len(raw))
        if lost:
            shift = delay if delay > self._gap else self._late_by
            self._late_frames = 0
            return expected + shift, shift
        return expected + min(delay, int(elapsed[-1]) * SLEW_PPM // 1_000_000), 0

    def _late_for_long(self, delay: int, frames: int) -> bool:
        if delay <= self._late_after:
            self._late_frames = 0
            return False
        self._late_by = delay if not self._late_frames else min(self._late_by, delay)
        self._late_frames += frames
        return self._late_frames >= LATE_FRAMES

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
