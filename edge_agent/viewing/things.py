"""What can be shown of a recording, in the few kinds that both viewers draw.

`at` is the box's monotonic clock in nanoseconds; `path` is where a viewer files the thing, part by part.
Coordinates are pixels of the screen that they are drawn on. Nothing here is evidence: floats are fine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from edge_agent.core.units import Ns

Place = tuple[str, ...]
Level = Literal["info", "warning", "error"]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Values of one moment, to be plotted over time."""

    at: Ns
    path: Place
    values: Mapping[str, float]  # by name, the unit in it: gross_t, speed_kmh


@dataclass(frozen=True, slots=True)
class Load:
    """The load on one sensor above the tracked zero: `at` int64 (n,) ns, `tonnes` float64 (n,)."""

    path: Place
    at: Int64
    tonnes: Float64


@dataclass(frozen=True, slots=True)
class State:
    """From `at` on something is in this state; empty: in none that is known."""

    at: Ns
    path: Place
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log."""

    at: Ns
    level: Level
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Video:
    """One compressed picture; the first of a screen is a keyframe."""

    at: Ns
    screen: Place
    format: str  # h264 | h265, Annex B
    data: bytes


@dataclass(frozen=True, slots=True)
class Image:
    """One picture as a file: JPEG or PNG."""

    at: Ns
    screen: Place
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle and its words."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float
    label: str
    kind: str  # evidence | context | ignore | still


@dataclass(frozen=True, slots=True)
class Boxes:
    """All boxes of one layer of a screen of `width` pixels; they take the place of those before."""

    at: Ns
    screen: Place
    width: int
    layer: str  # detections | still
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon, or a line where it is not closed."""

    name: str
    kind: str  # zone | permitted | door_line | lane | reading_line
    points: tuple[tuple[float, float], ...]
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Areas:
    """What the configuration has drawn into a screen of `width` x `height` pixels."""

    at: Ns
    screen: Place
    width: int
    height: int
    areas: tuple[Area, ...]


Thing = Numbers | Load | State | Line | Video | Image | Boxes | Areas


@dataclass(frozen=True, slots=True)
class Shown:
    """A thing, and what its clock has to be put forward by to be UTC; None while nobody knows."""

    utc_minus_mono: Ns | None
    thing: Thing
