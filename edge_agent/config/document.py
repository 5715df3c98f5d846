"""A YAML file as plain data that remembers the line of every key.

Read on purpose more narrowly than YAML allows: one document, no tags, no anchors and aliases (which
also rules out alias bombs), and `true`/`false`, decimal numbers and `null` as the only plain scalars
that are not text. `no`, `on`, `0123` and `12:30` stay what they look like.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from edge_agent.config.substitute import Substitution
from edge_agent.errors import ConfigError, Problem

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 24
MAX_NODES: Final = 50_000

_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})", re.ASCII)
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})([eE][-+]?[0-9]{1,3})?", re.ASCII)
_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}

Loc = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """The data of one file, and where each part of it stands."""

    file: str
    data: Any
    lines: dict[Loc, int]  # of the key or list item; () is the whole
    texts: dict[Loc, str] = field(default_factory=dict)  # scalars as written
    problems: list[Problem] = field(default_factory=list)
    filled: dict[str, str] = field(default_factory=dict)  # values from elsewhere -> as written: `${NAME}`

    def line(self, loc: Loc) -> int:
        """Line of `loc`, or of the nearest thing around it."""
        while loc not in self.lines and loc:
            loc = loc[:-1]
        return self.lines.get(loc, 0)


def read_document(path: Path, text: str | None = None) -> Document:
    """Read and substitute. What is wrong but can be passed over is in `problems`.

    Args:
        path: of the file; secret files are relative to its folder.
        text: of the file, where it has been read already.

    Raises:
        ConfigError: when the file cannot be read as data at all.
    """
    file = str(path)
    root = compose(file, read_text(path)[0] if text is None else text)
    document = Document(file, None, {(): 1})
    substitution = Substitution(path.parent)
    document.data = _Builder(document, substitution).build(root, ()) if root is not None else {}
    document.filled = substitution.filled
    return document


def compose(file: str, text: str) -> yaml.Node | None:
    """The text's nodes, with their places in it; None where it holds nothing.

    Raises:
        ConfigError: it is no YAML, or YAML that is not used here.
    """
    try:
        _check_shape(file, text)
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        raise ConfigError((_syntax_problem(file, error, text),)) from error
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise _failed(file, f"not YAML: {' '.join(str(error).split())}") from error
    return root


def read_text(path: Path) -> tuple[str, str]:
    """A file's text, and the SHA-256 of the bytes that it was read from.

    Raises:
        ConfigError: it cannot be read, is too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _failed(str(path), f"cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise _failed(str(path), f"larger than {MAX_BYTES // 1024} KiB")
    try:
        return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError((Problem(str(path), line, "", "not UTF-8", "save the file as UTF-8"),)) from error


def _failed(file: str, reason: str) -> ConfigError:
    return ConfigError((Problem(file, 0, "", reason),))


def _check_shape(file: str, text: str) -> None:
    """Bound nesting and size on the stream of events, before anything recurses into it."""
    depth = 0
    events: Iterator[Any] = yaml.parse(text, Loader=yaml.BaseLoader)
    for count, event in enumerate(events):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise ConfigError(
                (Problem(file, line, "", "anchors and aliases are not used here", "write it out"),)
            )
        if getattr(event, "tag", None) is not None:
            raise ConfigError(
                (Problem(file, line, "", f"tag {event.tag!r} is not used here", "leave it out"),)
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ConfigError((Problem(file, line, "", f"nested deeper than {MAX_DEPTH}"),))
        if count > MAX_NODES:
            raise ConfigError((Problem(file, line, "", f"more than {MAX_NODES} items"),))


def _syntax_problem(file: str, error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    written = "".join(text.splitlines()[line - 1 : line]) if line else ""
    if "\t" in written:
        return Problem(file, line, "", "a tab where YAML wants spaces", "indent with spaces")
    reason = " ".join(part for part in (error.context, error.problem) if part)
    suggestion = "put text with ${...} in quotes" if "${" in written else ""
    return Problem(file, line, "", f"not YAML: {reason}", suggestion)


class _Builder:
    """Nodes into data."""

    def __init__(self, document: Document, substitution: Substitution) -> None:
        self._document = document
        self._substitution = substitution

    def build(self, node: yaml.Node, loc: Loc) -> Any:
        self._document.lines.setdefault(loc, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*loc, index)) for index, item in enumerate(node.value)]
        return self._scalar(str(node.value), node, loc)

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(line, loc, "a key must be plain text")
                continue
            key = str(key_node.value)
            where = (*loc, key)
            if key in found:
                first = self._document.lines[where]
                self._problem(line, where, f"given twice, first in line {first}", "keep one of them")
                continue
            self._document.lines[where] = line
            found[key] = self.build(value_node, where)
        return found

    def _scalar(self, text: str, node: yaml.Node, loc: Loc) -> Any:
        self._document.texts[loc] = text
        value: Any = resolve(text) if getattr(node, "style", None) is None else text
        if not isinstance(value, str):
            return value
        try:
            return self._substitution.apply(value)
        except ValueError as error:
            self._problem(node.start_mark.line + 1, loc, str(error))
            return value

    def _problem(self, line: int, loc: Loc, reason: str, suggestion: str = "") -> None:
        key = ".".join(map(str, loc))
        self._document.problems.append(Problem(self._document.file, line, key, reason, suggestion))


def resolve(text: str) -> Any:
    """What a scalar without quotes means."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
