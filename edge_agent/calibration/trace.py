"""One pass as the sensors saw it: the load on each, above its zero, sample by sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from edge_agent.calibration.samples import blocks
from edge_agent.core.events import Event
from edge_agent.core.records import Crossing
from edge_agent.core.site_settings import PortLinkSettings
from edge_agent.core.units import MS
from edge_agent.core.weigh.layout import Layout
from edge_agent.core.weigh.samples import Int64
from edge_agent.core.weigh.settings import ScaleSettings

# Shown before the first axle and after the last one; the first part of it tells the zero.
AROUND_NS = 700 * MS
ZERO_NS = 300 * MS


@dataclass(frozen=True, slots=True)
class PassTrace:
    """`n` samples.

    at:   int64 (n,), ns
    load: int64 (n, sensors), grams
    """

    crossing: Crossing
    sensors: tuple[str, ...]
    at: Int64
    load: Int64


def trace_of(
    events: Iterable[Event], crossing: Crossing, port: str, link: PortLinkSettings, scale: ScaleSettings
) -> PassTrace | None:
    """The samples around a crossing, out of the recording that it was weighed from; None: they are not in it.

    Args:
        events: of the recording.
        crossing: which.
        port: its lane's.
        link: what is spoken there.
        scale: the lane's.
    """
    layout = Layout.of(scale)
    begin, end = crossing.first_axle_at - AROUND_NS, crossing.last_axle_at + AROUND_NS
    parts = []
    for block in blocks(events, port, link):
        if int(block.at[0]) > end:
            break
        if int(block.at[-1]) >= begin:
            parts.append((block.at, layout.grams(block)[0]))
    if not parts:
        return None
    at = np.concatenate([one for one, _ in parts])
    grams = np.concatenate([one for _, one in parts])
    within = (at >= begin) & (at <= end)
    at, grams = at[within], grams[within]
    quiet = at < begin + ZERO_NS
    if not quiet.any():
        return None
    zero = np.median(grams[quiet], axis=0).astype(np.int64)
    names = tuple(sensor.id for sensor in scale.sensors)
    return PassTrace(crossing, names, at, layout.per_sensor(grams - zero))
