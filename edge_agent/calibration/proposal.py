"""What was measured and what is proposed of it: the file between `calibrate ...` and `calibrate apply`.

It is attached, byte for byte, to the signed record of the calibration: what was applied stays readable.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from edge_agent.config.loader import load_as
from edge_agent.core.settings import Settings
from edge_agent.core.weigh.settings import CalibrationSettings, Ratio, ScaleSettings

Method = Literal["test_truck", "span", "zero", "reading_line"]
Bounded = Annotated[str, Field(max_length=1000)]


class BinFigures(Settings):
    """One speed bin, as the signed record names it."""

    up_to_mm_s: Annotated[int, Field(gt=0)]
    factor_ppm: int
    interval_ppm: Annotated[int, Field(ge=0)] | None
    runs: Annotated[int, Field(ge=0)]


class Figures(Settings):
    """What the signed record says beside the proposal itself."""

    reference: Bounded = ""
    """The known mass: which truck or weight, how it was weighed, when."""
    factor_ppm: int | None = None
    interval_ppm: Annotated[int, Field(ge=0)] | None = None
    factors: Annotated[tuple[BinFigures, ...], Field(max_length=32)] = ()
    runs: Annotated[int, Field(ge=0)] = 0
    runs_left_out: Annotated[int, Field(ge=0)] = 0
    cost323_class: Bounded = ""
    r134_class: Bounded = ""
    detail: Bounded = ""


class ChannelGain(Settings):
    """What a count of one channel stands for."""

    index: Annotated[int, Field(ge=0)]
    grams_num: Ratio
    grams_den: Ratio


class ReadingLine(Settings):
    """Where a camera reads the lane's plates, and how late its reads are."""

    camera: str
    distance_mm: Annotated[int, Field(ge=-100_000, le=200_000)]
    offset_ms: Annotated[int, Field(ge=-10_000, le=10_000)]


class Proposal(Settings):
    """One lane's."""

    lane: str
    method: Method = "test_truck"
    measured_with: str = ""
    """Id of the lane's calibration when it was measured; empty: not noted."""
    measured_scale: Bounded = ""
    """`scale_sha256` of the lane then; empty: not noted."""
    calibration: CalibrationSettings | None = None
    channels: tuple[ChannelGain, ...] = ()
    reading_line: ReadingLine | None = None
    record: Figures = Figures()
    figures: dict[str, Any] = Field(default_factory=dict)
    """All that it rests on, for people."""

    @model_validator(mode="after")
    def _channels_have_an_id(self) -> Self:
        if self.channels and self.calibration is None:
            raise ValueError("channels: without a calibration; weights are told apart by its id")
        return self

    @property
    def changes_something(self) -> bool:
        """There is something to apply."""
        return self.calibration is not None or self.reading_line is not None

    def text(self) -> str:
        """As a file. Settings at their defaults are left out, so that a configuration stays short."""
        shown = self.model_dump(mode="json", exclude_defaults=True)
        return (
            "# Made by `edge-agent calibrate`; `edge-agent calibrate apply` puts it into a configuration.\n"
            + yaml.safe_dump(shown, allow_unicode=True, sort_keys=False)
        )


def scale_sha256(scale: ScaleSettings) -> str:
    """Of all that turns what the instrument sends into a weight: sensors and calibration."""
    weighs = scale.model_dump(mode="json", include={"sensors", "calibration"})
    return hashlib.sha256(json.dumps(weighs, sort_keys=True).encode()).hexdigest()


def read_proposal(path: Path) -> Proposal:
    """A proposal's file.

    Raises:
        ConfigError: it is none; every problem of it is named.
    """
    return load_as(path, Proposal)
