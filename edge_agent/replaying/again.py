"""Recordings through the core again, each with its own configuration: what replays and pages have in common.

The caller is told of events and decisions, and does with them what it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent import runner
from edge_agent.config.sealing import identity
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision
from edge_agent.core.events import Event, Started
from edge_agent.core.records import JournalSlice
from edge_agent.evidence.sealable import Sealable
from edge_agent.evidence.unsigned import UnsignedChain
from edge_agent.journal.codec import decision_line
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.moments import Moment
from edge_agent.journal.numbering import EventCount
from edge_agent.journal.raw_ring import RawRing
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import NoRecorder
from edge_agent.replaying.beside_live import BesideLive
from edge_agent.replaying.configurations import CoreOfRuns
from edge_agent.replaying.only import EVERYTHING, Only
from edge_agent.replaying.source import Listener, RecordedEvents
from edge_agent.replaying.window import bounds_of
from edge_agent.sinks import Tee


@dataclass(frozen=True, slots=True)
class Part:
    """What of the recordings is asked for; by default all of it."""

    start: Moment | None = None
    end: Moment | None = None
    only: Only = EVERYTHING
    cold: bool = False  # begin at `start` with a core that has seen nothing


WHOLE = Part()


class Again:
    """One reading. The core is given everything up to the end of the part: it rests on what was before."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        configs: Sequence[SiteConfig],
        part: Part,
        happened: Callable[[Event], None],
        decided: Callable[[Decision], None],
        stop: Callable[[], bool] = lambda: False,
        marks: Mapping[str, Any] | None = None,
    ) -> None:
        """Args.

        recordings: in their order.
        configs: of each (`configurations`).
        part: what is asked for.
        happened: told of every event that the core is given, before it is.
        decided: told of the decisions of the part; gives `beside` their lines.
        stop: asked before each event.
        marks: what its statements say of themselves (`changes.marks`).

        Raises:
            UsageError: there is no such part.
        """
        boot_id = _boot_id_of(recordings[0])
        self._recordings = recordings
        self._configs = dict(zip(map(id, recordings), configs, strict=True))
        self._part = part
        self._happened = happened
        self._decided = decided
        self.ring = RawRing()
        self.core = CoreOfRuns(configs[0])
        self.chain = UnsignedChain(identity(configs[0], boot_id), marks=marks)
        self.beside = BesideLive()
        self._tee = Tee(NoRecorder(), self.ring, EventCount(boot_id))
        self.source = RecordedEvents(
            recordings,
            bounds_of(recordings, part.start, part.end),
            Listener(
                event=self._event,
                decided_live=self._live,
                next_event=self.beside.settle,
                recording_ended=lambda recording: self.beside.settle(torn=True) if recording.torn else None,
            ),
            cold=part.cold,
            stop=stop,
        )

    def run(self) -> None:
        """All of it."""
        runner.run(self.core, self.source, self._tee, self._made)
        self.beside.settle()

    def slice_of(self, seal: Sealable) -> JournalSlice | None:
        """The part of the journal that made what was just decided; None where the site keeps none."""
        return None if self.core.config.journal.dir is None else self._tee.slice_of(seal)

    @property
    def lacking(self) -> tuple[str, ...]:
        """What the core saw live and the recordings that were read do not have."""
        return tuple(incomplete(self._recordings[: self.source.opened]))

    def _event(self, recording: Recording, number: int, happened: Event) -> None:
        self._tee.count.go_on(recording.boot_id or self._tee.count.boot_id, number)
        self.core.configure(self._configs[id(recording)])
        if isinstance(happened, Started):
            self.chain.seals_as(identity(self.core.config, happened.boot_id))
        self._happened(happened)

    def _live(self, decision: Decision, inside: bool) -> None:
        self.beside.present = True
        if inside and self._part.only.takes(decision):
            self.beside.recorded(decision_line(decision))

    def _made(self, decision: Decision) -> None:
        if self.source.inside and self._part.only.takes(decision):
            self._decided(decision)


def _boot_id_of(recording: Recording) -> str:
    """The run of the daemon that it is of, or begins with."""
    first = next(recording.events(), None)
    return first.boot_id if isinstance(first, Started) else recording.boot_id or "unknown"
