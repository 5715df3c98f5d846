"""Where the entries of a YAML text begin and end, and the text with one of them exchanged."""

from __future__ import annotations

import yaml


def key_of(node: yaml.Node, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    """A mapping's key and its value; None where it has none of that name."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next(((key, value) for key, value in node.value if key.value == name), None)


class Spans:
    """One text. Places are positions in it, counted in characters.

    Args:
        text: as its nodes were composed from.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def line_start(self, place: int) -> int:
        """Of the line that holds the place."""
        return self._text.rfind("\n", 0, place) + 1

    def line_end(self, place: int) -> int:
        """After the line break of the line that holds the place."""
        found = self._text.find("\n", place)
        return len(self._text) if found < 0 else found + 1

    def end(self, node: yaml.Node) -> int:
        """After the last line of a value; remarks below it are not its own."""
        if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
            return self.end(node.value[-1][1])
        if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
            return self.end(node.value[-1])
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return self._end_of_block_text(node.end_mark.index)
        return self.line_end(node.end_mark.index)

    def _end_of_block_text(self, place: int) -> int:
        """Without the empty lines below, which belong to nobody."""
        if place < len(self._text) or self._text.endswith("\n"):
            place = self.line_start(place)
        above = self._text[:place].rstrip(" \r\n")
        return self.line_end(len(above))

    def is_in_line(self, key: yaml.Node, value: yaml.Node) -> bool:
        """Whether the value begins beside its key, and is no block."""
        block = (isinstance(value, yaml.CollectionNode) and not value.flow_style) or (
            isinstance(value, yaml.ScalarNode) and value.style in ("|", ">")
        )
        return not block and key.end_mark.line == value.start_mark.line

    def remark(self, key: yaml.Node, value: yaml.Node) -> str:
        """What is said after `#` on the line of the key; empty where nothing is."""
        place = value.end_mark.index if self.is_in_line(key, value) else key.end_mark.index
        line = self._text[place : self.line_end(place)]
        _, mark, said = line.partition("#")
        return f"#{said}".rstrip() if mark else ""

    def exchanged(self, begin: int, end: int, new: str) -> str:
        """The text with a stretch exchanged."""
        return self._text[:begin] + new + self._text[end:]

    def exchanged_lines(self, begin: int, end: int, lines: str) -> str:
        """The same of a stretch that ends where a line ends."""
        before = self._text[:begin]
        if begin == len(self._text) and before and not before.endswith("\n"):
            before += self.newline
        return before + lines + self._text[end:]
