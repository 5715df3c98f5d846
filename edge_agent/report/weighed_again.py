"""A vehicle weighed once more out of the raw bytes, by the core's own functions, to show how it was done.

A statement says what each axle weighed, not which samples say so. They are found again here: the same
decoder, the same `weigh`, the zero out of the samples before and after the vehicle. What comes of it is
set beside the statement's own numbers; where the two differ, the page says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.core.events import Event
from edge_agent.core.units import MS, US, Grams, Ns, S
from edge_agent.core.weigh.crossing import Context, Weighed, weigh
from edge_agent.core.weigh.layout import NO_VALUE, Layout
from edge_agent.core.weigh.noise import difference_scale
from edge_agent.core.weigh.protocols.settings import ProtocolSettings
from edge_agent.core.weigh.samples import Int64
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.core.weigh.trace import Trace
from edge_agent.evidence.statement_bridge import Measurement
from edge_agent.report.trace_data import UNLOADED_PERCENTILE, blocks_of

# The statement's window reaches a second to either side, where a neighbour's axles may be; then this far.
REACHES = (1 * S, 450 * MS, 200 * MS)
SAME_AXLE = 20 * MS
SAME_PERMILLE = 5  # a gross weight that differs by less is the same one: the zero was found anew


@dataclass(frozen=True, slots=True)
class AxleOnSensor:
    """How one axle's load was told on one sensor."""

    axle: int  # from 0
    sensor: int
    load: int | None  # grams, calibrated; None: no value
    enter: int  # ns, half height
    leave: int
    windows: tuple[tuple[int, int], ...]  # ns; the plateau, several where axles stood on it together
    by_area: bool  # the load is the area under the pulse times the speed; else the plateau's mean


@dataclass(frozen=True, slots=True)
class WeighedAgain:
    """What the raw bytes give."""

    axles: tuple[AxleOnSensor, ...]
    gross: int | None  # grams
    same: bool  # as many axles at the same instants, and a gross weight within `SAME_PERMILLE`


def weigh_again(
    events: Iterable[Event], protocol: ProtocolSettings, scale: ScaleSettings, measured: Measurement
) -> WeighedAgain | None:
    """Weigh once more.

    Args:
        events: of the instrument, around the vehicle.
        protocol: what it speaks.
        scale: the lane's, as it was when the vehicle was weighed.
        measured: what the statement says; nothing of it goes into the weighing but its zero and its time.

    Returns:
        None where the bytes give no vehicle at that time.
    """
    layout = Layout.of(scale)
    blocks = blocks_of(events, protocol, layout)
    if not blocks or not scale.sensors:
        return None
    at: Int64 = np.concatenate([block.at for block in blocks])
    parts = [layout.grams(block) for block in blocks]
    grams: Int64 = np.concatenate([grams for grams, _ in parts])
    status = np.concatenate([status for _, status in parts])
    inputs = np.concatenate([block.inputs for block in blocks])
    good = ~(status & NO_VALUE).any(axis=1)
    if good.sum() < 2:
        return None
    zero, noise = _unloaded(layout, grams[good], scale.detect.off_g)
    grams = grams - zero - _off_by(measured.zero_g, zero)
    first, last = measured.first_axle_monotonic_us * US, measured.last_axle_monotonic_us * US
    best = None
    for reach in REACHES:
        here = (at >= first - reach) & (at <= last + reach)
        if here.sum() < 2:
            continue
        trace = Trace(at[here], grams[here], status[here], inputs[here], noise)
        found = _nearest(_weighed(trace, layout, scale, measured), first)
        if found is None:
            continue
        best = _told(found, measured)
        if best.same:
            break
    return best


def _unloaded(layout: Layout, grams: Int64, off_g: int) -> tuple[Int64, int]:
    """Level and noise of the empty scale: of the samples in which no sensor is loaded."""
    low = np.percentile(grams, UNLOADED_PERCENTILE, axis=0).astype(np.int64)
    empty = (np.abs(layout.per_sensor(grams - low)) < off_g).all(axis=1)
    if empty.sum() < 2:
        return low, 0
    return np.median(grams[empty], axis=0).astype(np.int64), difference_scale(grams[empty].sum(axis=1))


def _off_by(zero_g: int, found: Int64) -> int:
    """What each channel's zero is off, where the statement names the sum that was subtracted."""
    return round((zero_g - int(found.sum())) / found.size)


def _weighed(trace: Trace, layout: Layout, scale: ScaleSettings, measured: Measurement) -> Sequence[Weighed]:
    celsius = measured.temperature_millicelsius
    context = Context(
        lane=measured.lane,
        closed_at=Ns(int(trace.at[-1])),
        zero=Grams(measured.zero_g),
        temperature=None if celsius is None else celsius,  # type: ignore[arg-type] # an integer of that unit
        flags=frozenset(),
    )
    return weigh(trace, layout, scale, context)


def _nearest(weighed: Sequence[Weighed], first: int) -> Weighed | None:
    return min(weighed, key=lambda one: abs(one.crossing.first_axle_at - first), default=None)


def _told(found: Weighed, measured: Measurement) -> WeighedAgain:
    crossing = found.crossing
    same_axles = len(crossing.axles) == len(measured.axles) and all(
        abs(mine.at - theirs.at_monotonic_us * US) <= SAME_AXLE
        for mine, theirs in zip(crossing.axles, measured.axles, strict=True)
    )
    if crossing.gross is None or measured.gross_g is None:
        same_gross = crossing.gross is None and measured.gross_g is None
    else:
        same_gross = abs(crossing.gross - measured.gross_g) * 1000 <= measured.gross_g * SAME_PERMILLE
    return WeighedAgain(
        tuple(
            AxleOnSensor(
                axle=number,
                sensor=sensor,
                load=loads.by_sensor[sensor] if loads.by_sensor is not None else None,
                enter=one.enter,
                leave=one.leave,
                windows=one.windows,
                by_area=one.area is not None and crossing.speed is not None,
            )
            for number, (axle, loads) in enumerate(zip(found.axles, found.loads, strict=True))
            for sensor, one in enumerate(axle.passes)
        ),
        crossing.gross,
        same_axles and same_gross,
    )
