"""What has happened so far, crossing by crossing: fed by the daemon's own decisions and receipts."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from edge_agent.core.decisions import CrossingSeen, Decision, Fault, Seal
from edge_agent.core.records import Crossing, Match, Outcome, Verdict
from edge_agent.core.units import Ns

Key = tuple[str, int]  # lane, crossing number


@dataclass(slots=True)
class Row:
    """One crossing and what became of it."""

    crossing: Crossing
    verdicts: tuple[Verdict, ...]
    match: Match | None = None
    seal: Seal | None = None
    sealed_at: Ns | None = None
    receipted_at: Ns | None = None
    problem: str = ""
    named: list[str] = field(default_factory=list)  # every plate that a revision of its statement named

    @property
    def over(self) -> bool:
        """The posted limit of this bridge is exceeded."""
        return any(v.evaluator == "posted" and v.outcome is Outcome.OVER for v in self.verdicts)

    @property
    def latency_ms(self) -> int | None:
        """Last axle to the platform's signed receipt."""
        if self.receipted_at is None:
            return None
        return (self.receipted_at - self.crossing.last_axle_at) // 1_000_000


@dataclass(slots=True)
class Board:
    """Safe to use from several threads."""

    rows: dict[Key, Row] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    _by_seq: dict[int, Key] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def decided(self, decision: Decision) -> None:
        """The core decided something."""
        with self._lock:
            if isinstance(decision, CrossingSeen):
                key = (decision.crossing.lane, decision.crossing.number)
                self.rows[key] = Row(decision.crossing, decision.verdicts)
            elif isinstance(decision, Seal):
                row = self.rows[(decision.crossing.lane, decision.crossing.number)]
                row.seal, row.match, row.verdicts = decision, decision.match, decision.verdicts
                if decision.match.read:
                    row.named.append(decision.match.read.text)
            elif isinstance(decision, Fault):
                self.faults.append(decision)

    def sealed(self, seal: Seal, seq: int, at: Ns) -> None:
        """A statement is durably in the chain. Revision 0 is what the latency is counted on."""
        with self._lock:
            key = (seal.crossing.lane, seal.crossing.number)
            if seal.revision == 0:
                self._by_seq[seq] = key
                self.rows[key].sealed_at = at

    def refused(self, seal: Seal, reason: str) -> None:
        """A case was not sealed."""
        with self._lock:
            self.rows[(seal.crossing.lane, seal.crossing.number)].problem = reason

    def receipted(self, seq: int, at: Ns) -> None:
        """The platform's signed receipt came."""
        with self._lock:
            key = self._by_seq.get(seq)
            if key is not None and self.rows[key].receipted_at is None:
                self.rows[key].receipted_at = at

    def snapshot(self) -> list[Row]:
        """Rows in the order of their first axle."""
        with self._lock:
            return sorted(self.rows.values(), key=lambda row: (row.crossing.first_axle_at, row.crossing.lane))
