"""Columns on a terminal, where a Chinese character is two wide."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import east_asian_width


def table(rows: Sequence[Sequence[str]], align: str) -> list[str]:
    """Lines of equal columns.

    Args:
        rows: the heading first; each with as many cells as `align` has characters.
        align: `<` or `>` a column.

    >>> table([["轴", "kg"], ["pad-1", "5"]], "<>")
    ['轴     kg', 'pad-1   5']
    """
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths, align)).rstrip() for row in rows]


def _padded(text: str, width: int, side: str) -> str:
    blanks = " " * (width - _width(text))
    return text + blanks if side == "<" else blanks + text


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
