"""What has happened on the demo's street so far: fed by the daemon's own decisions and receipts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from edge_agent.core.decisions import Decision, SealStreet, ZoneChanged
from edge_agent.core.scene import Finding, Phase
from edge_agent.core.units import MS, Ns
from edge_agent.demo.street import TrueStay


@dataclass(slots=True)
class Record:
    """One sealed record of the street and how far it has got."""

    seal: SealStreet
    sealed_at: Ns | None = None
    receipted_at: Ns | None = None
    problem: str = ""

    @property
    def latency_ms(self) -> int | None:
        """From the picture that decided it to the platform's signed receipt."""
        if self.receipted_at is None:
            return None
        return (self.receipted_at - self.seal.report.judged_at) // MS


@dataclass(slots=True)
class StreetBoard:
    """Safe to use from several threads."""

    zones: dict[str, ZoneChanged] = field(default_factory=dict)  # by name, the last change of each
    _records: dict[tuple[str, int], Record] = field(default_factory=dict)
    _by_seq: dict[int, Record] = field(default_factory=dict)
    _receipts: dict[int, Ns] = field(default_factory=dict)  # also of what is not known to be sealed yet
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def decided(self, decision: Decision) -> None:
        """The core decided something."""
        with self._lock:
            if isinstance(decision, ZoneChanged):
                self.zones[decision.zone] = decision
            elif isinstance(decision, SealStreet):
                self._records[decision.case, decision.revision] = Record(decision)

    def sealed(self, seal: SealStreet, seq: int, at: Ns) -> None:
        """A record is durably in the chain."""
        with self._lock:
            record = self._records[seal.case, seal.revision]
            record.sealed_at = at
            record.receipted_at = self._receipts.get(seq)
            self._by_seq[seq] = record

    def refused(self, seal: SealStreet, reason: str) -> None:
        """A record was not sealed."""
        with self._lock:
            self._records[seal.case, seal.revision].problem = reason

    def receipted(self, seq: int, at: Ns) -> None:
        """The platform's signed receipt came: now and then sooner than the sealer's own word."""
        with self._lock:
            first = self._receipts.setdefault(seq, at)
            record = self._by_seq.get(seq)
            if record is not None:
                record.receipted_at = first

    def records(self) -> list[Record]:
        """In the order of their deciding."""
        with self._lock:
            return sorted(self._records.values(), key=lambda r: (r.seal.at, r.seal.case, r.seal.revision))


def street_summary(records: Sequence[Record], truth: Sequence[TrueStay], origin: Ns) -> dict[str, Any]:
    """The street's part of `summary.json`.

    Args:
        records: everything that was sealed or refused.
        truth: what really stood there, in the day's own time.
        origin: monotonic time of the day's beginning.
    """
    reports = [record.seal.report for record in records]
    confirmed = [report for report in reports if report.phase is Phase.CONFIRMED]
    # One case of a stay is right; a second one of it is as false as one of no stay.
    found = [
        stay
        for stay in truth
        if any(
            report.zone == stay.zone and stay.start <= report.judged_at - origin <= stay.end
            for report in confirmed
        )
    ]
    true = sum(stay.case for stay in truth)
    rechecks = [report.finding for report in reports if report.phase is Phase.RECHECK]
    return {
        "cases": {
            "true": true,
            "confirmed": len(confirmed),
            "falsely": len(confirmed) - len(found),
            "missed": true - sum(stay.case for stay in found),
        },
        "cleared": sum(1 for report in reports if report.phase is Phase.CLEARED),
        "rechecks": {
            "corrected": rechecks.count(Finding.ABSENT),
            "not_corrected": rechecks.count(Finding.PRESENT),
            "undetermined": len(rechecks) - rechecks.count(Finding.ABSENT) - rechecks.count(Finding.PRESENT),
        },
        "records": len(records),
    }
