"""How much recorded time there is to replay, as far as the files' own indexes say."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.core.units import Ns
from edge_agent.journal.reader import Recording
from edge_agent.replaying.window import Bounds


def extent(recordings: Sequence[Recording], bounds: Sequence[Bounds], *, cold: bool = False) -> Ns | None:
    """Recorded time up to the end of the window, all runs together; cold: from its start.

    A file without an index (torn) is taken to hold as much in a byte as the others; None where no file
    has one.
    """
    total = indexed = torn = 0
    for recording, part in zip(recordings, bounds, strict=True):
        size = recording.path.stat().st_size
        span = recording.indexed_span
        if span is None:
            torn += size
            continue
        first, last = span
        if cold and part.start is not None:
            first = max(first, part.start)
        indexed += size
        total += max(0, min(last, last if part.end is None else part.end) - first)
    if not indexed:
        return None
    return Ns(total + total * torn // indexed)
