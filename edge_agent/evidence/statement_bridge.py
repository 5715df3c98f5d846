"""What a statement says of one vehicle on a bridge: the weighing, and whose plate it is."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from edge_agent.core.records import Flag, MatchStatus, Outcome, SpeedSource
from edge_agent.evidence.statement_parts import (
    Bool,
    Box,
    Count,
    Int,
    Model,
    Permille,
    Ppm,
    Sha256,
    Text,
    Wording,
)


class Instrument(Model):
    """The scale, as its plate and its certificate say."""

    make: Text
    model: Text
    serial: Text
    certificate_number: Text
    issuing_body: Text
    valid_until: Text
    accuracy_class: Text
    speed_min_mm_s: Count | None
    speed_max_mm_s: Count | None


class MeasuredAxle(Model):
    """One axle as it crossed."""

    at_monotonic_us: Int
    load_g: Int
    interval95_g: Count
    """Half width of the stated 95 % interval."""
    left_g: Int | None
    right_g: Int | None
    offset_mm: Int | None
    """Behind the first axle; null when the speed is not known."""
    samples: Count


class MeasuredGroup(Model):
    """Neighbouring axles that are judged together."""

    first_axle: Count
    """Index into `axles`."""
    axle_count: Count
    load_g: Int
    interval95_g: Count
    spacings_mm: list[Int]


class Limit(Model):
    """One evaluator's answer: measured, deduction, deducted and limit are four separate numbers."""

    evaluator: Text
    subject: Text
    outcome: Outcome
    measured_g: Int | None
    deduction_g: Int | None
    deducted_g: Int | None
    limit_g: Int | None
    excess_g: Int | None
    legal_basis: Text
    rule_version: Text
    deduction_basis: Text
    assumptions: list[Text]
    reference_only: Bool
    """The rule itself is not verified: its answer is for information."""
    text: Wording


class RawData(Model):
    """The instrument's own bytes that the weight rests on."""

    port: Text
    start_monotonic_us: Int
    end_monotonic_us: Int
    sha256: Sha256 | None
    """The attachment that holds them; null when they were not kept."""


class Measurement(Model):
    """One vehicle over one lane's scale. Mass in grams, length in millimetres."""

    lane: Text
    crossing: Count
    case: Text
    revision: Count
    gross_g: Int | None
    """Null when any axle has no value; never a guess."""
    gross_interval95_g: Count | None
    axles: Annotated[list[MeasuredAxle], Field(max_length=64)]
    groups: Annotated[list[MeasuredGroup], Field(max_length=64)]
    speed_mm_s: Int | None
    speed_sd_mm_s: Count | None
    speed_source: SpeedSource
    acceleration_mm_s2: Int | None
    first_axle_monotonic_us: Int
    last_axle_monotonic_us: Int
    flags: list[Flag]
    """Why the weight is not safe to use; empty when it is."""
    sample_rate_mhz: Count
    zero_g: Int
    temperature_millicelsius: Int | None
    calibration: Text
    raw: RawData | None
    limits: Annotated[list[Limit], Field(min_length=1, max_length=64)]
    assumptions: Annotated[list[Text], Field(min_length=1)]
    """What a scale cannot see and this statement takes for granted: every limit's, sorted."""


class Network(Model):
    """A network that had a part in a conclusion."""

    name: Text
    sha256: Sha256
    """Of its weights."""


class Threshold(Model):
    """A setting that a conclusion depended on."""

    name: Text
    value: Int


class PlateString(Model):
    """A string that the plate may be, and how likely it is."""

    text: Text
    confidence_permille: Permille


class ReadingOnBox(Model):
    """How the box read the plate from its own video."""

    networks: Annotated[list[Network], Field(max_length=8)]
    thresholds: Annotated[list[Threshold], Field(max_length=16)]
    pictures_decoded: Count
    pictures_read: Count
    """In which a plate was looked for: the vehicle's, nobody else's."""
    strings: Annotated[list[PlateString], Field(max_length=8)]
    """Best first; more than one where the pictures do not agree."""


class Plate(Model):
    """A number plate as read."""

    text: Text
    colour: Text
    vehicle: Text
    confidence_permille: Permille
    camera: Text
    read: Text
    """Id of the read on the box."""
    read_monotonic_us: Int
    read_sd_us: Count
    reads: Count
    agreeing: Count
    side: Text
    """front or rear: the end of the vehicle that it is on (a trailer's rear plate is another number than its
    tractor's); empty when not said."""
    on_box: ReadingOnBox | None
    """Null when the camera read it and pushed it."""


class PlateCandidate(Model):
    """A read that may belong to the crossing."""

    plate: Plate
    posterior_ppm: Ppm


class Recognition(Model):
    """Which plate belongs to the crossing, how sure that is, and what stood in the lane."""

    status: MatchStatus
    plate: Plate | None
    """Only when matched: a best guess would name the wrong person."""
    posterior_ppm: Ppm
    """Of the best candidate, whatever the status."""
    runner_up_ppm: Ppm
    """Of the next best explanation, "no read" included."""
    none_ppm: Ppm
    """That no read belongs to the crossing."""
    margin_ppm: Int
    predicted_monotonic_us: Int
    predicted_sd_us: Count
    late: Bool
    """Decided anew after a late read."""
    candidates: Annotated[list[PlateCandidate], Field(max_length=8)]
    candidates_left_out: Count
    vehicle_confirmed: Bool | None
    """A vehicle stood in the lane in the pictures; null when nobody looked."""
    detector_sha256: Sha256 | None
    """Digest of the detector's weights; null when none ran."""
    detections: Annotated[list[Annotated[list[Box], Field(max_length=16)]], Field(max_length=16)]
    """One list a picture that was taken for the crossing, best boxes first."""
    detections_left_out: Count

    @model_validator(mode="after")
    def _plate_only_when_matched(self) -> Self:
        if (self.plate is not None) != (self.status is MatchStatus.MATCHED):
            raise ValueError(f"status {self.status} {'with' if self.plate else 'without'} a plate")
        return self
