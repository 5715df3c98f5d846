"""One row of the failure matrix: which fault, how it is provoked, what became of the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of it: a test's share, or all that the published table is made of."""

    full: bool
    seed: int = 1

    def times(self, short: int, full: int) -> int:
        """How often to provoke."""
        return full if self.full else short


@dataclass(slots=True)
class Outcome:
    """What was tried and what was lost. Good only if nothing is left over in any count or problem."""

    tried: int = 0  # faults provoked
    sealed: int = 0  # statements that were called sealed
    lost: int = 0  # of them, not there afterwards
    gaps: int = 0  # places of a chain without a statement, or with a broken link
    differing: int = 0  # two payloads for one place
    problems: list[str] = field(default_factory=list)  # what else was not as the row expects
    measured: dict[str, Any] = field(default_factory=dict)  # numbers worth showing

    @property
    def good(self) -> bool:
        """As expected."""
        return self.tried > 0 and not (self.lost or self.gaps or self.differing or self.problems)

    def expect(self, true: bool, otherwise: str) -> None:
        """Note a problem unless `true`."""
        if not true:
            self.problems.append(otherwise)


Run = Callable[[Effort, Path], Outcome]


@dataclass(frozen=True, slots=True)
class Row:
    """`run(effort, folder)` provokes it in an empty folder of its own."""

    id: str  # as in the matrix: S1, S3a, ...
    fault: str
    how: str  # how it is provoked, in one line
    expected: str
    run: Run
    needs: tuple[
        str, ...
    ] = ()  # "root", "mosquitto", "postgres", "gcc", "loop", "softhsm2": skipped where missing, and said so
