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
from edge_agent.core.scene import Finding, StreetReport, Watched, ZoneState
from edge_agent.core.units import Ns


class FaultKind(StrEnum):
    """A fact about the road or the box that someone should know."""

    BAD_FRAME = "bad_frame"
    SENSOR_SILENT = "sensor_silent"
    SENSOR_FAULT = "sensor_fault"
    ZERO_SUSPECT = "zero_suspect"
    CALIBRATION_DRIFT = "calibration_drift"
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
    """Read one vehicle's plate on the box, in the camera's ring: nobody else's."""

    at: Ns
    request: str
    camera: str
    lane: str
    start: Ns  # it is at the reading line between these instants
    end: Ns
    predicted: Ns  # and most likely then
    side: str  # front | rear: which end of it the camera sees


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


@dataclass(frozen=True, slots=True)
class Watch:
    """Look at a street camera so often from now on; 0 = as seldom as keyframes come."""

    at: Ns
    camera: str
    period_ms: int


@dataclass(frozen=True, slots=True)
class Shot:
    """One still that is wanted: which part it plays in the case, and of what instant."""

    role: str  # reference | first_seen | middle | confirmed | ongoing | cleared | recheck | inspection
    time: Ns


@dataclass(frozen=True, slots=True)
class TakePictures:
    """Take full-resolution stills of a street camera, answered by `Captured` with these roles.

    `reference` is the accepted reference picture itself, whatever its time. For every other role where
    `copies` is set: beside the original a copy with zone and boxes drawn (`<role>_marked`) and one for
    the shop owner with faces and plates of others masked (`<role>_shared`), both naming their parent.
    """

    at: Ns
    request: str
    camera: str
    zone: str
    shots: tuple[Shot, ...]
    copies: bool
    marks: tuple[Detection, ...]  # boxes to draw
    clip: tuple[Ns, Ns] | None  # also a clip from .. to, remuxed
    hold_s: int  # keep the bytes at hand for so long, for a statement that may want them
    taken: tuple[Picture, ...] = ()  # of the same stay, held since: where `copies` is set, copies of them too


@dataclass(frozen=True, slots=True)
class ZoneChanged:
    """A zone's rule moved on, or what it looks like did. Every one is a point of the case's time line."""

    at: Ns  # captured_at of the picture that moved it, or now
    camera: str
    zone: str
    state: ZoneState
    finding: Finding
    dwell_ms: int
    detail: str  # one word and its numbers: unloading, blind:shifted, outside_hours, suspect, ...
    case: str = ""


@dataclass(frozen=True, slots=True)
class SealStreet:
    """Make a signed statement of what was concluded of a zone.

    `case` is stable over a case's records, `revision` counts them from 0.
    """

    at: Ns
    case: str
    revision: int
    use_class: UseClass
    reasons: tuple[str, ...]  # why the use class is not enforcement; empty when it is
    report: StreetReport
    pictures: tuple[Picture, ...]
    detections: tuple[tuple[Detection, ...], ...]  # of the first pictures, same order
    model_sha256: str
    clock: ClockStatus | None


@dataclass(frozen=True, slots=True)
class SealCoverage:
    """Make a chained record of what was truly watched between two instants."""

    at: Ns
    start: Ns
    end: Ns
    parts: tuple[Watched, ...]
    clock: ClockStatus | None


@dataclass(frozen=True, slots=True)
class SealTimeStep:
    """Make a chained record of a step of UTC against the monotonic clock, or of several in a short time."""

    at: Ns
    since: Ns  # it was before this instant as it had been
    step: Ns  # all steps together; positive: UTC was put forward
    steps: int
    clock: ClockStatus | None  # as it is believed now (`core/timekeeper.py`)


Decision = (
    Seal
    | ReadPlates
    | Capture
    | CrossingSeen
    | Fault
    | Status
    | Watch
    | TakePictures
    | ZoneChanged
    | SealStreet
    | SealCoverage
    | SealTimeStep
)
