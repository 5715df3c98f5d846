"""Which pictures of a stream are looked at, so that few need to be decoded.

A keyframe costs one decoded picture; any other costs all between it and its keyframe. So keyframes alone
are taken while they come often enough for the pace asked for; otherwise the pictures nearest after
their due times, with the due times drawn to the keyframes where one is within a tenth of a period.

Pure: time of capture in, yes or no out.
"""

from __future__ import annotations

from collections import deque

from edge_agent.core.units import Ns

DRAWN = 10  # a keyframe within 1/10 of the period stands for the picture that was due
SLACK = 50  # a picture up to 1/50 of the period early is on time: time stamps are rounded
REMEMBERED = 4  # groups of pictures: a scene cut makes one short, not all


class Cadence:
    """Decides picture by picture, in decoding order."""

    def __init__(self, period: int = 0) -> None:
        self._period = period
        self._due: int | None = None
        self._last: int | None = None  # time of the last picture taken
        self._keyframe: int | None = None
        self._groups: deque[int] = deque(maxlen=REMEMBERED)

    def pace(self, period: int) -> None:
        """One picture so often from now on, nanoseconds; 0 = every keyframe and nothing else."""
        self._period = period
        if self._last is not None:
            self._due = self._last + period

    @property
    def group(self) -> int | None:
        """Time from keyframe to keyframe: the longest of the last ones; None while it is not known."""
        return max(self._groups, default=None)

    @property
    def more_before_next_keyframe(self) -> bool:
        """Whether another picture of this group is likely to be wanted."""
        if self._period == 0:
            return False
        if self._due is None or self._keyframe is None or self.group is None:
            return True
        return self._due < self._keyframe + self.group - self._period // DRAWN

    def wants(self, at: Ns, *, keyframe: bool) -> bool:
        """Whether this picture is to be looked at; it then counts as taken."""
        if keyframe:
            self._learn(at)
        if self._last is not None and at <= self._last:
            return False  # time only goes forward, whatever a reconnect does to it
        if not self._is_due(at, keyframe=keyframe):
            return False
        self._take(at, keyframe=keyframe)
        return True

    def _learn(self, at: int) -> None:
        if self._keyframe is not None and at > self._keyframe:
            self._groups.append(at - self._keyframe)
        self._keyframe = at

    def _keyframes_suffice(self, at: int) -> bool:
        if self._period == 0:
            return True
        if self.group is None or self._keyframe is None:
            return False
        # A keyframe that is overdue by a quarter: the camera makes longer groups now.
        waited = at - self._keyframe
        group = waited if waited > self.group * 5 // 4 else self.group
        return group <= self._period + self._period // DRAWN

    def _is_due(self, at: int, *, keyframe: bool) -> bool:
        if self._due is None:
            return keyframe
        if self._period == 0:
            return keyframe
        if self._keyframes_suffice(at):
            return keyframe and at >= self._due - (self.group or 0) // 2
        if keyframe:
            return at >= self._due - self._period // DRAWN
        return at >= self._due - self._period // SLACK and not self._keyframe_is_near(at)

    def _keyframe_is_near(self, at: int) -> bool:
        if self.group is None or self._keyframe is None or self._due is None:
            return False
        return at < self._keyframe + self.group <= self._due + self._period // DRAWN

    def _take(self, at: int, *, keyframe: bool) -> None:
        drawn = keyframe and not self._keyframes_suffice(at)
        base = at if drawn or self._due is None else self._due
        self._due = base + self._period
        if self._due <= at:
            self._due = at + self._period
        self._last = at
