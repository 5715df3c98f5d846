"""When a picture was taken, on the box's monotonic clock.

A stream's timestamps run evenly but start anywhere; packets arrive when the network pleases. Of all
packets of the last half minute the least delayed one says most about the distance between the two
clocks: `captured = shown + min(arrival - shown) - known delay`. The minimum slides, so a camera whose
clock runs fast or slow is followed. How much later the others arrive is stated as uncertainty.

Where the camera's own clock is to be used (RTCP sender reports tie the stream's timestamps to its UTC),
it is believed only while it agrees with the arrivals: a picture cannot have come before it was taken,
nor long after. Otherwise the arrivals decide, and `source` says so.
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
    """The offset from a stream's own time line to the box's clock.

    Args:
        delay: known from light to the least delayed packet, nanoseconds.
        delay_sd: one standard deviation of it.
        sender_bound: how far the sender's clock may be from the arrivals to be believed.
        sender_sd: one standard deviation of the sender's clock against the box's.
    """

    def __init__(self, delay: int, delay_sd: int, sender_bound: int = 0, sender_sd: int = 0) -> None:
        self._delay = delay
        self._delay_sd = delay_sd
        self._sender_bound = sender_bound
        self._sender_sd = sender_sd
        self._fixed: int | None = None
        self._sender: int | None = None
        self._buckets: deque[_Bucket] = deque()

    def fix(self, offset: int) -> None:
        """The offset is known and does not change: a file paced by ourselves."""
        self._fixed = offset

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

    def reported(self, shown: int, taken: Ns) -> None:
        """By the sender's clock the picture of this `shown` was taken at `taken`."""
        self._sender = taken - shown

    @property
    def source(self) -> str:
        """What the offset rests on: file | sender | arrival."""
        if self._fixed is not None:
            return "file"
        return "arrival" if self._believed() is None else "sender"

    @property
    def offset(self) -> int | None:
        """Add this to `shown` to get the time of capture; None before the first packet."""
        if self._fixed is not None:
            return self._fixed
        if not self._buckets:
            return None
        believed = self._believed()
        # Nothing was taken after it came, whatever the sender's clock says.
        return self._least() - self._delay if believed is None else min(believed, self._least())

    @property
    def uncertainty(self) -> Ns:
        """One standard deviation of a time of capture, as far as arrival times can tell."""
        if self._fixed is not None or not self._buckets:
            return Ns(0)
        least = self._least()
        believed = self._believed()
        if believed is not None:
            return Ns(self._sender_sd + max(0, believed - least))
        mean = sum(b.total for b in self._buckets) // sum(b.count for b in self._buckets)
        return Ns(self._delay_sd + (mean - least) // 2)

    def _least(self) -> int:
        return min(b.least for b in self._buckets)

    def _believed(self) -> int | None:
        """The sender's offset, while it agrees with the arrivals."""
        if self._sender is None or not self._buckets:
            return None
        return self._sender if abs(self._least() - self._sender) <= self._sender_bound else None
