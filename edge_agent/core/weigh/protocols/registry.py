"""Which decoder belongs to which settings: the instrument list on one page."""

from __future__ import annotations

from edge_agent.core.units import KG
from edge_agent.core.weigh.protocols import yaohua
from edge_agent.core.weigh.protocols.adc import AdcDecoder
from edge_agent.core.weigh.protocols.framing import Decoder, FrameDecoder, Parse
from edge_agent.core.weigh.protocols.settings import (
    AdcSettings,
    IndicatorSettings,
    ProtocolSettings,
    YaohuaA9Settings,
    YaohuaA12Settings,
    YaohuaEqSettings,
)


def make_decoder(settings: ProtocolSettings, *, char_ns: int = 0) -> Decoder:
    """The decoder of a line.

    Args:
        settings: which protocol, and what it does not say about itself.
        char_ns: time of one character on the line, ns; each frame is back-dated by the time its bytes
            took. 0 where the line has no such time: USB, TCP, a pseudo-terminal.
    """
    match settings:
        case AdcSettings():
            return AdcDecoder(settings, char_ns=char_ns)
        case IndicatorSettings():
            parse, length = _indicator(settings)
            return FrameDecoder(parse, length, settings, char_ns=char_ns, max_abs=settings.max_abs_kg * KG)
        case _:
            raise NotImplementedError(settings.kind)


def _indicator(settings: IndicatorSettings) -> tuple[Parse, int]:
    """The parse function and the length of a frame."""
    match settings:
        case YaohuaA9Settings():
            return yaohua.a9_parser(settings), yaohua.A9_LENGTH
        case YaohuaA12Settings(form="frame"):
            return yaohua.a12_parser(settings), yaohua.A12_LENGTH
        case YaohuaA12Settings():
            return yaohua.a12_text_parser(settings), yaohua.A12_TEXT_LENGTH
        case YaohuaEqSettings():
            return yaohua.eq_parser(settings), yaohua.EQ_LENGTH
    raise AssertionError(settings)
