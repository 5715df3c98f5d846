"""Records: what we measured and concluded on the way, as plain frozen values.

A record that exists is valid. Integers only; lists are tuples in a stated order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.units import Grams, MilliCelsius, Mm, MmPerS, Ns, Permille, Ppm


class Flag(StrEnum):
    """Why a weight is not safe to use. Any flag keeps a statement out of class `enforcement`.

    Source: facts on validity (COST 323 and Chinese WIM practice); thresholds are settings.
    """

    OFF_SCALE = "off_scale"
    ONE_SIDE = "one_side"
    STRADDLE = "straddle"
    ACCEL = "accel"
    STOP_ON_PAD = "stop_on_pad"
    CREEP = "creep"
    REVERSE = "reverse"
    TAILGATING = "tailgating"
    ABREAST = "abreast"
    TANDEM_OVERLAP = "tandem_overlap"
    FEW_SAMPLES = "few_samples"
    SATURATION = "saturation"
    OVERLOAD = "overload"
    SENSOR_FAULT = "sensor_fault"
    ZERO_SUSPECT = "zero_suspect"
    WARM_UP = "warm_up"
    DISAGREE = "disagree"
    SPEED_INFERRED = "speed_inferred"
    SPEED_OUT = "speed_out"
    TEMPERATURE_OUT = "temperature_out"
    UNCERTAIN = "uncertain"  # the stated interval is wider than the envelope allows
    AXLE_COUNT = "axle_count"  # the two sensors counted different axles
    CONTROLLER = "controller"  # weighed by a third party's controller, its own flags raised


@dataclass(frozen=True, slots=True)
class Axle:
    """One axle as it crossed. `offset` is the distance behind the first axle."""

    at: Ns  # centre of the plateau on the first sensor that saw it
    load: Grams
    interval: Grams  # half width of the stated 95 % interval of `load`
    left: Grams | None  # None where the layout cannot tell sides
    right: Grams | None
    offset: Mm | None  # None when speed is unknown
    samples: int  # plateau samples that the load rests on, the fewest of all sensors


@dataclass(frozen=True, slots=True)
class AxleGroup:
    """Neighbouring axles that the limits judge together."""

    first: int  # index into Crossing.axles
    count: int  # 1 single, 2 tandem, 3 tridem, more: as many as stand together
    load: Grams
    interval: Grams
    spacings: tuple[Mm, ...]  # count - 1 of them


class SpeedSource(StrEnum):
    """How the speed was had. Only `MEASURED` may support enforcement."""

    MEASURED = "measured"  # two sensors a known distance apart
    INFERRED = "inferred"  # from the pulse width on one sensor
    REPORTED = "reported"  # a third party's controller said so
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Crossing:
    """One vehicle over one lane's scale."""

    lane: str
    number: int  # counts up per lane since the daemon started, from 1
    first_axle_at: Ns  # first axle, centre on the sensor at position 0
    last_axle_at: Ns  # last axle leaves the last sensor: latency is counted from here
    closed_at: Ns  # when it was certain that the vehicle had ended
    axles: tuple[Axle, ...]
    groups: tuple[AxleGroup, ...]
    gross: Grams | None  # None when any axle has no value (overload, missing): never a guess
    gross_interval: Grams | None  # half width of the stated 95 % interval
    speed: MmPerS | None  # magnitude; the direction is in the flags
    speed_sd: MmPerS | None
    speed_source: SpeedSource
    acceleration: int | None  # mm/s²; None when one sensor cannot tell
    flags: tuple[Flag, ...]  # sorted, no duplicates
    rate_mhz: int  # effective sample rate in millihertz; 0 when not applicable
    zero: Grams  # zero that was subtracted, all channels summed
    temperature: MilliCelsius | None
    calibration: str  # id of the calibration used

    def __post_init__(self) -> None:
        if tuple(sorted(set(self.flags))) != self.flags:
            raise ValueError(f"flags must be sorted without duplicates, got {self.flags}")


