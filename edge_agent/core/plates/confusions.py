"""Which characters a reader takes for each other, to tell a misread from another plate."""

from __future__ import annotations

from typing import Final

from edge_agent.core.plates.grammar import PROVINCES

# Groups of look-alikes in the plate's typeface, as far as is commonly seen; not measured here.
GROUPS: Final = ("8B3", "0DQOUC", "1TIL7J", "2Z7", "5S", "6GC", "EF", "MNHW", "VY", "KXR", "4A", "PF", "9P")

SIMILAR: Final = frozenset(a + b for group in GROUPS for a in group for b in group if a != b)


def similar(a: str, b: str) -> bool:
    """Whether a reader may take one character for the other; provinces all look alike to it.

    Two vehicles behind each other that differ in the province alone do not happen; a misread of
    that one dense character is the commonest of all.
    """
    return a + b in SIMILAR or (a != b and a in PROVINCES and b in PROVINCES)


def one_misread_apart(a: str, b: str) -> bool:
    """Whether two strings differ by one similar character, or by a province that was not read.

    >>> one_misread_apart("沪A12348", "沪A1234B"), one_misread_apart("沪A12345", "沪A12346")
    (True, False)
    >>> one_misread_apart("沪A12345", "A12345")
    True
    """
    if len(a) == len(b):
        pairs = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
        return len(pairs) == 1 and similar(*pairs[0])
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return len(shorter) >= 5 and longer[0] in PROVINCES and longer[1:] == shorter
