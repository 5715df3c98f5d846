"""An unloaded stretch: where each channel's zero lies, how noisy it is, whether zero tracking holds it.

Nothing is proposed. The scale tracks its zero by itself (`core/weigh/zero.py`); what that cannot follow is a
cell, a cable or a stone, and a person's to see to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.calibration.samples import Float64, Tenths
from edge_agent.core.units import MS
from edge_agent.core.weigh.layout import Layout
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.core.weigh.zero import BIN_NS, FIRST_BINS, ZeroTracker
from edge_agent.errors import UsageError, both

LEAST_S = 20.0  # of unloaded time; the tracker looks back on as much
HOUR_NS = 3_600_000_000_000
DRIFT_FROM_S = 600.0  # over less, a slope is noise


@dataclass(frozen=True, slots=True)
class ChannelZero:
    """One channel while nothing was on the scale."""

    index: int
    sensor: str
    side: str
    level_g: float
    noise_g: float  # one sample, one standard deviation
    drift_g_per_h: float | None  # None: the stretch was too short to say


@dataclass(frozen=True, slots=True)
class Zero:
    """What the stretch says."""

    channels: tuple[ChannelZero, ...]
    unloaded_s: float
    loaded_s: float
    worst_g: int  # the empty scale against the tracked zero, all channels summed, at worst
    limit_g: int  # beyond it weights are suspect
    events: tuple[str, ...]  # what the tracker had to say
    range_permille: int  # how much of the range that a zero may lie in is used, of the worst channel

    @property
    def holds(self) -> bool:
        """Zero tracking follows what the empty scale reads."""
        return not self.events and self.worst_g <= self.limit_g and self.range_permille <= 1000


def measure_zero(seen: Tenths, scale: ScaleSettings) -> Zero:
    """The unloaded part of a stretch, with or without traffic.

    Args:
        seen: of the lane's channels; nothing may be on the scale for more than half of it.
        scale: the lane's settings.

    Raises:
        UsageError: too little of it was unloaded.
    """
    layout = Layout.of(scale)
    empty = _unloaded(seen, layout, scale)
    quiet = seen.only(empty)
    if quiet.seconds < LEAST_S:
        raise UsageError(
            both(
                f"{seen.seconds:.0f} 秒中只有 {quiet.seconds:.0f} 秒空载，至少需要 {LEAST_S:.0f} 秒",
                f"only {quiet.seconds:.0f} s of {seen.seconds:.0f} s were unloaded; {LEAST_S:.0f} s are "
                "needed",
            )
        )
    events, worst = _tracked(quiet, scale)
    levels = np.median(quiet.grams, axis=0)
    noise = np.median(quiet.noise, axis=0)
    drift = _drift(quiet)
    owners = [(s.id, c) for s in scale.sensors for c in s.channels]
    channels = tuple(
        ChannelZero(
            index=channel.index,
            sensor=sensor,
            side=channel.side,
            level_g=float(levels[k]),
            noise_g=float(noise[k]),
            drift_g_per_h=None if drift is None else float(drift[k]),
        )
        for k, (sensor, channel) in enumerate(owners)
    )
    return Zero(
        channels=channels,
        unloaded_s=quiet.seconds,
        loaded_s=seen.seconds - quiet.seconds,
        worst_g=worst,
        limit_g=scale.zero.suspect_g,
        events=events,
        range_permille=round(1000 * float(np.abs(levels).max()) / scale.zero.range_g),
    )


def _unloaded(seen: Tenths, layout: Layout, scale: ScaleSettings) -> npt.NDArray[np.bool_]:
    """Tenths with nothing on any sensor, nor shortly before or after."""
    level = np.median(seen.grams, axis=0)
    net = np.add.reduceat(seen.grams - level, layout.starts, axis=1)
    busy_at = seen.at[(np.abs(net) > scale.detect.off_g).any(axis=1)]
    if not busy_at.size:
        return np.ones(seen.at.size, dtype=np.bool_)
    after = busy_at.searchsorted(seen.at, side="right") - 1
    before = np.minimum(after + 1, busy_at.size - 1)
    since = np.where(after >= 0, seen.at - busy_at[np.maximum(after, 0)], np.iinfo(np.int64).max)
    until = np.where(busy_at[before] > seen.at, busy_at[before] - seen.at, np.iinfo(np.int64).max)
    clear: npt.NDArray[np.bool_] = (since > scale.zero.settle_ms * MS + BIN_NS) & (
        until > scale.zero.guard_ms * MS + BIN_NS
    )
    return clear


def _tracked(quiet: Tenths, scale: ScaleSettings) -> tuple[tuple[str, ...], int]:
    """What the scale's own tracker says of it, and how far it was off at worst once it knew a zero."""
    tracker = ZeroTracker(quiet.grams.shape[1], scale.zero, scale.detect.on_g)
    grams = np.rint(quiet.grams).astype(np.int64)
    events, worst = [], 0
    for k in range(quiet.at.size):
        if tracker.level is not None and k >= FIRST_BINS:
            worst = max(worst, abs(int((grams[k] - tracker.level).sum())))
        event = tracker.add(quiet.at[k : k + 1], grams[k : k + 1])
        if event is not None:
            events.append(event.value)
    return tuple(events), worst


def _drift(quiet: Tenths) -> Float64 | None:
    """Slope of each channel, grams an hour."""
    span_s = (int(quiet.at[-1]) - int(quiet.at[0])) / 1e9
    if span_s < DRIFT_FROM_S:
        return None
    hours = (quiet.at - quiet.at[0]) / HOUR_NS
    slope: Float64 = np.polyfit(hours, quiet.grams, 1)[0]
    return slope
