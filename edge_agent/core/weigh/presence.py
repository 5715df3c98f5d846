"""When the vehicle in progress has certainly ended."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from edge_agent.core.units import MS, US
from edge_agent.core.weigh.samples import Int64
from edge_agent.core.weigh.settings import ScaleSettings

Bool = npt.NDArray[np.bool_]
# A vehicle may have slowed down since its last axle was timed.
SLACK_PERCENT = 110


class Presence:
    """Follows which sensors are loaded, and knows how long a silence the vehicle may still fill.

    With a separator the vehicle has ended when nothing is present and every sensor has seen as many
    axles. Without one, when the longest axle spacing has rolled past at the speed of the last axle.
    """

    def __init__(self, settings: ScaleSettings) -> None:
        self._settings = settings
        sensors = settings.sensors
        self._lengths = [s.length_mm for s in sensors]
        self._bits = 1 << np.arange(len(sensors) + 1, dtype=np.int64)
        self._deck = any(s.kind == "deck" for s in sensors)
        self.start(0)

    def start(self, at: int) -> None:
        """A new vehicle; forget the last one."""
        self._busy_at = at
        self._on_since: list[int | None] = [None] * len(self._lengths)
        self._counts = [0] * len(self._lengths)
        self._gap_ns = self._settings.detect.min_gap_ms * MS

    def end_of_vehicle(self, at: Int64, active: Bool, present: Bool) -> int | None:
        """Index of the sample at which the vehicle has ended, if it is among these.

        at:      int64 (n,)
        active:  bool (n, sensors), loaded
        present: bool (n,), the separator's word
        """
        state = active @ self._bits[:-1] + present * self._bits[-1]
        bounds: list[int] = [0, *(np.flatnonzero(state[1:] != state[:-1]) + 1).tolist(), state.size]
        for first, last in pairwise(bounds):
            self._follow(int(at[first]), active[first].tolist())
            if state[first]:
                self._busy_at = int(at[last - 1])
                continue
            end = first + int(at[first:last].searchsorted(self._busy_at + self._silence_ns()))
            if end < last:
                return end
        return None

    def _follow(self, at: int, active: list[bool]) -> None:
        for k, on in enumerate(active):
            since = self._on_since[k]
            if on and since is None:
                self._on_since[k] = at
            elif not on and since is not None:
                self._on_since[k] = None
                if at - since >= self._settings.detect.min_pulse_us * US:
                    self._counts[k] += 1
                    self._gap_ns = self._gap_after(at - since, self._lengths[k])

    def _gap_after(self, duration_ns: int, length_mm: int) -> int:
        """Time in which the longest axle spacing rolls past, at the speed that this pulse says."""
        detect = self._settings.detect
        if self._deck:  # all axles stand on it together
            return detect.min_gap_ms * MS
        way = self._settings.vehicle.max_axle_spacing_mm * SLACK_PERCENT // 100
        gap = duration_ns * way // (length_mm + self._settings.patch_mm)
        return min(max(gap, detect.min_gap_ms * MS), detect.max_gap_ms * MS)

    def _silence_ns(self) -> int:
        separator = self._settings.separator
        if separator is not None and len(set(self._counts)) == 1:
            return separator.hold_ms * MS
        return self._gap_ns
