"""Two lists of decisions held against each other, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

NAMED = 80  # letters of a line's beginning: which decision it is, and when
BEFORE = 120  # of what is still the same before the place


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two runs part."""

    number: int  # 1-based line
    left: str  # empty: the left run ended here
    right: str

    def excerpts(self, letters: int = 400) -> tuple[str, str]:
        """Both lines about the place where they part, no longer than that and what names them.

        A decision is some KB of JSON: its first letters are the same where its last ones differ.
        """
        pairs = zip(self.left, self.right, strict=False)
        same = next(
            (place for place, (a, b) in enumerate(pairs) if a != b), len(min(self.left, self.right, key=len))
        )
        return _about(self.left, same, letters), _about(self.right, same, letters)


def _about(line: str, place: int, letters: int) -> str:
    """A line's beginning, and what is about a place in it."""
    start = place - BEFORE
    if start <= NAMED:
        return line[:letters]
    end = start + letters - NAMED
    return f"{line[:NAMED]} ... {line[start:end]}{' ...' if end < len(line) else ''}"


def first_difference(left: Iterable[str], right: Iterable[str]) -> Difference | None:
    """The first differing pair of lines, or None when both are the same to the byte."""
    for number, (one, other) in enumerate(zip_longest(left, right, fillvalue=""), start=1):
        if one != other:
            return Difference(number, one, other)
    return None
