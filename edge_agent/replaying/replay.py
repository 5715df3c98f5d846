"""A recording through the core again: the same loop as on the road, another source and another sink."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent import runner
from edge_agent.config import recorded
from edge_agent.config.sealing import identity
from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import Event, Started
from edge_agent.core.site import Site
from edge_agent.core.units import Ns
from edge_agent.evidence.unsigned import UnsignedChain
from edge_agent.journal.raw_ring import RawRing
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import NoRecorder
from edge_agent.sinks import ReplaySink, Tee

CONFIG_FILE = "config.yaml"  # what a replay ran with, beside its decisions


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay gave."""

    events: int
    decisions: list[str]  # lines of decisions.jsonl
    statements: int
    refused: int  # cases of which no statement could be made; the log says why
    torn: tuple[str, ...]  # what was wrong with the recordings' tails
    first_at: Ns
    last_at: Ns


class _RecordedEvents:
    """Recordings one after the other as a source; counts what it gave."""

    def __init__(self, recordings: Sequence[Recording], progress: Callable[[Event], None]) -> None:
        self._recordings = recordings
        self._progress = progress
        self.count = 0
        self.first_at: Ns | None = None
        self.last_at = Ns(0)

    def events(self, _deadline: Callable[[], Ns | None]) -> Iterator[Event]:
        for recording in self._recordings:
            for event in recording.events():
                self.count += 1
                self.first_at = event.at if self.first_at is None else self.first_at
                self.last_at = event.at
                self._progress(event)
                yield event


def replay(
    recordings: Sequence[Recording],
    config: SiteConfig,
    out: Path,
    progress: Callable[[Event], None] = lambda _event: None,
) -> Replayed:
    """The same loop over recordings.

    Writes `out/decisions.jsonl`, `out/statements/` and `out/config.yaml`, which is all that a comparison
    of two replays needs.
    """
    first = next(recordings[0].events(), None)
    boot_id = first.boot_id if isinstance(first, Started) else "unknown"
    ring = RawRing()
    source = _RecordedEvents(recordings, progress)
    sink = ReplaySink(out, ring, UnsignedChain(identity(config, boot_id)))
    runner.run(Site(config.core()), source, Tee(NoRecorder(), ring), sink)
    sink.write()
    (out / CONFIG_FILE).write_text(recorded.to_text(config), encoding="utf-8")
    return Replayed(
        events=source.count,
        decisions=sink.lines,
        statements=sink.statements,
        refused=sink.refused,
        torn=tuple(f"{r.path}: {r.torn}" for r in recordings if r.torn),
        first_at=source.first_at or Ns(0),
        last_at=source.last_at,
    )
