"""A part of a recording, by the time of day or by the time since its start (`journal.moments`).

A run of the daemon has a clock of its own that only goes up; UTC is that clock plus an offset, which the
run's first synchronised report of the clock says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from edge_agent.core.events import ClockSource, ClockStatus, Event, Started
from edge_agent.core.units import Ns
from edge_agent.errors import UsageError
from edge_agent.journal.moments import Moment
from edge_agent.journal.reader import Recording

# A box without a battery says for a while that it knows no time; one that never learns it, always.
REPORTS = 100


@dataclass(frozen=True, slots=True)
class Bounds:
    """A part of one run on its own clock, the end left out; None: no bound."""

    start: Ns | None = None
    end: Ns | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of the daemon: its first event, and what its clock is behind UTC."""

    begins: Ns
    utc_minus_mono: Ns | None


def bounds_of(recordings: Sequence[Recording], start: Moment | None, end: Moment | None) -> list[Bounds]:
    """The part of each recording.

    Raises:
        UsageError: there is no such part, or the recordings do not say what time it was.
    """
    if start is None and end is None:
        return [Bounds() for _ in recordings]
    runs = list(_runs(recordings))
    found = [
        Bounds(_on_clock(start, run, runs) if start else None, _on_clock(end, run, runs) if end else None)
        for run in runs
    ]
    if any(b.start is not None and b.end is not None and b.start >= b.end for b in found):
        raise UsageError(f"--from {start.text if start else ''} is not before --to {end.text if end else ''}")
    return found


def _on_clock(moment: Moment, run: _Run, runs: Sequence[_Run]) -> Ns:
    """An instant on a run's own clock."""
    first = runs[0]
    if moment.since_start and run is first:
        return Ns(first.begins + moment.at)
    if run.utc_minus_mono is None or (moment.since_start and first.utc_minus_mono is None):
        hint = "give one recording alone" if moment.since_start else "write +1h30m, since its start"
        raise UsageError(f"{moment.text}: the recording does not say what time it was; {hint}")
    since = first.begins + (first.utc_minus_mono or 0) if moment.since_start else 0
    return Ns(moment.at + since - run.utc_minus_mono)


def _runs(recordings: Sequence[Recording]) -> Iterator[_Run]:
    """The run of each recording; those of one run give the same object."""
    run: _Run | None = None
    for place, recording in enumerate(recordings):
        first = _first(recording)
        if run is None or isinstance(first, Started):
            run = _Run(first.at if first else Ns(0), _offset(recordings[place:]))
        yield run


def _first(recording: Recording) -> Event | None:
    return next(recording.events(), None)


def _offset(recordings: Sequence[Recording]) -> Ns | None:
    """What UTC is ahead of the clock of the run that begins with the first of these."""
    fallback: Ns | None = None
    for report in islice(_reports(recordings), REPORTS):
        if report.synced:
            return report.utc_minus_mono
        if fallback is None and report.source is not ClockSource.NONE:
            fallback = report.utc_minus_mono
    return fallback


def _reports(recordings: Sequence[Recording]) -> Iterator[ClockStatus]:
    """Of one run."""
    for place, recording in enumerate(recordings):
        for item in recording.items(Started, ClockStatus):
            if isinstance(item, ClockStatus):
                yield item
            elif place:
                return
