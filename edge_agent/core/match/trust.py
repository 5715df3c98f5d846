"""Do the clocks of scale and camera agree at all?

When a camera's clock steps by about one headway, every vehicle's read falls where its neighbour
was expected, and the times alone look fine. What gives it away: crossings that nobody read and
reads that nobody drove, both at once. A camera that is merely dirty loses reads and gains none; a
scale that is merely blind gains strays and its crossings have their reads.
"""

from __future__ import annotations

from collections import deque

from edge_agent.core.match.settings import MatchSettings

MEMORY = 16


class Trust:
    """Counts the last crossings and the last reads that found no partner."""

    def __init__(self, settings: MatchSettings) -> None:
        self._limit = settings.suspect_of_16
        self._unread: deque[bool] = deque(maxlen=MEMORY)
        self._orphans: deque[bool] = deque(maxlen=MEMORY)
        self.suspect = False

    def doubt(self) -> None:
        """A clock is known to have stepped: as if nothing had fitted lately, until enough fits again."""
        self._unread.extend([True] * MEMORY)
        self._orphans.extend([True] * MEMORY)
        self.suspect = True

    def crossing(self, *, read: bool) -> bool:
        """A crossing's window closed. True when this turns suspicion on."""
        self._unread.append(not read)
        return self._judge()

    def sighting(self, *, owned: bool) -> bool:
        """A sighting can find no crossing any more. True when this turns suspicion on."""
        self._orphans.append(not owned)
        return self._judge()

    def _judge(self) -> bool:
        before = self.suspect
        least = min(sum(self._unread), sum(self._orphans))
        if before:
            self.suspect = least > self._limit // 2
        else:
            self.suspect = least >= self._limit
        return self.suspect and not before