class Outcome(StrEnum):
    """What one evaluator says. No evaluator fills in for another."""

    WITHIN = "within"
    OVER = "over"
    NOT_COVERED = "not_covered"
    NOT_ASSESSED = "not_assessed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One limit evaluator's answer, with its own legal basis and its own words.

    "Over" means strictly greater than the limit. Raw, deduction, deducted and limit are four
    separate numbers; no amount of money is ever computed.
    """

    evaluator: str  # posted | gvw_art3 | axle_group
    subject: str  # gross, or the group judged: "axles 2-3"
    outcome: Outcome
    raw: Grams | None
    deduction: Grams | None
    deducted: Grams | None  # rounds down
    limit: Grams | None
    excess: Grams | None  # deducted - limit when over, else None
    legal_basis: str
    rule_version: str
    assumptions: tuple[str, ...]
    text_en: str
    text_zh: str
    deduction_ref: str = ""  # legal reference of the deduction, empty when there is none
    reference_only: bool = False  # the rule itself is unverified: never more than `reference`


@dataclass(frozen=True, slots=True)
class Picture:
    """A still that a camera took, or what was made of one, named by the digest of its exact bytes."""

    role: str  # full_view_1 full_view_2 plate plate_view front side; street roles: see decisions.Shot; clip
    sha256: str
    size: int  # bytes
    media_type: str
    width: int
    height: int
    captured_at: Ns | None  # monotonic; None when only the camera knows
    camera: str = ""
    parent: str = ""  # SHA-256 of the original that this copy was made of; empty: it is an original
    masked: bool = False  # faces and plates of others are masked in it


@dataclass(frozen=True, slots=True)
class Detection:
    """One box of the detector, normalised to the picture: 0 to 1000, origin top-left."""

    label: str  # project class: truck bus car person ...
    role: str  # evidence | context | ignore
    score: Permille
    x_min: Permille
    y_min: Permille
    x_max: Permille
    y_max: Permille
    in_lane: bool = False  # its footprint stands in the lane polygon that was asked for


@dataclass(frozen=True, slots=True)
class ReadingMeans:
    """What a plate was read with on the box, and how much of the video was looked at for it."""

    models: tuple[tuple[str, str], ...]  # name and SHA-256 of each network
    thresholds: tuple[tuple[str, int], ...]  # name and value, as configured
    decoded: int  # pictures taken out of the ring
    read: int  # pictures in which a plate was looked for


@dataclass(frozen=True, slots=True)
class PlateCandidate:
    """A string that the plate may be."""

    text: str
    score: Permille


@dataclass(frozen=True, slots=True)
class PlateRead:
    """One plate at one camera, after repeated reads of it were merged.

    `at` is monotonic time of capture as best known, `at_sd` one standard deviation of it.
    `text` is empty when nothing in the grammar of GA 36 fits.
    """

    id: str  # camera, then a count: stable within a journal
    camera: str
    lane: str | None
    at: Ns
    at_sd: Ns
    seen_until: Ns  # last of the merged reads
    text: str
    colour: str
    vehicle: str
    confidence: Permille
    reads: int  # how many reads were merged
    agreeing: int  # how many of them said `text`
    candidates: tuple[PlateCandidate, ...]  # best first, includes `text`
    pictures: tuple[Picture, ...]
    direction: str = ""
    side: str = ""  # front | rear: the end of the vehicle that the plate is on; empty: not said
    means: ReadingMeans | None = None  # None: a camera pushed it


class MatchStatus(StrEnum):
    """What the matcher says of one crossing."""

    MATCHED = "matched"
    AMBIGUOUS = "ambiguous"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class MatchCandidate:
    """A read that may belong to the crossing, with the exact marginal posterior."""

    read: PlateRead
    posterior: Ppm


@dataclass(frozen=True, slots=True)
class Match:
    """The matcher's answer for one crossing; `late` when it amends an earlier answer."""

    lane: str
    crossing: int  # Crossing.number
    status: MatchStatus
    decided_at: Ns
    predicted_at: Ns  # when the plate was expected at the camera
    predicted_sd: Ns
    candidates: tuple[MatchCandidate, ...]  # best first; those above the reporting floor
    none_posterior: Ppm  # that no read belongs to it
    margin: Ppm  # best minus runner-up, "none" counted as a runner-up
    late: bool = False

    @property
    def read(self) -> PlateRead | None:
        """The matched read; None unless `status` is matched."""
        return self.candidates[0].read if self.status is MatchStatus.MATCHED else None


class UseClass(StrEnum):
    """What a statement may be used for. `test` can never become one of the others."""

    ENFORCEMENT = "enforcement"
    REFERENCE = "reference"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class JournalSlice:
    """The part of a box's own recording that led to a decision: its journal replays it."""

    boot_id: str  # of the run
    start: Ns  # monotonic; what the decision rests on, and a margin before it
    end: Ns  # of the event that led to it
    last_event: int  # number of that event in its run; `Started` is 0
