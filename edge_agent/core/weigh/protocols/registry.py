"""Which decoder belongs to which settings: the instrument list on one page."""

from __future__ import annotations

from edge_agent.core.units import KG
from edge_agent.core.weigh.protocols import ascii_lines, toledo, yaohua, yaohua_cmd
from edge_agent.core.weigh.protocols.adc import AdcDecoder
from edge_agent.core.weigh.protocols.framing import Decoder, FrameDecoder, Parse
from edge_agent.core.weigh.protocols.hbm import HbmParser
from edge_agent.core.weigh.protocols.modbus import ModbusDecoder
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
from edge_agent.core.weigh.protocols.wim_json import WimJsonDecoder
from edge_agent.core.weigh.samples import Unit

IndicatorProtocol = (
    YaohuaA9Settings
    | YaohuaA12Settings
    | YaohuaEqSettings
    | YaohuaCmdSettings
    | ToledoContSettings
    | AsciiStGsSettings
    | Cas22Settings
    | RinstrumSettings
    | LaumasFastSettings
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
        case ModbusRtuSettings():
            return ModbusDecoder(settings, char_ns=char_ns)
        case WimJsonSettings():
            return WimJsonDecoder(settings)
        case HbmAedSettings():
            parser = HbmParser(settings)
            return FrameDecoder(
                parser,
                parser.length,
                settings,
                char_ns=char_ns,
                unit=Unit.COUNTS,
                longest_wait=parser.longest_wait,
                forget=parser.forget,
            )
        case _:
            parse, length = _indicator(settings)
            return FrameDecoder(parse, length, settings, char_ns=char_ns, max_abs=settings.max_abs_kg * KG)


def _indicator(settings: IndicatorProtocol) -> tuple[Parse, int]:  # noqa: C901, PLR0911  a table
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
        case YaohuaCmdSettings():
            return yaohua_cmd.parser(settings), yaohua_cmd.LENGTH
        case ToledoContSettings():
            return toledo.parser(settings), settings.length
        case AsciiStGsSettings():
            return ascii_lines.stgs_parser(settings), ascii_lines.stgs_length(settings)
        case Cas22Settings():
            return ascii_lines.cas22_parser(settings), ascii_lines.CAS22_LENGTH
        case RinstrumSettings():
            return ascii_lines.rinstrum_parser(settings), ascii_lines.RINSTRUM_LENGTH
        case LaumasFastSettings():
            return ascii_lines.laumas_fast_parser(settings), ascii_lines.LAUMAS_LENGTH
