"""The cases of one zone: one at a time, each with its records counted from 0.

A case is stable over everything that becomes of it: confirmed, ongoing, cleared, reopened, re-checked.
Goods that are added piece by piece are one case, for a case is the zone's, not a thing's.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.events import CaseRecalled
from edge_agent.core.units import Ns

# Cases of one zone that a notice may still name.
MAX_REMEMBERED = 32


@dataclass(slots=True)
class Case:
    """One case, or one inspection, and what has become of it."""

    id: str
    revision: int = -1  # of its last record
    first_seen_at: Ns | None = None
    candidate_at: Ns | None = None
    confirmed_at: Ns | None = None
    ended_at: Ns | None = None

    def next_revision(self) -> int:
        """The number of the record that is being made."""
        self.revision += 1
        return self.revision


class Cases:
    """The cases of one zone since the start; the newest is the current one."""

    def __init__(self, boot: str, zone: str) -> None:
        self._name = f"{boot}-{zone}"
        self._count = 0
        self._known: dict[str, Case] = {}
        self.current: Case | None = None
        self.opened = False  # this run has made a case of its own

    def open(self) -> Case:
        """A new case."""
        self.opened = True
        self.current = self._remember(self.single())
        return self.current

    def single(self) -> Case:
        """An identity for a record that stands alone."""
        self._count += 1
        return Case(f"{self._name}-{self._count}")

    def recall(self, event: CaseRecalled, *, current: bool) -> Case:
        """Remember a case of the last run; go on with it when it is the current one."""
        case = Case(event.case, event.revision, event.first_seen_at, None, event.confirmed_at)
        self._remember(case)
        if current:
            self.current = case
        return case

    def find(self, case: str) -> Case | None:
        """The case of that id; None when it is not one of this zone, or too long ago."""
        return self._known.get(case)

    def _remember(self, case: Case) -> Case:
        while len(self._known) >= MAX_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[case.id] = case
        return case
