"""A value as YAML text, in the manner of the shipped configurations.

Mappings are blocks, lists of numbers stand in one line, and a mapping in a list stands in braces. Text is
quoted wherever our own reader, or anybody's of YAML 1.1, would take it for another thing: "1", "on", "12:30".
"""

from __future__ import annotations

import io
from typing import Any

import yaml

from edge_agent.config.document import resolve

WIDTH = 10_000  # a polygon is one line


class _Quoting(yaml.SafeDumper):
    """Quotes what would not come back as text; indents lists under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ARG002 - theirs
        return super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    others = dumper.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    plain = isinstance(resolve(text), str) and others == "tag:yaml.org,2002:str" and "\n" not in text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Quoting.add_representer(str, _text)


def in_line(value: Any) -> str:
    """The value without a line break, as it may stand within brackets."""
    node = _node(value)
    _set_flow(node)
    return _written(node)


def block(key: str, value: Any, indent: int, newline: str) -> str:
    """`key: value` with all its lines, the last one ended, indented by so many spaces."""
    node = _node({key: value})
    _lay_out(node)
    lines = _written(node).split("\n")
    return "".join(" " * indent + line + newline for line in lines)


def is_in_line(value: Any) -> bool:
    """Whether `block` writes it beside its key."""
    return not isinstance(value, dict | list | tuple) or not value or not _has_mapping(value)


def _node(value: Any) -> yaml.Node:
    node: yaml.Node = _Quoting(io.StringIO(), sort_keys=False).represent_data(_plain(value))
    return node


def _has_mapping(value: Any) -> bool:
    if isinstance(value, dict):
        return True
    return isinstance(value, list | tuple) and any(map(_has_mapping, value))


def _plain(value: Any) -> Any:
    """Lists for tuples."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _lay_out(node: yaml.Node, *, in_list: bool = False) -> None:
    if isinstance(node, yaml.MappingNode):
        node.flow_style = in_list or not node.value
        for _, value in node.value:
            _lay_out(value, in_list=in_list)
    elif isinstance(node, yaml.SequenceNode):
        node.flow_style = in_list or not any(isinstance(one, yaml.MappingNode) for one in node.value)
        for one in node.value:
            _lay_out(one, in_list=True)


def _set_flow(node: yaml.Node) -> None:
    _lay_out(node, in_list=True)


def _written(node: yaml.Node) -> str:
    text: str = yaml.serialize(node, Dumper=_Quoting, width=WIDTH, allow_unicode=True)
    return text.removesuffix("...\n").rstrip("\n")
