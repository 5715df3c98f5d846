"""A recording through the core again: the same loop as on the road, another source and another sink."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.comparing.counting import Counting
from edge_agent.config import recorded
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision
from edge_agent.core.events import Event
from edge_agent.core.units import Ns
from edge_agent.evidence.sealable import Sealable
from edge_agent.evidence.sealer import Order
from edge_agent.journal.compare import Difference
from edge_agent.journal.reader import Recording
from edge_agent.replaying.again import WHOLE, Again, Part
from edge_agent.sinks import CONFIG_FILE, DECISIONS_FILE, ReplaySink, raw_of

Told = Callable[[Decision, Ns | None], None]  # a decision as it is made, and what UTC is ahead then


@dataclass(slots=True)
class Hooks:
    """Who else has a say. Called between events, in their order."""

    begun: Callable[[], object] = lambda: None  # the part is there; the first event comes next
    hold: Callable[[Event], None] = lambda _event: None  # of those in the window; may take its time
    told: Told = lambda _decision, _utc_minus_mono: None
    seal: Callable[[Order], None] | None = None  # makes signed statements beside the unsigned ones
    stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay gave."""

    folder: Path
    events: int
    inside: int  # events in the window
    decided: int  # lines of decisions.jsonl
    statements: int
    refused: int  # cases of which no statement could be made; the log says why
    torn: tuple[str, ...]  # what was wrong with the recordings' tails
    lacking: tuple[str, ...]  # what the core saw live and the recordings do not have
    first_at: Ns
    last_at: Ns
    elapsed: Ns  # recorded time that was replayed, all runs together
    compared: bool  # the recordings say what was decided live
    difference: Difference | None  # the first, in what was asked for
    interrupted: bool
    counts: dict[str, Any]  # what came of it in numbers, as `comparing.outcomes.counts`

    @property
    def decisions(self) -> list[str]:
        """All lines of decisions.jsonl, read anew; a day's take many MB."""
        return list(self.lines())

    def lines(self) -> Iterator[str]:
        """One line of decisions.jsonl after the other."""
        with (self.folder / DECISIONS_FILE).open(encoding="utf-8") as file:
            for line in file:
                yield line.removesuffix("\n")


def replay(
    recordings: Sequence[Recording],
    config: SiteConfig | Sequence[SiteConfig],
    out: Path,
    progress: Callable[[Event], None] = lambda _event: None,
    part: Part = WHOLE,
    hooks: Hooks | None = None,
    marks: Mapping[str, Any] | None = None,
) -> Replayed:
    """The same loop over recordings, each of which is read once.

    Args:
        recordings: in their order.
        config: what the core is to run with; one for all recordings, or one for each.
        out: an empty folder.
        progress: told of every event that the core is given, before it is.
        part: what is asked for.
        hooks: who else has a say.
        marks: what its statements say of themselves (`changes.marks`).

    The core is given everything up to the end of the part, because what it decides rests on what was before;
    what lies outside of the part is neither written down nor compared.

    Writes `out/decisions.jsonl`, `out/statements/` and `out/config.yaml` (the first recording's), which is
    all that a comparison of two replays needs.

    Raises:
        UsageError: there is no such part.
    """
    hooks = hooks or Hooks()
    configs = (config,) * len(recordings) if isinstance(config, SiteConfig) else config

    def happened(event: Event) -> None:
        progress(event)
        if source.inside:
            hooks.hold(event)

    def decided(decision: Decision) -> None:
        written(decision)
        counting.add(decision)
        hooks.told(decision, source.utc_minus_mono)
        if hooks.seal and isinstance(decision, Sealable):
            hooks.seal(Order(decision, raw_of(decision, again.ring), again.slice_of(decision)))

    again = Again(recordings, configs, part, happened, decided, hooks.stop, marks)
    source, beside, counting = again.source, again.beside, Counting()
    written = ReplaySink(out, again.ring, again.chain, again.slice_of, beside.replayed)
    hooks.begun()
    try:
        again.run()
    finally:
        written.close()
    (out / CONFIG_FILE).write_text(recorded.to_text(configs[0]), encoding="utf-8")
    return Replayed(
        folder=out,
        events=source.count,
        inside=source.counted_inside,
        decided=written.decisions,
        statements=written.statements,
        refused=written.refused,
        torn=tuple(f"{r.path}: {r.torn}" for r in recordings if r.torn),
        lacking=again.lacking,
        first_at=source.first_at or Ns(0),
        last_at=source.last_at,
        elapsed=source.elapsed.total,
        compared=beside.present,
        difference=beside.difference,
        interrupted=source.interrupted,
        counts=counting.counts(),
    )
