"""What chronyd says of the clock: its `tracking` report, asked for as `chronyc` does.

Command protocol version 6, over UDP on the loopback; every chronyd since 2.2 answers it, to anybody on
the box. Source: chrony's candm.h. Whether a server is authenticated (NTS) it tells root alone.
"""

from __future__ import annotations

import secrets
import socket
import struct
from dataclasses import dataclass

from edge_agent.core.units import S

PORT = 323
TIMEOUT_S = 0.5

_REQUEST = struct.Struct(">BBxxHHIII")
_REPLY = struct.Struct(">BBxxHHHHHHIII")
_TRACKING = struct.Struct(">I16sHxxHHIIIiiiiiiiii")
_VERSION, _IS_REQUEST, _IS_REPLY = 6, 1, 2
_TRACKING_REQUEST, _TRACKING_REPLY, _SUCCESS = 33, 5, 0
_UNSYNCHRONISED = 3  # leap indicator
_LOCAL = 0x7F7F0101  # reference id of "this box's own clock"


@dataclass(frozen=True, slots=True)
class Tracking:
    """One report. Times in ns."""

    synced: bool  # to something outside the box
    reference: str  # a reference clock's name (GPS, PPS, PHC0), empty for a server in the network
    stratum: int
    set_at_utc: int  # when the clock was last compared with its reference, ns since 1970
    offset: int  # what is still to be added to the clock
    root_delay: int
    root_dispersion: int

    @property
    def est_error(self) -> int:
        """Bound of the error beside `offset`: root dispersion and half the root delay."""
        return self.root_dispersion + self.root_delay // 2


def ask(port: int = PORT, timeout_s: float = TIMEOUT_S) -> Tracking | None:
    """The report of the chronyd on this box; None where none answers in time."""
    number = secrets.randbits(32)
    # A request is as long as its answer, so that nobody can use it to multiply traffic.
    body = bytes(_REPLY.size + _TRACKING.size - _REQUEST.size)
    request = _REQUEST.pack(_VERSION, _IS_REQUEST, _TRACKING_REQUEST, 0, number, 0, 0) + body
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(timeout_s)
            line.connect(("127.0.0.1", port))
            line.send(request)
            return parse(line.recv(1024), number)
    except OSError:  # nobody there, or no answer
        return None


def parse(reply: bytes, number: int) -> Tracking | None:
    """A reply's report; None when it is not the answer to request `number`."""
    if len(reply) < _REPLY.size + _TRACKING.size:
        return None
    version, kind, command, form, status, _, _, _, sequence, _, _ = _REPLY.unpack_from(reply)
    wanted = (_VERSION, _IS_REPLY, _TRACKING_REQUEST, _TRACKING_REPLY, _SUCCESS, number)
    if (version, kind, command, form, status, sequence) != wanted:
        return None
    reference, _, family, stratum, leap, high, low, ns, correction, _, _, _, _, _, delay, dispersion, _ = (
        _TRACKING.unpack_from(reply, _REPLY.size)
    )
    name = reference.to_bytes(4, "big").rstrip(b"\0").decode("ascii", "replace") if family == 0 else ""
    return Tracking(
        synced=leap != _UNSYNCHRONISED and reference not in {0, _LOCAL},
        reference="" if reference in {0, _LOCAL} else name,
        stratum=stratum,
        set_at_utc=((0 if high == 0x7FFFFFFF else high) << 32 | low) * S + ns,
        offset=_ns(correction),
        root_delay=_ns(delay),
        root_dispersion=_ns(dispersion),
    )


def _ns(number: int) -> int:
    """A 32-bit float of candm.h, in seconds: 7 bits of exponent, 25 of coefficient, both signed."""
    exponent, coefficient = number >> 25, number & 0x1FFFFFF
    if coefficient >= 1 << 24:
        coefficient -= 1 << 25
    return round(coefficient * 2.0 ** (exponent - 25) * S)
