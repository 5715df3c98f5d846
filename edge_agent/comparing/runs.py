"""Which run of the daemon a decision is of: a run ends without a word, and decisions do not name it."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.core.decisions import CrossingSeen, Decision
from edge_agent.core.units import Ns, S

# Decisions of one run come in order of time up to this; one from longer ago is of another run.
LAG = 60 * S


@dataclass(slots=True)
class Runs:
    """Counts runs as decisions come: the clock begins anew after a reboot, and numbers do in any case."""

    number: int = 0
    _newest: Ns | None = None
    _last: dict[str, int] = field(default_factory=dict)  # by lane: its last crossing in this run

    def follow(self, decision: Decision) -> None:
        """Take in one decision; `number` is its run."""
        again = False
        if isinstance(decision, CrossingSeen):
            crossing = decision.crossing
            again = crossing.number <= self._last.get(crossing.lane, 0)
        if self._newest is not None and (again or decision.at < self._newest - LAG):
            self.number += 1
            self._last.clear()
            self._newest = None
        if isinstance(decision, CrossingSeen):
            self._last[decision.crossing.lane] = decision.crossing.number
        self._newest = decision.at if self._newest is None else max(self._newest, decision.at)
