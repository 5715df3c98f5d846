"""From instrument bytes to the load on each sensor, with the core's own decoders, layout and zero.

A kilohertz of samples is more than a viewer draws. What is kept of every bin is its least and its greatest
sample, so that no spike is lost; bins are short while something is on the scale and a second long while
nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from edge_agent.core.events import RegistersRead, SerialBytes
from edge_agent.core.site_settings import LaneSettings, SiteSettings
from edge_agent.core.units import MS, TONNE, S
from edge_agent.core.weigh.layout import NO_VALUE, Layout
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.samples import Samples
from edge_agent.core.weigh.scale import Scale
from edge_agent.viewing.things import Float64, Int64, Load

BIN_NS = 20 * MS  # two samples of each: 100 a second
WINDOW_NS = S


class Loads:
    """All ports and lanes of a site, from one start of the daemon to the next."""

    def __init__(self, settings: SiteSettings, *, full: bool) -> None:
        self._decoders = {
            port: make_decoder(link.protocol, char_ns=link.char_ns) for port, link in settings.ports.items()
        }
        self._lanes: dict[str, list[_Lane]] = {port: [] for port in settings.ports}
        for name, lane in settings.lanes.items():
            if lane.scale.sensors:
                self._lanes[lane.port].append(_Lane(name, lane, full=full))

    def feed(self, event: SerialBytes | RegistersRead) -> Iterator[Load]:
        """What an instrument sent."""
        decoder = self._decoders.get(event.port)
        if decoder is None:
            return
        if isinstance(event, SerialBytes):
            found = decoder.feed(event.at, event.data)
        else:
            found = decoder.feed_registers(event)
        for block in found:
            if isinstance(block, Samples):
                for lane in self._lanes[event.port]:
                    yield from lane.feed(block)

    def reset(self, port: str) -> None:
        """The line went away: half a frame from before is not glued to one from after."""
        if port in self._decoders:
            self._decoders[port].reset()

    def close(self) -> Iterator[Load]:
        """What has been held back."""
        for lanes in self._lanes.values():
            for lane in lanes:
                yield from lane.close()


class _Lane:
    """One lane's sensors; holds back up to a second of samples."""

    def __init__(self, name: str, lane: LaneSettings, *, full: bool) -> None:
        self._layout = Layout.of(lane.scale)
        self._scale = Scale(name, lane.scale)  # for its zero: what the core weighed against
        self._paths = [("lanes", name, "load", sensor.id) for sensor in lane.scale.sensors]
        self._quiet_t = lane.scale.detect.off_g / TONNE
        self._full = full
        self._at: list[Int64] = []
        self._tonnes: list[Float64] = []
        self._good: list[npt.NDArray[np.bool_]] = []
        self._window: int | None = None

    def feed(self, block: Samples) -> Iterator[Load]:
        self._scale.feed(block)
        zero = self._scale.zero
        if zero is None or not self._layout.fits(block):
            return
        grams, status = self._layout.grams(block)
        tonnes = self._layout.per_sensor(grams - zero) / TONNE
        bad = np.logical_or.reduceat((status & NO_VALUE) != 0, self._layout.starts, axis=1)
        windows = block.at // WINDOW_NS
        for start, end in _runs(windows):
            if self._window is not None and windows[start] != self._window:
                yield from self.close()
            self._window = int(windows[start])
            self._at.append(block.at[start:end])
            self._tonnes.append(tonnes[start:end])
            self._good.append(~bad[start:end])

    def close(self) -> Iterator[Load]:
        if not self._at:
            return
        at, tonnes = np.concatenate(self._at), np.concatenate(self._tonnes)
        good = np.concatenate(self._good)
        self._at, self._tonnes, self._good = [], [], []
        loaded = bool((np.abs(np.where(good, tonnes, 0)) > self._quiet_t).any())
        bins = at // (BIN_NS if loaded else WINDOW_NS)
        for i, path in enumerate(self._paths):
            ok = good[:, i]
            chosen = np.flatnonzero(ok)
            if not self._full:
                chosen = chosen[extremes(bins[ok], tonnes[ok, i])]
            if chosen.size:
                yield Load(path, at[chosen], tonnes[chosen, i])


def _runs(values: Int64) -> Iterator[tuple[int, int]]:
    """Where the same value stands side by side: (from, to)."""
    edges = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist(), len(values)]
    return ((a, b) for a, b in pairwise(edges) if a < b)


def extremes(bins: Int64, values: Float64) -> Int64:
    """Indices, rising, of the first least and the last greatest value of each bin.

    Args:
        bins: int64 (n,), never falling.
        values: float64 (n,).

    >>> extremes(np.array([0, 0, 0, 1]), np.array([2.0, 1.0, 3.0, 5.0])).tolist()
    [1, 2, 3]
    """
    if not len(bins):
        return np.zeros(0, np.int64)
    order = np.lexsort((values, bins))
    ends = np.flatnonzero(np.diff(bins[order]))
    kept: Int64 = np.unique(order[np.concatenate([[0], ends + 1, ends, [len(order) - 1]])])
    return kept
