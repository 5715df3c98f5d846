"""Known loads standing on the sensors, one after the other -> what each channel's factor should be.

    load = sum over the sensor's channels of  factor * reading,  less a zero that may wander steadily

A load on the left half presses on the right cell too, so channels are not taken one by one: least squares
over all places gives each its factor, where loads stood on both sides. Where they did not (a vehicle with an
axle on each pad), one factor holds for all of the sensor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from edge_agent.calibration.samples import Float64, Tenths
from edge_agent.calibration.student import quantile
from edge_agent.core.settings import Settings
from edge_agent.core.weigh.layout import Layout, SensorColumns
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.errors import UsageError, both

Side = Literal["left", "right", "middle"]

MILLION = 1_000_000
LEAST_LOADS = 3  # different ones, for a straight line to be more than drawn through them
# Beyond it two channels cannot be told apart by where the loads stood.
LARGEST_CONDITION = 20.0
# A factor beyond this is no calibration: a wrong channel, a wrong unit, a load that was not there.
LARGEST_FACTOR_PPM = 500_000
# No scale is as crooked as this: a load was not the one in the steps, or it stood when it should not.
LARGEST_LINEARITY_PERMILLE = 20.0


class Step(Settings):
    """A load that stood somewhere for a while."""

    sensor: str
    """Id of the sensor, as in the configuration."""
    side: Side = "middle"
    """The half that it stood on; middle: on both, such as a vehicle's axle."""
    kg: Annotated[float, Field(ge=0, lt=200_000)]
    """0: nothing on it."""
    from_s: Annotated[float, Field(ge=0)] | None = None
    """In a recording: from so many seconds after its first sample ..."""
    to_s: Annotated[float, Field(gt=0)] | None = None
    """... until so many."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.from_s is None) != (self.to_s is None):
            raise ValueError("from_s and to_s: give both or neither")
        if self.from_s is not None and self.to_s is not None and self.from_s >= self.to_s:
            raise ValueError(f"from_s ({self.from_s}) must be before to_s ({self.to_s})")
        return self


class SpanPlan(Settings):
    """Loads in the order in which they stand there: YAML that the technician fills in."""

    reference: Annotated[str, Field(max_length=500)] = ""
    """Which weights or vehicle, how they were weighed, when."""
    interval_permille: Annotated[float, Field(ge=0, le=50)] = 1
    """Half width of the 95 % interval of the loads themselves."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sensor's own channels showed during a step."""

    step: Step
    at_s: float
    grams: tuple[float, ...]  # as the settings scale them, no zero taken off


@dataclass(frozen=True, slots=True)
class ChannelSpan:
    """One channel's factor: to be multiplied with what it shows, less one."""

    index: int
    side: str
    factor_ppm: int
    interval_ppm: int


@dataclass(frozen=True, slots=True)
class SensorSpan:
    """One sensor. Permille are of its largest load; None where the steps do not say."""

    sensor: str
    channels: tuple[ChannelSpan, ...]
    separate: bool  # each channel has a factor of its own
    loads: int  # steps with a load
    largest_kg: float
    linearity_permille: float | None  # farthest from the straight line through zero
    hysteresis_permille: float | None  # the same load coming and going
    return_g: float | None  # the empty sensor afterwards, less before
    corner_permille: float | None  # the same load left, right and in the middle, as calibrated now
    corner_after_permille: float | None  # and with the factors


def plan_of_loads(loads_kg: Sequence[float], scale: ScaleSettings, reference: str = "") -> SpanPlan:
    """The same loads on every half of every sensor; on the middle where a sensor has no halves."""
    places = [
        (sensor.id, side)
        for sensor in scale.sensors
        for side in sorted({"middle" if c.side == "both" else c.side for c in sensor.channels})
    ]
    steps = [{"sensor": sensor, "side": side, "kg": kg} for sensor, side in places for kg in loads_kg]
    return SpanPlan.model_validate({"reference": reference, "steps": steps})


