"""What came of decisions in numbers, counted as they come: nothing grows with the recording.

Of a vehicle two words are kept, and these only as long as its case may still be amended.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from edge_agent.comparing.outcomes import in_numbers
from edge_agent.comparing.runs import Runs
from edge_agent.core.decisions import CrossingSeen, Decision, Fault, Seal, SealStreet, ZoneChanged
from edge_agent.core.records import Crossing, Outcome, Verdict
from edge_agent.core.scene import Phase, StreetReport
from edge_agent.core.street.timeline import SUSPECT
from edge_agent.core.units import Ns, S

# The core amends a case no later than two minutes after its vehicle (`core/cases.py`).
AMENDED_WITHIN = 3_600 * S

Key = tuple[int, str, int]  # run, lane, number


@dataclass(slots=True)
class Counting:
    """The numbers so far; the same as `outcomes.counts` of all the outcomes."""

    _runs: Runs = field(default_factory=Runs)
    _crossings: int = 0
    _over: int = 0
    _cases: Counter[str] = field(default_factory=Counter)
    _street: Counter[str] = field(default_factory=Counter)
    _suspects: int = 0
    _faults: Counter[str] = field(default_factory=Counter)
    _lately: dict[Key, tuple[Ns, bool, str]] = field(default_factory=dict)  # closed at, over, match status

    def add(self, decision: Decision) -> None:
        """Take in one decision."""
        self._runs.follow(decision)
        match decision:
            case CrossingSeen():
                self._vehicle(decision.crossing, decision.verdicts, "")
            case Seal():
                self._vehicle(decision.crossing, decision.verdicts, str(decision.match.status))
            case SealStreet():
                self._street[_record(decision.report)] += 1
            case ZoneChanged():
                self._suspects += decision.detail == SUSPECT
            case Fault():
                self._faults[f"{decision.source} {decision.kind}"] += decision.count

    def counts(self) -> dict[str, Any]:
        """As `outcomes.counts`."""
        return in_numbers(
            self._crossings,
            self._over,
            self._cases,
            self._street,
            self._suspects,
            dict(self._faults.most_common()),
        )

    def _vehicle(self, crossing: Crossing, verdicts: tuple[Verdict, ...], status: str) -> None:
        """A vehicle, or what is said of it after all."""
        key = (self._runs.number, crossing.lane, crossing.number)
        before = self._lately.pop(key, None)
        if before is not None:
            self._count(*before[1:], by=-1)
        over = any(verdict.outcome is Outcome.OVER for verdict in verdicts)
        self._count(over, status, by=1)
        self._lately[key] = (crossing.closed_at, over, status)
        for old in [
            k for k, (at, _, _) in islice(self._lately.items(), 2) if self._is_settled(k, at, crossing)
        ]:
            del self._lately[old]

    def _is_settled(self, key: Key, at: Ns, crossing: Crossing) -> bool:
        """Nothing more is said of a vehicle of another run, or of so long ago."""
        return key[0] != self._runs.number or at < crossing.closed_at - AMENDED_WITHIN

    def _count(self, over: bool, status: str, by: int) -> None:
        self._crossings += by
        self._over += by * over
        if status:
            self._cases[status] += by


def _record(report: StreetReport) -> str:
    looked = report.phase in (Phase.RECHECK, Phase.INSPECTION)
    return f"{report.phase}: {report.finding}" if looked else str(report.phase)
