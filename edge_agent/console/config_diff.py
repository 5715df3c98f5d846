"""A change of the configuration line by line, and which lines weigh: who the box is, its word's worth."""

from __future__ import annotations

import difflib
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from edge_agent.commanded import PROTECTED
from edge_agent.config.document import Loc, read_document
from edge_agent.errors import ConfigError

CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference."""

    sign: str  # "+", "-", " "; "…" where lines are left out
    number: int  # of the new text; of the old one where it was taken away; 0 where lines are left out
    text: str
    weighs: bool


def diff_lines(before: str, after: str) -> list[Line]:
    """What differs, with a few lines around it. Empty: nothing does."""
    old, new = before.splitlines(), after.splitlines()
    heavy = {"-": _heavy_lines(before), "+": _heavy_lines(after)}
    found: list[Line] = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT):
        if found:
            found.append(Line("…", 0, "", weighs=False))
        for what, i1, i2, j1, j2 in group:
            if what == "equal":
                found += [Line(" ", j + 1, new[j], weighs=False) for j in range(j1, j2)]
                continue
            found += [Line("-", i + 1, old[i], weighs=i + 1 in heavy["-"]) for i in range(i1, i2)]
            found += [Line("+", j + 1, new[j], weighs=j + 1 in heavy["+"]) for j in range(j1, j2)]
    return found


def _heavy_lines(text: str) -> set[int]:
    """Lines of the keys that no command may change, by the text's own order."""
    try:
        lines = read_document(Path("site.yaml"), text).lines
    except ConfigError:
        return set()
    begins = sorted(
        ((line, loc) for loc, line in lines.items() if loc), key=lambda one: (one[0], len(one[1]))
    )
    numbers = [line for line, _ in begins]
    heavy = set()
    for number in range(1, text.count("\n") + 2):
        at = bisect_right(numbers, number)
        if at and _protected(begins[at - 1][1]):
            heavy.add(number)
    return heavy


def _protected(loc: Loc) -> bool:
    return any(
        len(loc) >= len(kept) and all(want in ("*", str(step)) for want, step in zip(kept, loc, strict=False))
        for kept in PROTECTED
    )
