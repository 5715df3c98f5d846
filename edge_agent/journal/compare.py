"""Two lists of decisions held against each other, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two runs part."""

    number: int  # 1-based line
    left: str  # empty: the left run ended here
    right: str


def first_difference(left: Iterable[str], right: Iterable[str]) -> Difference | None:
    """The first differing pair of lines, or None when both are the same to the byte."""
    for number, (one, other) in enumerate(zip_longest(left, right, fillvalue=""), start=1):
        if one != other:
            return Difference(number, one, other)
    return None
