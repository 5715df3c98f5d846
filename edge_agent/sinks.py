"""Who carries the core's decisions out: on the road, and in a replay."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from edge_agent.core.decisions import (
    Capture,
    CrossingSeen,
    Decision,
    Fault,
    ReadPlates,
    Seal,
    SealCoverage,
    SealStreet,
    SealTimeStep,
    Status,
    TakePictures,
    Watch,
    ZoneChanged,
)
from edge_agent.core.events import Event, RegistersRead, SerialBytes, Started
from edge_agent.core.records import JournalSlice
from edge_agent.errors import SealRefused
from edge_agent.evidence.sealable import Sealable
from edge_agent.evidence.sealer import Order
from edge_agent.evidence.unsigned import UnsignedChain
from edge_agent.journal.codec import decision_line
from edge_agent.journal.numbering import EventCount
from edge_agent.journal.raw_ring import RawRing
from edge_agent.journal.slices import slice_of
from edge_agent.runner import Recorder

log = logging.getLogger("edge_agent")

# What a replay leaves in its folder: what was decided, and what it ran with.
DECISIONS_FILE, CONFIG_FILE = "decisions.jsonl", "config.yaml"


@dataclass(slots=True)
class Tee:
    """A recorder that also keeps the last raw instrument bytes, in the order in which the core saw them.

    And counts, so that a statement can name the part of the journal that made it.
    """

    recorder: Recorder
    ring: RawRing
    count: EventCount = field(default_factory=EventCount)

    def event(self, event: Event) -> None:
        """Journal first."""
        self.recorder.event(event)
        self.count.take(event)
        if isinstance(event, Started):
            self.ring.clear()  # of another run, whose clock may have shown the same times
        elif isinstance(event, SerialBytes | RegistersRead):
            self.ring.add(event)

    def decision(self, decision: Decision) -> None:
        """Journal only."""
        self.recorder.decision(decision)

    def slice_of(self, seal: Sealable) -> JournalSlice:
        """The part of the journal that made what was just decided."""
        return slice_of(seal, self.count)


def no_journal(_seal: Sealable) -> None:
    """Where no journal is kept, a statement names none."""


@dataclass(slots=True)
class LiveSink:
    """On the road: hands slow work to its worker, tells the log, never waits."""

    ring: RawRing
    seal: Callable[[Order], None]
    capture: Callable[[Capture], object]
    take: Callable[[TakePictures], object]
    watch: Callable[[Watch], object]
    read: Callable[[ReadPlates], object]
    watchers: tuple[Callable[[Decision], None], ...] = ()
    slice_of: Callable[[Sealable], JournalSlice | None] = no_journal

    def __call__(self, decision: Decision) -> None:
        """Carry it out."""
        for watcher in self.watchers:
            watcher(decision)
        match decision:
            case Seal() | SealStreet() | SealCoverage() | SealTimeStep():
                self.seal(Order(decision, raw_of(decision, self.ring), self.slice_of(decision)))
            case Capture():
                self.capture(decision)
            case TakePictures():
                self.take(decision)
            case Watch():
                self.watch(decision)
            case ReadPlates():
                self.read(decision)
            case _:
                _say(decision)


def raw_of(seal: Sealable, ring: RawRing) -> bytes | None:
    """The raw instrument bytes that a statement rests on; None where it rests on none."""
    return ring.window(seal.raw) if isinstance(seal, Seal) and seal.raw else None


def _say(decision: Decision) -> None:
    """What there is only to be told."""
    match decision:
        case Fault():
            more = {"source": decision.source, "kind": decision.kind}
            log.warning(
                "%s %s: %s (%d)",
                decision.source,
                decision.kind,
                decision.detail,
                decision.count,
                extra=more,
            )
        case Status():
            log.info("%s is %s: %s", decision.part, decision.state, decision.detail)
        case ZoneChanged():
            log.debug(
                "zone %s is %s, %s: %s", decision.zone, decision.state, decision.finding, decision.detail
            )
        case CrossingSeen():
            log.debug("lane %s crossing %d", decision.crossing.lane, decision.crossing.number)


@dataclass(slots=True)
class ReplaySink:
    """In a replay: writes decisions down and builds the statements that would have been, unsigned."""

    folder: Path
    ring: RawRing
    chain: UnsignedChain
    slice_of: Callable[[Sealable], JournalSlice | None] = no_journal
    line_told: Callable[[str], None] = lambda _line: None
    decisions: int = 0
    statements: int = 0
    refused: int = 0
    _file: IO[str] = field(init=False)

    def __post_init__(self) -> None:
        # A day's decisions are many MB: they go to the disk as they come.
        self._file = (self.folder / DECISIONS_FILE).open("w", encoding="utf-8")

    def __call__(self, decision: Decision) -> None:
        """A line of `decisions.jsonl`, and the statement where it is one."""
        line = decision_line(decision)
        self._file.write(f"{line}\n")
        self.decisions += 1
        self.line_told(line)
        if isinstance(decision, Seal | SealStreet | SealCoverage | SealTimeStep):
            self._statement(decision)

    def close(self) -> None:
        """Everything is in the file."""
        self._file.close()

    def _statement(self, seal: Sealable) -> None:
        try:
            built = self.chain.statement(seal, raw_of(seal, self.ring), self.slice_of(seal))
        except SealRefused as error:
            self.refused += 1
            log.warning("%s", error)
            return
        self.statements += 1
        name = f"{self.statements:06d}-{built.statement.packet_id}.json"
        statements = self.folder / "statements"
        statements.mkdir(exist_ok=True)
        (statements / name).write_bytes(built.payload)
