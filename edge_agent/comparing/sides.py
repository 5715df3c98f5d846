"""What is compared: a replay's folder, a file of decisions, or a recording with what was decided live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.comparing.gather import outcomes_of, outcomes_of_lines
from edge_agent.comparing.outcomes import Outcomes
from edge_agent.comparing.wording import Both
from edge_agent.config.recorded import from_text
from edge_agent.config.settings import SiteConfig
from edge_agent.errors import JournalError, UsageError
from edge_agent.journal.codec import decision_line
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import Recording
from edge_agent.report.replay_note import ReplayNote, read_note
from edge_agent.sinks import CONFIG_FILE, DECISIONS_FILE

# A statement's decision is some 20 KB, with a crowd of candidates some 100; what is longer is none.
LONGEST_LINE = 16_000_000

NO_CONFIG: Both = (
    f"旁边没有 {CONFIG_FILE}：凭设置才能说明的原因无从得知",
    f"no {CONFIG_FILE} beside it: reasons that rest on settings are not known",
)
NO_CONFIG_IN_IT: Both = (
    "其中没有配置：凭设置才能说明的原因无从得知",
    "it holds no configuration: reasons that rest on settings are not known",
)
NOTHING: Both = ("其中没有任何决定", "it holds no decision")


def several(count: int) -> Both:
    """Recordings of more than one configuration."""
    return (
        f"其 {count} 段录制有几种配置：原因只看第一种的设置",
        f"its {count} recordings hold several configurations: reasons look at the first one's settings",
    )


def torn_note(what: str) -> Both:
    """Where a file ends too early."""
    return f"不完整：{what}", f"torn: {what}"


@dataclass(frozen=True, slots=True)
class Side:
    """One run, as far as it is known."""

    name: str  # as it was given
    lines: Callable[[], Iterator[str]]  # of its decisions.jsonl, anew at each call
    outcomes: Outcomes
    config: SiteConfig | None  # None: nobody says what it ran with
    software: str = ""  # empty where it is not said
    models: tuple[tuple[str, str], ...] = ()  # name, SHA-256
    notes: tuple[Both, ...] = ()  # what a reader should know of it
    part: str = ""  # which part of its recordings was asked for; empty: all of it, or nobody says
    sizes: tuple[int, ...] = ()  # of its recordings, bytes; empty: nobody says


def open_side(path: Path) -> Side:
    """One side by its path.

    Args:
        path: a folder that `replay` wrote, a `decisions.jsonl`, a recording or a folder of recordings.

    Raises:
        UsageError: it is none of these, or holds no decisions.
        ConfigError: the configuration beside it cannot be read.
    """
    try:
        if path.is_dir() and (path / DECISIONS_FILE).is_file():
            return _of_file(path / DECISIONS_FILE, str(path))
        if path.is_file() and path.suffix != ".mcap":
            return _of_file(path, str(path))
        return _of_recordings(open_all(path), str(path))
    except JournalError as error:
        raise UsageError(str(error)) from error


def _of_file(decisions: Path, name: str) -> Side:
    def lines() -> Iterator[str]:
        return _lines(decisions)

    beside = decisions.parent / CONFIG_FILE
    config = from_text(beside.read_text(encoding="utf-8", errors="replace")) if beside.is_file() else None
    try:
        outcomes = outcomes_of_lines(lines())
    except JournalError as error:
        raise UsageError(f"{decisions}: {error}") from error
    note = read_note(decisions.parent)
    notes = [] if config else [NO_CONFIG]
    notes += [] if outcomes.decisions else [NOTHING]
    notes += _noted(note)
    return Side(
        name=name,
        lines=lines,
        outcomes=outcomes,
        config=config,
        software=note.software,
        notes=tuple(notes),
        part=note.part,
        sizes=tuple(one.bytes for one in note.recordings),
    )


def _noted(note: ReplayNote) -> Iterator[Both]:
    """What a reader must know of a replay."""
    if note.part:
        yield f"只是其录制的一部分：{note.part}", f"a part of its recording alone: {note.part}"
    if note.what_if:
        count = len(note.what_if)
        several_are = f"{count} settings are" if count > 1 else "1 setting is"
        yield f"假设：{count} 项设置与其录制中的不同", f"a what-if: {several_are} other than in its recording"


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as stream:
        while line := stream.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise UsageError(f"{path}: a line of more than {LONGEST_LINE} characters")
            yield line.rstrip("\n")


def _of_recordings(recordings: Sequence[Recording], name: str) -> Side:
    outcomes = outcomes_of(made for recording in recordings for made in recording.decisions())
    if not outcomes.decisions:
        raise UsageError(
            f"{name}: holds no decisions, it was not made live; "
            f"first `edge-agent replay {name} --out DIR`, then give DIR"
        )

    def lines() -> Iterator[str]:
        return (decision_line(made) for recording in recordings for made in recording.decisions())

    texts = [recording.config_text for recording in recordings if recording.config_text]
    notes = [torn_note(f"{recording.path}: {recording.torn}") for recording in recordings if recording.torn]
    if len(set(texts)) > 1:
        notes.append(several(len(recordings)))
    if not texts:
        notes.append(NO_CONFIG_IN_IT)
    notes += [note for recording in recordings for note in _lost(recording)]
    return Side(
        name=name,
        lines=lines,
        outcomes=outcomes,
        config=from_text(texts[0]) if texts else None,
        software=recordings[0].metadata.get("software", ""),
        models=tuple(sorted(recordings[0].models.items())),
        notes=tuple(notes),
    )


def _lost(recording: Recording) -> Iterator[Both]:
    """What was decided live and is not in it, once it has been read."""
    decisions = sum(gap.decisions for gap in recording.gaps)
    if decisions:
        yield (
            f"{recording.path}：黑匣子丢失了 {decisions} 项决定",
            f"{recording.path}: {decisions} decisions were lost by the journal",
        )
