"""Which encoder belongs to which protocol."""

from __future__ import annotations

from typing import Protocol

from edge_agent.core.weigh.protocols.settings import (
    AdcSettings,
    ProtocolSettings,
    YaohuaA9Settings,
    YaohuaA12Settings,
    YaohuaCmdSettings,
    YaohuaEqSettings,
)
from edge_agent.core.weigh.samples import Int64, UInt8
from edge_agent.sim.encoders import yaohua
from edge_agent.sim.encoders.adc import AdcEncoder
from edge_agent.sim.encoders.yaohua import RowEncoder


class Encoder(Protocol):
    """An instrument's output."""

    def encode(self, at_ns: int, values: Int64, status: UInt8, inputs: Int64) -> bytes:
        """A block of samples, (n, c) like `Samples`, as the bytes that the instrument sends."""
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
    """The encoder of an instrument whose display has `decimals` digits behind the point."""
    match settings:
        case AdcSettings():
            return AdcEncoder(settings)
        case YaohuaA9Settings():
            return IndicatorEncoder(yaohua.a9(settings, decimals))
        case YaohuaA12Settings():
            return IndicatorEncoder(yaohua.a12(settings, decimals))
        case YaohuaEqSettings():
            return IndicatorEncoder(yaohua.eq(settings, decimals))
        case YaohuaCmdSettings():
            return IndicatorEncoder(yaohua.command_reply(settings, decimals))
    raise AssertionError(settings)
