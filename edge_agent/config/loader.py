"""From a YAML file to settings, or to a list of everything that is wrong with it.

    file ─> document (lines, ${...}) ─> today's form ─> model (types, bounds) ─> paths made absolute
                                             └─> references (names, channels)

All problems are reported at once, each as `file:line: key: reason (suggestion)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_agent.config.document import Document, Loc, read_document
from edge_agent.config.migrations import migrate
from edge_agent.config.references import Mismatch, mismatches
from edge_agent.config.settings import SiteConfig
from edge_agent.config.shape import keys_at, nearest
from edge_agent.core.settings import Settings
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.errors import ConfigError, Problem

T = TypeVar("T", bound=Settings)

# Fields that hold a path in a `str`, because they may hold something else too.
_TEXT_PATHS: dict[type[Settings], tuple[str, ...]] = {
    CameraSettings: ("url", "sub_url"),
    DetectorSettings: ("model", "classes"),
}

# Shorter ones that stand in the text of a problem are not told from the text's own letters.
LEAST_SECRET = 4

_UNITS = {
    "_mm": "millimetres",
    "_kg": "kilograms",
    "_g": "grams",
    "_mm_s": "millimetres a second: km/h x 278",
    "_e7": "1e-7 degrees: 31.2304 is 312304000",
    "_ms": "milliseconds",
    "_s": "seconds",
    "_permille": "a thousandth: 5 % is 50",
    "_mhz": "millihertz: 25 a second is 25000",
    "baud": "bits a second",
}


def load(path: Path) -> SiteConfig:
    """A site's configuration.

    Raises:
        ConfigError: with every problem of the file.
    """
    return _site(read_document(path), path)


def load_text(text: str, path: Path, changes: Mapping[Loc, str] | None = None) -> SiteConfig:
    """A site's configuration out of a text that is no file.

    Args:
        text: YAML.
        path: what it is called in problems; relative paths inside of it are relative to its folder.
        changes: values put in the place of what the text says; their mappings must be there.

    Raises:
        ConfigError: with every problem of the text.
    """
    return _site(read_document(path, text), path, changes or {})


def _site(document: Document, path: Path, changes: Mapping[Loc, str] = MappingProxyType({})) -> SiteConfig:
    migrate(document)
    for loc, value in changes.items():
        *into, key = loc
        part = document.data
        for step in into:
            part = part[step]
        part[key] = value
    return _settings(document, path, SiteConfig, mismatches)


def load_as(path: Path, model: type[T], references: Callable[[Any], Iterable[Mismatch]] = lambda _: ()) -> T:
    """Any settings model from a YAML file.

    Args:
        path: relative paths inside of the file are relative to its folder.
        model: what the file must hold.
        references: checks of one part of the data against another.

    Raises:
        ConfigError: with every problem of the file.
    """
    return _settings(read_document(path), path, model, references)


def _settings(
    document: Document, path: Path, model: type[T], references: Callable[[Any], Iterable[Mismatch]]
) -> T:
    rebased: T = _rebased(checked(document, model, references), path.absolute().parent)
    return rebased


def checked(document: Document, model: type[T], references: Callable[[Any], Iterable[Mismatch]]) -> T:
    """The settings that a document says, its paths as they are written.

    Raises:
        ConfigError: with every problem of the document.
    """
    problems = list(document.problems)
    settings: T | None = None
    try:
        settings = model.model_validate(document.data)
    except ValidationError as error:
        problems += [_problem(document, model, details) for details in error.errors(include_url=False)]
    problems += [
        Problem(document.file, document.line(m.loc), _dotted(m.loc), m.reason, m.suggestion)
        for m in references(document.data)
    ]
    if problems or settings is None:
        told = {_covered(problem, document.filled) for problem in problems}
        raise ConfigError(tuple(sorted(told, key=lambda p: (p.line, p.key, p.reason))))
    return settings


def _covered(problem: Problem, filled: Mapping[str, str]) -> Problem:
    """Without what was filled in from elsewhere: whoever may write the file may not read every secret."""
    reason, suggestion = problem.reason, problem.suggestion
    for value in sorted(filled, key=len, reverse=True):
        for shown in {value, repr(value)[1:-1]} if len(value) >= LEAST_SECRET else ():
            reason, suggestion = (text.replace(shown, filled[value]) for text in (reason, suggestion))
    return replace(problem, reason=reason, suggestion=suggestion)


def _problem(document: Document, model: type[Settings], details: ErrorDetails) -> Problem:
    """One of pydantic's errors, said about the file."""
    kind, context = details["type"], details.get("ctx", {})
    loc = _written(document.data, details["loc"], missing=kind == "missing")
    reason, suggestion = details["msg"].removeprefix("Value error, "), ""
    if kind == "extra_forbidden":
        reason, suggestion = "unknown key", nearest(str(loc[-1]), keys_at(model, details["loc"][:-1]))
    elif kind == "missing":
        reason = "required, and missing"
    elif kind in ("int_parsing", "int_from_float", "int_type"):
        reason, suggestion = f"{details['input']!r} is not a whole number", _unit_of(str(loc[-1]))
    elif kind == "string_type" and loc in document.texts:
        suggestion = f'write it in quotes: "{document.texts[loc]}"'
    elif kind in ("literal_error", "enum"):
        reason = f"{details['input']!r} is not possible here"
        suggestion = nearest(str(details["input"]), _words(context.get("expected", "")))
    elif kind == "union_tag_invalid":
        loc = (*loc, str(context["discriminator"]).strip("'"))
        reason = f"{context['tag']!r} is not known"
        suggestion = nearest(str(context["tag"]), _words(context["expected_tags"]))
    return Problem(document.file, document.line(loc), _dotted(loc), reason, suggestion)


def _unit_of(key: str) -> str:
    """The unit that a key's last part names."""
    return next((f"the unit is {unit}" for end, unit in _UNITS.items() if key.endswith(end)), "")


def _words(quoted: str) -> list[str]:
    """`'a', 'b' or 'c'` as a list."""
    return [word.strip(" '") for word in quoted.replace(" or ", ",").split(",")]


def _written(data: Any, loc: tuple[str | int, ...], *, missing: bool) -> Loc:
    """The location as it stands in the file: without the tags of unions that pydantic adds.

    Args:
        data: of the file.
        loc: as pydantic says it.
        missing: the last step is a key that should be there.
    """
    found: list[str | int] = []
    for position, step in enumerate(loc):
        keys = range(len(data)) if isinstance(data, list) else data if isinstance(data, dict) else ()
        if step in keys:
            data = data[step]
        elif not (missing and position == len(loc) - 1):
            continue
        found.append(step)
    return tuple(found)


def _dotted(loc: Loc) -> str:
    return ".".join(map(str, loc))


def _rebased(value: Any, folder: Path) -> Any:
    """The same settings with every relative path made absolute."""
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, dict):
        return {key: _rebased(item, folder) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_rebased(item, folder) for item in value)
    if not isinstance(value, Settings):
        return value
    changed = {name: _rebased(getattr(value, name), folder) for name in type(value).model_fields}
    for name in _TEXT_PATHS.get(type(value), ()):
        text = changed[name]
        if text and "://" not in text:
            changed[name] = str(folder / text)
    return value.model_copy(update=changed)
