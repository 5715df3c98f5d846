"""`KEY=VALUE` on top of a configuration, checked as the file would be.

lanes.1.limits.posted.limit_kg=30000     a number
street.rules.overflow.hours.enforce=[]   YAML, in one line
lanes.1.scale.sensors.0.length_mm=790    an item of a list, counted from 0
lanes.1.limits.gvw_art3=null             nothing
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.config import emit, recorded
from edge_agent.config.document import Document, Loc, read_document
from edge_agent.config.loader import checked
from edge_agent.config.references import mismatches
from edge_agent.config.settings import SiteConfig
from edge_agent.config.shape import keys_at, nearest
from edge_agent.errors import ConfigError, Problem

OPTION = "--set"
LONG = 80  # letters of a value that is shown


@dataclass(frozen=True, slots=True)
class Change:
    """One key that two configurations differ in."""

    key: str  # dotted, as `changed` takes it
    old: Any  # plain data; None where the key is not there
    new: Any

    def __str__(self) -> str:
        """`key: old -> new`."""
        return f"{self.key}: {_shown(self.old)} -> {_shown(self.new)}"


def changed(config: SiteConfig, settings: Sequence[str]) -> SiteConfig:
    """The configuration with other values at some keys, all put in before anything is checked.

    Args:
        config: stays as it is.
        settings: `KEY=VALUE` each; KEY is dotted, VALUE is YAML in one line.

    Raises:
        ConfigError: with every key that is not there and every value that cannot stand there.
    """
    if not settings:
        return config
    data = config.model_dump(mode="json", by_alias=True)
    known = set(mismatches(data))  # what the recorder ran with is not questioned
    document = Document(OPTION, data, {})
    for setting in settings:
        _set(document, setting)
    document.problems += _twice(settings)
    if document.problems:
        raise ConfigError(tuple(document.problems))
    return checked(document, SiteConfig, lambda now: (m for m in mismatches(now) if m not in known))


def differences(old: SiteConfig, new: SiteConfig) -> tuple[Change, ...]:
    """Every key in which two configurations differ, without passwords; lists of plain values whole."""
    return tuple(_differences("", recorded.tree(old), recorded.tree(new)))


def split(setting: str) -> tuple[str, str]:
    """KEY and VALUE.

    Raises:
        ConfigError: there is no `=`, or nothing before or after it.
    """
    key, _, value = (part.strip() for part in setting.partition("="))
    if not key or not value:
        raise ConfigError((Problem(OPTION, 0, setting, "is not KEY=VALUE", "null for nothing"),))
    return key, value


def value_of(key: str, text: str) -> Any:
    """Plain data of a VALUE.

    Raises:
        ConfigError: it is no YAML.
    """
    document = read_document(Path(f"{OPTION} {key}"), text)
    if document.problems:
        raise ConfigError(tuple(document.problems))
    return document.data


def _twice(settings: Sequence[str]) -> list[Problem]:
    """Keys that are given two values: which one is meant nobody can say."""
    keys = Counter(setting.partition("=")[0].strip() for setting in settings)
    return [Problem(OPTION, 0, key, "is given twice", "one value alone") for key, n in keys.items() if n > 1]


def _set(document: Document, setting: str) -> None:
    """Put one value in; what cannot be is among the document's problems."""
    try:
        key, text = split(setting)
        value = value_of(key, text)
        *way, last = _place(document.data, key)
    except ConfigError as error:
        document.problems += error.problems
        return
    part = document.data
    for step in way:
        if part[step] is None:
            part[step] = {}
        part = part[step]
    old = part.get(last) if isinstance(part, dict) else part[last]
    document.texts[*way, last] = text
    # `value=5` where a text stands is the text "5": a shell eats the quotes.
    part[last] = text if isinstance(old, str) and isinstance(value, int | float) else value


def _place(data: Any, key: str) -> Loc:
    """Where a dotted key leads. Names may hold dots: the longest name that is there is taken.

    Raises:
        ConfigError: a step on the way is not there; the last one may be new.
    """
    found: list[str | int] = []
    steps = key.split(".")
    step: str | int
    while steps:
        if isinstance(data, list):
            count, step = 1, _index(found, steps[0], len(data))
            data = data[step]
        else:
            count, step = _name(found, steps, data)
            data = data.get(step) if isinstance(data, dict) else None
        found.append(step)
        steps = steps[count:]
    return tuple(found)


def _index(found: Sequence[str | int], step: str, length: int) -> int:
    if step.isascii() and step.isdigit() and int(step[:6]) < length:
        return int(step[:6])
    there = f"0 to {length - 1}" if length else "the list is empty"
    raise ConfigError((Problem(OPTION, 0, _dotted([*found, step]), "no such item", there),))


def _name(found: Sequence[str | int], steps: Sequence[str], data: Any) -> tuple[int, str]:
    """How many steps the next name takes, and the name."""
    for count in range(len(steps), 0, -1):
        name = ".".join(steps[:count])
        if isinstance(data, dict) and name in data:
            return count, name
    fields = keys_at(SiteConfig, found)
    # A mapping of names may get a new one; a part that is left out (null) holds what its model knows.
    if steps[0] in fields or (isinstance(data, dict) and not fields and len(steps) == 1):
        return 1, steps[0]
    if data is not None and not isinstance(data, dict):
        reason, suggestion = f"{_dotted(found)} is one value, not a mapping", ""
    else:
        reason, suggestion = "no such key", nearest(steps[0], map(str, data) if data else fields)
        if data is None and not fields:
            reason, suggestion = f"no such key: there is nothing under {_dotted(found)}", ""
    raise ConfigError((Problem(OPTION, 0, _dotted([*found, steps[0]]), reason, suggestion),))


def _differences(key: str, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _differences(f"{key}.{name}" if key else name, old.get(name), new.get(name))
    elif _are_mappings(old) and _are_mappings(new) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(f"{key}.{place}", one, other)
    elif old != new:
        yield Change(key, old, new)


def _are_mappings(value: Any) -> bool:
    """A list whose items have keys of their own: sensors, not the corners of a polygon."""
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _dotted(loc: Sequence[str | int]) -> str:
    return ".".join(map(str, loc))


def _shown(value: Any) -> str:
    text = emit.in_line(value)
    return text if len(text) <= LONG else f"{text[:LONG]} ..."
