"""Two runs over the same recordings held against each other: what a new version, setting or model changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from edge_agent.comparing.compare import How
from edge_agent.comparing.gather import outcomes_of_lines
from edge_agent.corpus.boxes import by_zone_in_words
from edge_agent.corpus.goldens import Rules
from edge_agent.corpus.plan import DONE, Boxes, Result
from edge_agent.corpus.run_folder import RunFolder
from edge_agent.corpus.telling import Told, tell
from edge_agent.errors import UsageError

SAME, OTHER_REQUESTS, DIFFERS = "same", "same outcomes", "differs"
ONLY_LEFT, ONLY_RIGHT, NOT_DONE, OTHER_RECORDING = "removed", "added", "not replayed", "other recording"
BAD = "bad in both"
QUIET = (SAME, OTHER_REQUESTS, BAD)  # nothing to look at


@dataclass(frozen=True, slots=True)
class Row:
    """One recording in both runs."""

    recording: str
    state: str  # same | same outcomes | differs | bad in both | added | removed | not replayed | ...
    why: str = ""
    told: Told | None = None

    @property
    def weight(self) -> tuple[int, int]:
        """How many outcomes were concluded otherwise, and how many only shifted."""
        return self.told.weight if self.told is not None else (0, 0)


@dataclass(slots=True)
class Regression:
    """All recordings of two runs; those with most changes first."""

    left: dict[str, Any]  # what each run is of: `run.json`
    right: dict[str, Any]
    rows: list[Row]
    left_cpu_s: float = 0  # over the recordings that both have done
    right_cpu_s: float = 0
    both: int = 0  # how many those are
    boxes: dict[str, list[Boxes]] = field(default_factory=dict)  # by recording, of the right run
    left_whole: bool = True  # it reached every recording
    right_whole: bool = True

    @property
    def states(self) -> dict[str, int]:
        """How many recordings are how."""
        return dict(Counter(row.state for row in self.rows))

    @property
    def differs(self) -> bool:
        """Something must be looked at."""
        return any(row.state not in QUIET for row in self.rows)

    def numbers(self) -> dict[str, int]:
        """Outcomes added, removed, changed, shifted, over all recordings."""
        counted = Counter[str]()
        for row in self.rows:
            if row.told is not None:
                counted.update(row.told.numbers)
        return {str(how): counted[how] for how in How}

    def told(self) -> list[dict[str, Any]]:
        """The recordings that are not the same, for a script."""
        return [
            {
                "recording": row.recording,
                "state": row.state,
                "why": row.why,
                "outcomes": row.told.numbers if row.told else {},
                "differences": row.told.all() if row.told else [],
            }
            for row in self.rows
            if row.state != SAME
        ]

    def summary(self) -> dict[str, Any]:
        """For a script."""
        return {
            "left": self.left,
            "right": self.right,
            "recordings": self.states,
            "outcomes": self.numbers(),
            "both": self.both,
            "whole": [self.left_whole, self.right_whole],
            "left_cpu_s": round(self.left_cpu_s, 3),
            "right_cpu_s": round(self.right_cpu_s, 3),
            "rows": self.told(),
            "boxes": {name: [asdict(one) for one in boxes] for name, boxes in self.boxes.items()},
        }


def regression(
    left: RunFolder,
    right: RunFolder,
    rules: Rules,
    progress: Callable[[int, int], object] = lambda _done, _of: None,
) -> Regression:
    """Hold two runs against each other.

    Args:
        left: of then.
        right: of now.
        rules: what may differ.
        progress: told (recordings done, of).

    Raises:
        UsageError: one is no run's folder, or nothing was replayed in either.
    """
    out = Regression(left.asked(), right.asked(), [])
    out.left_whole, out.right_whole = left.whole, right.whole
    ours, theirs = ({row.recording: row for row in run.results()} for run in (left, right))
    names = sorted({*ours, *theirs})
    for number, name in enumerate(names, start=1):
        one, other = ours.get(name), theirs.get(name)
        out.rows.append(_row(name, one, other, left, right, rules))
        if one is not None and other is not None and one.state == other.state == DONE:
            out.both += 1
            out.left_cpu_s += one.cpu_s
            out.right_cpu_s += other.cpu_s
        if other is not None and other.boxes:
            out.boxes[name] = list(other.boxes)
        progress(number, len(names))
    if all(row.state == BAD for row in out.rows):
        raise UsageError(f"{left.path} and {right.path}: nothing was replayed in either, nothing is compared")
    out.rows.sort(key=lambda row: row.weight, reverse=True)  # keeps those alike in the order of their names
    out.rows.sort(key=lambda row: row.state in QUIET)
    return out


def _row(
    name: str, one: Result | None, other: Result | None, left: RunFolder, right: RunFolder, rules: Rules
) -> Row:
    if one is None or other is None:
        return Row(name, ONLY_RIGHT if one is None else ONLY_LEFT)
    if one.state == other.state != DONE and one.problem == other.problem:
        return Row(name, BAD, one.problem)
    undone = [
        f"{side}: {row.problem}" for side, row in (("left", one), ("right", other)) if row.state != DONE
    ]
    if undone:
        return Row(name, NOT_DONE, "; ".join(undone))
    if one.sha256 != other.sha256:
        return Row(name, OTHER_RECORDING, "its bytes are others in the two runs")
    if one.decisions_sha256 == other.decisions_sha256:
        return Row(name, SAME)
    was, now = (outcomes_of_lines(run.decisions(name)) for run in (left, right))
    configs = left.config_text(name), right.config_text(name)
    told = tell(was, now, configs, rules.of(name), by_zone_in_words(other.boxes))
    return Row(name, DIFFERS if told.differs else OTHER_REQUESTS, told=told)
