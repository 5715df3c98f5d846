"""Events: what happened to the box, each with its own time. All the core ever learns.

`at` is the box's monotonic clock in nanoseconds, stamped where the thing entered the box. The
runner writes every event to the journal before `Site.step` sees it. A `Tick` is an event too.
Each event here has a stable journal form (`journal/codec.py`): changing a field needs a migration.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.records import Detection, Picture, ReadingMeans
from edge_agent.core.scene import Finding, Phase, StillObject, View
from edge_agent.core.units import MilliCelsius, Ns, Permille


@dataclass(frozen=True, slots=True)
class Started:
    """The daemon came up. First event of every journal."""

    at: Ns
    boot_id: str
    software: str
    config_sha256: str


@dataclass(frozen=True, slots=True)
class SerialBytes:
    """Bytes read from a port in one read; `at` is when the read returned its last byte."""

    at: Ns
    port: str
    data: bytes


@dataclass(frozen=True, slots=True)
class RegistersRead:
    """One Modbus poll: 16-bit registers from `address` on, or why there are none."""

    at: Ns
    port: str
    address: int
    registers: tuple[int, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TemperatureRead:
    """A temperature probe near the sensors of `lane`."""

    at: Ns
    lane: str
    temperature: MilliCelsius


@dataclass(frozen=True, slots=True)
class PlateSeen:
    """One plate read, pushed by a camera or read on the box.

    `captured_utc` is the camera's own clock; None when it sent none, then `at` must serve. A read of the
    box's own has `captured_at`: when the vehicle's end that is seen was at the reading line. All reads of
    one vehicle then share it, and an `event_id`.
    `text` is as the camera sent it, upper case, nothing corrected; empty when it read nothing.
    """

    at: Ns
    camera: str
    lane: str | None
    captured_utc: Ns | None
    text: str
    confidence: Permille
    colour: str = ""  # blue yellow green yellow_green white black, or empty when not said
    vehicle: str = ""  # car bus truck ... as the camera said, or empty
    direction: str = ""  # approaching | leaving | empty
    alternatives: tuple[tuple[str, Permille], ...] = ()
    pictures: tuple[Picture, ...] = ()
    event_id: str = ""  # the camera's own id of the event, for duplicates
    request: str = ""  # the ReadPlates request this answers; empty when pushed
    captured_at: Ns | None = None  # monotonic; None when pushed
    captured_sd: Ns | None = None  # one standard deviation of it
    side: str = ""  # front | rear: the end of the vehicle that the camera sees; empty when pushed


@dataclass(frozen=True, slots=True)
class PlatesDone:
    """Everything asked for by the `ReadPlates` request has been read."""

    at: Ns
    request: str
    problem: str = ""
    means: ReadingMeans | None = None  # None when nothing was read


@dataclass(frozen=True, slots=True)
class Captured:
    """The pictures asked for by a `Capture` request, with what the detector saw in each."""

    at: Ns
    request: str
    camera: str
    pictures: tuple[Picture, ...]
    detections: tuple[tuple[Detection, ...], ...]  # one tuple a picture, same order
    model_sha256: str = ""  # empty when no detector ran
    problem: str = ""


class ClockSource(StrEnum):
    """Where the time comes from, best first."""

    GNSS = "gnss"
    PTP = "ptp"
    NTS = "nts"
    NTP = "ntp"
    RTC = "rtc"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ClockStatus:
    """What is known of the clock: `utc = at + utc_minus_mono`, and how wrong that may be."""

    at: Ns
    utc_minus_mono: Ns
    source: ClockSource
    synced: bool
    offset: Ns
    est_error: Ns | None  # None = unknown
    stratum: int = 0


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A device came up, went away or is not itself. `device` is "port/wim", "camera/cam1", ..."""

    at: Ns
    device: str
    state: str  # up | down | degraded
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SceneSeen:
    """One picture of a street camera was looked at; boxes are in the reference's coordinates."""

    at: Ns
    camera: str
    captured_at: Ns  # monotonic
    captured_sd: Ns
    detections: tuple[Detection, ...]
    still: tuple[StillObject, ...]
    view: View
    model_sha256: str = ""  # empty when no detector ran


@dataclass(frozen=True, slots=True)
class TierSet:
    """The platform has graded a shop anew."""

    at: Ns
    shop: str
    tier: str  # red | yellow | green
    order: str = ""  # id of the command


@dataclass(frozen=True, slots=True)
class InspectionOrdered:
    """The platform has drawn a zone for inspection (双随机): look, and record what is there."""

    at: Ns
    order: str
    zone: str
    due_at: Ns  # monotonic; at once when it lies in the past
    expires_at: Ns  # monotonic; when the view stays unfit until then, that is what is recorded


@dataclass(frozen=True, slots=True)
class NoticeGiven:
    """The shop was told of a case: its re-check is due the rule's time after this."""

    at: Ns
    case: str
    order: str = ""


@dataclass(frozen=True, slots=True)
class CaseRecalled:
    """At the start: a case that was still open, or in its cooldown, when the daemon last ended."""

    at: Ns
    case: str
    revision: int  # of its last record
    zone: str
    event_type: str
    phase: Phase  # of its last record
    recorded_at: Ns  # monotonic time of its last record; before the start
    confirmed_at: Ns | None  # None also where nobody knew the time at the start
    first_seen_at: Ns | None
    finding: Finding = Finding.PRESENT  # of its last record
    rechecked: bool = False  # its re-check was made since it was last confirmed or reopened
    shop: str | None = None  # that the zone belonged to then; None: nobody says


@dataclass(frozen=True, slots=True)
class OrderAnswered:
    """At the start: an inspection that an earlier run has recorded; it is not made again."""

    at: Ns
    order: str
    zone: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: the core asked to be woken (`Site.deadline`)."""

    at: Ns


@dataclass(frozen=True, slots=True)
class Stopped:
    """The daemon was told to end: the last event of its run. Nothing that was asked for comes any more."""

    at: Ns


Event = (
    Started
    | SerialBytes
    | RegistersRead
    | TemperatureRead
    | PlateSeen
    | PlatesDone
    | Captured
    | ClockStatus
    | DeviceChanged
    | SceneSeen
    | TierSet
    | InspectionOrdered
    | NoticeGiven
    | CaseRecalled
    | OrderAnswered
    | Tick
    | Stopped
)
