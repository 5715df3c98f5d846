"""A dump of a serial line without times, put in time by its rate.

    bytes ── spread evenly ──> reads of 20 ms, each stamped when its last byte had come

Two things can be known of such a dump: that the line was never idle (then a byte takes the port's character
time), or how many frames a second the instrument sends (then the file's frames are counted by the port's
own decoder, and its bytes spread over as many periods). A pause in the dump cannot be seen, whichever it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.core.events import SerialBytes
from edge_agent.core.units import MS, Ns, S
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.protocols.settings import (
    AdcSettings,
    ModbusRtuSettings,
    TimedSettings,
    WimJsonSettings,
)
from edge_agent.devices.settings_ports import SerialPortSettings
from edge_agent.errors import ConfigError, Problem, UsageError
from edge_agent.journal.importer import bytes_of

CHUNK = 65_536  # bytes that are decoded at once
READ = 20 * MS  # what a read of a port gathers


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a dump came, at most one of them known; else what the port's configuration says."""

    baud: int | None = None  # the line was never idle
    frames_mhz: int | None = None  # frames a second, in millihertz


def read_serial_dump(path: Path, port: SerialPortSettings, starts: Ns, rate: Rate) -> list[SerialBytes]:
    """The bytes of a file as reads of `port`; `at` is UTC.

    Args:
        path: nothing but what came over the line.
        port: what is spoken there, and how its characters are framed.
        starts: UTC of the first byte.
        rate: how fast it came.

    Raises:
        UsageError: the port's protocol cannot be dumped so, or nobody says how fast it came.
        ConfigError: the file cannot be read, or holds no frame to count.
    """
    sends_by_itself(port)
    if isinstance(port.protocol, WimJsonSettings):
        raise UsageError(
            f"port {port.id!r} speaks {port.protocol.kind}, of which a dump without times says nothing: "
            "give lines of `TIME HEX`, or --vehicles"
        )
    data = bytes_of(path)
    if not data:
        raise ConfigError((Problem(str(path), 0, "", "empty"),))
    took = _took(path, data, port, rate)
    return list(_reads(data, port.id, starts, took))


def sends_by_itself(port: SerialPortSettings) -> None:
    """Bytes of a line where a box asks, and an instrument answers, are answers without their questions.

    Raises:
        UsageError: that is such a port.
    """
    if isinstance(port.protocol, ModbusRtuSettings):
        raise UsageError(
            f"port {port.id!r} speaks {port.protocol.kind}, which is asked and answers: bytes of its line "
            "cannot be imported, for nobody knows what was asked; a box's `record` keeps the registers"
        )


def _took(path: Path, data: bytes, port: SerialPortSettings, rate: Rate) -> int:
    """How long it took on the line, ns."""
    if rate.baud is not None:
        bits = 1 + port.data_bits + (port.parity != "N") + port.stop_bits
        return len(data) * bits * S // rate.baud
    frames_mhz = rate.frames_mhz or _configured(port)
    if not frames_mhz:
        raise UsageError(
            f"{path}: how fast did it come? --rate-hz FRAMES, or --baud N where the line was never idle "
            f"(ports.{port.id}.protocol.frame_rate_mhz would say it too)"
        )
    decoder = make_decoder(port.protocol)
    for first in range(0, len(data), CHUNK):
        decoder.feed(Ns(0), data[first : first + CHUNK])
    if not decoder.counters.frames:
        reason = f"no frame of {port.protocol.kind} in it"
        raise ConfigError((Problem(str(path), 0, "", reason, "is it another protocol, or other settings?"),))
    # Bytes that are in no frame took their time as well: as much as the others.
    whole = decoder.counters.frames * 1000 * S // frames_mhz
    in_frames = max(len(data) - decoder.counters.resync_bytes, 1)
    return whole * len(data) // in_frames


def _configured(port: SerialPortSettings) -> int:
    """Frames a second that the configuration states, in millihertz; 0: it states none."""
    match port.protocol:
        case AdcSettings() as adc:
            return 1000 * S // (adc.period_ns * adc.samples_per_frame)
        case TimedSettings() as timed:
            return timed.frame_rate_mhz
        case _:
            return 0


def _reads(data: bytes, port: str, starts: Ns, took: int) -> Iterator[SerialBytes]:
    size = max(1, len(data) * READ // max(took, 1))
    for first in range(0, len(data), size):
        chunk = data[first : first + size]
        yield SerialBytes(Ns(starts + (first + len(chunk)) * took // len(data)), port, chunk)
