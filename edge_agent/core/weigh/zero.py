"""The zero of each channel: a causal trailing median of what the empty scale reads.

Time is cut into 100 ms bins on the clock's own grid, so that the result cannot depend on how the
samples were cut into blocks. Five periods of 50 Hz mains fit a bin: its mean does not see hum. Only
whole bins without a vehicle count, and only once `guard_ms` has shown that none was about to come.

            settle            guard
    vehicle ├─────┤ bins count ├─────┤ vehicle
    ────────┘     ■ ■ ■ ■ ■ ■ ■ □ □ □└────────
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

import numpy as np

from edge_agent.core.units import MS, Ns, S
from edge_agent.core.weigh.noise import difference_scale
from edge_agent.core.weigh.samples import Int64
from edge_agent.core.weigh.settings import ZeroSettings

BIN_NS = 100 * MS
# The first zero: a median over this many bins. Until then nothing can be weighed.
FIRST_BINS = 10
# An unloaded level must be off for this many bins (1 s) before it is a fact.
ODD_BINS = 10


class ZeroEvent(StrEnum):
    """What became known of the zero with a bin."""

    SUSPECT = "suspect"  # the empty scale reads off zero
    BELOW = "below"  # so far below zero that the zero was loaded: taken anew
    RECOVERED = "recovered"


class ZeroTracker:
    """Feed it unloaded samples; it says where zero is and whether to believe it."""

    def __init__(self, channels: int, settings: ZeroSettings, below_g: int) -> None:
        self._settings = settings
        self._below = below_g
        self._bins = np.zeros((settings.window_s * S // BIN_NS, channels), dtype=np.int64)  # a ring
        self._binned = 0  # means that were ever written to it
        self._waiting: deque[tuple[int, Int64, int]] = deque()  # bin, mean, noise: not yet past the guard
        self._bin = -1
        self._parts: list[Int64] = []  # the samples of the bin in progress
        self._noises: deque[int] = deque(maxlen=50)
        self._odd = 0
        self._even = 0
        self._settled_at: Ns = Ns(0)
        self._started_at: Ns | None = None
        self._seen_at: Ns | None = None
        self._suspect = False
        self.level: Int64 | None = None
        self.noise = 0

    def add(self, at: Int64, grams: Int64) -> ZeroEvent | None:
        """Unloaded samples, all within one bin. Returns what the bins before it made known."""
        if self._started_at is None:
            self._started_at = Ns(int(at[0]))
        event = self._enter(int(at[0]) // BIN_NS)
        if int(at[-1]) >= self._settled_at:
            if int(at[0]) < self._settled_at:
                grams = grams[at >= self._settled_at]
            self._parts.append(grams)
        return event

    def freeze(self) -> None:
        """A vehicle came: what was seen within the guard before it does not count."""
        self._waiting.clear()
        self._drop_bin()

    def thaw(self, at: Ns) -> None:
        """The vehicle has gone at `at`."""
        self._settled_at = Ns(at + self._settings.settle_ms * MS)
        self._drop_bin()

    def restart(self) -> None:
        """Forget the zero: the next second of samples gives a new one, which stays suspect."""
        self._binned = 0
        self._waiting.clear()
        self._drop_bin()
        self._odd = self._even = 0
        self.level = None
        self._suspect = True

    def suspect(self, now: Ns) -> bool:
        """Whether a weight at `now` must carry the flag."""
        if self._suspect or self.level is None or self._seen_at is None:
            return True
        if now - self._seen_at > self._settings.max_age_s * S:
            return True
        return bool((np.abs(self.level) > self._settings.range_g).any())

    def warming(self, now: Ns) -> bool:
        """Whether power-up was less than the warm-up time ago."""
        return self._started_at is None or now - self._started_at < self._settings.warm_up_s * S

    def _drop_bin(self) -> None:
        self._bin = -1
        self._parts.clear()

    def _enter(self, index: int) -> ZeroEvent | None:
        if index == self._bin:
            return None
        if self._parts:
            grams = np.concatenate(self._parts)
            self._waiting.append((self._bin, _mean(grams), difference_scale(grams.sum(axis=1))))
        self._drop_bin()
        self._bin = index
        event = None
        guard = -(-self._settings.guard_ms * MS // BIN_NS)
        while self._waiting and self._waiting[0][0] + guard < index:
            bin_index, mean, noise = self._waiting.popleft()
            event = self._commit(bin_index, mean, noise) or event
        return event

    def _commit(self, index: int, mean: Int64, noise: int) -> ZeroEvent | None:
        self._seen_at = Ns((index + 1) * BIN_NS)
        self._bins[self._binned % len(self._bins)] = mean
        self._binned += 1
        self._noises.append(noise)
        self.noise = sorted(self._noises)[len(self._noises) // 2]
        event = self._judge(mean) if self.level is not None else None
        if event is ZeroEvent.BELOW:
            return event
        if self.level is not None or self._binned >= FIRST_BINS:
            self.level = _median(self._bins[: self._binned])
        return event

    def _judge(self, mean: Int64) -> ZeroEvent | None:
        """Compare a bin with the zero it was weighed against."""
        assert self.level is not None
        off = int((mean - self.level).sum())
        if abs(off) <= self._settings.suspect_g:
            self._odd = 0
            self._even += 1
            if self._suspect and self._even >= 5 * ODD_BINS:
                self._suspect = False
                return ZeroEvent.RECOVERED
            return None
        self._even = 0
        self._odd += 1
        if self._odd < ODD_BINS:
            return None
        if off < -self._below:
            self.restart()
            return ZeroEvent.BELOW
        if self._suspect:
            return None
        self._suspect = True
        return ZeroEvent.SUSPECT


def _median(bins: Int64) -> Int64:
    """Lower median of each column: a value that was really seen."""
    middle = (bins.shape[0] - 1) // 2
    level: Int64 = np.partition(bins, middle, axis=0)[middle]
    return level


def _mean(grams: Int64) -> Int64:
    """Of each column, to the nearest gram."""
    count = len(grams)
    mean: Int64 = (2 * grams.sum(axis=0) + count) // (2 * count)
    return mean
