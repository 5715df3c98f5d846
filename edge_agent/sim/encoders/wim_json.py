"""A third party's weighing controller that reports whole vehicles."""

from __future__ import annotations

import json
from collections.abc import Sequence

from edge_agent.core.weigh.samples import VehicleRecord

MS = 1_000_000


def vehicle_line(record: VehicleRecord, *, lane: str, flags: Sequence[str] = ()) -> bytes:
    """One line of docs/protocols/wim-json.md, sent at `record.at`; `lane` is the controller's own name."""
    axles: list[dict[str, int]] = [{"load_g": load} for load in record.axle_loads]
    for axle, offset in zip(axles, record.axle_offsets, strict=False):
        axle["offset_mm"] = offset
    message = {
        "v": 1,
        "id": record.record_id,
        "lane": lane,
        "first_axle_age_ms": (record.at - record.first_axle_at) // MS,
        "last_axle_age_ms": (record.at - record.last_axle_at) // MS,
        "axles": axles,
        "gross_g": record.gross,
        "speed_mm_s": record.speed,
        "flags": [*(str(flag) for flag in record.flags), *flags],
    }
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
