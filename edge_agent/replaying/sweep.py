"""A grid of what-ifs over recordings, on processes: what each combination of settings would have decided."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields, replace
from multiprocessing import get_context
from pathlib import Path

from edge_agent.comparing.gather import outcomes_of
from edge_agent.comparing.outcomes import Outcomes
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision
from edge_agent.core.records import MatchStatus
from edge_agent.core.scene import Phase
from edge_agent.core.units import Ns
from edge_agent.errors import EdgeAgentError, JournalError, UsageError
from edge_agent.evidence.sealable import Sealable
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import Recording
from edge_agent.replaying.configurations import CoreOfRuns, configurations
from edge_agent.replaying.grid import Point
from edge_agent.replaying.street_truth import StreetScore, not_judged, street_score
from edge_agent.replaying.truth import Score, read_truth, score
from edge_agent.replaying.what_if import changed
from edge_agent.sim.street.day_truth import read_street_truth

MAX_REPLAYS = 10_000
TRUTH, STREET_TRUTH = ".truth.jsonl", ".truth.street.json"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is replayed as one: an .mcap file or the folder of a journal, with its truth if there is one."""

    recording: Path
    truth: Path | None  # of the bridge
    street: Path | None = None  # truth of the street


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of one combination, all recordings together."""

    crossings: int = 0
    over: int = 0  # over some limit
    matched: int = 0
    ambiguous: int = 0
    unmatched: int = 0
    street_cases: int = 0
    suspects: int = 0
    statements: int = 0  # asked for; a replay builds them
    score: Score | None = None  # None where no recording has a truth
    street: StreetScore | None = None  # the same of the street

    def __add__(self, other: Tally) -> Tally:
        numbers = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        both = [one for one in (self.score, other.score) if one is not None]
        streets = [one for one in (self.street, other.street) if one is not None]
        return Tally(
            **numbers,
            score=sum(both, Score()) if both else None,
            street=sum(streets, StreetScore()) if streets else None,
        )


COUNTS = tuple(field.name for field in fields(Tally) if field.name not in ("score", "street"))


@dataclass(frozen=True, slots=True)
class _Task:
    point: int
    unit: Unit
    config: Path | None
    settings: tuple[str, ...]


def units(recordings: Sequence[Path], truths: Sequence[Path]) -> tuple[Unit, ...]:
    """Each recording with its truth: those given, in their order, or the file beside it.

    Raises:
        UsageError: not one truth for each recording.
    """
    if truths and len(truths) != len(recordings):
        raise UsageError(
            f"{len(truths)} --truth for {len(recordings)} recordings: give one for each, or none"
        )
    if truths:
        return tuple(_told(path, truth) for path, truth in zip(recordings, truths, strict=True))
    return tuple(
        Unit(path, _beside(path, TRUTH, "truth.jsonl"), _beside(path, STREET_TRUTH, "truth.street.json"))
        for path in recordings
    )


def _told(recording: Path, truth: Path) -> Unit:
    """With the truth that was given: the bridge's, and the street's beside it; or the street's alone."""
    if truth.name.endswith(".street.json"):
        return Unit(recording, None, truth)
    street = truth.with_suffix(".street.json")
    return Unit(recording, truth, street if street.is_file() else None)


def _beside(recording: Path, suffix: str, inside: str) -> Path | None:
    """Beside a file; beside or in the folder of a journal."""
    places = (recording.with_suffix(suffix), recording / inside)
    return next((path for path in places if path.is_file()), None)


def check(chosen: Sequence[Unit], config: Path | None, points: Sequence[Point]) -> None:
    """Everything that a person may have mistyped, before the first replay.

    Raises:
        UsageError: a recording or truth that cannot be read, or too much to do.
        ConfigError: a combination that is no configuration.
    """
    if len(chosen) * len(points) > MAX_REPLAYS:
        raise UsageError(
            f"{len(points)} combinations of {len(chosen)} recordings: at most {MAX_REPLAYS} replays"
        )
    seen: set[str] = set()
    for unit in chosen:
        recordings = open_all(unit.recording)
        if unit.truth is not None:
            read_truth(unit.truth)
        if unit.street is not None:
            read_street_truth(unit.street)
        for plain in configurations(recordings, config, ()):
            if plain.sha256() not in seen:
                seen.add(plain.sha256())
                for point in points:
                    changed(plain, point.settings)


