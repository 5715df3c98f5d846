"""Who carries the core's decisions out: on the road, and in a replay."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

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
from edge_agent.errors import SealRefused
from edge_agent.evidence.sealable import Sealable
from edge_agent.evidence.sealer import Order
from edge_agent.evidence.unsigned import UnsignedChain
from edge_agent.journal.codec import decision_line
from edge_agent.journal.raw_ring import RawRing
from edge_agent.runner import Recorder

log = logging.getLogger("edge_agent")


@dataclass(slots=True)
class Tee:
    """A recorder that also keeps the last raw instrument bytes, in the order in which the core saw them."""

    recorder: Recorder
    ring: RawRing

    def event(self, event: Event) -> None:
        """Journal first."""
        self.recorder.event(event)
        if isinstance(event, Started):
            self.ring.clear()  # of another run, whose clock may have shown the same times
        elif isinstance(event, SerialBytes | RegistersRead):
            self.ring.add(event)

    def decision(self, decision: Decision) -> None:
        """Journal only."""
        self.recorder.decision(decision)


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

    def __call__(self, decision: Decision) -> None:
        """Carry it out."""
        for watcher in self.watchers:
            watcher(decision)
        match decision:
            case Seal():
                raw = self.ring.window(decision.raw) if decision.raw else None
                self.seal(Order(decision, raw))
            case SealStreet() | SealCoverage() | SealTimeStep():
                self.seal(Order(decision))
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
    lines: list[str] = field(default_factory=list)
    statements: int = 0
    refused: int = 0

    def __call__(self, decision: Decision) -> None:
        """Keep it."""
        self.lines.append(decision_line(decision))
        if isinstance(decision, Seal | SealStreet | SealCoverage | SealTimeStep):
            self._statement(decision)

    def write(self) -> None:
        """`decisions.jsonl`, one decision a line."""
        text = "".join(f"{line}\n" for line in self.lines)
        (self.folder / "decisions.jsonl").write_text(text, encoding="utf-8")

    def _statement(self, seal: Sealable) -> None:
        raw = self.ring.window(seal.raw) if isinstance(seal, Seal) and seal.raw else None
        try:
            built = self.chain.statement(seal, raw)
        except SealRefused as error:
            self.refused += 1
            log.warning("%s", error)
            return
        self.statements += 1
        name = f"{self.statements:06d}-{built.statement.packet_id}.json"
        statements = self.folder / "statements"
        statements.mkdir(exist_ok=True)
        (statements / name).write_bytes(built.payload)
