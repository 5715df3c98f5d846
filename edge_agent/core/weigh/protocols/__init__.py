"""Instrument protocols: pure bytes (or registers) to samples, vehicle records and faults."""

from edge_agent.core.weigh.protocols.framing import Decoder
from edge_agent.core.weigh.protocols.registry import make_decoder
from edge_agent.core.weigh.protocols.settings import ProtocolSettings

__all__ = ["Decoder", "ProtocolSettings", "make_decoder"]
