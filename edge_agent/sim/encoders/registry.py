"""Which encoder belongs to which protocol."""

from __future__ import annotations

from typing import Protocol

from edge_agent.core.weigh.protocols.settings import (
    AdcSettings,
    AsciiStGsSettings,
    Cas22Settings,
    HbmAedSettings,
    LaumasFastSettings,
    ModbusRtuSettings,
    ProtocolSettings,
    RinstrumSettings,
    ToledoContSettings,
    WimJsonSettings,
    YaohuaA9Settings,
    YaohuaA12Settings,
    YaohuaCmdSettings,
    YaohuaEqSettings,
)
from edge_agent.core.weigh.samples import Int64, UInt8
from edge_agent.sim.encoders import ascii_lines, yaohua
from edge_agent.sim.encoders.adc import AdcEncoder
from edge_agent.sim.encoders.display import RowEncoder
from edge_agent.sim.encoders.hbm import hbm
from edge_agent.sim.encoders.modbus import ModbusEncoder
from edge_agent.sim.encoders.toledo import toledo


class Encoder(Protocol):
    """An instrument's output."""

    def encode(self, at_ns: int, values: Int64, status: UInt8, inputs: Int64) -> bytes:
        """A block of samples, shaped like `Samples`, as the bytes that the instrument sends."""
        ...


class IndicatorEncoder:
    """One frame for each row, of its first channel; the value in grams (counts where raw)."""

    def __init__(self, row: RowEncoder) -> None:
        self._row = row

    def encode(self, at_ns: int, values: Int64, status: UInt8, inputs: Int64) -> bytes:
        """Frames back to back, in order."""
        del at_ns, inputs
        rows = zip(values[:, 0].tolist(), status[:, 0].tolist(), strict=True)
        return b"".join(self._row(value, bits) for value, bits in rows)


def make_encoder(settings: ProtocolSettings, *, decimals: int = 0) -> Encoder:
    """The encoder of an instrument whose display has `decimals` digits behind the point.

    A weighing controller that reports whole vehicles has no samples: see `wim_json.vehicle_line`.
    """
    match settings:
        case AdcSettings():
            return AdcEncoder(settings)
        case ModbusRtuSettings():
            return ModbusEncoder(settings, decimals=decimals)
        case WimJsonSettings():
            raise ValueError("wim_json reports vehicles, not samples: use wim_json.vehicle_line")
        case _:
            return IndicatorEncoder(_row_encoder(settings, decimals))


def _row_encoder(  # noqa: C901, PLR0911  a table
    settings: YaohuaA9Settings
    | YaohuaA12Settings
    | YaohuaEqSettings
    | YaohuaCmdSettings
    | ToledoContSettings
    | AsciiStGsSettings
    | Cas22Settings
    | RinstrumSettings
    | LaumasFastSettings
    | HbmAedSettings,
    decimals: int,
) -> RowEncoder:
    match settings:
        case YaohuaA9Settings():
            return yaohua.a9(settings, decimals)
        case YaohuaA12Settings():
            return yaohua.a12(settings, decimals)
        case YaohuaEqSettings():
            return yaohua.eq(settings, decimals)
        case YaohuaCmdSettings():
            return yaohua.command_reply(settings, decimals)
        case ToledoContSettings():
            return toledo(settings, decimals)
        case AsciiStGsSettings():
            return ascii_lines.stgs(settings, decimals)
        case Cas22Settings():
            return ascii_lines.cas22(settings, decimals)
        case RinstrumSettings():
            return ascii_lines.rinstrum(settings, decimals)
        case LaumasFastSettings():
            return ascii_lines.laumas_fast(settings)
        case HbmAedSettings():
            return hbm(settings)
