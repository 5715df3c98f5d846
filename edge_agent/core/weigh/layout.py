"""A lane's sensors as index arrays: which columns of the instrument make up which signal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_agent.core.weigh.samples import BAD, Int64, Samples, UInt8, Unit
from edge_agent.core.weigh.settings import ScaleSettings, SensorSettings

# A reading beyond this is a broken frame, not a load: 2147 t, and 32 bits times a 31-bit ratio fit int64.
LIMIT = 2**31 - 1
# A status bit of our own, beside those of `samples`: the converter stands at its rail.
RAIL = 8
NO_VALUE = BAD | RAIL


@dataclass(frozen=True, slots=True)
class SensorColumns:
    """One sensor: its settings and its columns among the lane's own columns."""

    sensor: SensorSettings
    all: Int64
    left: Int64  # empty where the sensor cannot tell sides
    right: Int64


@dataclass(frozen=True, slots=True)
class Layout:
    """The lane's own columns, sensor by sensor, and how to get there from the instrument's."""

    width: int  # number of own columns
    reach: int  # number of columns that the instrument must send
    source: slice | Int64  # the instrument's column for each own one; a slice where they stand side by side
    numerator: Int64  # grams per count
    denominator: Int64
    whole: bool  # every denominator is 1
    low: Int64  # rails, in counts
    high: Int64
    above: Int64  # counts between `above` and `below` are at no rail, and within the limit as grams too
    below: Int64
    sensors: tuple[SensorColumns, ...]
    starts: Int64  # first own column of each sensor, for np.add.reduceat

    @staticmethod
    def of(settings: ScaleSettings) -> Layout:
        """Columns in the order of the sensors and of their channels."""
        channels = [c for s in settings.sensors for c in s.channels]
        sensors = []
        first = 0
        for sensor in settings.sensors:
            own = [first + i for i in range(len(sensor.channels))]
            sides = {
                side: [k for k, c in zip(own, sensor.channels, strict=True) if c.side == side]
                for side in ("left", "right")
            }
            sensors.append(SensorColumns(sensor, _ints(own), _ints(sides["left"]), _ints(sides["right"])))
            first += len(own)
        most = [min(LIMIT, LIMIT * c.grams_den // c.grams_num) for c in channels]
        low = [-LIMIT if c.rail_low is None else c.rail_low for c in channels]
        high = [LIMIT if c.rail_high is None else c.rail_high for c in channels]
        return Layout(
            width=len(channels),
            reach=max((c.index + 1 for c in channels), default=0),
            source=_side_by_side([c.index for c in channels]),
            numerator=_ints([c.grams_num for c in channels]),
            denominator=_ints([c.grams_den for c in channels]),
            whole=all(c.grams_den == 1 for c in channels),
            low=_ints(low),
            high=_ints(high),
            above=_ints([max(rail, -limit) for rail, limit in zip(low, most, strict=True)]),
            below=_ints([min(rail, limit) for rail, limit in zip(high, most, strict=True)]),
            sensors=tuple(sensors),
            starts=_ints([int(s.all[0]) for s in sensors]),
        )

    def fits(self, block: Samples) -> bool:
        """Whether the instrument sent all the columns that this lane needs."""
        return bool(block.values.shape[1] >= self.reach)

    def grams(self, block: Samples) -> tuple[Int64, UInt8]:
        """(grams, status) of the lane's own columns, (n, width). A rail value gets the RAIL bit."""
        raw, status = block.values[:, self.source], block.status[:, self.source]
        if ((raw > self.above) & (raw < self.below)).all():
            return raw if block.unit is Unit.GRAMS else self._scaled(raw), status
        raw = np.clip(raw, -LIMIT, LIMIT)
        rail = (raw <= self.low) | (raw >= self.high)
        if rail.any():
            status = status | np.where(rail, RAIL, 0).astype(np.uint8)
        if block.unit is Unit.GRAMS:
            return raw, status
        return np.clip(self._scaled(raw), -LIMIT, LIMIT), status

    def _scaled(self, raw: Int64) -> Int64:
        """Counts to grams, to the nearest; the product may fill 62 bits, so it is not doubled."""
        product = raw * self.numerator
        if self.whole:
            return product
        rounded: Int64 = (product + self.denominator // 2) // self.denominator
        return rounded

    def per_sensor(self, grams: Int64) -> Int64:
        """(n, width) to (n, sensors): the load on each sensor."""
        if self.starts.size == self.width:
            return grams
        total: Int64 = np.add.reduceat(grams, self.starts, axis=1)
        return total


def _side_by_side(indices: list[int]) -> slice | Int64:
    """The indices, as a slice if they are consecutive: a slice copies nothing."""
    run = range(indices[0], indices[-1] + 1) if indices else range(0)
    return slice(run.start, run.stop) if indices == list(run) else _ints(indices)


def _ints(values: list[int]) -> Int64:
    return np.array(values, dtype=np.int64)
