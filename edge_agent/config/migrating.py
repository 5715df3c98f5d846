"""A site's file in today's form, its comments kept: what `edge-agent config migrate` shows and writes."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from edge_agent.config.document import Loc, read_document
from edge_agent.config.migrations import STEPS, Drop, Edit, Put, Rename, Step, apply, edits_to_today, migrate
from edge_agent.errors import UsageError


def migrated_text(path: Path, text: str, steps: Sequence[Step] = STEPS) -> tuple[str, list[Edit]]:
    """The text in today's form, and what was changed; the same text where nothing had to be.

    Raises:
        ConfigError: it is no YAML, or of a form that only a newer program knows.
        UsageError: it is written in a way that cannot be changed without a person.
    """
    document = read_document(path, text)
    migrate(deepcopy(document), steps)  # refuses a newer form
    before, edits = document.data, edits_to_today(document.data, steps)
    for edit in edits:
        text = _rewritten(text, edit)
        apply(before, edit)
        if read_document(path, text).data != before:
            raise UsageError(f"{path}: not changed, do it by hand: {edit}")
    return text, edits


def difference(path: Path, before: str, after: str) -> str:
    """As `diff -u` prints it."""
    old, new = (text.splitlines(keepends=True) for text in (before, after))
    return "".join(difflib.unified_diff(old, new, str(path), f"{path} (today's form)"))


def _rewritten(text: str, edit: Edit) -> str:
    """The text with one edit made, every other character as it was."""
    parent, place = _found(text, edit.loc)
    key, value = parent.value[place]
    match edit:
        case Rename(to=to):
            return text[: key.start_mark.index] + _scalar(to) + text[key.end_mark.index :]
        case Put(value=new):
            return text[: value.start_mark.index] + _scalar(new) + text[value.end_mark.index :]
        case Drop():
            begin, end = _extent(text, parent, place)
            return text[:begin] + text[end:]


def _found(text: str, loc: Loc) -> tuple[Any, int]:
    """The mapping that holds it, and which of its entries it is."""
    node: Any = yaml.compose(text, Loader=yaml.BaseLoader)
    for step in loc[:-1]:
        node = node.value[step] if isinstance(step, int) else dict(_named(node))[step]
    return node, [name for name, _ in _named(node)].index(str(loc[-1]))


def _named(node: Any) -> list[tuple[str, Any]]:
    return [(key.value, value) for key, value in node.value]


def _extent(text: str, parent: Any, place: int) -> tuple[int, int]:
    """From where to where an entry goes: in a block its lines, in braces up to its neighbour."""
    key, value = parent.value[place]
    if not parent.flow_style:
        begin = text.rfind("\n", 0, key.start_mark.index) + 1
        end = text.find("\n", max(value.end_mark.index - 1, key.end_mark.index))
        return begin, len(text) if end < 0 else end + 1
    if place:
        return parent.value[place - 1][1].end_mark.index, value.end_mark.index
    following = parent.value[1][0].start_mark.index if len(parent.value) > 1 else value.end_mark.index
    return key.start_mark.index, following


def _scalar(value: str | float | bool) -> str:
    """A key or value as YAML; text that would be read as something else in quotes."""
    text: str = yaml.safe_dump(value, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")
