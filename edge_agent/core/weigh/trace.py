"""The samples of one vehicle in progress, cleaned and cut into the signals of each sensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.core.units import MS
from edge_agent.core.weigh.despike import despike
from edge_agent.core.weigh.layout import NO_VALUE, Layout, SensorColumns
from edge_agent.core.weigh.samples import INFO_GAP, Int64, UInt8

# A spike stands out by at least this, and by eight times the noise.
SPIKE_G = 100_000
SPIKE_NOISES = 8


# A pause of the samples in which an axle may have passed unseen, whatever the instrument's rate.
HOLE_NS = 250 * MS


@dataclass(frozen=True, slots=True)
class Trace:
    """`n` samples of the lane's own columns.

    at:     int64 (n,), ns
    grams:  int64 (n, width), zero subtracted
    status: uint8 (n, width)
    inputs: int64 (n,)
    """

    at: Int64
    grams: Int64
    status: UInt8
    inputs: Int64
    noise: int  # standard deviation of one sample of all columns' sum, from when it was empty

    @property
    def period(self) -> int:
        """Median time between samples, ns; 0 with fewer than two samples."""
        if self.at.size < 2:
            return 0
        steps = self.at[1:] - self.at[:-1]
        return int(np.partition(steps, steps.size // 2)[steps.size // 2])

    @property
    def holed(self) -> bool:
        """Samples are missing somewhere in it."""
        return bool(((self.status & INFO_GAP) != 0).any() or (self.at[1:] - self.at[:-1] > HOLE_NS).any())


@dataclass(frozen=True, slots=True)
class Signal:
    """What one sensor saw.

    load:   int64 (n,), grams on the sensor
    sides:  int64 (n, 2), grams on its left and right half; None where it cannot tell
    status: uint8 (n,), all channels' bits
    """

    column: SensorColumns
    at: Int64
    load: Int64
    sides: Int64 | None
    status: UInt8
    period: int

    @property
    def length_mm(self) -> int:
        """Length of the sensor along the travel."""
        return self.column.sensor.length_mm


def cleaned(trace: Trace) -> tuple[Int64, int]:
    """The trace's grams without spikes, samples without a value bridged, and the number of spikes."""
    grams = _bridged(trace.grams, (trace.status & NO_VALUE) != 0)
    return despike(grams, max(SPIKE_G, SPIKE_NOISES * trace.noise))


def signals(trace: Trace, layout: Layout, grams: Int64) -> tuple[Signal, ...]:
    """One signal a sensor, in the order of travel; `grams` are the trace's, cleaned."""
    period = trace.period
    return tuple(_signal(trace, column, grams, period) for column in layout.sensors)


def _signal(trace: Trace, column: SensorColumns, grams: Int64, period: int) -> Signal:
    sides = None
    if column.left.size and column.right.size:
        sides = np.stack([grams[:, column.left].sum(axis=1), grams[:, column.right].sum(axis=1)], axis=1)
    status: UInt8 = np.bitwise_or.reduce(trace.status[:, column.all], axis=1)
    return Signal(column, trace.at, grams[:, column.all].sum(axis=1), sides, status, period)


def _bridged(grams: Int64, missing: npt.NDArray[np.bool_]) -> Int64:
    """Samples without a value take the last one that had one; those before the first take 0."""
    if not missing.any():
        return grams
    rows = np.arange(grams.shape[0])[:, None]
    last = np.maximum.accumulate(np.where(missing, -1, rows), axis=0)
    held = np.take_along_axis(grams, np.maximum(last, 0), axis=0)
    return np.where(last < 0, 0, held)
