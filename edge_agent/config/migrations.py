"""Older forms of a site's file, read as today's.

    parsed data of form n ── STEPS[n - 1] ──> edits ──> parsed data of form n + 1
                                                └─────> the file's text, comments kept (migrating.py)

A step is a pure function from the data of one form to the edits that make the next one of it. The daemon
makes them in memory and writes nothing: the file is the technician's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from edge_agent.config.document import Document, Loc
from edge_agent.errors import ConfigError, Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rename:
    """A key has another name."""

    loc: Loc
    to: str

    def __str__(self) -> str:
        """For people."""
        return f"{_dotted(self.loc)} is called {self.to}"


@dataclass(frozen=True, slots=True)
class Put:
    """A number, text or truth value that is there has another value."""

    loc: Loc
    value: str | int | float | bool

    def __str__(self) -> str:
        """For people."""
        return f"{_dotted(self.loc)} is {self.value}"


@dataclass(frozen=True, slots=True)
class Drop:
    """A key of a mapping is gone."""

    loc: Loc

    def __str__(self) -> str:
        """For people."""
        return f"{_dotted(self.loc)} is no longer used"


Edit = Rename | Put | Drop
Step = Callable[[Any], Sequence[Edit]]

# The first one makes form 2 of form 1. A step is never changed once a release had it.
STEPS: Final[tuple[Step, ...]] = ()


def form_of(data: Any) -> int | None:
    """What a file says that its form is; None where it says nothing that could be one."""
    form = data.get("schema") if isinstance(data, dict) else None
    return form if isinstance(form, int) and not isinstance(form, bool) and form > 0 else None


def edits_to_today(data: Any, steps: Sequence[Step] = STEPS) -> list[Edit]:
    """What makes today's form of it, in order; none where it has that form, or says no form at all."""
    form = form_of(data)
    if form is None or form > len(steps):
        return []
    found: list[Edit] = []
    data = deepcopy(data)
    for number, step in enumerate(steps[form - 1 :], start=form + 1):
        edits = [*step(data), Put(("schema",), number)]
        for edit in edits:
            apply(data, edit)
        found += edits
    return found


def lift(data: Any) -> None:
    """Make today's form of parsed data, in place."""
    for edit in edits_to_today(data):
        apply(data, edit)


def migrate(document: Document, steps: Sequence[Step] = STEPS) -> list[Edit]:
    """Make today's form of a document. Its lines stay those of the file.

    Returns:
        What was changed.

    Raises:
        ConfigError: it is of a form that only a newer program knows.
    """
    form = form_of(document.data)
    if form is not None and form > len(steps) + 1:
        known = f"this program knows up to {len(steps) + 1}"
        mend = "upgrade edge-agent, or put the file back that this release ran"
        raise ConfigError(
            (Problem(document.file, document.line(("schema",)), "schema", f"form {form}; {known}", mend),)
        )
    edits = edits_to_today(document.data, steps)
    for edit in edits:
        apply(document.data, edit)
        if isinstance(edit, Rename):
            document.lines = _renamed(document.lines, edit)
            document.texts = _renamed(document.texts, edit)
    return edits


def apply(data: Any, edit: Edit) -> None:
    """Make one edit in parsed data. What it speaks of must be there."""
    *way, last = edit.loc
    for step in way:
        data = data[step]
    match edit:
        case Rename(to=to):
            # In its place: the order of lanes and sensors may be the order in which they are told of.
            items = [(to if key == last else key, value) for key, value in data.items()]
            data.clear()
            data.update(items)
        case Put(value=value):
            data[last] = value
        case Drop():
            del data[last]


def _renamed(found: dict[Loc, T], edit: Rename) -> dict[Loc, T]:
    depth = len(edit.loc)
    return {
        (*edit.loc[:-1], edit.to, *loc[depth:]) if loc[:depth] == edit.loc else loc: value
        for loc, value in found.items()
    }


def _dotted(loc: Loc) -> str:
    return ".".join(map(str, loc))
