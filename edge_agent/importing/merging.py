"""What happened, what is seen meanwhile and what is answered, in one order of time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator

from edge_agent.core.events import Event, SceneSeen, Tick
from edge_agent.core.units import Ns


class Merged:
    """Events in order of time, ticks when the core asks, and room for answers that come meanwhile.

    Args:
        events: what happened; `at` from 0 on.
        end: of time.
        look: (now, until): what the next picture of a street shows that was taken until then, or None.
    """

    def __init__(self, events: Iterable[Event], end: Ns, look: Callable[[Ns, Ns], SceneSeen | None]) -> None:
        self._count = itertools.count()
        self._heap = [(event.at, next(self._count), event) for event in events]
        heapq.heapify(self._heap)
        self.end = end
        self._look = look
        self.now = Ns(0)

    def push(self, event: Event) -> None:
        """An answer to what the core asked for."""
        heapq.heappush(self._heap, (event.at, next(self._count), event))

    def events(self, deadline: Callable[[], Ns | None]) -> Iterator[Event]:
        """Until the end of time."""
        while True:
            wanted = deadline()
            coming = self._heap[0][0] if self._heap else self.end
            seen = self._look(self.now, coming if wanted is None else min(coming, max(wanted, self.now)))
            if seen is not None:
                self.now = max(self.now, seen.at)
                yield seen
            elif wanted is not None and max(wanted, self.now) < coming:
                self.now = max(wanted, self.now)
                yield Tick(self.now)
            elif self._heap:
                event = heapq.heappop(self._heap)[2]
                self.now = max(self.now, event.at)
                yield event
            else:
                return
