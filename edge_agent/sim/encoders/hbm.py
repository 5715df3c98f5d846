"""HBM AED binary output with CR LF."""

from __future__ import annotations

from edge_agent.core.weigh.protocols.settings import HbmAedSettings
from edge_agent.core.weigh.samples import BAD_FAULT, BAD_OVERLOAD
from edge_agent.sim.encoders.display import RowEncoder


def hbm(settings: HbmAedSettings) -> RowEncoder:
    """Counts, clipped to what the format can hold."""
    size = 2 if settings.format in (2, 6) else 3
    most = 256**size // 2 - 1

    def encode(counts: int, status: int) -> bytes:
        clipped = min(max(counts, -most - 1), most)
        data: bytes = clipped.to_bytes(size, "big", signed=True)
        last = 0
        if settings.format in (8, 12):
            last = settings.status_overload_mask if status & BAD_OVERLOAD else 0
            last |= settings.status_fault_mask if status & BAD_FAULT else 0
        if size == 3:
            data += bytes([last])
        return (data if settings.format in (0, 2, 8) else data[::-1]) + b"\r\n"

    return encode
