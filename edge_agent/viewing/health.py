"""How the box was, as things to show: its parts, its devices, its clock, its temperature."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.core.decisions import Fault, SealTimeStep, Status
from edge_agent.core.events import ClockStatus, DeviceChanged, Started, Stopped, TemperatureRead
from edge_agent.core.units import MS
from edge_agent.journal.gaps import Gap
from edge_agent.report.plates import detail_of
from edge_agent.viewing.plates import PlateWords
from edge_agent.viewing.things import Level, Line, Numbers, State, Thing

LEVELS: dict[str, Level] = {"ok": "info", "up": "info", "unknown": "info", "degraded": "warning"}


def run(event: Started | Stopped) -> Iterator[Thing]:
    """The daemon came up, or was told to end."""
    text = f"started: {event.software}" if isinstance(event, Started) else "stopped"
    yield Line(event.at, "info", "daemon", text)


def part(status: Status) -> Iterator[Thing]:
    """A part's health."""
    yield State(status.at, ("parts", *status.part.split("/", 1)), status.state)
    yield Line(
        status.at,
        LEVELS.get(status.state, "error"),
        status.part,
        f"{status.state}: {status.detail}".rstrip(": "),
    )


def device(changed: DeviceChanged) -> Iterator[Thing]:
    """A device came or went."""
    yield State(changed.at, ("devices", *changed.device.split("/", 1)), changed.state)
    text = f"{changed.state}: {changed.detail}".rstrip(": ")
    yield Line(changed.at, LEVELS.get(changed.state, "error"), changed.device, text)


def fault(told: Fault, plates: PlateWords) -> Iterator[Thing]:
    """Something was wrong."""
    detail = detail_of(told, plates=plates.shown)
    times = f" ({told.count} times)" if told.count > 1 else ""
    yield Line(told.at, "warning", told.source, f"{told.kind.value}: {detail}{times}")


def gap(lost: Gap) -> Iterator[Thing]:
    """What the recording does not have."""
    yield Line(lost.start, "error", "journal", str(lost))


def clock(status: ClockStatus) -> Iterator[Thing]:
    """What was known of the clock."""
    values = {"offset_ms": status.offset / MS}
    if status.est_error is not None:
        values["error_ms"] = status.est_error / MS
    yield Numbers(status.at, ("clock", "offset"), values)
    yield State(
        status.at,
        ("clock", "source"),
        f"{status.source.value}, {'synced' if status.synced else 'not synced'}",
    )


def time_step(seal: SealTimeStep) -> Iterator[Thing]:
    """UTC was stepped."""
    yield Line(seal.at, "warning", "clock", f"UTC stepped by {seal.step / MS:.0f} ms, {seal.steps} times")


def temperature(read: TemperatureRead) -> Iterator[Thing]:
    """A probe near the sensors."""
    yield Numbers(read.at, ("lanes", read.lane, "temperature"), {"celsius": read.temperature / 1000})
