"""The last seconds of raw instrument bytes, so that a statement can carry what it rests on.

The attachment is itself a recording (MCAP): `edge-agent replay` weighs it again.
"""

from __future__ import annotations

import io
from collections import deque

from edge_agent.core.decisions import RawWindow
from edge_agent.core.events import RegistersRead, SerialBytes
from edge_agent.core.units import S
from edge_agent.journal.writer import RecordingHeader, RecordingWriter

RawEvent = SerialBytes | RegistersRead

# A truck at 3 km/h needs 20 s for 18 m; its case is sealed within seconds after that.
KEEP_NS = 90 * S
MAX_PORT_BYTES = 32_000_000

# Windows are named by the digest of their bytes, so their header must not differ between the road and a
# replay; the statement itself says which software and configuration made it.
HEADER = RecordingHeader(software="edge-agent raw window", config_sha256="")


class RawRing:
    """Keeps raw events of every port for `KEEP_NS`, at most `MAX_PORT_BYTES` a port."""

    def __init__(self) -> None:
        self._rings: dict[str, deque[RawEvent]] = {}
        self._bytes: dict[str, int] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._rings.clear()
        self._bytes.clear()

    def add(self, event: RawEvent) -> None:
        """Remember an event; forget what is too old or too much."""
        ring = self._rings.setdefault(event.port, deque())
        ring.append(event)
        held = self._bytes.get(event.port, 0) + _size(event)
        while ring and (ring[0].at < event.at - KEEP_NS or held > MAX_PORT_BYTES):
            held -= _size(ring.popleft())
        self._bytes[event.port] = held

    def window(self, wanted: RawWindow) -> bytes:
        """A recording of the port's events in `[start, end]`, the same bytes for the same events."""
        stream = io.BytesIO()
        writer = RecordingWriter(stream, HEADER)
        for event in self._rings.get(wanted.port, ()):
            if wanted.start <= event.at <= wanted.end:
                writer.event(event)
        writer.close()
        return stream.getvalue()


def _size(event: RawEvent) -> int:
    return len(event.data) if isinstance(event, SerialBytes) else 2 * len(event.registers) + 32