def reading_of(seen: Tenths, step: Step, layout: Layout, start_ns: int) -> Reading:
    """A step out of a recording.

    Args:
        seen: all of it.
        step: with from and to.
        layout: of the lane.
        start_ns: of its first sample.

    Raises:
        UsageError: nothing was seen then, or no such sensor.
    """
    columns = columns_of(layout, step.sensor)
    assert step.from_s is not None
    assert step.to_s is not None
    begin, end = (start_ns + round(at * 1e9) for at in (step.from_s, step.to_s))
    part = seen.between(begin, end)
    if not part.at.size:
        raise UsageError(f"{step.sensor}, {step.kg:g} kg: nothing was recorded {step.from_s}-{step.to_s} s")
    means = part.grams[:, columns.all].mean(axis=0)
    return Reading(step, step.from_s, tuple(map(float, means)))


def measure_span(
    readings: Sequence[Reading], scale: ScaleSettings, interval_permille: float
) -> tuple[SensorSpan, ...]:
    """The factors of every sensor that had loads on it, in the order of travel.

    Args:
        readings: in order of time; of each sensor the first with nothing on it.
        scale: the settings that scaled them.
        interval_permille: half width of the 95 % interval of the loads.

    Raises:
        UsageError: the steps do not tell a factor.
    """
    layout = Layout.of(scale)
    for reading in readings:
        columns_of(layout, reading.step.sensor)
    found = []
    for columns in layout.sensors:
        own = [reading for reading in readings if reading.step.sensor == columns.sensor.id]
        if own:
            found.append(_sensor(own, columns, interval_permille))
    return tuple(found)


def columns_of(layout: Layout, sensor: str) -> SensorColumns:
    """A sensor's columns by its id. Raises UsageError: there is none."""
    for columns in layout.sensors:
        if columns.sensor.id == sensor:
            return columns
    raise UsageError(f"no sensor {sensor!r}; there are {', '.join(c.sensor.id for c in layout.sensors)}")


def _sensor(readings: Sequence[Reading], columns: SensorColumns, interval_permille: float) -> SensorSpan:
    name = columns.sensor.id
    zeros = [reading for reading in readings if not reading.step.kg]
    loaded = [reading for reading in readings if reading.step.kg]
    if not zeros or readings[0].step.kg:
        raise UsageError(f"{name}: the first step must have nothing on it (kg: 0)")
    if len({reading.step.kg for reading in loaded}) < LEAST_LOADS:
        raise UsageError(f"{name}: at least {LEAST_LOADS} different loads are needed")
    net = np.array([_net(reading, zeros) for reading in loaded])
    _stands_where_it_should(loaded, net, columns)
    factors, errors, separate = _fitted(readings, net)
    channels = tuple(
        _channel(c.index, c.side, float(f), float(e), interval_permille, name)
        for c, f, e in zip(columns.sensor.channels, factors, errors, strict=True)
    )
    loads = np.array([reading.step.kg * 1000 for reading in loaded])
    largest, shown = float(loads.max()), net @ factors
    off_permille = 1000 * np.abs(shown - loads) / largest
    if off_permille.max() > LARGEST_LINEARITY_PERMILLE:
        worst = loaded[int(off_permille.argmax())].step
        raise UsageError(
            both(
                f"{name}：{worst.kg:g} kg（{worst.side}）偏离直线 {off_permille.max():.0f} ‰："
                "载荷与步骤不符，或未放稳",
                f"{name}: {worst.kg:g} kg ({worst.side}) lies {off_permille.max():.0f} permille off the "
                "straight line: was it the load that the steps say, and at rest?",
            )
        )
    return SensorSpan(
        sensor=name,
        channels=channels,
        separate=separate,
        loads=len(loaded),
        largest_kg=largest / 1000,
        linearity_permille=float(off_permille.max()),
        hysteresis_permille=_hysteresis(loaded, shown, largest),
        return_g=float(sum(zeros[-1].grams) - sum(zeros[0].grams)) if len(zeros) > 1 else None,
        corner_permille=_corner(loaded, net.sum(axis=1), largest),
        corner_after_permille=_corner(loaded, shown, largest),
    )


def _net(reading: Reading, zeros: Sequence[Reading]) -> Float64:
    """Less the zero, which wandered on a straight line from one unloaded step to the next."""
    at = [zero.at_s for zero in zeros]
    level = [np.interp(reading.at_s, at, column) for column in zip(*(z.grams for z in zeros), strict=True)]
    net: Float64 = np.array(reading.grams) - np.array(level)
    return net


