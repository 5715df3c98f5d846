"""A run: every recording of a folder, what was already done taken over, and the sum of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from edge_agent.corpus.finding import Found
from edge_agent.corpus.plan import DIED, DONE, FAILED, TOO_LONG, Answer, Job, Plan, Result, key_of
from edge_agent.corpus.run_folder import RunFolder


class Engine(Protocol):
    """Who works."""

    @property
    def name(self) -> str:
        """For people."""

    def answers(self, jobs: Iterable[Job], plan: Plan) -> Generator[Answer, None, None]:
        """One answer for each job, in any order; closing it ends the work."""


@dataclass(slots=True)
class Ran:
    """A run that has ended or was interrupted."""

    engine: str
    recordings: int
    asked_to_look: bool = False  # the detector, again
    rows: list[Result] = field(default_factory=list)
    taken_over: int = 0
    took_s: float = 0

    @property
    def left(self) -> int:
        """Recordings that it did not get to."""
        return self.recordings - len(self.rows)

    @property
    def good(self) -> bool:
        """All that was asked is there."""
        return not self.left and all(row.state == DONE for row in self.rows) and not self.looked_at_nothing

    @property
    def looked_at_nothing(self) -> bool:
        """The detector was to look again, and saw no picture of any recording."""
        return self.asked_to_look and not any(one.pictures for row in self.rows for one in row.boxes)

    def summary(self) -> dict[str, Any]:
        """All rows together; `rows` are by recording."""
        rows = sorted(self.rows, key=lambda row: row.recording)
        states = Counter(row.state for row in rows)
        done = len(rows) - self.taken_over
        return {
            "recordings": self.recordings,
            **{state: states[state] for state in (DONE, FAILED, DIED, TOO_LONG)},
            "left": self.left,
            "taken_over": self.taken_over,
            "torn": sum(bool(row.torn) for row in rows),
            **{
                name: sum(getattr(row, name) for row in rows)
                for name in ("events", "decisions", "statements")
            },
            "refused": sum(row.refused for row in rows),
            "outcomes": summed(row.outcomes for row in rows),
            "recorded_s": round(sum(row.recorded_s for row in rows), 3),
            "replay_cpu_s": round(sum(row.cpu_s for row in rows), 3),
            "pictures_looked_at_again": sum(one.pictures for row in rows for one in row.boxes),
            "engine": self.engine,
            "took_s": round(self.took_s, 3),
            "recordings_a_s": round(done / self.took_s, 2) if self.took_s else None,
            "rows": [asdict(row) for row in rows],
        }


def run(
    found: Iterable[Found],
    plan: Plan,
    engine: Engine,
    folder: RunFolder,
    progress: Callable[[Result, bool], object] = lambda _row, _taken_over: None,
) -> Ran:
    """Replay every recording that has no result for the same question yet.

    Ctrl-C ends it early; what is done is kept, and the same call goes on from there.

    Args:
        found: the recordings, in the order in which to begin them.
        plan: what is asked.
        engine: who works.
        folder: where results are; opened.
        progress: told each row, and whether it was taken over.
    """
    recordings = list(found)
    ran = Ran(engine.name, len(recordings), plan.redetection is not None)
    began = time.monotonic()

    def keep(row: Result, *, taken_over: bool) -> None:
        ran.rows.append(row)
        ran.taken_over += taken_over
        ran.took_s = time.monotonic() - began
        progress(row, taken_over)

    jobs = _jobs(recordings, plan, folder, lambda row: keep(row, taken_over=True))
    first = next(jobs, None)  # who has nothing to do need not be started
    if first is not None:
        try:
            with closing(engine.answers(_after(first, jobs), plan)) as answers:
                for answer in answers:
                    folder.put(answer)
                    keep(answer.result, taken_over=False)
        except KeyboardInterrupt:
            pass
    ran.took_s = time.monotonic() - began
    if not ran.left:
        folder.keep_only({one.name for one in recordings})
    return ran


def _jobs(
    recordings: Iterable[Found], plan: Plan, folder: RunFolder, taken_over: Callable[[Result], None]
) -> Iterator[Job]:
    """What is left to do. A recording is read for its digest when its turn comes."""
    for one in recordings:
        try:
            digest = one.digest()
        except OSError:
            digest = ""  # whoever works says why it cannot be read
        key = key_of(digest, plan.digest)
        row = folder.taken_over(one.name, key)
        if row is None:
            yield Job(one.name, tuple(str(file.absolute()) for file in one.files), digest, key, one.size)
        else:
            taken_over(row)


def _after(first: Job, others: Iterator[Job]) -> Iterator[Job]:
    yield first
    yield from others


def summed(counts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Counts of counts, name by name."""
    total: dict[str, Any] = {}
    for one in counts:
        for name, value in one.items():
            if isinstance(value, dict):
                total[name] = summed([total.get(name, {}), value])
            else:
                total[name] = total.get(name, 0) + value
    return total


def problems(rows: Iterable[Result]) -> list[Result]:
    """Rows that are not done, by recording."""
    return sorted((row for row in rows if row.state != DONE), key=lambda row: row.recording)


def run_id(folder: Path, plan: Plan) -> dict[str, Any]:
    """What a run is of, for its folder and for whoever compares it with another one."""
    redetection = plan.redetection
    return {
        "folder": str(folder.resolve()),
        "program": plan.program,
        "plan": plan.digest,
        "config": "given" if plan.config_text else "each recording's own",
        "settings": list(plan.settings),
        "redetect": None
        if redetection is None
        else {"model": redetection.model, "sha256": redetection.model_sha256},
    }
