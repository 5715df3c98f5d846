"""The part of a box's journal that made a statement, through the core again: who competed, what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.config.recorded import from_text
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision, Seal, ZoneChanged
from edge_agent.core.events import Event, RegistersRead, SerialBytes, Started
from edge_agent.core.match.rivals import Rivals
from edge_agent.core.site import Site
from edge_agent.core.units import US, S
from edge_agent.errors import UsageError
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_journal import slice_named
from edge_agent.journal import slices
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.opening import open_all
from edge_agent.journal.raw_ring import RawRing
from edge_agent.journal.reader import Recording
from edge_agent.report.zone_line import ZoneLine

BEGINS_LATE = (
    "录制的开头已不在 the beginning of the part that the statement names is no longer in the journal"
)
AFTER = 120 * S  # a case is sealed within so long after its event, its pictures and late reads included


@dataclass(slots=True)
class InJournal:
    """What the journal tells of a statement."""

    config: SiteConfig | None = None
    rivals: Rivals | None = None
    raw: bytes | None = None  # the instrument's bytes, as a recording
    lines: dict[str, ZoneLine] = field(default_factory=dict)
    found: bool = False  # the case was decided there too
    lacking: list[str] = field(default_factory=list)  # why it need not have come to the same


def case_in_journal(
    statement: Statement, folder: Path, progress: Callable[[Event], None] = lambda _event: None
) -> InJournal:
    """Replay the part of the journal that the statement names; of one that names none, its run up to it.

    Args:
        statement: what it names, its boot id and its time are all that is used of it.
        folder: recordings of the box, or one of them.
        progress: called with every event that is stepped.

    Raises:
        UsageError: no recording there is of that run, or none that can be replayed.
    """
    out = InJournal()
    site: Site | None = None
    ring = RawRing()
    for recording, event in _its_part(statement, folder, out):
        if site is None:
            if not recording.config_text:
                raise UsageError(f"{recording.path} holds no configuration: it cannot be replayed")
            out.config = from_text(recording.config_text)
            site = Site(out.config.core())
        progress(event)
        if isinstance(event, SerialBytes | RegistersRead):
            ring.add(event)
        for decision in site.step(event):
            _take(decision, statement, site, ring, out)
    if site is None:
        run = statement.chain.boot_id
        raise UsageError(f"{folder}: no recording of the run {run!r} that made the statement")
    return out


def _its_part(statement: Statement, folder: Path, out: InJournal) -> Iterator[tuple[Recording, Event]]:
    wanted = slice_named(statement.ext)
    recordings = slices.find(folder, wanted) if wanted and folder.is_dir() else []
    if wanted is None or not recordings:
        yield from _of_the_run(statement, folder)
        return
    if slices.begins_late(recordings, wanted):
        out.lacking.append(BEGINS_LATE)
    for _number, event in slices.events(recordings, wanted):
        yield recordings[0], event
    out.lacking += incomplete(recordings)


def _of_the_run(statement: Statement, folder: Path) -> Iterator[tuple[Recording, Event]]:
    """The events of the run that made the statement, up to a little after it."""
    at = statement.time.event_monotonic_us
    boot_id = statement.chain.boot_id
    of_it = False
    for recording in open_all(folder):
        of_it = of_it and recording.boot_id in {"", boot_id}
        for event in recording.events():
            if isinstance(event, Started):
                of_it = event.boot_id == boot_id
            if of_it and at is not None and event.at > at * US + AFTER:
                return
            if of_it:
                yield recording, event


def _take(decision: Decision, statement: Statement, site: Site, ring: RawRing, out: InJournal) -> None:
    if isinstance(decision, ZoneChanged):
        line = ZoneLine(decision.camera, decision.zone)
        out.lines.setdefault(decision.zone, line).add(decision)
        return
    measured = statement.measurement
    if measured is None or not isinstance(decision, Seal):
        return
    crossing = decision.crossing
    if crossing.lane != measured.lane or crossing.first_axle_at // US != measured.first_axle_monotonic_us:
        return
    out.found = True
    out.rivals = site.rivals(crossing.lane, crossing.number)
    out.raw = ring.window(decision.raw) if decision.raw else None
