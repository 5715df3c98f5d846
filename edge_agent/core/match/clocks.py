"""What the matched and the unmatched say about the clocks of scale and camera."""

from __future__ import annotations

from math import isqrt

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.match.offset import Offset, OffsetLearner
from edge_agent.core.match.pool import Cluster, Pool, Vehicle
from edge_agent.core.match.settings import MatchSettings
from edge_agent.core.match.trust import Trust
from edge_agent.core.records import SpeedSource
from edge_agent.core.units import MS, Ns

OWNED_PPM = 500_000


class Clocks:
    """The offset in use for each lane, and whether the clocks can be believed at all."""

    def __init__(self, source: str, settings: MatchSettings, pool: Pool, *, on_request: bool) -> None:
        self._source = source
        self._settings = settings
        self._pool = pool
        self._on_request = on_request
        self._learners = {lane.lane: OffsetLearner(lane, settings.offset) for lane in settings.lanes}
        self._trust = Trust(settings)
        self._judged: dict[str, None] = {}  # sightings that were counted

    @property
    def suspect(self) -> bool:
        """Nothing may be decided."""
        return self._trust.suspect

    def offset(self, lane: str) -> Offset:
        """In use for this lane."""
        return self._learners[lane].current

    def doubt(self) -> None:
        """A clock has stepped: forget what was learned, believe nothing until reads fit again."""
        settings = self._settings
        self._learners = {lane.lane: OffsetLearner(lane, settings.offset) for lane in settings.lanes}
        self._trust.doubt()

    def vehicle_settled(
        self, vehicle: Vehicle, cluster: Cluster, best_ppm: int, none_ppm: int, now: Ns
    ) -> list[Fault]:
        """A vehicle's windows have closed: a lone one teaches, and every one counts."""
        faults = []
        if best_ppm >= self._settings.offset.learn_posterior_ppm and self._teaches(vehicle, cluster):
            read, expected = cluster.sightings[0].reads[0], vehicle.expected
            camera = max(self._settings.camera_sd_ms * MS, read.at_sd)
            learner = self._learners[vehicle.crossing.lane]
            spread = isqrt(expected.base_variance + camera * camera)
            if learner.learn(read.at - expected.unshifted, spread):
                text = f"lane {vehicle.crossing.lane}: clock offset has moved, {learner.learned_ms} ms in use"
                faults.append(Fault(now, self._source, FaultKind.OFFSET_DRIFT, text))
        # Where plates are read on request, that the others have no read says nothing.
        counts = vehicle.asked or not self._on_request
        if counts and self._trust.crossing(read=none_ppm < OWNED_PPM):
            faults.append(self._disagree(now))
        return faults

    def judge_sightings(self, now: Ns) -> list[Fault]:
        """Count each sighting once, when no crossing can come for it any more."""
        settings = self._settings
        wait = (settings.push_delay_ms + settings.hold_ms + settings.report_delay_ms) * MS
        faults = []
        for sighting in self._pool.sightings.values():
            if sighting.id not in self._judged and sighting.reads[0].at + wait < now:
                self._judged[sighting.id] = None
                if self._trust.sighting(owned=sighting.owned):
                    faults.append(self._disagree(now))
        self._judged = {s: None for s in self._judged if s in self._pool.sightings}
        return faults

    def _teaches(self, vehicle: Vehicle, cluster: Cluster) -> bool:
        """Alone, read once, and nothing about its crossing was odd."""
        crossing = vehicle.crossing
        if crossing.flags or crossing.speed_source is not SpeedSource.MEASURED:
            return False
        if len(cluster.vehicles) > 1 or len(cluster.sightings) > 1 or len(cluster.sightings[0].reads) > 1:
            return False
        reach = self._settings.offset.lone_ms * MS
        others = (v for v in self._pool.vehicles.values() if v is not vehicle)
        return all(abs(other.expected.at - vehicle.expected.at) > reach for other in others)

    def _disagree(self, now: Ns) -> Fault:
        text = "crossings without reads and reads without crossings: do the clocks agree? nothing is matched"
        return Fault(now, self._source, FaultKind.OFFSET_DRIFT, text)
