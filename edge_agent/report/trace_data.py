"""From the raw bytes that a statement carries back to the load on each sensor."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from edge_agent.core.events import Event, RegistersRead, SerialBytes
from edge_agent.core.units import TONNE, Ns, S
from edge_agent.core.weigh.layout import NO_VALUE, Layout
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.protocols.settings import ProtocolSettings
from edge_agent.core.weigh.samples import Samples
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.journal.reader import Recording
from edge_agent.report.trace_plot import Line

# The unloaded level of the drawing: the lowest tenth of the window, where no wheel is on a sensor.
UNLOADED_PERCENTILE = 10


def sensor_lines(
    raw: Path, protocol: ProtocolSettings, scale: ScaleSettings, first_axle_at: Ns
) -> list[Line]:
    """One line a sensor, in tonnes above the unloaded level, seconds from the first axle.

    Args:
        raw: the statement's `raw_serial` attachment, itself a recording.
        protocol: what the instrument speaks.
        scale: where its channels lie.
        first_axle_at: monotonic time that becomes second 0.
    """
    return lines_of(Recording.open(raw).events(), protocol, scale, first_axle_at)


def lines_of_bytes(
    raw: bytes, protocol: ProtocolSettings, scale: ScaleSettings, first_axle_at: Ns
) -> list[Line]:
    """The same of an attachment that is at hand as bytes.

    Raises:
        EdgeAgentError: they are no recording.
    """
    return lines_of(events_of_bytes(raw), protocol, scale, first_axle_at)


def events_of_bytes(raw: bytes) -> list[Event]:
    """The events of a recording that is at hand as bytes: of a statement's `raw_serial` attachment.

    Raises:
        EdgeAgentError: they are no recording.
    """
    with tempfile.NamedTemporaryFile(prefix="edge-agent-raw-", suffix=".mcap") as file:
        file.write(raw)
        file.flush()
        return list(Recording.open(Path(file.name)).events())


def lines_of(
    events: Iterable[Event], protocol: ProtocolSettings, scale: ScaleSettings, first_axle_at: Ns
) -> list[Line]:
    """The same of events; those of instruments count."""
    layout = Layout.of(scale)
    blocks = blocks_of(events, protocol, layout)
    if not blocks or not scale.sensors:
        return []
    at = np.concatenate([block.at for block in blocks])
    loads, broken = [], []
    for block in blocks:
        grams, status = layout.grams(block)
        loads.append(layout.per_sensor(grams))
        broken.append((status & NO_VALUE).any(axis=1))
    load = np.concatenate(loads)
    good = ~np.concatenate(broken)
    if not good.any():
        return []
    seconds = (at[good] - first_axle_at) / S
    unloaded = np.percentile(load[good], UNLOADED_PERCENTILE, axis=0)
    tonnes = (load[good] - unloaded) / TONNE
    return [Line(sensor.id, seconds, tonnes[:, i]) for i, sensor in enumerate(scale.sensors)]


def blocks_of(events: Iterable[Event], protocol: ProtocolSettings, layout: Layout) -> list[Samples]:
    """The samples of the instrument, those blocks that have all the lane's columns."""
    decoder = make_decoder(protocol)
    found: list[object] = []
    for event in events:
        if isinstance(event, SerialBytes):
            found.extend(decoder.feed(event.at, event.data))
        elif isinstance(event, RegistersRead):
            found.extend(decoder.feed_registers(event))
    return [item for item in found if isinstance(item, Samples) and layout.fits(item)]
