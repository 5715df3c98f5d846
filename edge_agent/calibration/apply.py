"""Put a proposal's calibration into a configuration's text, leaving every other line of it as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_agent.config.document import read_document
from edge_agent.config.edit import value_at, with_value
from edge_agent.config.loader import load_text
from edge_agent.config.saving import Draft
from edge_agent.core.weigh.settings import CalibrationSettings
from edge_agent.errors import UsageError


def changed(config: Draft, proposal: Path) -> str:
    """The configuration's text with the proposal in it.

    Raises:
        UsageError: the proposal is not one, or the configuration has no such lane.
        ConfigError: the configuration was not good to begin with.
    """
    lane, calibration = _read(proposal)
    load_text(config.text, config.path)
    name = str(config.path)
    if not isinstance(value_at(config.text, ("lanes", lane, "scale"), name), dict):
        raise UsageError(f"{name}: no lanes.{lane}.scale to put it into")
    after = with_value(config.text, ("lanes", lane, "scale", "calibration"), calibration, name)
    load_text(after, config.path)
    return after


def _read(proposal: Path) -> tuple[str, dict[str, Any]]:
    data = read_document(proposal).data
    if not isinstance(data, dict) or not isinstance(data.get("calibration"), dict) or "lane" not in data:
        raise UsageError(f"{proposal}: not a proposal of `edge-agent calibrate truck --out`")
    CalibrationSettings.model_validate(data["calibration"])
    return str(data["lane"]), data["calibration"]
