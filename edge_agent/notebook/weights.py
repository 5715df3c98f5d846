"""The load on each sensor of a lane, as arrays; and the drawing of one crossing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.calibration.samples import blocks
from edge_agent.config.settings import SiteConfig
from edge_agent.core.cases import RAW_MARGIN
from edge_agent.core.events import Event, RegistersRead, SerialBytes, Started
from edge_agent.core.records import Crossing
from edge_agent.core.site_settings import LaneSettings, PortLinkSettings
from edge_agent.core.units import KG, TONNE, Ns, S
from edge_agent.core.weigh.layout import NO_VALUE, Layout
from edge_agent.errors import UsageError
from edge_agent.notebook.timed import Clock
from edge_agent.report.trace_data import lines_of
from edge_agent.report.trace_plot import Mark, draw_trace

STYLE = (
    "<style>svg.trace{max-width:900px;width:100%;height:auto;background:#fbfcfd;"
    "font:11px system-ui,sans-serif}svg.trace .grid{stroke:#e3e8ec}svg.trace text{fill:#5b6770}"
    "svg.trace .axle{stroke:#555;stroke-dasharray:3 4}"
    "svg.trace .axle-label{fill:#111;font-weight:600}</style>"
)

_NAT = np.iinfo(np.int64).min
_NO_TIMES = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What a lane's sensors showed, sample by sample.

    Attributes:
        sensors: their ids, in the order of travel; `s` of them.
        at: int64 (n,), ns of the box's monotonic clock, rising within one run of the daemon; what the
            recording lacks is missing here too, and nothing is put in its place.
        utc: datetime64[ns] (n,); NaT where the recording does not say what time it was.
        kg: float64 (n, s); as calibrated, no zero taken off; NaN where a sensor had no value.
    """

    sensors: tuple[str, ...]
    at: npt.NDArray[np.int64]
    utc: npt.NDArray[np.datetime64]
    kg: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG that a notebook shows.

    Attributes:
        svg: the text of the drawing; write it to a file to keep it.
    """

    svg: str

    def _repr_html_(self) -> str:
        return self.svg


def weights_of(
    events: Iterable[Event], clock: Clock, config: SiteConfig, lane: str, start: Ns | None, end: Ns | None
) -> Weights:
    """The load on each sensor of `lane`.

    Args:
        events: those of instruments and clocks, and of starts.
        clock: hears each before it comes here.
        config: what the instrument speaks, and where its channels lie.
        lane: its id.
        start: UTC; samples before it are left out.
        end: UTC; those from it on as well.

    Raises:
        UsageError: no such lane, it has no sensors of its own, or a time was asked for that nobody knows.
    """
    chosen, link = lane_of(config, lane)
    layout = Layout.of(chosen.scale)
    at, utc, kg = [_NO_TIMES], [_NO_TIMES], [np.empty((0, len(layout.sensors)))]
    asked_by_time, times_known = start is not None or end is not None, set[bool]()
    for block in blocks(events, chosen.port, link):
        if not layout.fits(block):
            continue
        known = clock.utc(Ns(0))
        times_known.add(known is not None)
        if known is None and asked_by_time:
            continue  # a daemon's first samples come before its first look at the clock
        times = np.full(block.at.size, _NAT) if known is None else block.at + known
        keep = slice(
            0 if start is None else int(times.searchsorted(start)),
            None if end is None else int(times.searchsorted(end)),
        )
        grams, status = layout.grams(block)
        load = layout.per_sensor(grams[keep]).astype(np.float64) / KG
        load[np.logical_or.reduceat((status[keep] & NO_VALUE) != 0, layout.starts, axis=1)] = np.nan
        at.append(block.at[keep])
        utc.append(times[keep])
        kg.append(load)
    if asked_by_time and times_known == {False}:
        raise UsageError("the recording does not say what time it was: ask without start and end")
    names = tuple(columns.sensor.id for columns in layout.sensors)
    return Weights(names, np.concatenate(at), np.concatenate(utc).view("datetime64[ns]"), np.concatenate(kg))


def lane_of(config: SiteConfig, lane: str) -> tuple[LaneSettings, PortLinkSettings]:
    """A lane that weighs with sensors of its own, and what its instrument speaks.

    Raises:
        UsageError: there is none of this name, or a controller weighs there.
    """
    core = config.core()
    if lane not in core.lanes:
        raise UsageError(f"no lane {lane!r}; there are {sorted(core.lanes)}")
    chosen = core.lanes[lane]
    if not chosen.scale.sensors:
        raise UsageError(f"lane {lane!r}: a third party's controller weighs there, it sends no samples")
    return chosen, core.ports[chosen.port]


def trace_of(events: Iterable[Event], config: SiteConfig, crossing: Crossing) -> Drawing:
    """The weigh trace of one crossing: load on each sensor over time, every axle marked.

    Args:
        events: those of instruments, and of starts.
        config: as above.
        crossing: that of a `CrossingSeen` or a `Seal`.

    Raises:
        UsageError: as `lane_of`, or the recording holds no samples of that time, or those of several runs.
    """
    chosen, link = lane_of(config, crossing.lane)
    start, end = crossing.first_axle_at - RAW_MARGIN, crossing.last_axle_at + RAW_MARGIN
    title = f"lane {crossing.lane}, crossing {crossing.number}"
    within = _of_one_run(events, chosen.port, Ns(start), Ns(end), title)
    lines = lines_of(within, link.protocol, chosen.scale, crossing.first_axle_at)
    marks = [
        Mark((axle.at - crossing.first_axle_at) / S, f"{axle.load / TONNE:.2f}") for axle in crossing.axles
    ]
    svg = draw_trace(lines, marks, title, "s", f"t; {title}; dashed: axles and their loads")
    if not svg:
        raise UsageError(f"{title}: the recording holds no samples of it")
    head, found, rest = svg.partition(">\n")
    return Drawing(f"{head}{found}{STYLE}{rest}")


def _of_one_run(
    events: Iterable[Event], port: str, start: Ns, end: Ns, title: str
) -> list[SerialBytes | RegistersRead]:
    """What came over a port from `start` to `end`, where only one run's clock had that time."""
    runs: list[list[SerialBytes | RegistersRead]] = [[]]
    for event in events:
        if isinstance(event, Started) and runs[-1]:
            runs.append([])
        if not isinstance(event, SerialBytes | RegistersRead) or event.port != port:
            continue
        if start <= event.at <= end:
            runs[-1].append(event)
    found = [run for run in runs if run]
    if len(found) > 1:
        raise UsageError(
            f"{title}: the box was started anew, and came by that time again: open its file alone"
        )
    return found[0] if found else []
