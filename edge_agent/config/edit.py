"""Change one place of a YAML configuration and leave every other line of it as it is.

    street.cameras.east.zones.fruit_front.polygon  ── with_value ──>  the text with that value
                                                   └─ without ─────>  the text without it

Comments and order elsewhere stay byte for byte. Before the text is handed out it is read again: where
anything else came out different, or the file is written in a way that was not foreseen, nothing is changed
and the block is shown to be put in by hand.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final

import yaml

from edge_agent.config import emit
from edge_agent.config.document import Loc, compose, resolve
from edge_agent.config.spans import Spans, key_of
from edge_agent.errors import ConfigError, UsageError

GONE: Final = object()
LONG: Final = 100  # letters

# One edit looks at the same text many times; nobody changes the nodes.
_composed = lru_cache(maxsize=2)(compose)


def with_value(text: str, loc: Loc, value: Any, name: str = "the configuration") -> str:
    """The text with the value at a place; mappings that lead there are made where they are missing.

    A mapping takes the place of another key by key, so that comments between its lines stay.

    Args:
        text: YAML as configurations are written.
        loc: keys, and positions in lists that are there.
        value: numbers, text, booleans, null, lists and mappings of them. `${...}` in a text is filled in
            when the file is read, as everywhere.
        name: of the file, for errors.

    Raises:
        UsageError: it cannot be put there safely; the text to put in by hand is in the message.
        ConfigError: the text was no YAML to begin with.
    """
    wanted = _normal(value)
    try:
        after = _with(text, loc, wanted, name)
        _check(text, after, loc, wanted, name)
    except (_Unforeseen, ConfigError) as reason:
        _composed(name, text)
        raise UsageError(_by_hand(name, loc, wanted, reason)) from reason
    return after


def without(text: str, loc: Loc, name: str = "the configuration") -> str:
    """The text without what stands at a place; unchanged where nothing does.

    Raises:
        UsageError: it cannot be taken out safely.
        ConfigError: the text was no YAML to begin with.
    """
    if value_at(text, loc, name) is GONE:
        return text
    try:
        after = _without(text, loc, name)
        _check(text, after, loc, GONE, name)
    except (_Unforeseen, ConfigError) as reason:
        where = ".".join(map(str, loc))
        raise UsageError(f"{name}: {where} could not be taken out safely; do it by hand") from reason
    return after


def value_at(text: str, loc: Loc, name: str = "the configuration") -> Any:
    """What the text says at a place, `${...}` not filled in; `GONE` where nothing stands."""
    found = _composed(name, text)
    for step in loc:
        found = _child(found, step)
        if found is None:
            return GONE
    return _value(found)


class _Unforeseen(Exception):
    """The file is written in a way that this module does not change."""


# -- putting in --------------------------------------------------------------------------------------


def _with(text: str, loc: Loc, value: Any, name: str) -> str:
    now = value_at(text, loc, name)
    if _same(now, value):
        return text
    chain = _chain(_composed(name, text), loc)
    if isinstance(now, dict) and now and isinstance(value, dict) and value and not _too_long(chain, value):
        return _merged(text, loc, now, value, name)
    if len(chain) <= len(loc):  # the mapping that is to hold the rest is the last one there
        into, (first, *rest) = loc[: len(chain) - 1], loc[len(chain) - 1 :]
        for step in reversed(rest):
            if isinstance(step, int):
                raise _Unforeseen(f"there is no item {step}")
            value = {step: value}
        return _added(text, into, chain[-1], first, value, name)
    if not loc or isinstance(loc[-1], int):
        return _list_rewritten(text, loc, value, name)
    return _replaced(text, chain[-2], str(loc[-1]), value)


def _too_long(chain: list[Any], value: dict[str, Any]) -> bool:
    """Whether a mapping that stands in one line had better be a block."""
    alone = not any(node.flow_style for node in chain[:-1])
    return alone and chain[-1].flow_style and len(emit.in_line(value)) > LONG


def _merged(text: str, loc: Loc, now: dict[str, Any], value: dict[str, Any], name: str) -> str:
    for key, item in value.items():
        text = _with(text, (*loc, key), item, name)
    for key in now.keys() - value.keys():
        text = _without(text, (*loc, key), name)
    return text


def _added(text: str, into: Loc, parent: yaml.Node | None, key: str | int, value: Any, name: str) -> str:
    """A key that is not there yet, into the mapping that is."""
    if isinstance(key, int):
        raise _Unforeseen(f"there is no item {key}")
    if into and _value(parent) in (None, {}):
        return _with(text, into, {key: value}, name)  # `zones:` with nothing after it, or `{}`
    if not isinstance(parent, yaml.MappingNode):
        raise _Unforeseen("it is no mapping")
    spans = Spans(text)
    if parent.flow_style:
        entry = emit.in_line({key: value})[1:-1]
        end = parent.value[-1][1].end_mark.index
        return spans.exchanged(end, end, f", {entry}")
    indent, end = parent.value[0][0].start_mark.column, spans.end(parent)
    return spans.exchanged_lines(end, end, emit.block(key, value, indent, spans.newline))


def _replaced(text: str, parent: yaml.Node, key: str, value: Any) -> str:
    """Another value beside a key that is there."""
    found = key_of(parent, key)
    assert found is not None
    spans, (key_node, old) = Spans(text), found
    if isinstance(parent, yaml.MappingNode) and parent.flow_style:
        return spans.exchanged(old.start_mark.index, old.end_mark.index, emit.in_line(value))
    begin = key_node.start_mark.index
    if spans.is_in_line(key_node, old) and emit.is_in_line(value):
        space = "" if text[old.start_mark.index - 1] in " \t" else " "
        return spans.exchanged(old.start_mark.index, old.end_mark.index, space + emit.in_line(value))
    column = key_node.start_mark.column
    lines = emit.block(key, value, column, spans.newline)
    written = text[begin : key_node.end_mark.index] + lines[column + len(emit.in_line(key)) :]
    first, _, rest = written.partition(spans.newline)
    remark = spans.remark(key_node, old)
    first = f"{first}  {remark}" if remark else first
    return spans.exchanged_lines(begin, spans.end(old), first + spans.newline + rest)


def _list_rewritten(text: str, loc: Loc, value: Any, name: str) -> str:
    """An item of a list: the whole list is written anew."""
    place = max((k for k, step in enumerate(loc) if isinstance(step, int)), default=-1)
    if place < 1:
        raise _Unforeseen("the file as a whole is not replaced")
    items = value_at(text, loc[:place], name)
    _put(items, loc[place:], value)
    return _with(text, loc[:place], items, name)


# -- taking out ----------------------------------------------------------------------------------------


def _without(text: str, loc: Loc, name: str) -> str:
    chain = _chain(_composed(name, text), loc)
    if isinstance(loc[-1], int):
        return _list_rewritten(text, loc, GONE, name)
    parent = chain[-2]
    assert isinstance(parent, yaml.MappingNode)
    if len(parent.value) == 1:
        return _emptied(text, loc[:-1], name)
    spans = Spans(text)
    place = next(k for k, (key, _) in enumerate(parent.value) if key.value == loc[-1])
    key, value = parent.value[place]
    if parent.flow_style:
        begin = parent.value[place - 1][1].end_mark.index if place else key.start_mark.index
        end = value.end_mark.index if place else parent.value[1][0].start_mark.index
        if "#" in text[begin : key.start_mark.index] + text[value.end_mark.index : end]:
            raise _Unforeseen("there is a remark between")
        return spans.exchanged(begin, end, "")
    begin = spans.line_start(key.start_mark.index)
    if text[begin : key.start_mark.index].strip():  # the first key of a list's item
        return _list_rewritten(text, loc, GONE, name)
    return spans.exchanged(begin, spans.end(value), "")


def _emptied(text: str, loc: Loc, name: str) -> str:
    if not loc:
        raise _Unforeseen("nothing would be left")
    if isinstance(loc[-1], int):
        return _list_rewritten(text, loc, {}, name)
    return _replaced(text, _chain(_composed(name, text), loc)[-2], str(loc[-1]), {})


# -- reading -------------------------------------------------------------------------------------------


def _chain(root: yaml.Node | None, loc: Loc) -> list[Any]:
    """The nodes from the whole file down to `loc`, as far as they are there."""
    found: list[Any] = [root]
    for step in loc:
        child = _child(found[-1], step)
        if child is None:
            break
        found.append(child)
    return found


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        pair = key_of(node, str(step))
        return pair[1] if pair else None
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        item: yaml.Node = node.value[step]
        return item
    return None


def _value(node: yaml.Node | None) -> Any:
    """Plain data; a key that is given twice is not plain."""
    if isinstance(node, yaml.MappingNode):
        found = {str(key.value): _value(value) for key, value in node.value}
        if len(found) != len(node.value):
            raise _Unforeseen("a key is given twice")
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    if node is None:
        return None
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return resolve(str(node.value)) if plain else str(node.value)


def _normal(value: Any) -> Any:
    """As the file will say it: lists for tuples, text for keys."""
    if isinstance(value, dict):
        return {str(key): _normal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{value} is no number that a configuration holds")
    return value


# -- nothing else may have changed -----------------------------------------------------------------------


def _check(before: str, after: str, loc: Loc, value: Any, name: str) -> None:
    expected = _value(_composed(name, before))
    _put(expected, loc, value)
    if not _same(_value(_composed(name, after)), expected):
        raise _Unforeseen("something else would change")


def _put(data: Any, loc: Loc, value: Any) -> None:
    """The same change in plain data."""
    *way, last = loc
    for step in way:
        if isinstance(data, dict):
            if data.get(str(step)) is None:
                data[str(step)] = {}
            data = data[str(step)]
        else:
            data = data[step]
    if value is GONE:
        del data[last]
    else:
        data[last] = value


def _same(one: Any, other: Any) -> bool:
    """Equal, and of the same kind: 1 is neither 1.0 nor true."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _by_hand(name: str, loc: Loc, value: Any, reason: Exception) -> str:
    for step in reversed(loc[1:]):
        value = {str(step): value}
    lines = emit.block(str(loc[0]), value, 0, "\n") if loc else ""
    return f"{name}: could not be changed safely ({reason}); put this in by hand:\n{lines}".rstrip()
