"""A lane's samples cut into what the empty scale read and the vehicles that crossed it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.core.units import MS, S
from edge_agent.core.weigh.layout import Layout
from edge_agent.core.weigh.samples import Int64, Samples, UInt8, Unit
from edge_agent.core.weigh.settings import ScaleSettings

Bool = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# Less unloaded time says nothing of noise or hum.
LEAST_FREE_NS = 1 * S
# A vehicle that stands on the scale for most of the stretch must not be taken for its zero.
EMPTY_SHARE = 0.2
# Without a separator loads nearer to each other are one vehicle: 7 m between axles at 17 km/h. Two that are
# taken for one, or one for two, do no harm here.
ONE_VEHICLE_NS = 1_500 * MS
# A vehicle whose load begins or ends so near the stretch's own end may have more axles.
PART_NS = 300 * MS
# A period of 50 Hz: hum must not look like wheels, and is gone from a mean over whole periods.
MAINS_NS = 20 * MS


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a lane's own columns read over a while.

    at:     int64 (n,)
    grams:  int64 (n, width), as read: no zero taken off
    status: uint8 (n, width)
    free:   bool (n,), nothing on the scale, and not about to come or just gone
    level:  int64 (width,), median of what is free
    """

    layout: Layout
    settings: ScaleSettings
    at: Int64
    grams: Int64
    status: UInt8
    free: Bool
    level: Int64
    vehicles: tuple[tuple[int, int], ...]  # first sample and the one behind the last
    raw: bool  # converter counts: a channel without noise is dead, where an indicator rounds it away

    @property
    def rate_hz(self) -> float:
        """Samples a second. Where several came with one read and nobody told them apart, their mean pace."""
        middle = float(np.median(np.diff(self.at)))
        mean = float(self.at[-1] - self.at[0]) / (self.at.size - 1)
        return S / (middle or mean)

    @property
    def free_grams(self) -> Int64:
        """(m, width)."""
        return self.grams[self.free]

    @property
    def enough_free(self) -> bool:
        """The empty scale was seen for long enough."""
        return int(self.free.sum()) >= max(2, self.rate_hz * LEAST_FREE_NS / S)

    @property
    def loads(self) -> Int64:
        """(n, width) grams above the empty level."""
        loads: Int64 = self.grams - self.level
        return loads


def stretch_of(samples: Samples, settings: ScaleSettings) -> Stretch | None:
    """The lane's part of an instrument's samples; None where they are too few or too narrow."""
    layout = Layout.of(settings)
    if samples.at.size < 2 or samples.at[0] == samples.at[-1]:
        return None
    if not layout.width or not layout.fits(samples):
        return None
    grams, status = layout.grams(samples)
    loaded = _loaded(samples.at, layout.per_sensor(grams), settings) | _present(samples, settings)
    free = ~_widened(samples.at, loaded, settings)
    level = _median(grams[free] if free.any() else grams)
    return Stretch(
        layout,
        settings,
        samples.at,
        grams,
        status,
        free,
        level,
        _vehicles(samples.at, loaded, settings),
        samples.unit is Unit.COUNTS,
    )


def _loaded(at: Int64, per_sensor: Int64, settings: ScaleSettings) -> Bool:
    """By the core's own threshold, above the level of the emptiest fifth of the time."""
    per_sensor = _without_hum(at, per_sensor)
    empty = np.quantile(per_sensor, EMPTY_SHARE, axis=0)
    above: Bool = np.greater(per_sensor - empty, settings.detect.on_g)
    loaded: Bool = np.logical_or.reduce(above, axis=1)
    return loaded


def _without_hum(at: Int64, values: Int64) -> Int64:
    """The mean over a period of the mains; as it is where that is less than two samples."""
    count = int(np.searchsorted(at, at[0] + MAINS_NS))
    if count < 2 or count >= values.shape[0]:
        return values
    padded = np.concatenate([values[: count // 2], values, values[values.shape[0] - (count - count // 2) :]])
    total = np.concatenate([np.zeros((1, values.shape[1]), dtype=np.int64), np.cumsum(padded, axis=0)])
    mean: Int64 = (total[count : count + values.shape[0]] - total[: values.shape[0]]) // count
    return mean


def _present(samples: Samples, settings: ScaleSettings) -> Bool:
    separator = settings.separator
    if separator is None:
        return np.zeros(samples.at.size, dtype=np.bool_)
    present: Bool = np.equal((samples.inputs >> separator.bit) & 1, 1 if separator.active == "high" else 0)
    return present


def _widened(at: Int64, loaded: Bool, settings: ScaleSettings) -> Bool:
    """With the time before and after in which the zero is not tracked either."""
    edges = np.flatnonzero(np.diff(loaded.astype(np.int8), prepend=0, append=0))
    widened = loaded.copy()
    for first, behind in edges.reshape(-1, 2).tolist():
        since = at[first] - settings.zero.guard_ms * MS
        until = at[behind - 1] + settings.zero.settle_ms * MS
        widened[np.searchsorted(at, since) : np.searchsorted(at, until)] = True
    return widened


def _vehicles(at: Int64, loaded: Bool, settings: ScaleSettings) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    together = ONE_VEHICLE_NS if settings.separator is None else settings.separator.hold_ms * MS
    edges = np.flatnonzero(np.diff(loaded.astype(np.int8), prepend=0, append=0))
    for first, behind in edges.reshape(-1, 2).tolist():
        if found and at[first] - at[found[-1][1] - 1] < together:
            found[-1] = (found[-1][0], behind)
        else:
            found.append((first, behind))
    # One that was there when listening began, or still is when it ends, was seen in part.
    last = at.size - 1
    return tuple((a, b) for a, b in found if at[a] - at[0] > PART_NS and at[last] - at[b - 1] > PART_NS)


def _median(values: Int64) -> Int64:
    middle: Int64 = np.median(values, axis=0).astype(np.int64)
    return middle
