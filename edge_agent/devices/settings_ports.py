"""A port on the box that an instrument is wired to: the line, and the protocol spoken on it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings
from edge_agent.core.units import S
from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings, ProtocolSettings

# Above this a read for every few bytes costs more than the 20 ms that a batch may add.
FASTEST_UNBATCHED_BAUD = 57_600

# The kernel keeps 4096 bytes of a terminal; what comes while nobody reads must stay well below.
BATCH_BYTES = 2048


class SerialPortSettings(Settings):
    """One serial line. Nothing is written to it but the requests that the protocol needs."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    """Name of the port in events and in the lanes that use it, for example `wim`."""
    device: Annotated[str, Field(min_length=1)]
    """Path such as `/dev/serial/by-id/...` (stable over reboots), or `socket://host:port`."""
    baud: Annotated[int, Field(ge=300, le=12_000_000)] = 9600
    """Bits per second."""
    framing: Literal["8N1", "8N2", "8E1", "8O1", "7N1", "7N2", "7E1", "7O1"] = "8N1"
    """Data bits, parity, stop bits."""
    dtr: bool = True
    """Level of DTR after opening. Some converters reset on it."""
    rts: bool = True
    """Level of RTS after opening."""
    low_latency: bool = True
    """Ask the driver to hand bytes over at once (an FTDI otherwise waits 16 ms)."""
    back_date: bool = True
    """Take the time that bytes need on the line off their time stamp. False: USB, TCP, pseudo-terminal."""
    batch_ms: Annotated[int, Field(ge=0, le=20)] | None = None
    """Wait so long between two reads, for fewer wake-ups; less on a fast line. None: 20 above 57600 baud."""
    reconnect_ms_max: Annotated[int, Field(ge=100, le=60_000)] = 5_000
    """Longest wait between two attempts to open the port."""
    protocol: ProtocolSettings
    """What the instrument speaks."""

    @model_validator(mode="after")
    def _modbus_is_serial(self) -> Self:
        if isinstance(self.protocol, ModbusRtuSettings) and "://" in self.device:
            raise ValueError("modbus_rtu needs a serial device, not a network address")
        return self

    @property
    def data_bits(self) -> int:
        """7 or 8."""
        return int(self.framing[0])

    @property
    def parity(self) -> str:
        """N, E or O."""
        return self.framing[1]

    @property
    def stop_bits(self) -> int:
        """1 or 2."""
        return int(self.framing[2])

    @property
    def char_ns(self) -> int:
        """Time of one character on the line, for `make_decoder`; 0 where bytes take no such time."""
        if not self.back_date or "://" in self.device:
            return 0
        bits = 1 + self.data_bits + (self.parity != "N") + self.stop_bits
        return bits * S // self.baud

    @property
    def batch_s(self) -> float:
        """Seconds between two reads."""
        wanted = 0.02 if self.baud > FASTEST_UNBATCHED_BAUD else 0.0
        if self.batch_ms is not None:
            wanted = self.batch_ms / 1000
        return min(wanted, BATCH_BYTES * 10 / self.baud)
