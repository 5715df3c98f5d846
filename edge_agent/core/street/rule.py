"""One zone's rule as a table: what happened leads from one state to the next, and to a record or none.

              LINGERED             STAYED                REPEATED
      CLEAR ───────────> CANDIDATE ──────> CONFIRMED ───────────────> ONGOING ─┐ REPEATED
        ^  <───────────      │                 │ GONE           GONE │    ^────┘
        │       LEFT         │                 v                     v
        └──────────────────────────────── COOLDOWN <─────────────────┘
                 COOLED                     │  ^ LEFT
                                   LINGERED v  │
                                          RETURNED ──STAYED──> CONFIRMED (the same case, reopened)

Event time only, and only what was observed: a look that could not see moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.scene import Finding, Phase, ZoneState
from edge_agent.core.street.hours import InForce
from edge_agent.core.street.sample import Sample
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.street.sight import Sight
from edge_agent.core.street.stay import Stay
from edge_agent.core.units import MS, Ns, S


class Step(StrEnum):
    """Where the rule stands; `ZoneState` is what of it is told."""

    CLEAR = "clear"
    CANDIDATE = "candidate"
    CONFIRMED = "confirmed"
    ONGOING = "ongoing"
    COOLDOWN = "cooldown"  # cleared a short while ago
    RETURNED = "returned"  # a candidate again within the cooldown


class Mark(StrEnum):
    """What happened to a zone."""

    LINGERED = "lingered"  # goods stay for the candidate's time, seen in enough of the looks
    STAYED = "stayed"  # goods have stayed as long as the rule asks for, and stand there now
    LEFT = "left"  # goods are there no more before their stay was reached
    REPEATED = "repeated"  # still there, and an update is due
    GONE = "gone"  # observed absent for the rule's time
    COOLED = "cooled"  # nothing came back within the cooldown


NEXT: dict[Step, dict[Mark, Step]] = {
    Step.CLEAR: {Mark.LINGERED: Step.CANDIDATE},
    Step.CANDIDATE: {Mark.LEFT: Step.CLEAR, Mark.STAYED: Step.CONFIRMED},
    Step.CONFIRMED: {Mark.GONE: Step.COOLDOWN, Mark.REPEATED: Step.ONGOING},
    Step.ONGOING: {Mark.GONE: Step.COOLDOWN, Mark.REPEATED: Step.ONGOING},
    Step.COOLDOWN: {Mark.COOLED: Step.CLEAR, Mark.LINGERED: Step.RETURNED},
    Step.RETURNED: {Mark.LEFT: Step.COOLDOWN, Mark.STAYED: Step.CONFIRMED},
}

RECORD: dict[tuple[Step, Mark], Phase] = {
    (Step.CANDIDATE, Mark.STAYED): Phase.CONFIRMED,
    (Step.RETURNED, Mark.STAYED): Phase.REOPENED,
    (Step.CONFIRMED, Mark.REPEATED): Phase.ONGOING,
    (Step.ONGOING, Mark.REPEATED): Phase.ONGOING,
    (Step.CONFIRMED, Mark.GONE): Phase.CLEARED,
    (Step.ONGOING, Mark.GONE): Phase.CLEARED,
}

TOLD: dict[Step, ZoneState] = {
    Step.CLEAR: ZoneState.CLEAR,
    Step.CANDIDATE: ZoneState.CANDIDATE,
    Step.CONFIRMED: ZoneState.CONFIRMED,
    Step.ONGOING: ZoneState.ONGOING,
    Step.COOLDOWN: ZoneState.CLEAR,
    Step.RETURNED: ZoneState.CANDIDATE,
}

OPEN = (Step.CONFIRMED, Step.ONGOING)  # a case is open


@dataclass(frozen=True, slots=True)
class Move:
    """One step of the table."""

    mark: Mark
    before: Step
    after: Step
    stay: Stay | None  # as it was; None after a restart, before goods were seen again

    @property
    def phase(self) -> Phase | None:
        """The record that it asks for; None for none."""
        return RECORD.get((self.before, self.mark))


class ZoneRule:
    """One zone's state. Give it every look in order; it answers with the steps taken.

    Args:
        rule: what counts.
        slowest: longest time between two looks while something is there; a gap is no shorter than two.
        watched: two looks lie no further apart than this while somebody watches.
    """

    def __init__(self, rule: RuleSettings, *, slowest: Ns, watched: Ns) -> None:
        self._rule = rule
        self._gap = Ns(max(rule.gap_s * S, 2 * slowest))
        self._pause = Ns(max(self._gap, rule.cooldown_s * S))
        self.watched = watched
        self.sight = Sight(self._gap, watched, Ns(rule.candidate_s * S))
        self.step = Step.CLEAR
        self.stay: Stay | None = None
        self._asked = Ns(0)
        self._cleared_at = Ns(0)
        self._recorded_at = Ns(0)  # last confirmed or ongoing record
        self._repeats = 0
        self._held_since: Ns | None = None  # the rule has been in force at every look since
        self._happened: dict[Mark, Callable[[Ns], bool]] = {
            Mark.LINGERED: self._lingered,
            Mark.STAYED: self._stayed,
            Mark.LEFT: self._left,
            Mark.REPEATED: self._repeated,
            Mark.GONE: self._gone,
            Mark.COOLED: self._cooled,
        }

    @property
    def state(self) -> ZoneState:
        """What is told of where the rule stands."""
        return TOLD[self.step]

    def recall(self, phase: Phase, recorded_at: Ns) -> None:
        """Take up a case of the last run: open, or in its cooldown."""
        if phase is Phase.CLEARED:
            self.step, self._cleared_at = Step.COOLDOWN, recorded_at
        else:
            self.step, self._recorded_at = Step.ONGOING, recorded_at

    def forget(self) -> None:
        """Nobody can say in which hours the stay counted: it begins anew. An open case stays open."""
        if self.step not in OPEN:
            self.stay = None

    def asked(self, at: Ns, force: InForce, tier_stay: int) -> Ns:
        """The stay that the rule asks for now: the window's or the rule's, by tier and light.

        Low light is believed to last for a gap after it was last measured, and for as long as most of the
        stay was observed in it; a stay is never less than a candidate's.
        """
        rule = self._rule
        stay_ms = (force.stay_s or rule.stay_s) * tier_stay
        if self.low_light(at):
            stay_ms = stay_ms * rule.low_light_stay // 1000
        return Ns(max(stay_ms * MS, rule.candidate_s * S))

    def low_light(self, at: Ns) -> bool:
        """Whether the stay is judged in low light: it is dark, or most of it was observed in the dark."""
        stay = self.stay
        if stay is None or stay.low_light_at is None:
            return False
        return at - stay.low_light_at <= self._gap or 2 * stay.dark > stay.dwell

    @property
    def persists(self) -> bool:
        """Goods are still, or again, what a case is made of: nothing less says so after it was confirmed.

        Since the last pause that nobody can vouch for (a restart, a camera away, a night outside the hours,
        a case that was cleared) they have stayed as long as the rule asks for, and they count now and have
        for a candidate's time: whoever set goods down a moment ago, at the opening hour or out of a van
        that has just left, has not left them standing.
        """
        stay = self.stay
        return (
            stay is not None
            and stay.counting
            and stay.lately >= self._asked
            and stay.run >= self._rule.candidate_s * S
            and self._surely()
        )

    def look(self, sample: Sample, force: InForce, tier_stay: int) -> tuple[Move, ...]:
        """Take in one look, later than all before it. One that could not see moves nothing."""
        self.sight.see(sample)
        if sample.finding is Finding.UNSEEN:
            if self.stay is not None:
                self.stay.counting = False
            return ()
        self._follow(sample, force)
        self._asked = self.asked(sample.at, force, tier_stay)
        return tuple(self._moves(sample.at))

    def _follow(self, sample: Sample, force: InForce) -> None:
        if self.stay is not None and sample.finding is not Finding.PRESENT:
            self.stay.absence = self.sight.absence
        if not force.holds:
            self._held_since = None
            if self.stay is not None:
                self.stay.interrupt(sample.finding)
        else:
            self._held_since = sample.at if self._held_since is None else self._held_since
            if sample.finding is Finding.PRESENT:
                self._begin(sample, self._held_since)
            if self.stay is not None:
                grace = Ns(self._rule.unloading_grace_s * S)
                self.stay.look(sample, gap=self._gap, grace=grace, pause=self._pause)
        if self.step not in OPEN and self.sight.missed(sample.at):
            self.stay = None

    def _begin(self, sample: Sample, held_since: Ns) -> None:
        # After a long pause an unconfirmed stay says nothing any more; an open case goes on until its
        # end was observed.
        at, stay = sample.at, self.stay
        stale = stay is not None and at - stay.last_at > self._pause
        if stay is None or (stale and self.step not in OPEN):
            # Goods count once they were seen to stand still, and then from their first picture on.
            first = max((item.first_at for item in sample.items), default=at)
            near = at - self._gap <= first <= at
            self.stay = Stay.begin(Ns(max(first, held_since)) if near else at)

    def _moves(self, at: Ns) -> Iterator[Move]:
        for _ in Step:  # no chain is longer than the table
            mark = next((mark for mark in NEXT[self.step] if self._happened[mark](at)), None)
            if mark is None:
                return
            move = Move(mark, self.step, NEXT[self.step][mark], self.stay)
            self.step = move.after
            self._settle(move, at)
            yield move

    def _settle(self, move: Move, at: Ns) -> None:
        """What a step leaves behind for the next."""
        if move.mark is Mark.LINGERED and self.stay is not None:
            self.stay.candidate_at = at
        elif move.mark is Mark.STAYED:
            self._recorded_at, self._repeats = at, 0
        elif move.mark is Mark.REPEATED:
            self._recorded_at, self._repeats = at, self._repeats + 1
        elif move.mark is Mark.GONE:
            self._cleared_at, self.stay = at, None

    # -- what happened: each asks what was observed, at the time of the look -----------------------

    def _surely(self) -> bool:
        return self.sight.share >= self._rule.candidate_share

    def _lingered(self, _at: Ns) -> bool:
        stay = self.stay
        return stay is not None and stay.dwell >= self._rule.candidate_s * S and self._surely()

    def _stayed(self, _at: Ns) -> bool:
        stay = self.stay
        return stay is not None and stay.counting and stay.dwell >= self._asked and self._surely()

    def _left(self, _at: Ns) -> bool:
        # A new stay that began after a long pause is not the one that was a candidate.
        return self.stay is None or self.stay.candidate_at is None

    def _repeated(self, at: Ns) -> bool:
        due = at - self._recorded_at >= self._rule.ongoing_every_s * S
        return due and self._repeats < self._rule.ongoing_max and self.persists

    def _gone(self, _at: Ns) -> bool:
        return self.sight.absence >= self._rule.clear_s * S

    def _cooled(self, at: Ns) -> bool:
        since = self.stay.first_at if self.stay is not None else at
        return since - self._cleared_at > self._rule.cooldown_s * S