def sweep(
    chosen: Sequence[Unit],
    config: Path | None,
    points: Sequence[Point],
    workers: int,
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> list[Tally]:
    """What came of each combination, in their order.

    Args:
        chosen: what to replay.
        config: instead of the recordings' own.
        points: the combinations.
        workers: processes.
        told: of how many of how many replays are done.

    Raises:
        JournalError: a recording that cannot be read to its end.
        EdgeAgentError: a process was killed.
    """
    tasks = [_Task(n, unit, config, point.settings) for n, point in enumerate(points) for unit in chosen]
    found = [Tally() for _ in points]
    pool = ProcessPoolExecutor(min(workers, len(tasks)), get_context("spawn"), initializer=_worker)
    try:
        running = {pool.submit(_work, task): task.point for task in tasks}
        told(0, len(tasks))
        for done, future in enumerate(as_completed(running), start=1):
            found[running[future]] += future.result()
            told(done, len(tasks))
    except BrokenProcessPool:
        raise EdgeAgentError("a process of the sweep was killed (too little memory?)") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return found


def tally(
    recordings: Sequence[Recording],
    configs: Sequence[SiteConfig],
    truth: Path | None,
    street: Path | None = None,
) -> Tally:
    """One replay with a configuration for each recording, nothing of it written down.

    Args:
        recordings: in their order.
        configs: of each.
        truth: of the bridge; None: it is not scored.
        street: truth of the street; None: it is not scored. Where configurations differ nothing is judged.
    """
    run = _Run(recordings, configs)
    found = outcomes_of(run.decisions())
    scored = score(found, read_truth(truth), run.last_at) if truth is not None else None
    on_street = None
    if street is not None:
        stood, one_rule = read_street_truth(street), len(set(map(id, configs))) == 1
        on_street = street_score(found, stood, configs[0], run.last_at) if one_rule else not_judged(stood)
    return replace(_tally(found, run.statements), score=scored, street=on_street)


class _Run:
    """The core over recordings; counts what it asks to be sealed."""

    def __init__(self, recordings: Sequence[Recording], configs: Sequence[SiteConfig]) -> None:
        self._parts = tuple(zip(recordings, configs, strict=True))
        self.statements = 0
        self.last_at = Ns(0)

    def decisions(self) -> Iterator[Decision]:
        """Everything that it decides."""
        core = CoreOfRuns(self._parts[0][1])
        for recording, config in self._parts:
            core.configure(config)
            for event in recording.events():
                self.last_at = event.at
                for decision in core.step(event):
                    self.statements += isinstance(decision, Sealable)
                    yield decision


def _tally(found: Outcomes, statements: int) -> Tally:
    statuses = [crossing.case.match.status for crossing in found.crossings if crossing.case]
    return Tally(
        crossings=len(found.crossings),
        over=sum(crossing.over for crossing in found.crossings),
        matched=statuses.count(MatchStatus.MATCHED),
        ambiguous=statuses.count(MatchStatus.AMBIGUOUS),
        unmatched=statuses.count(MatchStatus.UNMATCHED),
        street_cases=sum(case.opened in (Phase.CONFIRMED, Phase.REOPENED) for case in found.cases),
        suspects=len(found.suspects),
        statements=statements,
    )


def _worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when it is over


def _work(task: _Task) -> Tally:
    try:
        recordings = open_all(task.unit.recording)
        configs = configurations(recordings, task.config, task.settings)
        return tally(recordings, configs, task.unit.truth, task.unit.street)
    except EdgeAgentError as error:  # another process gets its text alone
        raise JournalError(f"{task.unit.recording}: {error}") from None
