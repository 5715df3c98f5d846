"""Put a proposal's calibration into a configuration file, leaving every other line of it as it is."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml

from edge_agent.config.document import read_document
from edge_agent.config.loader import load
from edge_agent.core.weigh.settings import CalibrationSettings
from edge_agent.errors import UsageError


def changed(config: Path, proposal: Path) -> str:
    """The configuration's text with the proposal in it.

    Raises:
        UsageError: the proposal is not one, or the configuration has no such lane.
        ConfigError: the configuration was not good to begin with.
    """
    lane, calibration = _read(proposal)
    load(config)
    text = config.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.BaseLoader)
    scale = _at(root, "lanes", lane, "scale")
    if scale is None or not isinstance(scale, yaml.MappingNode):
        raise UsageError(f"{config}: no lanes.{lane}.scale to put it into")
    if scale.flow_style:
        raise UsageError(f"{config}: lanes.{lane}.scale is written in one line; write it as a block first")
    key = _key(scale, "calibration")
    lines = text.splitlines(keepends=True)
    first = scale.value[0][0].start_mark
    block = _block(calibration, first.column)
    if key is None:
        lines[first.line : first.line] = block
    else:
        begin = key[0].start_mark.line
        lines[begin : _end(key, lines)] = block
    after = "".join(lines)
    _check(text, after, lane, calibration, config)
    return after


def _check(before: str, after: str, lane: str, calibration: dict[str, Any], config: Path) -> None:
    """Nothing else may have changed: a file that is written in an unforeseen way is left alone."""
    expected, found = (yaml.load(text, Loader=yaml.BaseLoader) for text in (before, after))  # noqa: S506 - plain text only
    expected["lanes"][lane]["scale"]["calibration"] = found["lanes"][lane]["scale"]["calibration"]
    put = found["lanes"][lane]["scale"]["calibration"]
    if expected != found or set(put) != set(calibration):
        raise UsageError(f"{config}: could not be changed safely; put the block in by hand")


def difference(before: str, after: str, name: str) -> str:
    """What would change, as a unified diff."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (new)", lineterm="")
    return "\n".join(found) or "no change"


def _read(proposal: Path) -> tuple[str, dict[str, Any]]:
    data = read_document(proposal).data
    if not isinstance(data, dict) or not isinstance(data.get("calibration"), dict) or "lane" not in data:
        raise UsageError(f"{proposal}: not a proposal of `edge-agent calibrate truck --out`")
    CalibrationSettings.model_validate(data["calibration"])
    return str(data["lane"]), data["calibration"]


def _block(calibration: dict[str, Any], indent: int) -> list[str]:
    text = yaml.safe_dump({"calibration": calibration}, allow_unicode=True, sort_keys=False)
    return [" " * indent + line for line in text.splitlines(keepends=True)]


def _at(node: yaml.Node | None, *path: str) -> yaml.Node | None:
    for name in path:
        found = _key(node, name)
        node = found[1] if found else None
    return node


def _key(node: yaml.Node | None, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next(((key, value) for key, value in node.value if key.value == name), None)


def _end(key: tuple[yaml.Node, yaml.Node], lines: list[str]) -> int:
    """The line after the value. A block mapping's own end mark is at the key that follows it."""
    value = key[1]
    block = isinstance(value, yaml.MappingNode) and not value.flow_style
    end = value.end_mark.line if block else value.end_mark.line + 1
    while end > key[0].start_mark.line + 1 and _is_between(lines[end - 1]):
        end -= 1
    return end


def _is_between(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")
