"""What one look at one thing found, and the words of it in both languages.

    check(observation) ──> Finding(key, subject, state, values) ──> say ──> found, what it means, next step

A check names a text of its own file's table; the table holds all three sentences. What a thing *is*
(numbers, names) is in `values`, so that `--json` gives scripts the numbers and people the sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from edge_agent.web.words import CHINESE


class State(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"  # works, and somebody should see to it
    FAULT = "fault"  # does not work, or evidence of it would be worth nothing
    UNKNOWN = "unknown"  # could not be looked at; `values` says why


@dataclass(frozen=True, slots=True)
class Text:
    """Chinese and English of one thing that a check may find; `{name}` stands for a value."""

    found_zh: str
    found_en: str
    means_zh: str = ""
    means_en: str = ""
    next_zh: str = ""
    next_en: str = ""


Texts = Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor.

    Args:
        key: which text it is; `<part>.<what>`, such as `serial.wrong_baud`. Scripts rely on it.
        subject: what was looked at: `port/wim`, `camera/cam1`, `broker`, ...; empty for the box itself.
        state: how it is.
        values: numbers and names, for the text and for scripts; JSON types only.
    """

    key: str
    subject: str
    state: State
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A finding in one language."""

    found: str
    means: str
    next: str


def say(finding: Finding, texts: Texts, language: str) -> Said:
    """The finding in words. Raises KeyError where there is no such text: a test asks for each."""
    text = texts[finding.key]
    chosen = (
        (text.found_zh, text.means_zh, text.next_zh)
        if language == CHINESE
        else (text.found_en, text.means_en, text.next_en)
    )
    return Said(*(sentence.format_map(dict(finding.values)) for sentence in chosen))
