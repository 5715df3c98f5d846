"""Vehicles that the scale has not reported yet, but whose plate may already have been read.

A crossing is reported when its vehicle has left the scale; a camera near the scale may read the
next vehicle before that. Until that is out of the question, such a read may belong to a vehicle
that nobody has heard of. Nobody overtakes within a lane, so the next vehicle cannot be read before

    earliest = last axle of the last reported vehicle + least gap + least share of its travel time

nor can it, at the pace of the traffic before it, still be unreported after

    latest = its read - that travel time + longest vehicle / speed + delay of the report
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings
from edge_agent.core.records import Crossing
from edge_agent.core.units import MS, Ns, S

# A queue that stands still may hide a vehicle for ever; waiting longer than this helps nobody.
LONGEST_HIDDEN = 60 * S


@dataclass(frozen=True, slots=True)
class _Tail:
    """The end of what is known of a lane."""

    last_axle: Ns
    earliest: int | None  # read of the next vehicle; None = nothing was reported yet
    hidden: int  # a vehicle read at t may be unreported until t + this


class Coverage:
    """Per lane: which times of a read a yet unreported vehicle could explain."""

    def __init__(self, settings: MatchSettings) -> None:
        self._settings = settings
        self._share = 1_000 - settings.catch_up_permille
        self._tails = {
            lane.lane: _Tail(Ns(-(1 << 62)), None, self._hidden(lane, 0, None)) for lane in settings.lanes
        }
        self._lanes = {lane.lane: lane for lane in settings.lanes}

    def reported(self, crossing: Crossing, travel: Ns) -> None:
        """A crossing became known; `travel` is from its first axle until its read."""
        if crossing.last_axle_at < self._tails[crossing.lane].last_axle:
            return
        # Read before it was weighed: the next one may be slower, and read earlier still.
        least_travel = travel * self._share // 1_000 if travel >= 0 else 2 * travel
        earliest = crossing.last_axle_at + self._settings.follow_gap_ms * MS + least_travel
        hidden = self._hidden(self._lanes[crossing.lane], least_travel, crossing.speed)
        self._tails[crossing.lane] = _Tail(crossing.last_axle_at, earliest, hidden)

    def possible_until(self, lane: str, read_at: Ns) -> Ns | None:
        """Until when an unreported vehicle of `lane` may explain a read at `read_at`; None = it can't."""
        tail = self._tails[lane]
        if tail.earliest is not None and read_at < tail.earliest:
            return None
        return Ns(read_at + tail.hidden)

    def unreported(self, read_at: Ns, now: Ns) -> tuple[str, ...]:
        """Lanes, in the order of the settings, where such a vehicle is possible now."""
        until = ((lane, self.possible_until(lane, read_at)) for lane in self._tails)
        return tuple(lane for lane, then in until if then is not None and now < then)

    def _hidden(self, lane: LaneMatchSettings, least_travel: int, speed: int | None) -> int:
        pace = max(1, (speed or lane.assumed_speed_mm_s) * self._share // 1_000)
        on_scale = self._settings.longest_vehicle_mm * S // pace
        return min(on_scale + self._settings.report_delay_ms * MS - least_travel, LONGEST_HIDDEN)
