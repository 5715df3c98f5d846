"""Put a proposal into a configuration's text, leaving every other line of it as it is.

    calibration  -> lanes.N.scale.calibration          channels -> lanes.N.scale.sensors
    reading line -> cameras.CAM.match.lanes

A verification holds for the calibration that was verified: where the lane has a certificate that names none,
it is made to name the one that is replaced, and the lane's records are `reference` until it is verified anew.

A list is written anew as a whole: remarks inside of it are lost, as the difference shows before that.
"""

from __future__ import annotations

from typing import Any

from edge_agent.calibration.proposal import ChannelGain, Proposal, ReadingLine, scale_sha256
from edge_agent.config.document import Loc
from edge_agent.config.edit import GONE, value_at, with_value
from edge_agent.config.loader import load_text
from edge_agent.config.saving import Draft
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.errors import UsageError, both


def changed(config: Draft, proposal: Proposal) -> str:
    """The configuration's text with the proposal in it.

    Raises:
        UsageError: there is nothing to put in or no such place, or it was measured with another calibration.
        ConfigError: the configuration was not good to begin with, or would not be any more.
    """
    name = str(config.path)
    if not proposal.changes_something:
        raise UsageError("the proposal changes nothing: it is a measurement to keep (--record)")
    site = load_text(config.text, config.path)
    if proposal.lane not in site.lanes:
        raise UsageError(f"{name}: no lanes.{proposal.lane}.scale to put it into")
    lane, text = site.lanes[proposal.lane], config.text
    for loc, value in _changes(text, proposal, name):
        text = with_value(text, loc, value, name)
    if text == config.text or proposal.calibration is None:
        return text
    _is_of_this_scale(proposal, lane.scale, name)
    if lane.certificate is not None and not lane.certificate.calibration_id:
        verified: Loc = ("lanes", proposal.lane, "certificate", "calibration_id")
        text = with_value(text, verified, lane.scale.calibration.id, name)
    load_text(text, config.path)
    return text


def _is_of_this_scale(proposal: Proposal, scale: ScaleSettings, name: str) -> None:
    """Figures measured on top of one calibration mean nothing on top of another; no two share an id."""
    now = scale.calibration.id
    if proposal.measured_with not in {"", now}:
        raise UsageError(
            both(
                f"{name}：车道 {proposal.lane} 用 {now!r}，建议测于 {proposal.measured_with!r}：请重测",
                f"{name}: lane {proposal.lane} has calibration {now!r}; the proposal was measured with "
                f"{proposal.measured_with!r}: measure again",
            )
        )
    if proposal.measured_scale not in {"", scale_sha256(scale)}:
        raise UsageError(
            both(
                f"{name}：测量之后车道 {proposal.lane} 的传感器或标定已更改：请重新测量",
                f"{name}: the sensors or the calibration of lane {proposal.lane} were changed since the "
                "proposal was measured: measure again",
            )
        )
    if proposal.calibration is not None and proposal.calibration.id == now:
        raise UsageError(
            both(
                f"{name}：标定编号 {now!r} 已在使用，内容不同：请用另一个 --name 重新测量",
                f"{name}: calibration {now!r} is in use and says something else: measure again with "
                "another --name",
            )
        )


def _changes(text: str, proposal: Proposal, name: str) -> list[tuple[Loc, Any]]:
    scale: Loc = ("lanes", proposal.lane, "scale")
    found: list[tuple[Loc, Any]] = []
    if proposal.calibration is not None:
        chosen = proposal.calibration.model_dump(mode="json", exclude_defaults=True)
        found.append(((*scale, "calibration"), chosen))
    if proposal.channels:
        found.append(((*scale, "sensors"), _with_gains(text, scale, proposal.channels, name)))
    if proposal.reading_line is not None:
        place: Loc = ("cameras", proposal.reading_line.camera, "match", "lanes")
        found.append((place, _with_line(text, place, proposal.lane, proposal.reading_line, name)))
    return found


def _with_gains(text: str, scale: Loc, gains: tuple[ChannelGain, ...], name: str) -> Any:
    sensors = _there(text, (*scale, "sensors"), name)
    by_index = {gain.index: gain for gain in gains}
    for channel in (channel for sensor in sensors for channel in sensor["channels"]):
        gain = by_index.pop(channel["index"], None)
        if gain is not None:
            channel.update(grams_num=gain.grams_num, grams_den=gain.grams_den)
    if by_index:
        raise UsageError(f"{name}: {'.'.join(map(str, scale))} has no channel {min(by_index)}")
    return sensors


def _with_line(text: str, place: Loc, lane: str, line: ReadingLine, name: str) -> Any:
    lanes = _there(text, place, name)
    seen = next((one for one in lanes if one["lane"] == lane), None)
    if seen is None:
        raise UsageError(f"{name}: camera {line.camera!r} does not know lane {lane!r}")
    seen["distance_mm"] = line.distance_mm
    if line.offset_ms or "offset_ms" in seen:
        seen["offset_ms"] = line.offset_ms
    return lanes


def _there(text: str, loc: Loc, name: str) -> Any:
    found = value_at(text, loc, name)
    if found is GONE or not isinstance(found, list):
        raise UsageError(f"{name}: {'.'.join(map(str, loc))} is not there")
    return found
