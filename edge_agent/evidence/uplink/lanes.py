"""Two lanes share the line: fresh alarms newest first, the backlog oldest first.

An alarm must not wait behind three days of backlog, and a stream of alarms must not keep the
backlog back for ever. So the live lane goes first on a credit: it may send a burst, then as many
bytes as its share of what the backlog sends.
"""

from __future__ import annotations

from edge_agent.evidence.outbox import Lane


class LaneShare:
    """Whose turn it is."""

    def __init__(self, share_permille: int, burst_bytes: int) -> None:
        self._share = share_permille
        self._burst = burst_bytes
        self._credit = burst_bytes

    def choose(self, *, live: bool, backlog: bool) -> Lane | None:
        """The lane to send from, of those that have something to send."""
        if live and (not backlog or self._credit > 0):
            return Lane.LIVE
        return Lane.BACKLOG if backlog else None

    def spent(self, lane: Lane, size: int, *, contended: bool) -> None:
        """A message went. Without the other lane waiting, nothing is owed."""
        if lane is Lane.LIVE and contended:
            self._credit -= size
        elif lane is Lane.BACKLOG:
            self._credit = min(self._burst, self._credit + size * self._share // (1000 - self._share))
