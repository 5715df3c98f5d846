"""How far a command is, for a person at a terminal: one line on stderr that is gone when the work is done.

Where stderr is no terminal, or nothing but JSON is wanted, nothing is shown, and rich is not even imported.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

Thing = TypeVar("Thing")

SHOW_S = 0.1  # a person's eye is no faster


class _Kind(Enum):
    SHARE = auto()
    COUNT = auto()
    BYTES = auto()
    WORDS = auto()


def share(what: str = "", of: float | None = None, *, quiet: bool = False, on: Console | None = None) -> Bar:
    """How many percent of a known total are done, and the time that is left.

    Args:
        what: is being done.
        of: the total; None: not known yet.
        quiet: show nothing.
        on: where a screen is drawn anyway; default: stderr.
    """
    return Bar(_Kind.SHARE, what, of, quiet=quiet, on=on)


def count(what: str = "", of: int | None = None, *, quiet: bool = False) -> Bar:
    """So many of so many, and the time that is left; without a total, so many."""
    return Bar(_Kind.COUNT, what, of, quiet=quiet)


def size(what: str, of: int | None = None, *, quiet: bool = False) -> Bar:
    """So many bytes of so many, and the time that is left."""
    return Bar(_Kind.BYTES, what, of, quiet=quiet)


def words(what: str = "", *, quiet: bool = False) -> Bar:
    """What is being done, and for how long already: where nobody knows how much there is to do."""
    return Bar(_Kind.WORDS, what, None, quiet=quiet)


class Bar:
    """One line. It is shown while the bar is open (`with`)."""

    def __init__(
        self, kind: _Kind, what: str, of: float | None, *, quiet: bool, on: Console | None = None
    ) -> None:
        self._kind = kind
        self._what = what
        self._of = of
        self._on = on
        watched = sys.stderr.isatty() if on is None else on.is_terminal and not on.quiet
        self.shown = watched and not quiet
        self._last = 0.0
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        """Show it."""
        if self.shown:
            self._progress = _line(self._kind, self._on)
            self._task = self._progress.add_task(self._what, total=self._of)
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def told(self, what: str, done: float | None = None, of: float | None = None) -> None:
        """This is being done, and so much of so much is."""
        if self._progress is not None:
            total = of or self._of
            self._progress.update(self._task, description=what, completed=done, total=total)

    def step(self, what: str | None = None) -> None:
        """One more is done."""
        if self._progress is not None:
            self._progress.update(self._task, advance=1, description=what)

    def due(self) -> bool:
        """Whether it is worth telling now: for callers who could tell of every event."""
        now = time.monotonic()
        if self._progress is None or now - self._last < SHOW_S:
            return False
        self._last = now
        return True

    def each(self, things: Iterable[Thing]) -> Iterator[Thing]:
        """The same things; each that has been dealt with is done."""
        for thing in things:
            yield thing
            self.step()

    @property
    def speed(self) -> float | None:
        """So many a second of late; None: not known yet."""
        return self._progress.tasks[0].speed if self._progress is not None else None

    def line(self, text: str) -> None:
        """Something to read, above the bar or into a pipe."""
        if self._progress is not None and sys.stdout.isatty():
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, flush=True)


def _line(kind: _Kind, on: Console | None) -> Progress:
    from rich.console import Console  # noqa: PLC0415 - only where somebody watches
    from rich.progress import (  # noqa: PLC0415 - same
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    text = TextColumn("{task.description}", markup=False)
    amounts = {_Kind.SHARE: TaskProgressColumn, _Kind.COUNT: MofNCompleteColumn, _Kind.BYTES: DownloadColumn}
    columns: tuple[ProgressColumn, ...]
    if kind is _Kind.WORDS:
        columns = (SpinnerColumn(), text, TimeElapsedColumn())
    else:
        columns = (text, BarColumn(), amounts[kind](), TimeRemainingColumn())
    return Progress(
        *columns,
        console=on or Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # what goes into a pipe stays out of the terminal
    )
