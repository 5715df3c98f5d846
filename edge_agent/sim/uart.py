"""A serial line read at another rate than it is sent at: which bytes come out.

The receiver does what a UART does: it waits for a falling edge, takes that for a start bit, and samples the
line in the middle of ten bit times of its own. Twice as fast as the sender it sees every bit twice, and makes
a byte of the start bit and three and a half of the others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

DATA_BITS = 8
STOP_AT = DATA_BITS + 1


def resampled(
    frames: Iterable[bytes], sent_baud: float, read_baud: float, gap_bits: int = 3, *, resync: bool = True
) -> bytes:
    """What a port at `read_baud` makes of frames sent at `sent_baud`, both 8N1.

    Args:
        frames: sent one after the other, the line idle between them.
        sent_baud: bits a second on the line.
        read_baud: that the port is set to.
        gap_bits: how long the line rests between two frames, sent bits.
        resync: what the receiver does where a stop bit is missing. True: it takes it for the next start bit,
            as a 16550 does; False: it waits until the line has been high.

    >>> resampled([b"0"], 9600, 9600)
    b'0'
    """
    levels: list[int] = [1] * (STOP_AT + 1)
    for frame in frames:
        for byte in frame:
            levels += [0, *(byte >> k & 1 for k in range(DATA_BITS)), 1]
        levels += [1] * gap_bits
    return _received(levels, sent_baud / read_baud, resync=resync)


def _received(levels: list[int], step: float, *, resync: bool) -> bytes:
    """Sample it; `step` is one bit of the receiver, in bits of the sender."""
    falls = [k for k in range(1, len(levels)) if levels[k - 1] and not levels[k]]
    last = len(levels) - 1
    out = bytearray()

    def level(at: float) -> int:
        return levels[min(int(at), last)]

    start: float | None = float(falls[0]) if falls else None
    while start is not None and start < last:
        if level(start + step / 2):
            start = _next_fall(falls, start + step / 2)
            continue
        out.append(sum(level(start + step * (k + 1.5)) << k for k in range(DATA_BITS)))
        stop = start + step * (STOP_AT + 0.5)
        if level(stop):
            start = _next_fall(falls, stop)
        elif resync:
            start = start + step * STOP_AT
        else:
            start = _next_fall(falls, stop)
    return bytes(out)


def _next_fall(falls: list[int], at: float) -> float | None:
    k = bisect_left(falls, at)
    return float(falls[k]) if k < len(falls) else None
