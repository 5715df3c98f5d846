"""Video files as cameras: how long one pass of a looped file takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_agent.core.units import MS, Ns
from edge_agent.devices.camera.ring import to_ns

UNSAID_STEP = 40 * MS  # time between two pictures where the file does not say it


def loop_period(path: Path) -> Ns:
    """Time from a looped file's first picture to its first picture again, as `Camera` plays it."""
    import av  # noqa: PLC0415 heavy: loads FFmpeg

    last = step = 0
    with av.open(str(path)) as container:
        stream: Any = container.streams.video[0]
        base = to_ns(stream.start_time or 0, stream.time_base)
        for packet in container.demux(stream):
            if packet.pts is not None and packet.size:
                last = max(last, to_ns(packet.pts, stream.time_base) - base)
                step = step or to_ns(packet.duration or 0, stream.time_base)
    return Ns(last + (step or UNSAID_STEP))
