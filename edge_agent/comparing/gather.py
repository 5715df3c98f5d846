"""Decisions into outcomes, in one pass: an amendment takes the place of what it amends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from edge_agent.comparing.outcomes import (
    BridgeCase,
    BridgeCrossing,
    FaultCount,
    Look,
    Matched,
    Outcomes,
    StreetCase,
    Suspect,
    WatchedTime,
)
from edge_agent.comparing.runs import Runs
from edge_agent.comparing.stays import Stays
from edge_agent.core.decisions import (
    CrossingSeen,
    Decision,
    Fault,
    Seal,
    SealCoverage,
    SealStreet,
    ZoneChanged,
)
from edge_agent.core.records import Crossing, Match, Verdict
from edge_agent.core.scene import Phase
from edge_agent.core.street.timeline import SUSPECT
from edge_agent.core.units import Ns
from edge_agent.errors import JournalError
from edge_agent.journal.codec import parse_decision_line

ASKED_OF_DEVICES = tuple(f'{{"type":"{kind}"' for kind in ("Watch", "TakePictures", "Capture", "ReadPlates"))


def outcomes_of(decisions: Iterable[Decision]) -> Outcomes:
    """The outcomes of decisions in the order in which they were made."""
    gathered = _Gathered()
    for decision in decisions:
        gathered.add(decision)
    return gathered.outcomes()


def outcomes_of_lines(lines: Iterable[str]) -> Outcomes:
    """The outcomes of lines of a `decisions.jsonl`.

    Raises:
        JournalError: a line is none, with its number.
    """
    gathered = _Gathered()
    for number, line in enumerate(lines, start=1):
        if line.startswith(ASKED_OF_DEVICES):
            gathered.count += 1  # nothing comes of what is asked of a device; most lines are that
            continue
        try:
            decision = parse_decision_line(line)
        except JournalError as error:
            raise JournalError(f"line {number}: {error}") from None
        gathered.add(decision)
    return gathered.outcomes()


@dataclass
class _Gathered:
    """What has been made of the decisions so far."""

    count: int = 0
    runs: Runs = field(default_factory=Runs)
    clocks: dict[int, Ns] = field(default_factory=dict)
    crossings: dict[tuple[int, str, int], BridgeCrossing] = field(default_factory=dict)
    cases: dict[tuple[str, int], StreetCase] = field(default_factory=dict)  # by id, and times it was opened
    opened: Counter[str] = field(default_factory=Counter)
    looks: list[Look] = field(default_factory=list)
    suspects: list[Suspect] = field(default_factory=list)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    watched: Counter[str] = field(default_factory=Counter)
    blind: dict[str, Counter[str]] = field(default_factory=dict)
    stays: Stays = field(default_factory=Stays)

    def add(self, decision: Decision) -> None:
        """Take in one decision."""
        self.count += 1
        self.runs.follow(decision)
        match decision:
            case CrossingSeen():
                self._crossing(decision.crossing, decision.verdicts)
            case Seal():
                self._know(decision)
                self._bridge_case(decision)
            case SealStreet():
                self._know(decision)
                self._street(decision)
            case SealCoverage():
                self._know(decision)
                for part in decision.parts:
                    self.watched[part.part] += part.watched_ms
                    self.blind.setdefault(part.part, Counter()).update(dict(part.blind))
            case ZoneChanged():
                self.stays.add(self.runs.number, decision)
                if decision.detail == SUSPECT:
                    self.suspects.append(
                        Suspect(self.runs.number, decision.camera, decision.zone, decision.at)
                    )
            case Fault():
                self.faults[(decision.source, str(decision.kind))] += decision.count

    def outcomes(self) -> Outcomes:
        """All of it."""
        return Outcomes(
            crossings=tuple(self.crossings.values()),
            cases=tuple(self.cases.values()),
            looks=tuple(self.looks),
            suspects=tuple(self.suspects),
            faults=tuple(FaultCount(*what, count) for what, count in self.faults.most_common()),
            watched=tuple(
                WatchedTime(part, self.watched[part], tuple(sorted(self.blind[part].items())))
                for part in sorted(self.watched)
            ),
            stays=self.stays.all(),
            utc_minus_mono=tuple(self.clocks.get(run) for run in range(self.runs.number + 1)),
            decisions=self.count,
        )

    def _know(self, sealed: Seal | SealStreet | SealCoverage) -> None:
        if sealed.clock is not None:
            self.clocks.setdefault(self.runs.number, sealed.clock.utc_minus_mono)

    def _crossing(self, crossing: Crossing, verdicts: tuple[Verdict, ...]) -> BridgeCrossing:
        key = (self.runs.number, crossing.lane, crossing.number)
        self.crossings[key] = seen = BridgeCrossing(
            run=self.runs.number,
            lane=crossing.lane,
            number=crossing.number,
            first_axle_at=crossing.first_axle_at,
            last_axle_at=crossing.last_axle_at,
            axles=len(crossing.axles),
            gross=crossing.gross,
            gross_interval=crossing.gross_interval,
            speed=crossing.speed,
            flags=tuple(str(flag) for flag in crossing.flags),
            verdicts=verdicts,
            case=None,
        )
        return seen

    def _bridge_case(self, seal: Seal) -> None:
        # A recording may begin after the crossing was seen; its statement says it again.
        seen = self._crossing(seal.crossing, seal.verdicts)
        self.crossings[(seen.run, seen.lane, seen.number)] = replace(
            seen,
            case=BridgeCase(
                case=seal.case,
                revision=seal.revision,
                use_class=seal.use_class,
                reasons=seal.reasons,
                match=_matched(seal.match),
                vehicle_confirmed=seal.vehicle_confirmed,
            ),
        )

    def _street(self, seal: SealStreet) -> None:
        report = seal.report
        if report.phase in (Phase.RECHECK, Phase.INSPECTION):
            self.looks.append(
                Look(
                    run=self.runs.number,
                    phase=report.phase,
                    camera=report.camera,
                    zone=report.zone,
                    case=seal.case,
                    order=report.order,
                    judged_at=report.judged_at,
                    finding=report.finding,
                    use_class=seal.use_class,
                    reasons=seal.reasons,
                )
            )
            return
        if report.phase in (Phase.CONFIRMED, Phase.REOPENED):
            self.opened[seal.case] += 1
        key = (seal.case, self.opened[seal.case])
        known = self.cases.get(key)
        self.cases[key] = replace(known or _opened(self.runs.number, seal), **_latest(seal, known))


def _matched(match: Match) -> Matched:
    best = match.candidates[0] if match.candidates else None
    return Matched(
        status=match.status,
        plate=match.read.text if match.read else "",
        best=best.read.text if best else "",
        posterior=best.posterior if best else None,
        none_posterior=match.none_posterior,
        margin=match.margin,
    )


def _opened(run: int, seal: SealStreet) -> StreetCase:
    """A case as its first record says."""
    report = seal.report
    return StreetCase(
        run=run,
        camera=report.camera,
        zone=report.zone,
        case=seal.case,
        opened=report.phase,
        event_type=report.event_type,
        rule=report.rule,
        shop=report.shop,
        first_seen_at=report.first_seen_at,
        confirmed_at=report.confirmed_at,
        cleared_at=None,
        ended_at=None,
        phase=report.phase,
        dwell=report.dwell,
        stay_ms=report.stay_ms,
        untiered_s=_whole(dict(report.in_force).get("stay_s", "")),
        ongoing=0,
        use_class=seal.use_class,
        reasons=seal.reasons,
        revision=seal.revision,
        last_at=report.judged_at,
        items=report.items,
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _latest(seal: SealStreet, known: StreetCase | None) -> dict[str, Any]:
    """What a record changes of its case."""
    report = seal.report
    cleared = report.phase is Phase.CLEARED
    return {
        "phase": report.phase,
        "dwell": report.dwell,
        "ongoing": (known.ongoing if known else 0) + (report.phase is Phase.ONGOING),
        "cleared_at": report.judged_at if cleared else None,
        "ended_at": report.ended_at if cleared else None,
        "revision": seal.revision,
        "last_at": report.judged_at,
    }
