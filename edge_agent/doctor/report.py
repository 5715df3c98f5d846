"""Findings for a terminal, and for scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len

from edge_agent.doctor.finding import Finding, Said, State, Texts, say
from edge_agent.doctor.texts import TEXTS
from edge_agent.web.words import CHINESE, LANGUAGES

STATES = {
    State.OK: ("正常", "ok"),
    State.WARNING: ("注意", "warning"),
    State.FAULT: ("故障", "fault"),
    State.UNKNOWN: ("未知", "unknown"),
}
COLOURS = {  # ANSI
    State.OK: "\x1b[32m",
    State.WARNING: "\x1b[33m",
    State.FAULT: "\x1b[1;31m",
    State.UNKNOWN: "\x1b[36m",
}
PLAIN = "\x1b[0m"
WORST_FIRST = (State.FAULT, State.WARNING, State.UNKNOWN, State.OK)
# What no line may end within: a word or a Chinese character, with the marks that open or close it.
_CHINESE, _OPEN, _CLOSE = r"\u2e80-\u9fff\uff00-\uffef“”", "（《“", "，。；：、）》？”"
PIECE = re.compile(rf"[{_OPEN}]*(?:[{_CHINESE}]|[^\s{_CHINESE}]+)[{_CLOSE}]*|\s+")
NARROWEST = 30  # cells; below, a column of words is worse than long lines
MEANS = ("意味着", "means")
NEXT = ("下一步", "next")


def in_words(finding: Finding, language: str, texts: Texts = TEXTS) -> Said:
    """A finding in a language; one of a newer daemon, whose text is not known here, by its key and values."""
    if finding.key not in texts:
        return Said(f"{finding.key} {json.dumps(dict(finding.values), ensure_ascii=False)}", "", "")
    return say(finding, texts, language)


def as_text(findings: Sequence[Finding], language: str, width: int = 0, *, colour: bool = False) -> str:
    """A table for a terminal: state, subject, what was found; what it means and what to do where not ok.

    Args:
        findings: in their order.
        language: zh or en.
        width: of the terminal, cells; 0: lines are as long as they are.
        colour: states are coloured.
    """
    states = max(cell_len(_word(state, language)) for state in State)
    subjects = max((cell_len(finding.subject) for finding in findings), default=0)
    indent = states + subjects + 4
    lines: list[str] = []
    for finding in findings:
        said = in_words(finding, language)
        told = [said.found]
        if finding.state is not State.OK:
            explained = ((MEANS, said.means), (NEXT, said.next))
            colon = "：" if language == CHINESE else ": "
            told += [f"{_in(label, language)}{colon}{text}" for label, text in explained if text]
        state = _padded(_word(finding.state, language), states)
        state = f"{COLOURS[finding.state]}{state}{PLAIN}" if colour else state
        first, *rest = [line for text in told for line in _wrapped(text, width - indent)]
        lines.append(f"{state}  {_padded(finding.subject, subjects)}  {first}")
        lines += [" " * indent + line for line in rest]
    return "\n".join([*lines, "", *_wrapped(summary(findings, language), width)])


def summary(findings: Iterable[Finding], language: str) -> str:
    """How many of each state, in a line; whose, where not ok: the table may be longer than a screen."""
    parts: dict[State, list[str]] = {state: [] for state in WORST_FIRST}
    for finding in findings:
        parts[finding.state].append(finding.subject)
    said = [
        f"{_word(state, language)} {len(found)}{_named(state, found, language)}"
        for state, found in parts.items()
        if found or state is State.FAULT
    ]
    return ("，" if language == CHINESE else ", ").join(said)


def _named(state: State, subjects: Sequence[str], language: str) -> str:
    named = list(dict.fromkeys(filter(None, subjects)))
    if state is State.OK or not named:
        return ""
    return f"（{'、'.join(named)}）" if language == CHINESE else f" ({', '.join(named)})"


def as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """For scripts: numbers, and the sentences in both languages."""
    return [_as_dict(finding) for finding in findings]


def finding_of(told: dict[str, Any]) -> Finding:
    """A finding out of its JSON form. Raises KeyError, ValueError: it is none."""
    return Finding(str(told["key"]), str(told["subject"]), State(told["state"]), dict(told["values"]))


def _as_dict(finding: Finding) -> dict[str, Any]:
    said = {language: in_words(finding, language) for language in LANGUAGES}
    return {
        "key": finding.key,
        "subject": finding.subject,
        "state": str(finding.state),
        "values": dict(finding.values),
        **{
            language: {"found": text.found, "means": text.means, "next": text.next}
            for language, text in said.items()
        },
    }


def _word(state: State, language: str) -> str:
    return _in(STATES[state], language)


def _in(both: tuple[str, str], language: str) -> str:
    return both[0 if language == CHINESE else 1]


def _wrapped(text: str, width: int) -> list[str]:
    """In lines of so many cells; as it is where there is no room for that."""
    if width < NARROWEST:
        return [text]
    lines = [""]
    for piece in PIECE.findall(text):
        if lines[-1] and cell_len(lines[-1]) + cell_len(piece.rstrip()) > width:
            lines.append("")
        rest = piece.lstrip() if not lines[-1] else piece
        while cell_len(rest) > width:  # one word, longer than a line
            lines[-1], rest = rest[:width], rest[width:]
            lines.append("")
        lines[-1] += rest
    return [line.rstrip() for line in lines if line]


def _padded(text: str, width: int) -> str:
    """To a width of terminal cells: a Chinese character takes two."""
    return text + " " * (width - cell_len(text))
