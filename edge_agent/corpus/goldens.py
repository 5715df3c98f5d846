"""What was blessed: a recording's outcomes, kept beside it, and what of a run is otherwise.

`corpus.yaml` in the corpus' folder says what may differ; without it everything counts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError, field_validator

from edge_agent.comparing.compare import EXACT, Tolerance
from edge_agent.comparing.gather import outcomes_of_lines
from edge_agent.comparing.outcomes import Outcomes
from edge_agent.config.loader import load_as
from edge_agent.core.foreign_json import first_fault
from edge_agent.core.settings import Settings
from edge_agent.corpus.finding import GOLDEN, Found
from edge_agent.corpus.plan import DONE, Result
from edge_agent.corpus.reasoned import reasoned
from edge_agent.corpus.run_folder import RunFolder, write
from edge_agent.corpus.telling import Told, tell
from edge_agent.errors import ConfigError, UsageError

RULES = "corpus.yaml"
SAME, WITHIN, DIFFERS, NO_GOLDEN, NOT_DONE = (
    "same",
    "within tolerance",
    "differs",
    "no golden",
    "not replayed",
)
NO_RECORDING = "no recording"
NO_CONFIG = "no reason: the golden holds no configuration; bless it again"

Whole = Annotated[int, Field(ge=0)]


class RuleSettings(Settings):
    """What may differ for some of the recordings; names and units are those of `comparing.Tolerance`."""

    recordings: str = "*"
    """Shell pattern of names below the folder: `bridge/*`, `*.mcap`."""
    ignore: tuple[str, ...] = ()
    """Shell patterns of `<kind>.<field>` that are not looked at: `watched.*`, `crossing.case.match.*`."""
    grams: Whole = 0
    ms: Whole = 0
    ppm: Whole = 0
    mm_s: Whole = 0
    count: Whole = 0

    @field_validator("ignore")
    @classmethod
    def _of_a_kind(cls, ignore: tuple[str, ...]) -> tuple[str, ...]:
        Tolerance(ignore=ignore)
        return ignore

    def tolerance(self) -> Tolerance:
        """For a comparison."""
        return Tolerance(self.grams, self.ms, self.ppm, self.mm_s, self.count, self.ignore)


class Rules(Settings):
    """The file `corpus.yaml`: the first rule whose pattern fits a recording holds for it."""

    rules: tuple[RuleSettings, ...] = ()

    def of(self, recording: str) -> Tolerance:
        """What may differ for this one."""
        fitting = (rule for rule in self.rules if fnmatchcase(recording, rule.recordings))
        rule = next(fitting, None)
        return rule.tolerance() if rule is not None else EXACT


@dataclass(frozen=True, slots=True)
class Golden:
    """What a recording should give."""

    recording: str
    recording_sha256: str
    decisions_sha256: str
    program: str  # that gave it
    settings: tuple[str, ...]
    outcomes: Outcomes
    config: dict[str, Any] | None = None  # what reasons look at (`reasoned`); None in goldens of before


@dataclass(frozen=True, slots=True)
class Checked:
    """One recording beside its golden."""

    recording: str
    state: str  # same | within tolerance | differs | no golden | not replayed | no recording
    why: str = ""
    told: Told | None = None

    @property
    def differs(self) -> bool:
        """It must be looked at."""
        return self.state in (DIFFERS, NO_RECORDING)


_GOLDEN: TypeAdapter[Golden] = TypeAdapter(Golden)


def rules_of(folder: Path) -> Rules:
    """The rules of a corpus; none where it has no `corpus.yaml`.

    Raises:
        ConfigError: with every problem of the file.
    """
    return load_as(folder / RULES, Rules) if (folder / RULES).exists() else Rules()


def bless(found: Iterable[Found], kept: RunFolder, pattern: str = "*") -> Counter[str]:
    """Write a golden beside every recording that the run has done.

    Args:
        found: the recordings.
        kept: the run that is as it should be.
        pattern: of the names to bless.

    Returns:
        how many are new, changed, unchanged, not done (in that run, or the recording is another one now).
    """
    asked, rows = kept.asked(), {row.recording: row for row in kept.results()}
    counted: Counter[str] = Counter()
    for one in found:
        if not fnmatchcase(one.name, pattern):
            continue
        row = rows.get(one.name)
        if row is None or row.state != DONE or row.sha256 != one.digest():
            counted["not done"] += 1
            continue
        golden = Golden(
            one.name,
            row.sha256,
            row.decisions_sha256,
            str(asked.get("program", "")),
            tuple(map(str, asked.get("settings", ()))),
            outcomes_of_lines(kept.decisions(one.name)),
            json.loads(reasoned(kept.config_text(one.name))),
        )
        before = one.golden.read_text("utf-8") if one.golden.exists() else ""
        text = json.dumps(_GOLDEN.dump_python(golden, mode="json"), ensure_ascii=False, indent=1)
        same = before and json.loads(before).get("decisions_sha256") == golden.decisions_sha256
        counted["unchanged" if same else "changed" if before else "new"] += 1
        write(one.golden, text)
    return counted


def check(folder: Path, found: Sequence[Found], rows: Iterable[Result], kept: RunFolder) -> list[Checked]:
    """Every recording of the run beside its golden, by recording; then goldens whose recording is gone.

    Raises:
        ConfigError: the folder's `corpus.yaml` has problems.
    """
    rules = rules_of(folder)
    places = {one.name: one.golden for one in found}
    checked = [
        _checked(row, places[row.recording], kept, rules) for row in sorted(rows, key=lambda r: r.recording)
    ]
    there = {place.resolve() for place in places.values()}
    gone = (file for file in sorted(folder.rglob(f"*{GOLDEN}")) if file.resolve() not in there)
    return checked + [Checked(file.relative_to(folder).as_posix(), NO_RECORDING) for file in gone]


def _checked(row: Result, place: Path, kept: RunFolder, rules: Rules) -> Checked:
    if not place.exists():
        return Checked(row.recording, NO_GOLDEN)
    if row.state != DONE:
        return Checked(row.recording, NOT_DONE, row.problem)
    try:
        golden = _GOLDEN.validate_json(place.read_bytes())
    except ValidationError as error:
        where, what = first_fault(error)
        why = f"{place.name}: {where}: {what}: of another version? bless it again"
        return Checked(row.recording, DIFFERS, why)
    if golden.recording_sha256 != row.sha256:
        return Checked(row.recording, DIFFERS, "the recording is another one than was blessed")
    if golden.decisions_sha256 == row.decisions_sha256:
        return Checked(row.recording, SAME)
    now = outcomes_of_lines(kept.decisions(row.recording))
    configs, why = _configs(golden, kept.config_text(row.recording))
    told = tell(golden.outcomes, now, configs, rules.of(row.recording))
    return Checked(row.recording, DIFFERS if told.differs else WITHIN, why, told=told)


def _configs(golden: Golden, now: str) -> tuple[tuple[str, str] | None, str]:
    """What the golden and the run were decided with, for reasons; or why there are none."""
    if golden.config is None:
        return None, NO_CONFIG
    try:
        return (reasoned(json.dumps(golden.config, ensure_ascii=False)), reasoned(now)), ""
    except ConfigError as error:
        return None, f"no reason: {error}; bless it again"


def summary(checked: Iterable[Checked]) -> dict[str, Any]:
    """For a script: how many are how, and what differs."""
    everything = list(checked)
    return {
        "states": dict(Counter(one.state for one in everything)),
        "differs": [
            {
                "recording": one.recording,
                "state": one.state,
                "why": one.why,
                "numbers": one.told.numbers if one.told else {},
                "differences": one.told.all() if one.told else [],
            }
            for one in everything
            if one.differs
        ],
    }


def asked_of(kept: RunFolder, folder: Path) -> None:
    """The run is of this folder.

    Raises:
        UsageError: it is of another one.
    """
    of = kept.asked().get("folder")
    if of != str(folder.resolve()):
        raise UsageError(f"{kept.path} is a run of {of}, not of {folder.resolve()}")
