"""The progress of a replay: recorded time, as times real time, and what is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from edge_agent.core.events import Event
from edge_agent.core.units import S
from edge_agent.journal.reader import Recording
from edge_agent.replaying.again import Part
from edge_agent.replaying.extent import extent
from edge_agent.replaying.source import Elapsed
from edge_agent.replaying.window import bounds_of

SHOW_S = 0.1  # a person's eye is no faster


class ReplayBar:
    """On stderr, gone when it is over. Lines that are told stand above it."""

    def __init__(self, recordings: Sequence[Recording], part: Part, *, shown: bool) -> None:
        """The total is out of the files' indexes; without one the bar only moves.

        Raises:
            UsageError: there is no such part.
        """
        self._shown = shown
        self._elapsed = Elapsed()
        self._began = self._last = time.monotonic()
        bounds = bounds_of(recordings, part.start, part.end) if shown else ()
        total = extent(recordings, bounds, cold=part.cold) if shown else None
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not shown,
            redirect_stdout=False,
        )
        self._task = self._bar.add_task("replaying", total=None if total is None else total / S)

    def __enter__(self) -> Self:
        """Show it."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self._bar.stop()

    def step(self, event: Event) -> None:
        """One more event is about to be replayed."""
        if not self._shown:
            return
        self._elapsed.add(event)
        now = time.monotonic()
        if now - self._last < SHOW_S:
            return
        self._last = now
        recorded_s = self._elapsed.total / S
        text = f"replaying {_clock(recorded_s)}, {recorded_s / (now - self._began):.0f} x real time"
        self._bar.update(self._task, completed=recorded_s, description=text)

    def delivered(self, done: int, of: int) -> None:
        """So many statements have arrived."""
        self._bar.update(self._task, completed=done, total=of, description="delivering")

    def line(self, text: str) -> None:
        """Something to read, above the bar or into a pipe."""
        if self._shown and sys.stdout.isatty():
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, flush=True)


def _clock(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
