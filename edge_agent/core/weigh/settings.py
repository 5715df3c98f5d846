"""What a human chose about one lane's scale: where its sensors lie and which channel is which."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge_agent.core.settings import Settings


class ChannelSettings(Settings):
    """One load-cell channel of the instrument."""

    index: Annotated[int, Field(ge=0)]
    """Column of the instrument's samples."""
    side: Literal["left", "right", "both"] = "both"
    """Which wheels it carries, seen in the direction of travel."""


class SensorSettings(Settings):
    """One pad, strip or deck across the lane."""

    id: str
    kind: Literal["pad", "strip", "deck"] = "pad"
    """pad: longer than a tyre patch; strip: shorter (area × speed); deck: carries the whole vehicle."""
    position_mm: int
    """Distance of the sensor's centre from the first sensor's centre, along the travel; first is 0."""
    length_mm: Annotated[int, Field(gt=0)]
    """Length along the travel."""
    channels: Annotated[tuple[ChannelSettings, ...], Field(min_length=1)]
    """Channels that carry it; their sum is the load on the sensor."""
