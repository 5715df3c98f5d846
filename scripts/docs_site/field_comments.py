"""A record's fields as one list in the API reference, each with the comment that stands behind it.

    interval: Grams  # half width of the stated 95 % interval of `load`

Without this a field without a docstring would be a heading of its own, and say nothing.
"""

from __future__ import annotations

import io
import tokenize
from functools import cache
from pathlib import Path
from typing import Any

import griffe


@cache
def comments_of(path: Path) -> dict[int, str]:
    """The comments of a file by their line, linters' words left out."""
    found: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith(("# noqa", "# type")):
            found[token.start[0]] = token.string.lstrip("# ")
    return found


class FieldComments(griffe.Extension):
    """Folds the fields of a class into its docstring."""

    def on_class(self, *, cls: griffe.Class, **_kwargs: Any) -> None:
        """Called for every class, its members read."""
        fields = [
            member
            for name, member in cls.members.items()
            if member.is_attribute and not name.startswith("_") and "property" not in member.labels
        ]
        for field in fields:
            field.public = False  # `filters: public` leaves it out
        if not fields or not isinstance(cls.filepath, Path):
            return
        told = cls.docstring.value if cls.docstring else ""
        if "Attributes:" in told:
            return
        comments = comments_of(cls.filepath)
        lines = [f"    {field.name}: {_said(field, comments)}" for field in fields]
        cls.docstring = griffe.Docstring(
            "\n".join([told, "", "Attributes:", *lines]), parent=cls, parser="google"
        )


def _said(field: griffe.Object | griffe.Alias, comments: dict[int, str]) -> str:
    """A field's docstring, else its comment; of a word of an enumeration also the word."""
    if field.docstring:
        return " ".join(field.docstring.value.split())
    comment = comments.get(field.endlineno or 0, "") or comments.get(field.lineno or 0, "")
    annotated = getattr(field, "annotation", None)
    value = "" if annotated is not None else f"`{getattr(field, 'value', '')}`"
    return " ".join(part for part in (value, comment) if part)
