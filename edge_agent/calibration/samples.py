"""A lane's channels in tenths of a second: what zero and span are measured on.

    bytes of a recording or of the line -> protocol -> blocks of samples -> means of 100 ms

Five periods of 50 Hz mains fit a tenth of a second: its mean does not see hum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.core.events import Event, RegistersRead, SerialBytes, Started
from edge_agent.core.site_settings import PortLinkSettings
from edge_agent.core.weigh.layout import NO_VALUE, Layout
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.samples import Int64, Samples, Unit
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.core.weigh.zero import BIN_NS
from edge_agent.errors import UsageError, both

Float64 = npt.NDArray[np.float64]
BATCH = 8192  # samples that are put into tenths at a time


@dataclass(frozen=True, slots=True)
class Tenths:
    """`n` tenths of a second of the lane's own `c` channels; those without a good sample are missing.

    at:    int64 (n,), ns of each one's begin, rising
    grams: float64 (n, c), mean load as the settings scale it, no zero taken off
    noise: float64 (n, c), standard deviation of one sample, told from neighbours; 0 where there was but one
    """

    at: Int64
    grams: Float64
    noise: Float64
    unit: Unit

    @property
    def seconds(self) -> float:
        """How long that is without its gaps."""
        return self.at.size * BIN_NS / 1e9

    def between(self, start_ns: int, end_ns: int) -> Tenths:
        """Those that lie in [start, end) as a whole."""
        first, last = self.at.searchsorted([start_ns, end_ns - BIN_NS + 1])
        return self.only(slice(int(first), int(last)))

    def only(self, which: slice | npt.NDArray[np.bool_]) -> Tenths:
        """Some of them."""
        return Tenths(self.at[which], self.grams[which], self.noise[which], self.unit)


def tenths(events: Iterable[Event], port: str, link: PortLinkSettings, scale: ScaleSettings) -> Tenths:
    """What a lane's channels showed.

    Args:
        events: of a recording, or of the line; one run of the daemon.
        port: the instrument's.
        link: what is spoken there.
        scale: of the lane.

    Raises:
        UsageError: no sample of the lane's channels in it.
    """
    if not scale.sensors:
        raise UsageError("the lane has no sensors of its own: a third party's controller weighs there")
    layout = Layout.of(scale)
    found = _Binner(layout)
    for block in blocks(events, port, link):
        found.add(block)
    return found.result(port)


def blocks(events: Iterable[Event], port: str, link: PortLinkSettings) -> Iterator[Samples]:
    """The samples of a port, decoded; what is no sample is passed over."""
    decoder = make_decoder(link.protocol, char_ns=link.char_ns)
    for event in events:
        if isinstance(event, Started):
            decoder = make_decoder(link.protocol, char_ns=link.char_ns)
        elif isinstance(event, SerialBytes) and event.port == port:
            yield from (one for one in decoder.feed(event.at, event.data) if isinstance(one, Samples))
        elif isinstance(event, RegistersRead) and event.port == port:
            yield from (one for one in decoder.feed_registers(event) if isinstance(one, Samples))


class _Binner:
    """Blocks of any length into tenths on the clock's own grid."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._at: list[Int64] = []
        self._grams: list[Int64] = []
        self._kept = 0
        self._rows: list[tuple[int, Float64, Float64]] = []
        self._unit: Unit | None = None

    def add(self, block: Samples) -> None:
        if not self._layout.fits(block):
            raise UsageError(
                f"the instrument sends {block.values.shape[1]} channels, the lane needs {self._layout.reach}"
            )
        self._unit = block.unit
        grams, status = self._layout.grams(block)
        good = ~((status & NO_VALUE) != 0).any(axis=1)
        self._at.append(block.at[good])
        self._grams.append(grams[good])
        self._kept += int(block.at.size)
        if self._kept >= BATCH:
            self._bin(whole=True)

    def result(self, port: str) -> Tenths:
        self._bin(whole=False)
        if self._unit is None or not self._rows:
            raise UsageError(
                both(
                    f"串口 {port!r} 没有数据：仪表没有发送，或协议不对（edge-agent doctor 会说明）",
                    f"no samples of port {port!r}: nothing was sent, or another protocol is spoken "
                    "(`edge-agent doctor` says which)",
                )
            )
        at, grams, noise = zip(*self._rows, strict=True)
        return Tenths(np.array(at, dtype=np.int64), np.array(grams), np.array(noise), self._unit)

    def _bin(self, *, whole: bool) -> None:
        """What has come so far; with `whole` the last tenth, which may go on, is kept for later."""
        at, grams = np.concatenate(self._at or [np.empty(0, np.int64)]), self._grams
        if not at.size:
            return
        rows = np.concatenate(grams)
        numbers = at // BIN_NS
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        ends = [*starts[1:].tolist(), at.size]
        if whole:
            ends.pop()
        for start, end in zip(starts.tolist(), ends, strict=False):
            part = rows[start:end]
            self._rows.append((int(numbers[start]) * BIN_NS, part.mean(axis=0), _noise(part)))
        rest = ends[-1] if ends else 0
        self._at, self._grams, self._kept = [at[rest:]], [rows[rest:]], at.size - rest


def _noise(samples: Int64) -> Float64:
    """Of one sample, from differences of neighbours: neither a step nor a hum's slope counts in full."""
    if len(samples) < 2:
        return np.zeros(samples.shape[1])
    steps: Float64 = np.diff(samples, axis=0).astype(np.float64)
    noise: Float64 = np.sqrt((steps**2).mean(axis=0) / 2)
    return noise


def joined(parts: Sequence[Tenths]) -> Tenths:
    """Several recordings' one after the other.

    Raises:
        UsageError: they are not in order of time, or of different boots.
    """
    at = np.concatenate([part.at for part in parts])
    if (np.diff(at) <= 0).any():
        raise UsageError("the recordings do not follow each other in time: give one, or those of one run")
    return Tenths(
        at,
        np.concatenate([part.grams for part in parts]),
        np.concatenate([part.noise for part in parts]),
        parts[0].unit,
    )
