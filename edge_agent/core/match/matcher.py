"""Matching the crossings of a scale to the plate reads of one camera.

    crossing(c), read(r)      what happened; nothing is concluded yet
    advance(now)              what follows from it: matches, amendments, faults
    deadline                  wake me no later than this, even if nothing happens

All crossings compete, the light ones too. A crossing is answered once: `matched` as soon as that
is safe, else `ambiguous` or `unmatched` when its window and its rivals' windows have closed. For
`late_ms` longer, what still comes may amend the answer: upwards, or to `ambiguous` when it
contradicts a match. One read is never given to two crossings.
"""

from __future__ import annotations

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.match.answers import NOTHING_KNOWN, answer, open_status, sure
from edge_agent.core.match.clocks import OWNED_PPM, Clocks
from edge_agent.core.match.coverage import Coverage
from edge_agent.core.match.expect import Expected, behind, expect, read_sd, widest_window
from edge_agent.core.match.likelihood import Likelihood, lane_settings, size_of
from edge_agent.core.match.losses import Losses
from edge_agent.core.match.offset import Offset
from edge_agent.core.match.pool import Cluster, Key, Pool, Sighting, Vehicle
from edge_agent.core.match.posterior import Posterior
from edge_agent.core.match.rivals import Rivals, rivals_of
from edge_agent.core.match.settings import MatchSettings, Reference
from edge_agent.core.records import Crossing, Match, MatchStatus, PlateRead
from edge_agent.core.units import MS, Ns, Ppm


