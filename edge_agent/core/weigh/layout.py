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

    source: Int64  # column of the instrument for each own column
    numerator: Int64  # grams per count
    denominator: Int64
    low: Int64  # rails, in counts
    high: Int64
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
        return Layout(
            source=_ints([c.index for c in channels]),
            numerator=_ints([c.grams_num for c in channels]),
            denominator=_ints([c.grams_den for c in channels]),
            low=_ints([-LIMIT if c.rail_low is None else c.rail_low for c in channels]),
            high=_ints([LIMIT if c.rail_high is None else c.rail_high for c in channels]),
            sensors=tuple(sensors),
            starts=_ints([int(s.all[0]) for s in sensors]),
        )

    @property
    def width(self) -> int:
        """Number of own columns."""
        return int(self.source.size)

    def fits(self, block: Samples) -> bool:
        """Whether the instrument sent all the columns that this lane needs."""
        return bool(block.values.shape[1] > int(self.source.max(initial=-1)))

    def grams(self, block: Samples) -> tuple[Int64, UInt8]:
        """(grams, status) of the lane's own columns, (n, width). A rail value gets the RAIL bit."""
        raw = np.clip(block.values[:, self.source], -LIMIT, LIMIT)
        status = block.status[:, self.source]
        rail = (raw <= self.low) | (raw >= self.high)
        if rail.any():
            status = status | np.where(rail, RAIL, 0).astype(np.uint8)
        if block.unit is Unit.GRAMS:
            return raw, status
        return np.clip(_divide(raw * self.numerator, self.denominator), -LIMIT, LIMIT), status

    def per_sensor(self, grams: Int64) -> Int64:
        """(n, width) to (n, sensors): the load on each sensor."""
        if self.starts.size == self.width:
            return grams
        total: Int64 = np.add.reduceat(grams, self.starts, axis=1)
        return total


def _divide(numerator: Int64, denominator: Int64) -> Int64:
    """To the nearest; the numerator may fill 62 bits, so it is not doubled."""
    return (numerator + denominator // 2) // denominator if (denominator != 1).any() else numerator


def _ints(values: list[int]) -> Int64:
    return np.array(values, dtype=np.int64)
