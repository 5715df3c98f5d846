"""One zone: what a look means for its rule, its pictures, its case and the errands that wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edge_agent.core.decisions import Decision
from edge_agent.core.events import CaseRecalled, ClockStatus
from edge_agent.core.scene import Finding, Phase, ZoneNow
from edge_agent.core.standing import utc_of
from edge_agent.core.street.cases import Case, Cases
from edge_agent.core.street.errands import Errand, Errands, answer, recheck, unsettled
from edge_agent.core.street.filing import Filing, Record
from edge_agent.core.street.hours import Hours, InForce
from edge_agent.core.street.pictures import Album
from edge_agent.core.street.report import Place, Situation, report, with_counts
from edge_agent.core.street.rule import OPEN, Move, ZoneRule
from edge_agent.core.street.sample import Sample
from edge_agent.core.street.settings import TierSettings
from edge_agent.core.street.shops import Shops
from edge_agent.core.street.stay import Stay
from edge_agent.core.street.timeline import SUSPECT, TimeLine
from edge_agent.core.units import Ns, Permille, S

# A clock that is set by so much has told other hours before.
STEP = 60 * S

CONFIRMING = (Phase.CONFIRMED, Phase.REOPENED)
NO_PICTURE = Sample(Ns(0), Finding.UNSEEN, "no_picture", (), Permille(0), None, None, False, False)


class Zone:
    """One zone and all that follows from what stands in it.

    Args:
        place: what it is.
        rule: its state machine.
        hours: of its rule.
        album: its pictures.
        cases: its cases.
        filing: where its records wait for their pictures.
        shops: tiers and counts.
    """

    def __init__(
        self,
        place: Place,
        rule: ZoneRule,
        hours: Hours,
        album: Album,
        cases: Cases,
        filing: Filing,
        shops: Shops,
    ) -> None:
        self.place = place
        self._rule = rule
        self._hours = hours
        self._album = album
        self._cases = cases
        self._filing = filing
        self._shops = shops
        self._errands = Errands()
        self._line = TimeLine(place.camera, place.zone)
        self._recalled_at: Ns | None = None
        self._sample = NO_PICTURE
        self._reference = ""
        self._model = ""
        self._clock: ClockStatus | None = None  # by which the last look was judged
        self._utc_offset: Ns | None = None  # of the last clock that was known
        self._force = InForce(holds=False, detail="hours_unknown", window="", stay_s=None)

    # -- what comes from outside -------------------------------------------------------------------

    def look(
        self, now: Ns, sample: Sample, reference: str, model_sha256: str, clock: ClockStatus | None
    ) -> Iterator[Decision]:
        """A picture was looked at; it is later than all before it.

        Args:
            now: when it is judged.
            sample: what it says of the zone.
            reference: SHA-256 of the reference it was compared with.
            model_sha256: of the detector.
            clock: what is known of the clock.
        """
        self._sample, self._reference, self._model = sample, reference, model_sha256
        self._told_time(clock)
        self._force = self._hours.at(sample.at, clock)
        moves = self._rule.look(sample, self._force, Permille(self._tier.stay))
        stay = self._rule.stay
        if stay is not None and stay.counting and self._rule.step not in OPEN:
            yield from self._album.follow(now, sample.at, stay, self._asked)
        for move in moves:
            yield from self._moved(now, move)
        yield from self._told(now)
        for errand in self._errands.due(sample.at):
            finding = answer(errand, self._rule, sample, self.place.rule)
            if finding is not None:
                yield from self._answered(now, errand, finding)

    def advance(self, now: Ns, clock: ClockStatus | None) -> Iterator[Decision]:
        """Answer the errands that can wait no longer."""
        for errand in self._errands.late(now):
            # What nobody looked at lately says nothing of now: what was in force then does not either.
            if now - self._sample.at > self._rule.watched:
                self._sample, self._force = replace(NO_PICTURE, at=now), self._hours.at(now, clock)
                self._reference = self._model = ""
                self._told_time(clock)
            yield from self._answered(now, errand, unsettled(self._rule, self._sample, self.place.rule))

    def inspect(self, order: str, due: Ns, limit: Ns) -> None:
        """The zone is to be looked at, and what is there recorded."""
        self._errands.add(Errand(Phase.INSPECTION, self._cases.single(), (order,), due, limit))

    def knows(self, case: str) -> bool:
        """Whether the case is one of this zone."""
        return self._cases.find(case) is not None

    def notice(self, case: str, at: Ns, order: str) -> bool:
        """The shop was told of a case of this zone: its re-check is due the rule's time from now.

        Returns:
            False when it cannot be answered: too many wait already.
        """
        known = self._cases.find(case)
        return known is None or self._recheck(known, at, order)

    def recall(self, event: CaseRecalled) -> None:
        """Go on with a case of the last run; of several the last, and none once this run has its own."""
        if self._cases.find(event.case) is not None:
            return  # it is known, and its records count on from what this run has made of it
        newest = self._recalled_at is None or event.recorded_at >= self._recalled_at
        case = self._cases.recall(event, current=newest and not self._cases.opened)
        if self._cases.current is not case:
            return
        self._recalled_at = event.recorded_at
        corrected = event.phase is Phase.RECHECK and event.finding is Finding.ABSENT
        self._rule.recall(Phase.CLEARED if corrected else event.phase, event.recorded_at)
        if event.phase is Phase.RECHECK or event.rechecked or not self._rechecks_itself:
            return
        # Where nobody knows when it was confirmed the shop gets its time anew.
        since = event.at if event.confirmed_at is None else event.confirmed_at
        errand = recheck(case, self.place.rule, self._tier.recheck, since, "")
        if errand is not None:  # due while the daemon was away, it is due now
            away = max(0, event.at - errand.due)
            errand.limit = Ns(errand.limit + away)
            self._errands.add(errand)

    # -- what others ask ---------------------------------------------------------------------------

    @property
    def period_ms(self) -> int:
        """How often to look while nothing is there."""
        return self._tier.period_ms

    @property
    def busy(self) -> bool:
        """Something is there that counts, or a case is open: look more often."""
        return self._rule.step in OPEN or (self._force.holds and self._rule.stay is not None)

    @property
    def blind(self) -> str:
        """Why the last look could not see the zone; empty when it could."""
        return (self._sample.reason or "unseen") if self._sample.finding is Finding.UNSEEN else ""

    @property
    def deadline(self) -> Ns | None:
        """When the next errand can wait no longer."""
        return self._errands.deadline

    @property
    def now(self) -> ZoneNow:
        """Where it stands."""
        stay, sample = self._rule.stay, self._sample
        return ZoneNow(
            camera=self.place.camera,
            shop=self.place.shop,
            rule=self.place.rule_name,
            state=self._rule.state,
            finding=sample.finding,
            looked_at=sample.at,
            dwell=stay.dwell if stay else Ns(0),
            asked=self._asked,
        )

    # -- what follows ------------------------------------------------------------------------------

    @property
    def _tier(self) -> TierSettings:
        return self._shops.tier(self.place.shop)

    @property
    def _asked(self) -> Ns:
        return self._rule.asked(self._sample.at, self._force, Permille(self._tier.stay))

    @property
    def _rechecks_itself(self) -> bool:
        return self.place.rule.recheck_after == "confirmed"

    def _told_time(self, clock: ClockStatus | None) -> None:
        before, after = self._utc_offset, utc_of(Ns(0), clock)
        self._clock = clock
        if after is None:
            return
        self._utc_offset = after
        if before is not None and abs(after - before) >= STEP and not self._hours.always:
            self._rule.forget()

    def _moved(self, now: Ns, move: Move) -> Iterator[Decision]:
        at, phase, stay = self._sample.at, move.phase, move.stay
        if phase is not None:
            case = self._case_of(phase, stay)
            finding = Finding.ABSENT if phase is Phase.CLEARED else Finding.PRESENT
            yield from self._record(now, phase, finding, case, stay, "")
            if phase in CONFIRMING and self._rechecks_itself:
                self._recheck(case, at, "")
        yield self._line.step(self._sample, self._rule.state, move.mark, stay, self._asked, self._open_case)

    def _case_of(self, phase: Phase, stay: Stay | None) -> Case:
        """The case that a record belongs to, its times brought up to date."""
        case = self._cases.current
        if case is None or phase is Phase.CONFIRMED:
            case = self._cases.open()
        if phase in CONFIRMING and stay is not None:
            case.first_seen_at, case.candidate_at = stay.first_at, stay.candidate_at
            case.confirmed_at, case.ended_at = self._sample.at, None
        elif phase is Phase.CLEARED:
            case.ended_at = self._rule.sight.absent_at
        return case

    def _told(self, now: Ns) -> Iterator[Decision]:
        suspected = self._rule.sight.suspected >= self.place.rule.candidate_s * S
        stay, state = self._rule.stay, self._rule.state
        said = self._line.look(self._sample, state, self._force, stay, self._open_case, suspected=suspected)
        if said is not None:
            yield said
            if said.detail == SUSPECT:
                yield self._album.suspect(now, self._sample.at, self._sample.items)

    def _recheck(self, case: Case, since: Ns, order: str) -> bool:
        errand = recheck(case, self.place.rule, self._tier.recheck, since, order)
        return errand is None or self._errands.add(errand)

    def _answered(self, now: Ns, errand: Errand, finding: Finding) -> Iterator[Decision]:
        """One look, and a record of it for everybody who asked."""
        self._errands.done(errand)
        first, *others = errand.orders or ("",)
        yield from self._record(now, errand.phase, finding, errand.case, self._rule.stay, first)
        for order in others:
            yield from self._record(
                now, errand.phase, finding, errand.case, self._rule.stay, order, counts=False
            )

    def _record(
        self,
        now: Ns,
        phase: Phase,
        finding: Finding,
        case: Case,
        stay: Stay | None,
        order: str,
        *,
        counts: bool = True,
    ) -> Iterator[Decision]:
        """Make a record of a case, and ask for its pictures; a look counts for its shop once."""
        sample, shop = self._sample, self.place.shop
        situation = Situation(
            sample=sample,
            reference=self._reference,
            force=self._force,
            asked=self._asked,
            tier=self._shops.name(shop),
            tier_stay=Permille(self._tier.stay),
            low_light=sample.low_light or self._rule.low_light(sample.at),
        )
        said = report(self.place, situation, phase, finding, case, stay, order=order)
        if counts:
            self._shops.count(said)
        said = with_counts(said, self._shops.counts(shop, sample.at))
        there = finding in (Finding.PRESENT, Finding.SUSPECT)
        take, requests = self._album.record(now, sample.at, phase, sample.items if there else (), stay)
        revision = case.next_revision()
        self._filing.add(Record(case.id, revision, said, self.place.rule, self._model, requests, self._clock))
        yield take

    @property
    def _open_case(self) -> str:
        case = self._cases.current
        return case.id if case is not None and self._rule.step in OPEN else ""
