"""Records on their way to a statement: each waits for its pictures, no longer than it may, in order.

When the daemon is told to end they wait no more: what was concluded is sealed with the pictures there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.core.decisions import SealStreet
from edge_agent.core.events import ClockStatus
from edge_agent.core.scene import StreetReport
from edge_agent.core.standing import utc_of
from edge_agent.core.street.pictures import Request, Taken
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.street.use_class import use_class
from edge_agent.core.units import Ns
from edge_agent.core.use_class_settings import LegalSettings

# Records that wait for pictures at once; beyond it the oldest goes without.
MAX_WAITING = 256

# Originals in the order of what they show; copies and the clip follow.
ORDER = ("reference", "first_seen", "middle", "confirmed", "ongoing", "cleared", "recheck", "inspection")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a case, complete but for its pictures."""

    case: str
    revision: int
    report: StreetReport
    rule: RuleSettings
    model_sha256: str
    requests: tuple[Request, ...]
    clock: ClockStatus | None = None  # by which its hours were judged

    def ready(self, now: Ns) -> bool:
        """All pictures have come, or the wait is over."""
        return all(request.answer is not None or request.due <= now for request in self.requests)


class Filing:
    """The records of the street that are not sealed yet."""

    def __init__(self, legal: LegalSettings) -> None:
        self._legal = legal
        self._waiting: list[Record] = []

    def add(self, record: Record) -> None:
        """A record was made."""
        self._waiting.append(record)

    def advance(self, now: Ns, clock: ClockStatus | None) -> Iterator[SealStreet]:
        """Seal what is ready; the records of one case in their order."""
        held: set[str] = set()
        excess = len(self._waiting) - MAX_WAITING
        still: list[Record] = []
        for number, record in enumerate(self._waiting):
            if number < excess or (record.case not in held and record.ready(now)):
                yield self._seal(record, now, clock)
            else:
                held.add(record.case)
                still.append(record)
        self._waiting = still

    def close(self, now: Ns, clock: ClockStatus | None) -> Iterator[SealStreet]:
        """No more pictures will come: seal everything with what is there, in the order of its making."""
        waiting, self._waiting = self._waiting, []
        for record in waiting:
            yield self._seal(record, now, clock)

    @property
    def deadline(self) -> Ns | None:
        """When the next record must go without its pictures."""
        unanswered = ([r.due for r in record.requests if r.answer is None] for record in self._waiting)
        return min((max(dues) for dues in unanswered if dues), default=None)

    def _seal(self, record: Record, now: Ns, clock: ClockStatus | None) -> SealStreet:
        if utc_of(now, record.clock) is not None:  # a clock that was set since would tell other hours
            clock = record.clock
        taken = _in_order(one for request in record.requests for one in request.taken(now))
        pictures = tuple(picture for picture, _ in taken)
        detections = tuple(seen for _, seen in taken)
        while detections and not detections[-1]:
            detections = detections[:-1]
        use, reasons = use_class(
            self._legal,
            record.rule,
            report=record.report,
            pictures=pictures,
            model_sha256=record.model_sha256,
            clock=clock,
        )
        return SealStreet(
            at=now,
            case=record.case,
            revision=record.revision,
            use_class=use,
            reasons=reasons,
            report=record.report,
            pictures=pictures,
            detections=detections,
            model_sha256=record.model_sha256,
            clock=clock,
        )


def _in_order(taken: Iterator[Taken]) -> tuple[Taken, ...]:
    """Originals by role, then everything else as it came."""
    rank = {role: number for number, role in enumerate(ORDER)}
    return tuple(sorted(taken, key=lambda one: rank.get(one[0].role, len(ORDER))))
