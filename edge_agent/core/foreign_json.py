"""What no reader of foreign JSON takes: two readers of the same bytes could understand two things.

Python's `json` lets the last of two same keys win, and nests until it breaks.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

# A whole string, or the rest of the text where the string never ends: linear on any input, be it megabytes of
# backslashes or of escaped quotes.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `json.loads(object_pairs_hook=...)`: the object.

    Raises:
        ValueError: a key stands twice in it.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"key {key[:40]!r} stands twice")
            seen.add(key)
    return found


def first_fault(error: ValidationError) -> tuple[str, str]:
    """What a model found first: (the field, dotted; empty for the whole, what is wrong with it)."""
    first = error.errors(include_url=False, include_input=False)[0]
    return ".".join(str(step) for step in first["loc"]), first["msg"]


def nests_deeper(text: str, most: int) -> bool:
    """Whether more objects and lists are open at once: known before a parser recurses into them."""
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > most:
            return True
    return False
