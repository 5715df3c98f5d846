"""A vehicle weighed by a third party's controller becomes a crossing, its doubts included."""

from __future__ import annotations

from edge_agent.core.records import Axle, Crossing, Flag, SpeedSource
from edge_agent.core.units import Grams, MilliCelsius, Mm, Ns, S, div_round
from edge_agent.core.weigh import checks
from edge_agent.core.weigh.groups import grouped
from edge_agent.core.weigh.samples import VehicleRecord
from edge_agent.core.weigh.settings import ScaleSettings

# The controller's gross weight and the sum of its axles may differ by rounding, not by this.
SUM_PERMILLE = 20


def crossing_of_record(
    record: VehicleRecord, settings: ScaleSettings, temperature: MilliCelsius | None
) -> Crossing:
    """The record in our terms, with a configured interval; nothing of it is corrected."""
    axles = _axles(record, settings)
    flags = set(record.flags) | checks.of_conditions(temperature, settings)
    if record.flags:
        flags.add(Flag.CONTROLLER)
    if axles and abs(sum(record.axle_loads) - record.gross) * 1000 > abs(record.gross) * SUM_PERMILLE:
        flags.add(Flag.DISAGREE)
    envelope = settings.envelope
    if record.speed is None or not envelope.speed_min_mm_s <= record.speed <= envelope.speed_max_mm_s:
        flags.add(Flag.SPEED_OUT)
    if settings.controller_interval_permille > envelope.max_interval_permille:
        flags.add(Flag.UNCERTAIN)
    return Crossing(
        lane=record.lane,
        number=0,
        first_axle_at=record.first_axle_at,
        last_axle_at=record.last_axle_at,
        closed_at=record.at,
        axles=axles,
        groups=grouped(axles, settings.vehicle.group_spacing_mm),
        gross=record.gross,
        gross_interval=_interval(record.gross, settings),
        speed=record.speed,
        speed_sd=None,
        speed_source=SpeedSource.UNKNOWN if record.speed is None else SpeedSource.REPORTED,
        acceleration=None,
        flags=tuple(sorted(flags)),
        rate_mhz=0,
        zero=Grams(0),
        temperature=temperature,
        calibration=settings.calibration.id,
    )


def _axles(record: VehicleRecord, settings: ScaleSettings) -> tuple[Axle, ...]:
    offsets: tuple[Mm, ...] | None = record.axle_offsets
    if len(record.axle_offsets) != len(record.axle_loads):
        offsets = None
    axles = []
    for k, load in enumerate(record.axle_loads):
        offset = None if offsets is None else offsets[k]
        at = _when(record, k, offset)
        axles.append(Axle(at, load, _interval(load, settings), None, None, offset, 1))
    return tuple(axles)


def _when(record: VehicleRecord, k: int, offset: Mm | None) -> Ns:
    """From its distance and the speed; else evenly between the first and the last axle."""
    if offset is not None and record.speed:
        return Ns(record.first_axle_at + div_round(offset * S, record.speed))
    span = record.last_axle_at - record.first_axle_at
    return Ns(record.first_axle_at + span * k // max(1, len(record.axle_loads) - 1))


def _interval(load: Grams, settings: ScaleSettings) -> Grams:
    return Grams(div_round(abs(load) * settings.controller_interval_permille, 1000))