class Matcher:
    """Everything one camera saw lately, everything the scale weighed lately, and who is who.

    `on_request`: plates are read only of crossings that somebody asks about (`wait_for_reads`).
    """

    def __init__(self, camera: str, settings: MatchSettings, *, on_request: bool = False) -> None:
        self._camera = camera
        self._source = f"camera/{camera}"
        self._settings = settings
        self._lanes = lane_settings(settings)
        self._likelihood = Likelihood(settings)
        self._coverage = Coverage(settings)
        self._pool = Pool(settings, self._likelihood)
        self._clocks = Clocks(self._source, settings, self._pool, on_request=on_request)
        self._new_crossings: list[Crossing] = []
        self._new_reads: list[PlateRead] = []
        self._leaders: dict[str, tuple[Expected, Crossing]] = {}  # the last vehicle of each lane
        self._awarded: dict[str, Key] = {}  # read -> the crossing it was once given to
        self._plates: dict[str, tuple[Ns, Key]] = {}  # text -> the latest crossing it was given to
        self._reading: dict[Key, Ns] = {}  # until when a crossing's plate may still be read on the box
        self._now: Ns = Ns(-(1 << 62))
        self._keep = settings.late_ms * MS + 4 * widest_window(settings) + settings.push_delay_ms * MS
        self._losses = Losses(self._keep)
        self._out: list[Match | Fault] = []

    # What happened

    def crossing(self, crossing: Crossing) -> None:
        """A vehicle crossed the scale, in any lane that this camera sees, heavy or light, flagged or not."""
        if len(self._new_crossings) < self._settings.max_held:
            self._new_crossings.append(crossing)
        else:
            self._turn_away(crossing)

    def read(self, read: PlateRead) -> None:
        """The camera read a plate. The same id again replaces what was said before."""
        if len(self._new_reads) < self._settings.max_held:
            self._new_reads.append(read)
        else:
            self._losses.add(read.at, read.at)

    def wait_for_reads(self, crossing: Crossing, until: Ns) -> None:
        """Its plate is being read on the box: what is read may come as late as `until`."""
        self._reading[(crossing.lane, crossing.number)] = until

    def reads_done(self, crossing: Crossing) -> None:
        """What could be read for it has been read: it is waited for no longer than for any other."""
        key = (crossing.lane, crossing.number)
        if self._reading.pop(key, None) is None:
            return
        vehicle = self._pool.vehicles.get(key)
        if vehicle is not None and not vehicle.settled:
            vehicle.close = self._close(vehicle.end)
            vehicle.wake = self._now

    def clock_stepped(self) -> None:
        """Camera and box no longer agree as they did: times may be off, by one headway perhaps.

        Every read would then fall where its neighbour's was expected. Nothing is decided until most of
        the crossings have found a read again (`trust`).
        """
        self._clocks.doubt()

    # What follows

    def advance(self, now: Ns) -> tuple[Match | Fault, ...]:
        """Conclude what can be concluded at `now`.

        The order is the same for the same history: clusters by their first vehicle's expected time,
        then lane, then number; within a cluster the same; faults where they arise.
        """
        self._now = max(self._now, now)
        touched = self._take_in()
        for key, vehicle in self._pool.vehicles.items():
            if vehicle.wake is not None and vehicle.wake <= self._now:
                touched[key] = None
        done: dict[Key, None] = {}
        for vehicle in sorted((self._pool.vehicles[k] for k in touched), key=lambda v: v.order):
            if vehicle.key not in done:
                cluster = self._pool.cluster(vehicle)
                done.update(dict.fromkeys(v.key for v in cluster.vehicles))
                self._conclude(cluster)
        self._out += self._clocks.judge_sightings(self._now)
        self._expire()
        out, self._out = tuple(self._out), []
        return out

    def close(self, now: Ns) -> tuple[Match | Fault, ...]:
        """No more reads will come: who could not be answered yet is ambiguous, for its window was open.

        The order is that of `advance`.
        """
        out = self.advance(now)
        waiting = [vehicle for vehicle in self._pool.vehicles.values() if vehicle.answer is None]
        for vehicle in sorted(waiting, key=lambda v: v.order):
            cluster = self._pool.cluster(vehicle)
            posterior = Posterior(cluster, self._now, self._likelihood, self._coverage, self._settings)
            standing = NOTHING_KNOWN if posterior.overflow else posterior.standing(vehicle.key)
            standing = standing if standing.candidates else NOTHING_KNOWN  # not: certainly nobody
            vehicle.answer = answer(vehicle, MatchStatus.AMBIGUOUS, standing, self._now, self._settings)
            out += (vehicle.answer,)
        return out

    @property
    def deadline(self) -> Ns | None:
        """Wake me no later than this."""
        if self._new_crossings or self._new_reads:
            return self._now
        return min((v.wake for v in self._pool.vehicles.values() if v.wake is not None), default=None)

    def window(self, crossing: Crossing) -> tuple[Ns, Ns, Ns, Ns]:
        """When its plate should be at the camera.

        Returns:
            Predicted instant, its standard deviation, and the window in which a read is accepted.
        """
        known = self._pool.vehicles.get((crossing.lane, crossing.number))
        sd: int
        if known is not None:
            at, sd = known.expected.at, known.sd
        elif crossing.lane in self._lanes:
            expected = self._expect(crossing)
            at, sd = expected.at, read_sd(expected, Ns(0), self._settings)
        else:
            at, sd = crossing.first_axle_at, self._settings.max_sd_ms * MS
        reach = self._settings.window_sigmas * sd
        return at, Ns(sd), Ns(at - reach), Ns(at + reach)

    def side(self, lane: str) -> str:
        """Which end of the lane's vehicles the camera sees: front or rear."""
        chosen = self._lanes.get(lane)
        behind_it = chosen is not None and chosen.reference in (Reference.LAST_AXLE, Reference.REAR_BUMPER)
        return "rear" if behind_it else "front"

    def offset(self, lane: str) -> Offset | None:
        """The clock offset in use for a lane; None for a lane that this camera does not see."""
        return self._clocks.offset(lane) if lane in self._lanes else None

    def rivals(self, lane: str, crossing: int) -> Rivals | None:
        """What competes for a crossing's plate now, for people who look; None: it is not held any more."""
        vehicle = self._pool.vehicles.get((lane, crossing))
        if vehicle is None:
            return None
        cluster = self._pool.cluster(vehicle)
        posterior = Posterior(cluster, self._now, self._likelihood, self._coverage, self._settings)
        return rivals_of(cluster, posterior, self._now)

    # Taking in

    def _take_in(self) -> dict[Key, None]:
        """Everything new, in an order that does not depend on the order of arrival."""
        touched: dict[Key, None] = {}
        crossings, self._new_crossings = self._new_crossings, []
        for crossing in sorted(crossings, key=lambda c: (c.first_axle_at, c.lane, c.number)):
            self._take_crossing(crossing, touched)
        # A replacement counts by its last version, so versions of one id keep their order.
        reads, self._new_reads = self._new_reads, []
        latest = {read.id: read for read in reads}
        for read in sorted(latest.values(), key=lambda r: (r.at, r.id)):
            self._take_read(read, touched)
        lost = self._losses.take_count()
        if lost:
            text = f"{lost} inputs beyond the {self._settings.max_held} that fit were not looked at"
            self._out.append(Fault(self._now, self._source, FaultKind.MATCH_OVERFLOW, text, lost))
        return touched

    def _take_crossing(self, crossing: Crossing, touched: dict[Key, None]) -> None:
        key = (crossing.lane, crossing.number)
        if crossing.lane not in self._lanes:
            text = f"crossing in lane {crossing.lane!r}, which camera {self._camera!r} does not see"
            self._out.append(Fault(self._now, self._source, FaultKind.UNKNOWN_SOURCE, text))
            return
        if key in self._pool.vehicles:
            return
        expected = self._expect(crossing)
        _, sd, start, end = self.window(crossing)
        close = max(self._close(end), self._reading.get(key, end))
        self._coverage.reported(crossing, expected.travel)
        vehicle = Vehicle(crossing, size_of(crossing), expected, sd, start, end, close, close, close)
        vehicle.asked = key in self._reading
        nonsense = self._now > close + self._keep or crossing.first_axle_at > self._now + self._keep
        if nonsense or len(self._pool.vehicles) >= self._settings.max_held:
            self._losses.add(start, end)
            self._out.append(answer(vehicle, MatchStatus.AMBIGUOUS, NOTHING_KNOWN, self._now, self._settings))
            return
        self._leaders[crossing.lane] = (expected, crossing)
        self._pool.add_vehicle(vehicle)
        touched[key] = None

    def _close(self, end: Ns) -> Ns:
        """When what was captured until `end` has arrived."""
        return Ns(end + self._settings.push_delay_ms * MS)

    def _turn_away(self, crossing: Crossing) -> None:
        """No room for it: it is answered all the same, for a case may be waiting for the answer."""
        at, sd, start, end = self.window(crossing)
        self._losses.add(start, end)
        self._out.append(
            Match(
                lane=crossing.lane,
                crossing=crossing.number,
                status=MatchStatus.AMBIGUOUS,
                decided_at=self._now,
                predicted_at=at,
                predicted_sd=sd,
                candidates=(),
                none_posterior=Ppm(0),
                margin=Ppm(0),
            )
        )

    def _expect(self, crossing: Crossing) -> Expected:
        """Its arrival by its own speed, unless the vehicle ahead is in its way."""
        lane = self._lanes[crossing.lane]
        expected = expect(crossing, lane, self._clocks.offset(crossing.lane), self._settings)
        leader = self._leaders.get(crossing.lane)
        return expected if leader is None else behind(expected, crossing, leader, self._settings)

    def _take_read(self, read: PlateRead, touched: dict[Key, None]) -> None:
        if read.camera != self._camera:
            text = f"read {read.id!r} is of camera {read.camera!r}"
            self._out.append(Fault(self._now, self._source, FaultKind.UNKNOWN_SOURCE, text))
            return
        if abs(read.at - self._now) > self._keep:
            text = f"read {read.id!r} is {(read.at - self._now) // MS} ms from now: not looked at"
            self._out.append(Fault(self._now, self._source, FaultKind.CLOCK_STEPPED, text))
            return
        if self._pool.reads >= self._settings.max_held and self._pool.sighting_of(read.id) is None:
            self._losses.add(read.at, read.at)
            return
        for key in self._pool.put_read(read):
            touched[key] = None
        sighting = self._pool.sighting_of(read.id)
        assert sighting is not None
        touched.update(sighting.vehicles)

    # Concluding

    def _conclude(self, cluster: Cluster) -> None:
        for vehicle in cluster.vehicles:
            self._schedule(vehicle, cluster)
        crowd = len(cluster.vehicles) > 1
        review = [v for v in cluster.vehicles if self._may_change(v, crowd=crowd)]
        due = [v for v in cluster.vehicles if not v.settled and v.due <= self._now]
        if not review and not due:
            return
        posterior = Posterior(cluster, self._now, self._likelihood, self._coverage, self._settings)
        if posterior.overflow:
            self._give_up(cluster)
            return
        for sighting in cluster.sightings:
            sighting.owned = posterior.owned_ppm(sighting) >= OWNED_PPM
        for vehicle in review:
            self._review(vehicle, posterior)
        for vehicle in due:
            self._settle(vehicle, cluster, posterior)

    def _may_change(self, vehicle: Vehicle, *, crowd: bool) -> bool:
        """A match now, or an amendment, is still possible."""
        if vehicle.answer is None:
            return self._decidable(vehicle, crowd=crowd)
        if self._now > vehicle.close + self._settings.late_ms * MS:
            return False
        return vehicle.answer.status is not MatchStatus.AMBIGUOUS or self._decidable(vehicle, crowd=crowd)

    def _decidable(self, vehicle: Vehicle, *, crowd: bool) -> bool:
        """Nothing but its posterior stands against matching it."""
        vague = crowd and vehicle.sd > self._settings.crowd_sd_ms * MS
        return not (
            vague or vehicle.tainted or self._clocks.suspect or self._losses.near(vehicle.start, vehicle.end)
        )

    def _vague(self, vehicle: Vehicle, *, crowd: bool) -> bool:
        """Predicted so badly that rivals must be taken as dependent on it."""
        return crowd and vehicle.sd > self._settings.crowd_sd_ms * MS

    def _schedule(self, vehicle: Vehicle, cluster: Cluster) -> None:
        """When it is answered at the latest; or, after that, when to look at it once more.

        It is answered when its own window, those of its direct rivals and the scale's have closed, or
        `hold_ms` after its own.
        """
        closed = vehicle.close
        reads = []
        for sighting in cluster.sightings:
            if sighting.id in vehicle.pairs:
                closed = max([closed] + [self._pool.vehicles[key].close for key in sighting.vehicles])
                reads += sighting.reads
        closed = max([closed] + [self._hidden_until(vehicle, read) for read in reads])
        if not vehicle.settled:
            vehicle.due = min(closed, Ns(vehicle.close + self._settings.hold_ms * MS))
            vehicle.wake = vehicle.due
            return
        moments = [closed]
        if _is_matched(vehicle):
            # A rival read counted for less while somebody unreported might have been its vehicle. Whom nobody
            # was matched to is not looked at so often: of those who were then matched, 1 in 500 was wrong.
            moments += [until for read in reads for until in self._explained_until(read)]
        last = vehicle.close + self._settings.late_ms * MS
        vehicle.wake = min((at for at in moments if self._now < at <= last), default=None)

    def _explained_until(self, read: PlateRead) -> list[Ns]:
        """When each lane's unreported vehicles cease to be an explanation of the read."""
        until = (self._coverage.possible_until(name, read.at) for name in self._lanes)
        return [at for at in until if at is not None]

    def _hidden_until(self, vehicle: Vehicle, read: PlateRead) -> Ns:
        """Until when the read may be of a vehicle that is not reported yet, as likely as of this one."""
        own = self._likelihood.lane(read, vehicle.crossing.lane)
        lanes = [name for name in self._lanes if self._likelihood.lane(read, name) >= own]
        until = [self._coverage.possible_until(name, read.at) for name in lanes]
        return max((u for u in until if u is not None), default=read.at)

    def _review(self, vehicle: Vehicle, posterior: Posterior) -> None:
        """Match it, amend it, take its match back, or leave it as it is."""
        given = vehicle.answer
        if given is not None and given.status is MatchStatus.MATCHED:
            if self._contradicted(vehicle, given, posterior):
                self._take_back(vehicle, posterior)
            return
        standing = posterior.standing(vehicle.key)
        best = standing.best
        if (
            best is not None
            and best[1].text
            and sure(standing, self._settings)
            and self._free(vehicle, best[1])
        ):
            worst = posterior.worst(vehicle.key, best[1])
            if worst is not None and sure(worst, self._settings):
                self._match(vehicle, best[1], posterior)
                return
        improved = (
            given is not None
            and given.status is MatchStatus.UNMATCHED
            and open_status(standing, self._settings) is MatchStatus.AMBIGUOUS
        )
        if improved:
            self._say(vehicle, MatchStatus.AMBIGUOUS, posterior)

    def _settle(self, vehicle: Vehicle, cluster: Cluster, posterior: Posterior) -> None:
        """Its time has come: answer if that was not done yet, and learn from it."""
        vehicle.settled = True
        self._schedule(vehicle, cluster)
        standing = posterior.standing(vehicle.key)
        if vehicle.answer is None:
            status = open_status(standing, self._settings)
            if vehicle.tainted or self._losses.near(vehicle.start, vehicle.end):
                status = MatchStatus.AMBIGUOUS
            self._say(vehicle, status, posterior)
        best_ppm = standing.candidates[0][0] if standing.candidates else 0
        self._out += self._clocks.vehicle_settled(vehicle, cluster, best_ppm, standing.none_ppm, self._now)

    def _free(self, vehicle: Vehicle, sighting: Sighting) -> bool:
        """It was never given to another vehicle."""
        return all(self._awarded.get(read.id, vehicle.key) == vehicle.key for read in sighting.reads)

    def _match(self, vehicle: Vehicle, sighting: Sighting, posterior: Posterior) -> None:
        other = self._same_plate(vehicle, sighting.text)
        if other is not None:
            # One plate, two crossings, no time to come round again: at least one of them is wrong.
            vehicle.tainted = True
            self._say(vehicle, MatchStatus.AMBIGUOUS, posterior)
            held = self._pool.vehicles.get(other)
            if held is not None and _is_matched(held):
                self._contradict(held)
            return
        self._plates.pop(sighting.text, None)
        self._plates[sighting.text] = (vehicle.expected.at, vehicle.key)
        self._awarded.update(dict.fromkeys((r.id for r in sighting.reads), vehicle.key))
        worst = posterior.worst(vehicle.key, sighting)
        assert worst is not None
        vehicle.answer = answer(vehicle, MatchStatus.MATCHED, worst, self._now, self._settings)
        self._out.append(vehicle.answer)

    def _same_plate(self, vehicle: Vehicle, text: str) -> Key | None:
        """The other crossing that this plate was given to, too near in time to be true."""
        at, key = self._plates.get(text, (vehicle.expected.at, vehicle.key))
        near = abs(at - vehicle.expected.at) < self._settings.return_ms * MS
        return key if near and key != vehicle.key else None

    def _contradicted(self, vehicle: Vehicle, given: Match, posterior: Posterior) -> bool:
        """What was given is no longer there, says another plate now, or has become doubtful."""
        read = given.candidates[0].read
        sighting = self._pool.sighting_of(read.id)
        if sighting is None or sighting.text != read.text or sighting.id not in vehicle.pairs:
            return True
        if self._vague(vehicle, crowd=posterior.crowd):
            return True
        if posterior.ppm(vehicle.key, sighting) >= self._settings.contradict_ppm:
            return False
        greatest = posterior.greatest_ppm(vehicle.key, sighting)
        return greatest is not None and greatest < self._settings.contradict_ppm

    def _take_back(self, vehicle: Vehicle, posterior: Posterior) -> None:
        vehicle.tainted = True
        self._say(vehicle, MatchStatus.AMBIGUOUS, posterior)

    def _contradict(self, vehicle: Vehicle) -> None:
        """Take a match back whose cluster is not at hand."""
        if self._now <= vehicle.close + self._settings.late_ms * MS:
            cluster = self._pool.cluster(vehicle)
            posterior = Posterior(cluster, self._now, self._likelihood, self._coverage, self._settings)
            if posterior.overflow:
                self._give_up(cluster)
            else:
                self._take_back(vehicle, posterior)

    def _say(self, vehicle: Vehicle, status: MatchStatus, posterior: Posterior) -> None:
        standing = posterior.standing(vehicle.key)
        vehicle.answer = answer(vehicle, status, standing, self._now, self._settings)
        self._out.append(vehicle.answer)

    def _give_up(self, cluster: Cluster) -> None:
        """Too many compete to be exact, and nothing is guessed: everyone not answered is ambiguous."""
        given_up = 0
        for vehicle in cluster.vehicles:
            late = self._now > vehicle.close + self._settings.late_ms * MS
            unanswered = vehicle.answer is None and vehicle.due <= self._now
            doubtful = _is_matched(vehicle)
            if unanswered or (doubtful and not late):
                vehicle.tainted = vehicle.tainted or doubtful
                vehicle.answer = answer(
                    vehicle, MatchStatus.AMBIGUOUS, NOTHING_KNOWN, self._now, self._settings
                )
                self._out.append(vehicle.answer)
                given_up += 1
            if vehicle.due <= self._now:
                vehicle.settled = True
                vehicle.wake = None
        if given_up:
            text = (
                f"{len(cluster.vehicles)} crossings and {len(cluster.sightings)} reads compete: not decided"
            )
            self._out.append(Fault(self._now, self._source, FaultKind.MATCH_OVERFLOW, text, given_up))

    # Forgetting

    def _expire(self) -> None:
        """By event time. What can still be amended keeps everything that could overlap with it."""
        before = self._now - self._keep
        for vehicle in [v for v in self._pool.vehicles.values() if v.settled and v.close < before]:
            self._pool.drop_vehicle(vehicle)
        for sighting in [s for s in self._pool.sightings.values() if s.reads[-1].at < before]:
            for read in sighting.reads:
                self._awarded.pop(read.id, None)
            self._pool.drop_sighting(sighting)
        self._losses.expire(self._now)
        self._reading = {key: until for key, until in self._reading.items() if until >= before}
        oldest = self._now - self._settings.return_ms * MS - self._keep
        self._plates = {t: given for t, given in self._plates.items() if given[0] >= oldest}


def _is_matched(vehicle: Vehicle) -> bool:
    return vehicle.answer is not None and vehicle.answer.status is MatchStatus.MATCHED
