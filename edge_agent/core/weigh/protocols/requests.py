"""Every byte that this program can ever send to a weighing instrument is made in this file.

A legal scale can be zeroed or tared by one stray command, and command letters differ between models
(on some Yaohua, E tares and F zeroes). So there is no builder of commands here: only these requests.
Modbus is polled by function 3 or 4, which read (`devices/modbus.py`).
"""

from __future__ import annotations

from typing import NamedTuple

from edge_agent.core.units import MS, Ns
from edge_agent.core.weigh.protocols.settings import HbmAedSettings, ProtocolSettings, YaohuaCmdSettings


class Poll(NamedTuple):
    """A request to repeat."""

    request: bytes
    every: Ns


def gross_request(address: str) -> bytes:
    """Yaohua command B, read gross: `02 address 'B' XOR-high XOR-low 03`.

    >>> gross_request("A").hex(" ")
    '02 41 42 30 33 03'
    """
    body = address.encode("ascii") + b"B"
    check = body[0] ^ body[1]
    return b"\x02" + body + b"%X%X" % (check >> 4, check & 15) + b"\x03"


def poll_of(settings: ProtocolSettings) -> Poll | None:
    """What to send again and again; None for instruments that speak by themselves."""
    if isinstance(settings, YaohuaCmdSettings):
        return Poll(gross_request(settings.address), Ns(settings.poll_ms * MS))
    return None


def opening_of(settings: ProtocolSettings) -> bytes:
    """What to send once after opening; mostly nothing."""
    if isinstance(settings, HbmAedSettings):
        return settings.start_command.encode("ascii")
    return b""
