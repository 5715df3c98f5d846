"""Looks that somebody asked for: re-checks after a notice, inspections (双随机).

Each has a time from which on it is due and a limit. From its due time on the first *settled* view is its
answer: goods seen for the candidate's time, or observed absent for as long. Nobody is told "not corrected"
because of one picture, nor for goods that were put out anew and have not stayed as long as the rule asks
for. When the view is not settled until the limit, that is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.scene import Finding, Phase
from edge_agent.core.street.cases import Case
from edge_agent.core.street.rule import ZoneRule
from edge_agent.core.street.sample import Sample
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import Ns, S

# How long a re-check waits for a view that answers it: as long again as it was due after, at least this.
RECHECK_LIMIT_S = 600

# Notices of one case that one re-check answers.
MAX_ORDERS = 16

# Of one zone, at a time. Beyond it the oldest is answered as it stands.
MAX_ERRANDS = 64


@dataclass(slots=True, eq=False)
class Errand:
    """One look that was asked for."""

    phase: Phase  # recheck | inspection
    case: Case
    orders: tuple[str, ...]  # who asked for it, each is answered; none: the rule
    due: Ns
    limit: Ns


def recheck(case: Case, rule: RuleSettings, tier: int, since: Ns, order: str) -> Errand | None:
    """The re-check of a case, counted from its record or its notice; None where the rule has none.

    Args:
        case: whose.
        rule: `recheck_s` 0 means never.
        tier: permille of the rule's time.
        since: the record, or the notice.
        order: id of the notice; empty for the rule's own.
    """
    if rule.recheck_s == 0:
        return None
    wait = rule.recheck_s * tier * S // 1000
    due = Ns(since + wait)
    return Errand(
        Phase.RECHECK, case, (order,) if order else (), due, Ns(due + max(wait, RECHECK_LIMIT_S * S))
    )


def answer(errand: Errand, zone: ZoneRule, sample: Sample, rule: RuleSettings) -> Finding | None:
    """What a look answers; None while the view is not settled.

    A re-check finds goods present only where they are what a case is made of: goods of the case that never
    left, or others that have stayed as long. An inspection records what is there at any time.
    """
    sight, enough = zone.sight, rule.candidate_s * S
    if sample.finding is Finding.PRESENT:
        lingers = sight.presence >= enough and sight.share >= rule.candidate_share
        if zone.persists if errand.phase is Phase.RECHECK else lingers:
            return Finding.PRESENT
    elif sample.finding is Finding.ABSENT:
        if sight.absence >= min(enough, rule.clear_s * S):
            return Finding.ABSENT
    elif sample.finding is Finding.SUSPECT and errand.phase is Phase.INSPECTION and sight.suspected >= enough:
        return Finding.SUSPECT
    return None


class Errands:
    """The errands of one zone."""

    def __init__(self) -> None:
        self._waiting: list[Errand] = []

    def add(self, errand: Errand) -> bool:
        """One more. A second re-check of a case takes the first one's place: the shop was told anew.

        Whoever asked for either is answered by it. An order that comes twice changes nothing.

        Returns:
            False when too many wait for that re-check already.
        """
        if errand.phase is Phase.RECHECK:
            same = [one for one in self._waiting if one.phase is Phase.RECHECK and one.case is errand.case]
            for one in same:
                if errand.orders and set(errand.orders) <= set(one.orders):
                    return True
                if len(one.orders) + len(errand.orders) > MAX_ORDERS:
                    return False
                self._waiting.remove(one)
                errand.orders = (*one.orders, *errand.orders)
        self._waiting.append(errand)
        return True

    def due(self, at: Ns) -> tuple[Errand, ...]:
        """Those that a look at `at` may answer, first come first."""
        return tuple(errand for errand in self._waiting if errand.due <= at)

    def late(self, now: Ns) -> tuple[Errand, ...]:
        """Those that can wait no longer, and those that are too many."""
        excess = len(self._waiting) - MAX_ERRANDS
        return tuple(e for number, e in enumerate(self._waiting) if e.limit <= now or number < excess)

    def done(self, errand: Errand) -> None:
        """It was answered."""
        self._waiting.remove(errand)

    @property
    def deadline(self) -> Ns | None:
        """When the next can wait no longer."""
        return min((errand.limit for errand in self._waiting), default=None)


def unsettled(zone: ZoneRule, sample: Sample, rule: RuleSettings) -> Finding:
    """What is recorded at the limit: something unrecognised was seen, or nothing could be determined."""
    suspect = sample.finding is Finding.SUSPECT and zone.sight.suspected >= rule.candidate_s * S
    return Finding.SUSPECT if suspect else Finding.UNSEEN
