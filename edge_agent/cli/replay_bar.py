"""The progress of a replay: recorded time, as times real time, and what is left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from edge_agent import bars
from edge_agent.core.events import Event
from edge_agent.core.units import S
from edge_agent.journal.reader import Recording
from edge_agent.replaying.again import Part
from edge_agent.replaying.extent import extent
from edge_agent.replaying.source import Elapsed
from edge_agent.replaying.window import bounds_of

REPLAYING = {
    "zh": "重放 {recorded}，{times:.0f} 倍实时",
    "en": "replaying {recorded}, {times:.0f} x real time",
}


class ReplayBar:
    """On stderr, gone when it is over. Lines that are told stand above it."""

    def __init__(
        self, recordings: Sequence[Recording], part: Part, *, quiet: bool, language: str = "en"
    ) -> None:
        """The total is out of the files' indexes; without one the bar only moves.

        Raises:
            UsageError: there is no such part.
        """
        self._text = REPLAYING[language]
        self._elapsed = Elapsed()
        self._began_s = time.monotonic()
        self._bar = bars.share(self._said(), quiet=quiet)
        shown = self._bar.shown
        bounds = bounds_of(recordings, part.start, part.end) if shown else ()
        total = extent(recordings, bounds, cold=part.cold) if shown else None
        self._total_s = None if total is None else total / S
        self.line = self._bar.line

    def __enter__(self) -> Self:
        """Show it."""
        self._bar.__enter__()
        self._bar.told(self._said(), 0, self._total_s)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self._bar.__exit__(kind, error, trace)

    def step(self, event: Event) -> None:
        """One more event is about to be replayed."""
        if not self._bar.shown:
            return
        self._elapsed.add(event)
        if self._bar.due():
            self._bar.told(self._said(), self._elapsed.total / S, self._total_s)

    def delivered(self, done: int, of: int) -> None:
        """So many statements have arrived."""
        self._bar.told("delivering", done, of)

    def _said(self) -> str:
        recorded_s = self._elapsed.total / S
        took_s = time.monotonic() - self._began_s
        return self._text.format(recorded=_clock(recorded_s), times=recorded_s / took_s if took_s else 0)


def _clock(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
