"""When a picture was taken, on the box's monotonic clock.

A stream's timestamps run evenly but start anywhere; packets arrive when the network pleases. Of all
packets of the last half minute the least delayed one says most about the distance between the two
clocks: `captured = shown + min(arrival - shown) - known delay`. The minimum slides, so a camera whose
clock runs fast or slow is followed. How much later the others arrive is stated as uncertainty.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge_agent.core.units import Ns, S

WINDOW = 30 * S
BUCKET = 1 * S


@dataclass(slots=True)
class _Bucket:
    start: int
    least: int
    total: int
    count: int


class Timeline:
    """The offset from a stream's own time line to the box's clock."""

    def __init__(self, delay: int, delay_sd: int) -> None:
        self._delay = delay
        self._delay_sd = delay_sd
        self._fixed: int | None = None
        self._buckets: deque[_Bucket] = deque()

    def fix(self, offset: int) -> None:
        """The offset is known and does not change: a file paced by ourselves."""
        self._fixed = offset

    def restart(self) -> None:
        """A new connection: its time line has nothing to do with the last one's."""
        self._buckets.clear()

    def arrived(self, shown: int, at: Ns) -> None:
        """A packet of this `shown` came in at `at`."""
        if self._fixed is not None:
            return
        lag = at - shown
        if not self._buckets or at - self._buckets[-1].start >= BUCKET:
            self._buckets.append(_Bucket(at, lag, 0, 0))
        bucket = self._buckets[-1]
        bucket.least = min(bucket.least, lag)
        bucket.total += lag
        bucket.count += 1
        while at - self._buckets[0].start > WINDOW:
            self._buckets.popleft()

    @property
    def offset(self) -> int | None:
        """Add this to `shown` to get the time of capture; None before the first packet."""
        if self._fixed is not None:
            return self._fixed
        if not self._buckets:
            return None
        return min(b.least for b in self._buckets) - self._delay

    @property
    def uncertainty(self) -> Ns:
        """One standard deviation of a time of capture, as far as arrival times can tell."""
        if self._fixed is not None or not self._buckets:
            return Ns(0)
        least = min(b.least for b in self._buckets)
        mean = sum(b.total for b in self._buckets) // sum(b.count for b in self._buckets)
        return Ns(self._delay_sd + (mean - least) // 2)
