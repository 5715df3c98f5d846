"""`--speed`: a replay no faster than so many times real time. Outside the core, which knows no clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.core.events import Event, Started
from edge_agent.core.units import Ns, S

Wait = Callable[[float], object]  # seconds; may return early, when the replay is to end


@dataclass(slots=True)
class Pace:
    """Holds events back until their time has come."""

    speed: float  # 1 = as it happened
    wait: Wait
    clock: Callable[[], float] = time.monotonic
    _origin: Ns | None = field(default=None, init=False)
    _began: float = field(default=0.0, init=False)

    def hold(self, event: Event) -> None:
        """Return when the event's time has come; at once for the first of a run."""
        if self._origin is None or isinstance(event, Started):
            self._origin, self._began = event.at, self.clock()
            return
        due = self._began + (event.at - self._origin) / S / self.speed
        ahead = due - self.clock()
        if ahead > 0:
            self.wait(ahead)
