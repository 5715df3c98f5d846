"""What a replay's folder says of itself: of which recordings it is, what was changed, which part it is.

Whoever finds the folder later, or holds two of them against each other, must not take a what-if for what
happened, nor a part for the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge_agent.errors import UsageError

NOTE_FILE = "replay.json"


@dataclass(frozen=True, slots=True)
class File:
    """One of its recordings."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A setting that is other than in the recording."""

    key: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Asked:
    """The part of what was decided that was asked for, as it was typed."""

    start: str | None = None
    end: str | None = None
    lanes: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplayNote:
    """One replay."""

    software: str = ""
    recordings: tuple[File, ...] = ()
    what_if: tuple[Changed, ...] = ()
    asked: Asked = Asked()
    cold: bool = False
    interrupted: bool = False
    evidence: str = "no: nobody signed it"

    @property
    def part(self) -> str:
        """Which part it is, in words; empty: all of it."""
        asked = self.asked
        parts = [f"{word} {text}" for word, text in (("from", asked.start), ("to", asked.end)) if text]
        parts += [f"lane {name}" for name in asked.lanes] + [f"zone {name}" for name in asked.zones]
        parts += ["begun cold"] if self.cold else []
        parts += ["interrupted"] if self.interrupted else []
        return ", ".join(parts)


_NOTE = TypeAdapter(ReplayNote)


def write_note(folder: Path, note: ReplayNote) -> None:
    """Put it into the replay's folder."""
    (folder / NOTE_FILE).write_bytes(_NOTE.dump_json(note, indent=1) + b"\n")


def read_note(folder: Path) -> ReplayNote:
    """What a folder says of itself; nothing where it has no note, as those of an older program.

    Raises:
        UsageError: it is none.
    """
    path = folder / NOTE_FILE
    if not path.is_file():
        return ReplayNote()
    try:
        return _NOTE.validate_json(path.read_bytes())
    except ValidationError:
        raise UsageError(f"{path}: not as `edge-agent replay` writes it") from None
