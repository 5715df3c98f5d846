"""When a camera took its picture, on the box's own monotonic clock.

A camera stamps in UTC; the box knows UTC from a clock that may jump. A jump by one headway would lay
every read on the neighbour's crossing, and the times would look fine. What gives it away is the lag:

    lag = arrival of the push - time of capture by the box's UTC

It is the delay of camera and network less the error of the clocks, and of one camera it stays much
the same. So a stamp is believed by the conversion that keeps the lag where it was: the one in use, or
the box's newest. Where neither does, the read is late or a clock has moved, and nobody can tell which:
it keeps its time with so wide a spread that it names nobody in company. That ends when the lag is again
as it was, or has become what a camera with a right clock has.
"""

from __future__ import annotations

from collections import deque

from edge_agent.core.events import ClockStatus, PlateSeen
from edge_agent.core.units import MS, Ns, S

# A headway below this is rare, and pushes over a city network vary by less.
TOLERANCE = 700 * MS
# So many lags say what is usual; so many unusual ones in a row say that something has moved.
ENOUGH = 8
# The lag of a camera whose clock is right: exposure, reading the plate, one push.
RIGHT_FROM, RIGHT_TO = -200 * MS, 1_000 * MS
# Some firmwares stamp in whole seconds, cut off: the picture was taken within the second that follows.
WHOLE_SECOND_SD = 500 * MS


class CameraTime:
    """The capture times of one camera."""

    def __init__(self, unstamped_sd_ms: int, limit_ms: int, step_ms: int) -> None:
        self._unstamped = unstamped_sd_ms * MS
        self._limit = limit_ms * MS
        self._step = step_ms * MS
        self._in_use: int | None = None  # UTC less monotonic
        self._box: ClockStatus | None = None
        self._lags: deque[int] = deque(maxlen=2 * ENOUGH)
        self._odd: deque[int] = deque(maxlen=ENOUGH)
        self._odd_in_a_row = 0

    def clock(self, event: ClockStatus) -> bool:
        """The box's clock was asked. True when the conversion in use jumped with it.

        A synchronised clock whose camera's lags are known loses its say by a jump: what was right for
        the camera before is still right, until the camera's own lags say otherwise.
        """
        before, self._box = self._box, event
        if before is None or self._in_use is None:
            self._in_use = event.utc_minus_mono
            return False
        moved = event.utc_minus_mono - before.utc_minus_mono
        if abs(moved) < self._step:
            self._in_use += moved
            return False
        if before.synced and len(self._lags) >= ENOUGH:
            return False
        self._in_use = event.utc_minus_mono
        self._lags.clear()
        self._forget_odd()
        return True

    def stamp(self, event: PlateSeen) -> tuple[Ns, Ns, bool]:
        """When the picture was taken.

        Returns:
            Monotonic time, one standard deviation of it (0 = the camera's own spread), and whether
            this read is the one that shows that something has moved.
        """
        if event.captured_utc is None or self._in_use is None or self._box is None:
            return event.at, Ns(self._unstamped), False
        for conversion in (self._in_use, self._box.utc_minus_mono):
            lag = event.at - (event.captured_utc - conversion)
            if self._usual(lag):
                self._in_use = conversion
                self._lags.append(lag)
                self._forget_odd()
                return Ns(event.at - lag), Ns(WHOLE_SECOND_SD if event.captured_utc % S == 0 else 0), False
        lag = event.at - (event.captured_utc - self._in_use)
        moved = self._moved(event.at - (event.captured_utc - self._box.utc_minus_mono))
        if abs(lag) > self._limit:
            return event.at, Ns(self._unstamped), moved
        return Ns(event.at - lag), Ns(max(self._unstamped, abs(lag))), moved

    def _usual(self, lag: int) -> bool:
        if abs(lag) > self._limit:
            return False
        return len(self._lags) < ENOUGH or abs(lag - _middle(self._lags)) <= TOLERANCE

    def _moved(self, lag: int) -> bool:
        """Note an unusual lag by the box's clock; True when it completes a row of them.

        Unusual ones that are all a right clock's become the usual ones.
        """
        self._odd.append(lag)
        self._odd_in_a_row += 1
        if self._odd_in_a_row < ENOUGH:
            return False
        first = self._odd_in_a_row == ENOUGH
        if all(RIGHT_FROM <= odd <= RIGHT_TO for odd in self._odd):
            assert self._box is not None
            self._in_use = self._box.utc_minus_mono
            self._lags = deque(self._odd, maxlen=2 * ENOUGH)
            self._forget_odd()
            return True
        return first

    def _forget_odd(self) -> None:
        self._odd.clear()
        self._odd_in_a_row = 0


def _middle(lags: deque[int]) -> int:
    """The median; of an even number the upper of the two."""
    return sorted(lags)[len(lags) // 2]
