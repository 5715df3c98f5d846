"""From an overweight crossing to one `Seal`: wait for the match and the pictures, then conclude.

    opened ── match decided ──┐
       │                      ├── both, or the pictures' deadline, or the end of the run ──> Seal (revision 0)
       └── pictures taken ────┘                                          │
                                       a late read changes the match ──> Seal (revision 1, 2, ...)

A case whose verdicts no longer say "over" once the camera named the vehicle (a bus, say) is dropped:
never accuse wrongly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from edge_agent.core.decisions import RawWindow, Seal
from edge_agent.core.events import Captured, ClockStatus
from edge_agent.core.records import (
    Crossing,
    Detection,
    Match,
    Outcome,
    Picture,
    UseClass,
    Verdict,
)
from edge_agent.core.units import MS, Ns, S

# Raw bytes before the first and after the last axle that go with a statement: enough to see the
# unloaded level on both sides.
RAW_MARGIN = 1 * S

# A sealed case is remembered for amendments no longer than this after its crossing.
REMEMBER = 120 * S

# More overweight vehicles at once than any bridge can carry; beyond it the oldest is concluded.
MAX_CASES = 64

Judge = Callable[[Crossing, str], tuple[Verdict, ...]]


class Classify(Protocol):
    """Says what a statement may be used for (`use_class`)."""

    def __call__(
        self,
        *,
        crossing: Crossing,
        verdicts: tuple[Verdict, ...],
        match: Match,
        pictures: tuple[Picture, ...],
        vehicle_confirmed: bool | None,
        clock: ClockStatus | None,
    ) -> tuple[UseClass, tuple[str, ...]]:
        """The class, and the reasons why it is not `enforcement`."""


@dataclass(slots=True)
class Case:
    """One overweight crossing on its way to a statement."""

    id: str
    crossing: Crossing
    port: str
    pictures_due: Ns | None  # wait for the pictures no longer than this; None = none were asked for
    match: Match | None = None
    captured: Captured | None = None
    revision: int = 0
    sealed: bool = False


def is_over(verdicts: tuple[Verdict, ...]) -> bool:
    """Some limit whose text we have read is exceeded. An unverified rule never opens a case."""
    return any(v.outcome is Outcome.OVER and not v.reference_only for v in verdicts)


class Cases:
    """All open cases of the site, and the sealed ones that may still be amended."""

    def __init__(self, judge: Judge, classify: Classify) -> None:
        self._judge = judge
        self._classify = classify
        self._cases: dict[str, Case] = {}
        self._by_crossing: dict[tuple[str, int], str] = {}

    def open(self, case: Case) -> None:
        """Begin a case."""
        self._cases[case.id] = case
        self._by_crossing[(case.crossing.lane, case.crossing.number)] = case.id

    def matched(self, match: Match) -> None:
        """The matcher answered, or amended its answer."""
        case = self._cases.get(self._by_crossing.get((match.lane, match.crossing), ""))
        if case is None:
            return
        if case.sealed:
            case.revision += 1
            case.sealed = False
        case.match = match

    def captured(self, event: Captured) -> bool:
        """Pictures came for a case; False when no open case asked for them."""
        case = self._cases.get(event.request)
        if case is None or case.sealed or case.captured is not None:
            return False
        case.captured = event
        return True

    def close(self, now: Ns, clock: ClockStatus | None) -> tuple[Seal, ...]:
        """No more pictures will come: conclude every case that is answered."""
        for case in self._cases.values():
            case.pictures_due = None
        return self.advance(now, clock)

    def advance(self, now: Ns, clock: ClockStatus | None) -> tuple[Seal, ...]:
        """Conclude what is complete or out of time; forget what can change no more."""
        if not self._cases:
            return ()
        seals: list[Seal] = []
        excess = sum(not case.sealed for case in self._cases.values()) - MAX_CASES
        for case in tuple(self._cases.values()):
            forced = excess > 0 and not case.sealed and case.match is not None
            if not case.sealed and (forced or self._complete(case, now)):
                excess -= forced
                case.sealed = True
                seal = self._conclude(case, now, clock)
                if seal is not None:
                    seals.append(seal)
            if case.crossing.closed_at + REMEMBER < now and case.sealed:
                self._forget(case)
        return tuple(seals)

    @property
    def deadline(self) -> Ns | None:
        """When the next case must conclude without its pictures."""
        waits = [
            case.pictures_due
            for case in self._cases.values()
            if not case.sealed and case.match is not None and case.pictures_due is not None
        ]
        return min(waits, default=None)

    def _complete(self, case: Case, now: Ns) -> bool:
        if case.match is None:
            return False
        return case.captured is not None or case.pictures_due is None or case.pictures_due <= now

    def _conclude(self, case: Case, now: Ns, clock: ClockStatus | None) -> Seal | None:
        assert case.match is not None
        detections = case.captured.detections if case.captured else ()
        model = case.captured.model_sha256 if case.captured else ""
        confirmed = _vehicle_in_lane(detections) if model else None
        verdicts = self._judge(case.crossing, _vehicle_class(detections))
        if not is_over(verdicts):
            return None
        pictures = _pictures(case)
        use, reasons = self._classify(
            crossing=case.crossing,
            verdicts=verdicts,
            match=case.match,
            pictures=pictures,
            vehicle_confirmed=confirmed,
            clock=clock,
        )
        raw = RawWindow(
            case.port,
            Ns(case.crossing.first_axle_at - RAW_MARGIN),
            Ns(case.crossing.last_axle_at + RAW_MARGIN),
        )
        return Seal(
            at=now,
            case=case.id,
            revision=case.revision,
            use_class=use,
            reasons=reasons,
            crossing=case.crossing,
            verdicts=verdicts,
            match=case.match,
            pictures=pictures,
            detections=detections,
            vehicle_confirmed=confirmed,
            model_sha256=model,
            clock=clock,
            raw=raw,
        )

    def _forget(self, case: Case) -> None:
        del self._cases[case.id]
        self._by_crossing.pop((case.crossing.lane, case.crossing.number), None)


def pictures_due(times: tuple[Ns, ...], wait_ms: int) -> Ns:
    """Until when a case waits for pictures taken at `times`."""
    return Ns(max(times) + wait_ms * MS)


def _pictures(case: Case) -> tuple[Picture, ...]:
    """The views of the crossing, then those of the matched plate. Nobody else's plate is attached."""
    views = case.captured.pictures if case.captured else ()
    read = case.match.read if case.match else None
    pushed = read.pictures if read else ()
    taken = {picture.role for picture in views}
    count = len([role for role in taken if role.startswith("full_view")])
    out = list(views)
    for picture in pushed:
        if picture.role.startswith("full_view"):
            count += 1
            out.append(replace(picture, role=f"full_view_{count}"))
        else:
            out.append(picture)
    return tuple(out)


def _vehicle_in_lane(detections: tuple[tuple[Detection, ...], ...]) -> bool:
    return any(d.in_lane and d.role == "evidence" for frame in detections for d in frame)


def _vehicle_class(detections: tuple[tuple[Detection, ...], ...]) -> str:
    """The label seen in the lane in every picture, empty when the pictures disagree.

    Only an agreed class may excuse a vehicle from a table; ties cannot occur.
    """
    per_frame = [{d.label for d in frame if d.in_lane and d.role == "evidence"} for frame in detections]
    agreed = set.intersection(*per_frame) if per_frame else set()
    return min(agreed) if len(agreed) == 1 else ""
