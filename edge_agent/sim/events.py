"""A scenario and a seed as the events that a box would have recorded: what `simulate` writes down."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterator, Sequence

from edge_agent.core.events import (
    ClockSource,
    ClockStatus,
    Event,
    PlateSeen,
    RegistersRead,
    SerialBytes,
    Started,
    TemperatureRead,
)
from edge_agent.core.units import MS, MilliCelsius, Ns, Permille, S
from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings
from edge_agent.sim.anpr import CameraRead, camera_reads
from edge_agent.sim.errors import InstrumentErrors
from edge_agent.sim.line import port_reads, register_polls
from edge_agent.sim.loadcells import air_celsius
from edge_agent.sim.rng import stream
from edge_agent.sim.scenario import Scenario
from edge_agent.sim.traffic import generate
from edge_agent.sim.world import Passage

TEMPERATURE_EVERY_S = 10


def events(
    scenario: Scenario,
    seed: int,
    software: str = "simulator",
    passages: Sequence[Passage] | None = None,
) -> Iterator[Event]:
    """Every event in order of `at`; ties in the order of the sources below, then as each source has them.

    `passages`: the vehicles, where they are not the scenario's own; in order of time, ids from 1.
    """
    passages = generate(scenario, seed) if passages is None else passages
    base = scenario.mono_start_ns
    sources: list[Iterator[Event]] = [
        iter((Started(Ns(base), f"sim-{scenario.name}-{seed}", software, ""),)),
        _clock(scenario),
        _temperatures(scenario),
        *(_serial(scenario, port, passages, seed) for port in sorted(scenario.instruments)),
        _plates(scenario, passages, seed),
    ]
    return heapq.merge(*sources, key=lambda event: event.at)


def all_reads(scenario: Scenario, passages: Sequence[Passage], seed: int) -> list[CameraRead]:
    """Reads of every camera, in order of arrival."""
    lanes = [lane.id for lane in scenario.lanes]
    found = [
        read
        for name, camera in sorted(scenario.cameras.items())
        for read in camera_reads(
            passages, name, camera, lanes, scenario.duration_s, stream(seed, "camera", name)
        )
    ]
    return sorted(found, key=lambda read: (read.arrives_ns, read.camera, read.event_id))


def plate_seen(read: CameraRead, base_ns: int, utc_minus_mono: int) -> PlateSeen:
    """The event that a pushed read becomes on the box."""
    return PlateSeen(
        at=Ns(base_ns + read.arrives_ns),
        camera=read.camera,
        lane=read.lane,
        captured_utc=None if read.said_ns is None else Ns(base_ns + read.said_ns + utc_minus_mono),
        text=read.text,
        confidence=Permille(read.confidence),
        colour=read.colour,
        vehicle=read.vehicle,
        direction=read.direction,
        alternatives=tuple((text, Permille(score)) for text, score in read.alternatives),
        event_id=read.event_id,
    )


def utc_minus_mono(scenario: Scenario) -> int:
    """UTC minus the box's monotonic clock, ns."""
    began = dt.datetime.fromisoformat(scenario.start_utc)
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (began - epoch) // dt.timedelta(microseconds=1) * 1000 - scenario.mono_start_ns


def _clock(scenario: Scenario) -> Iterator[Event]:
    clock = scenario.clock
    error = clock.est_error_ms
    for number in range(int(scenario.duration_s / clock.every_s) + 1):
        yield ClockStatus(
            at=Ns(scenario.mono_start_ns + round(number * clock.every_s * S)),
            utc_minus_mono=Ns(utc_minus_mono(scenario)),
            source=ClockSource(clock.source),
            synced=clock.synced,
            offset=Ns(0),
            est_error=None if error is None else Ns(round(error * MS)),
        )


def _temperatures(scenario: Scenario) -> Iterator[Event]:
    for second in range(0, int(scenario.duration_s) + 1, TEMPERATURE_EVERY_S):
        for lane in scenario.lanes:
            errors: InstrumentErrors = scenario.instruments[lane.port].errors
            celsius = air_celsius(second, errors)
            yield TemperatureRead(
                Ns(scenario.mono_start_ns + second * S), lane.id, MilliCelsius(round(celsius * 1000))
            )


def _serial(scenario: Scenario, port: str, passages: Sequence[Passage], seed: int) -> Iterator[Event]:
    base = scenario.mono_start_ns
    if isinstance(scenario.instruments[port].protocol, ModbusRtuSettings):
        for at, address, registers in register_polls(scenario, port, passages, seed):
            yield RegistersRead(Ns(base + at), port, address, registers)
        return
    for at, data in port_reads(scenario, port, passages, seed):
        yield SerialBytes(Ns(base + at), port, data)


def _plates(scenario: Scenario, passages: Sequence[Passage], seed: int) -> Iterator[Event]:
    offset = utc_minus_mono(scenario)
    for read in all_reads(scenario, passages, seed):
        yield plate_seen(read, scenario.mono_start_ns, offset)
