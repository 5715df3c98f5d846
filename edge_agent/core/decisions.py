"""Decisions: what the core concludes or asks for. Sinks carry them out; the core never waits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.events import ClockStatus
from edge_agent.core.records import (
    Crossing,
    Detection,
    Match,
    Picture,
    UseClass,
    Verdict,
)
from edge_agent.core.units import Ns


class FaultKind(StrEnum):
    """A fact about the road or the box that someone should know."""

    BAD_FRAME = "bad_frame"
    SENSOR_SILENT = "sensor_silent"
    SENSOR_FAULT = "sensor_fault"
    ZERO_SUSPECT = "zero_suspect"
    UNKNOWN_SOURCE = "unknown_source"
    CLOCK_STEPPED = "clock_stepped"
    CLOCK_UNTRUSTED = "clock_untrusted"
    CAMERA = "camera"
    PLATE_OUTSIDE_GRAMMAR = "plate_outside_grammar"
    MATCH_OVERFLOW = "match_overflow"
    OFFSET_DRIFT = "offset_drift"
    DEVICE_DOWN = "device_down"
    WRONG_UNIT = "wrong_unit"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something is wrong at `source` ("port/wim", "lane/1", "camera/cam1", "clock")."""

    at: Ns
    source: str
    kind: FaultKind
    detail: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class ReadPlates:
    """Read plates on the box in the camera's ring between two instants."""

    at: Ns
    request: str
    camera: str
    lane: str
    start: Ns
    end: Ns


@dataclass(frozen=True, slots=True)
class Capture:
    """Take full-resolution pictures at these instants, and say what stands in the lane."""

    at: Ns
    request: str
    camera: str
    lane: str
    times: tuple[Ns, ...]  # one picture each, roles full_view_1, full_view_2, ...


@dataclass(frozen=True, slots=True)
class RawWindow:
    """The raw instrument bytes that a weight rests on."""

    port: str
    start: Ns
    end: Ns


@dataclass(frozen=True, slots=True)
class Seal:
    """Make a signed statement of this case: candidate evidence, for a person to review.

    `case` is stable over amendments; `revision` counts them from 0.
    """

    at: Ns
    case: str
    revision: int
    use_class: UseClass
    reasons: tuple[str, ...]  # why the use class is not enforcement; empty when it is
    crossing: Crossing
    verdicts: tuple[Verdict, ...]
    match: Match
    pictures: tuple[Picture, ...]
    detections: tuple[tuple[Detection, ...], ...]
    vehicle_confirmed: bool | None  # a vehicle stood in the lane in the pictures; None = nobody looked
    model_sha256: str
    clock: ClockStatus | None  # None = nothing known of the clock
    raw: RawWindow | None


@dataclass(frozen=True, slots=True)
class CrossingSeen:
    """A crossing was measured and judged; most are within limits and leave no statement."""

    at: Ns
    crossing: Crossing
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """A part of the box changed its state of health."""

    at: Ns
    part: str
    state: str  # ok | degraded | blind | unknown
    detail: str


Decision = Seal | ReadPlates | Capture | CrossingSeen | Fault | Status
