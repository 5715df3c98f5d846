"""JSON, one object a line, read strictly and in bounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from edge_agent.core.foreign_json import no_key_twice
from edge_agent.journal.importer import Cells, Problems, lines_of

T = TypeVar("T")

LONGEST = 12_000_000  # characters of a line: a push with its pictures
MOST_DIGITS = 40


def objects_of(path: Path, make: Callable[[dict[str, Any], str], T]) -> list[tuple[int, T]]:
    """What `make` makes of each line's object, with its line. Empty lines are passed over.

    Args:
        path: the file.
        make: takes the object, its numbers as they were written, and the line; raises `ValueError`.

    Raises:
        ConfigError: every line that cannot be read, with its number.
    """
    problems = Problems(path)
    found: list[tuple[int, T]] = []
    for number, line in enumerate(lines_of(path), start=1):
        if not line.strip():
            continue
        try:
            found.append((number, make(_object(line), line)))
        except (ValueError, RecursionError) as error:
            reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
            problems.add(number, reason[:200])
    problems.close()
    return found


def cells_of(tree: dict[str, Any], columns: tuple[str, ...], required: tuple[str, ...]) -> Cells:
    """An object as the cells of a row: texts and numbers; lists are joined by `;`, null is empty.

    Raises:
        ValueError: a key that is unknown or missing, or a value of another kind.
    """
    unknown = [key[:40] for key in tree if key not in columns]
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; there are {', '.join(columns)}")
    missing = [key for key in required if tree.get(key) is None]
    if missing:
        raise ValueError(f"key {missing[0]!r} is missing")
    return {key: _cell(key, value) for key, value in tree.items()}


def _cell(key: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case list() if all(isinstance(item, str) for item in value):
            return ";".join(value)
        case _:
            raise ValueError(f"{key}: neither a text nor a number, nor a list of them")


def _object(line: str) -> dict[str, Any]:
    if len(line) > LONGEST:
        raise ValueError(f"longer than {LONGEST} characters")
    try:
        tree = json.loads(
            line,
            object_pairs_hook=no_key_twice,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_no_number,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(tree, dict):
        raise ValueError("a line is one JSON object")  # noqa: TRY004 - of the file, not of the call
    _in_unicode(tree)
    return tree


def _in_unicode(tree: dict[str, Any]) -> None:
    """Half a surrogate pair can be written in JSON and is no text."""
    try:
        json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair, which is no character") from None


def _number(text: str) -> str:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return text


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
