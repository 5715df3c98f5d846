"""The shape of a settings model: which keys may stand at a place of the file.

Walks annotations along the location of a validation error, so that an unknown key can be told what
it was probably meant to be.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Union

from pydantic import BaseModel


def keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """Keys that the models at `loc` know; empty where any key is allowed or none is known."""
    found = _expand([model])
    for step in loc:
        deeper = _expand(inner for kind in found for inner in _inside(kind, step))
        # A step that leads nowhere is the tag of a union: it narrows, it does not descend.
        found = deeper or [kind for kind in found if _is_tagged(kind, step)] or found
    return {
        field.alias or name for kind in found if _is_model(kind) for name, field in kind.model_fields.items()
    }


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean ...`, or what there is; empty when there is nothing."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(names)}" if names else ""


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _expand(kinds: Iterable[Any]) -> list[Any]:
    """Unions and annotations opened up."""
    found: list[Any] = []
    for kind in kinds:
        origin = typing.get_origin(kind)
        if origin is Annotated:
            found += _expand([typing.get_args(kind)[0]])
        elif origin in (Union, types.UnionType):
            found += _expand(typing.get_args(kind))
        else:
            found.append(kind)
    return found


def _inside(kind: Any, step: str | int) -> list[Any]:
    """What stands under a key or index of something of this kind."""
    if _is_model(kind):
        return [
            field.annotation
            for name, field in kind.model_fields.items()
            if step in (name, field.alias) and field.annotation is not None
        ]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return [arguments[1]]
    if isinstance(step, int) and isinstance(origin, type) and issubclass(origin, Sequence):
        return [argument for argument in arguments if argument is not Ellipsis]
    return []


def _is_tagged(kind: Any, tag: str | int) -> bool:
    """Whether a model of a tagged union is the one that the tag names."""
    if not _is_model(kind):
        return False
    return any(
        tag in typing.get_args(field.annotation)
        for field in kind.model_fields.values()
        if typing.get_origin(field.annotation) is typing.Literal
    )