def _stands_where_it_should(loaded: Sequence[Reading], net: Float64, columns: SensorColumns) -> None:
    """A load on one side presses mostly on that side's cells; else cells are swapped, or it stood wrong."""
    sides = [channel.side for channel in columns.sensor.channels]
    for reading, row in zip(loaded, net, strict=True):
        side = reading.step.side
        if side == "middle" or side not in sides:
            continue
        share = float(sum(g for g, s in zip(row, sides, strict=True) if s == side) / row.sum())
        if not share > 0.5:  # of nothing too
            raise UsageError(
                f"{columns.sensor.id}: {reading.step.kg:g} kg on the {side} half, and its channels carry "
                f"{share:.0%} of it: are cells swapped (side), or did it stand elsewhere?"
            )


def _fitted(readings: Sequence[Reading], net: Float64) -> tuple[Float64, Float64, bool]:
    """(factor, its 95 % half interval) of every channel, and whether they are each channel's own.

    The zero is fitted with them: as a number taken off it would put the same error on every load, and the
    interval would not know.
    """
    shown = np.array([reading.grams for reading in readings])
    loads = np.array([reading.step.kg * 1000 for reading in readings])
    times = np.array([reading.at_s for reading in readings])
    channels, unit = shown.shape[1], float(loads.max())
    zero = [np.ones(len(loads))]
    if np.count_nonzero(loads == 0) > 1:
        zero.append((times - times.mean()) / max(float(np.ptp(times)), 1.0))
    separate = (
        channels > 1 and len(loads) > channels + len(zero) and float(np.linalg.cond(net)) < LARGEST_CONDITION
    )
    gains = shown if separate else shown.sum(axis=1, keepdims=True)
    matrix = np.column_stack([gains / unit, *zero])
    found, *_ = np.linalg.lstsq(matrix, loads / unit, rcond=None)
    off = matrix @ found - loads / unit
    degrees = len(loads) - matrix.shape[1]
    variance = float(off @ off) / degrees
    errors = quantile(0.975, degrees) * np.sqrt(variance * np.diag(np.linalg.inv(matrix.T @ matrix)))
    count = gains.shape[1]
    if separate:
        return found[:count], errors[:count], True
    return np.repeat(found[:1], channels), np.repeat(errors[:1], channels), False


def _channel(
    index: int, side: str, factor: float, error: float, interval_permille: float, sensor: str
) -> ChannelSpan:
    ppm = round(MILLION * (factor - 1))
    if abs(ppm) > LARGEST_FACTOR_PPM:
        raise UsageError(
            f"{sensor}, channel {index}: a factor of {factor:.3f} is no calibration; look at the unit, the "
            "channel's index, and what stood there"
        )
    return ChannelSpan(index, side, ppm, math.ceil(math.hypot(MILLION * error, 1000 * interval_permille)))


def _hysteresis(loaded: Sequence[Reading], shown: Float64, largest: float) -> float | None:
    """Largest difference of one load at one place between coming and going."""
    coming: dict[tuple[str, float], float] = {}
    before: dict[str, float] = {}
    worst: float | None = None
    for reading, grams in zip(loaded, shown, strict=True):
        side, kg = reading.step.side, reading.step.kg
        if kg >= before.get(side, 0):
            coming[side, kg] = float(grams)
        elif (side, kg) in coming:
            worst = max(worst or 0.0, abs(float(grams) - coming[side, kg]))
        before[side] = kg
    return None if worst is None else 1000 * worst / largest


def _corner(loaded: Sequence[Reading], shown: Float64, largest: float) -> float | None:
    """Largest difference of one load between places."""
    places: dict[float, dict[str, list[float]]] = {}
    for reading, grams in zip(loaded, shown, strict=True):
        places.setdefault(reading.step.kg, {}).setdefault(reading.step.side, []).append(float(grams))
    spreads = [
        max(means) - min(means)
        for sides in places.values()
        if len(means := [sum(values) / len(values) for values in sides.values()]) > 1
    ]
    return 1000 * max(spreads) / largest if spreads else None
