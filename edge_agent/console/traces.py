"""The load on each sensor of the last seconds, for who looks: decoded anew, and only while somebody does.

The core's own decoding is not touched. One sample in many is sent: in each bin of time the largest, for a
wheel must not be missed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import SerialBytes
from edge_agent.core.units import KG, MS, Ns, S
from edge_agent.core.weigh.layout import NO_VALUE, Layout
from edge_agent.core.weigh.protocols import Decoder, make_decoder
from edge_agent.core.weigh.samples import Samples
from edge_agent.taps import Read

BIN_NS = 20 * MS
SHOWN_NS = 20 * S
LEFT_ALONE_NS = 30 * S  # nobody has looked for so long: begin anew
UNLOADED_PERCENTILE = 10


@dataclass(slots=True)
class _Lane:
    layout: Layout
    names: list[str]
    points: deque[tuple[int, list[int]]] = field(default_factory=deque)  # bin's start ns, kg a sensor

    def take(self, block: Samples) -> None:
        if not self.layout.fits(block):
            return
        grams, status = self.layout.grams(block)
        good = ~(status & NO_VALUE).any(axis=1)
        loads, bins = self.layout.per_sensor(grams)[good] // KG, block.at[good] // BIN_NS
        for start in np.unique(bins):
            highest = loads[bins == start].max(axis=0).tolist()
            at = int(start) * BIN_NS
            if self.points and self.points[-1][0] == at:  # the bin was cut by a read
                highest = [max(pair) for pair in zip(self.points.pop()[1], highest, strict=True)]
            self.points.append((at, highest))
        while self.points and self.points[0][0] < self.points[-1][0] - SHOWN_NS:
            self.points.popleft()

    def after(self, at: Ns) -> dict[str, Any]:
        """Points from `at` on; the last bin is sent again as long as it may grow."""
        shown = [(start, loads) for start, loads in self.points if start >= at]
        every = np.array([loads for _, loads in self.points]).reshape(-1, len(self.names))
        zero = np.percentile(every, UNLOADED_PERCENTILE, axis=0) if len(every) else []
        return {
            "sensors": self.names,
            "zero": [round(float(level)) for level in zero],
            "points": [[start // MS, *loads] for start, loads in shown],
        }


class Traces:
    """Of all lanes whose sensors the box reads itself. Any thread.

    Args:
        config: of the site.
        reads: the last reads of a port (`Taps.serial`).
        now: the box's monotonic clock.
    """

    def __init__(
        self, config: SiteConfig, reads: Callable[[str], Sequence[Read]], now: Callable[[], Ns]
    ) -> None:
        self._config = config
        self._reads = reads
        self._now = now
        self._lock = threading.Lock()
        self._asked_at = Ns(0)
        self._begin()

    @property
    def lanes(self) -> list[str]:
        """Those that have a trace: a controller that weighs by itself sends none."""
        return list(self._lanes)

    def after(self, at: Ns) -> dict[str, dict[str, Any]]:
        """By lane: what has come since a moment, kilograms above nothing, milliseconds of the box's clock."""
        with self._lock:
            now = self._now()
            if now - self._asked_at > LEFT_ALONE_NS:
                self._begin()
            self._asked_at = now
            self._catch_up()
            return {name: lane.after(at) for name, lane in self._lanes.items()}

    def _begin(self) -> None:
        lanes, ports = self._config.lanes, self._config.ports
        self._lanes = {
            name: _Lane(Layout.of(lane.scale), [sensor.id for sensor in lane.scale.sensors])
            for name, lane in lanes.items()
            if lane.scale.sensors
        }
        used = {lanes[name].port for name in self._lanes}
        self._decoders: dict[str, Decoder] = {
            name: make_decoder(port.protocol, char_ns=port.char_ns)
            for name, port in ports.items()
            if name in used
        }
        self._last: dict[str, Ns] = dict.fromkeys(self._decoders, Ns(-1))

    def _catch_up(self) -> None:
        for port, decoder in self._decoders.items():
            for read in self._reads(port):
                if read.at > self._last[port]:
                    self._last[port] = read.at
                    self._decode(port, decoder, read)

    def _decode(self, port: str, decoder: Decoder, read: Read) -> None:
        fed = (
            decoder.feed(read.at, read.data)
            if isinstance(read, SerialBytes)
            else decoder.feed_registers(read)
        )
        for block in fed:
            if isinstance(block, Samples) and block.at.size:
                for name, lane in self._lanes.items():
                    if self._config.lanes[name].port == port:
                        lane.take(block)
