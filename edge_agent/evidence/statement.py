"""Statement v1: what a signed payload says, field by field.

The models are the contract: `contract/` is generated from them. Every field is always present, and
null means "not known". Integers only, within what a double holds exactly, so that a reader in any
language takes the same number. Unknown fields are refused everywhere but under `ext`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge_agent.core.events import ClockSource
from edge_agent.core.records import Flag, MatchStatus, Outcome, SpeedSource, UseClass
from edge_agent.errors import VerificationError
from edge_agent.evidence import strict_json

# 2**53 - 1: beyond it JavaScript and every other reader that uses doubles rounds silently.
MAX_SAFE = 2**53 - 1

MAX_ATTACHMENTS = 64

Int = Annotated[int, Field(strict=True, ge=-MAX_SAFE, le=MAX_SAFE)]
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_SAFE)]
Permille = Annotated[int, Field(strict=True, ge=0, le=1000)]
Ppm = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Bool = Annotated[bool, Field(strict=True)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Epoch = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
PacketId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
Text = Annotated[str, Field(max_length=1000)]


class Model(BaseModel):
    """Base of every part: no unknown fields, no conversions, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Kind(StrEnum):
    """What a statement is about."""

    STOREFRONT = "storefront"
    WIM = "wim"
    ANPR = "anpr"
    COMPOSITE = "composite"
    HEARTBEAT = "heartbeat"
    LOSS = "loss"
    INCIDENT = "incident"
    KEY_ROTATION = "key_rotation"
    CONFIG_CHANGE = "config_change"
    COMMAND_RESULT = "command_result"
    TIME_STEP = "time_step"
    GENESIS = "genesis"


CASE_KINDS = frozenset({Kind.STOREFRONT, Kind.WIM, Kind.ANPR, Kind.COMPOSITE})


class Wording(Model):
    """The same sentence for both readers."""

    en: Text
    zh: Text


class Chain(Model):
    """The statement's place in the box's hash chain."""

    epoch: Epoch
    """Random, made once when the store was made."""
    seq: Count
    """From 0 within the epoch, without gaps."""
    prev: Sha256 | None
    """SHA-256 of the payload bytes before this one; null at seq 0."""
    boot_id: Text
    store_genesis: Sha256 | None
    """SHA-256 of the payload bytes at seq 0; null at seq 0 itself."""


class Time(Model):
    """When it happened, when it was sealed, and what was known of the clock."""

    event_utc_us: Int | None
    """Null when the offset to UTC was not known."""
    event_monotonic_us: Int | None
    sealed_utc_us: Int
    """The box's own clock at sealing, whatever it was worth."""
    source: ClockSource
    synced: Bool
    offset_us: Int | None
    est_error_us: Int | None
    """Estimated error of the clock; null when unknown."""
    stratum: Count


class Place(Model):
    """Where the site is."""

    lat_e7: Int | None
    lon_e7: Int | None
    datum: Literal["WGS-84", "CGCS2000"]
    road_code: Text
    stake: Text
    published_location: Text


class Legal(Model):
    """What the statement may be used for, and on whose authority the site works."""

    use_class: UseClass
    reasons: Annotated[list[Text], Field(max_length=64)]
    """Why the use class is not `enforcement`; empty when it is."""
    wording: Wording
    """What this statement is, in the words to show to a person."""
    operator: Text
    approval_number: Text
    sign_id: Text
    enforcement_from: Text
    """First local day of enforcement; empty when it was not announced."""
    offence_code: Text
    law_basis_code: Text

    @model_validator(mode="after")
    def _reasons_given(self) -> Self:
        if self.use_class is UseClass.REFERENCE and not self.reasons:
            raise ValueError("use class reference without a reason")
        if self.use_class is UseClass.ENFORCEMENT and self.reasons:
            raise ValueError("use class enforcement with reasons against it")
        return self


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


class PlateCandidate(Model):
    """A read that may belong to the crossing."""

    plate: Plate
    posterior_ppm: Ppm


class Box(Model):
    """One box of the detector, normalised to the picture: 0 to 1000, origin top-left."""

    label: Text
    role: Text
    score_permille: Permille
    x_min: Permille
    y_min: Permille
    x_max: Permille
    y_max: Permille
    in_lane: Bool


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


class Attachment(Model):
    """A file that belongs to the statement, named by the digest of its exact bytes."""

    role: Annotated[str, Field(pattern=r"^(full_view_[1-9]\d?|plate|front|side|clip|raw_serial|derived)$")]
    media_type: Text
    size: Count
    sha256: Sha256
    width: Count | None
    height: Count | None
    captured_monotonic_us: Int | None
    capture_utc_us: Int | None
    camera: Text
    parent: Sha256 | None
    """What a derived picture was made from; null for the camera's own bytes."""
    privacy_mask: Bool


class Software(Model):
    """What ran."""

    agent_version: Text
    git_commit: Text
    config_sha256: Text
    ruleset: Text
    """Versions of the rules that judged, as the limits name them."""
    python: Text
    sqlite: Text


class Health(Model):
    """The state of the box when it sealed: courts look at it, so every statement carries it."""

    disk_free_bytes: Count | None
    unreceipted: Count | None
    oldest_unreceipted_age_s: Count | None
    lost: Count | None
    """Events that could not be sealed since the store was made."""


class Retention(Model):
    """How long a case is to be kept."""

    retention_class: Text
    delete_after_utc_us: Int | None


class Links(Model):
    """Other statements that this one belongs to."""

    amends: PacketId | None
    """The statement that this one replaces; that one stays."""
    correlates: Annotated[list[PacketId], Field(max_length=16)]


class Genesis(Model):
    """Seq 0 of an epoch: why there is a new one and where the last ended."""

    type: Literal["genesis"] = "genesis"
    reason: Literal["new_store", "store_corrupt", "store_missing"]
    last_epoch: Epoch | None
    last_seq: Count | None
    last_payload_sha256: Sha256 | None
    public_key_spki: Annotated[str, Field(pattern=r"^[0-9a-f]+$")]
    """The key that signs this epoch, SPKI DER in hex."""


class Heartbeat(Model):
    """Nothing happened, and this is still the head of the chain."""

    type: Literal["heartbeat"] = "heartbeat"
    uptime_s: Count


class Loss(Model):
    """Events that could not be sealed, counted."""

    type: Literal["loss"] = "loss"
    lost_class: Text
    count: Count
    first_utc_us: Int
    last_utc_us: Int
    reason: Text


class Incident(Model):
    """Something that happened to the evidence itself."""

    type: Literal["incident"] = "incident"
    what: Text
    subject: Text
    """What it happened to: a seq, a digest, a device."""
    detail: Text


class TimeStep(Model):
    """UTC jumped against the monotonic clock."""

    type: Literal["time_step"] = "time_step"
    step_us: Int
    source: ClockSource
    detail: Text


class KeyRotation(Model):
    """A new key takes over. The record is signed by both."""

    type: Literal["key_rotation"] = "key_rotation"
    old_keyid: Sha256
    new_keyid: Sha256
    new_public_key_spki: Annotated[str, Field(pattern=r"^[0-9a-f]+$")]


class ConfigChange(Model):
    """From here on another configuration holds."""

    type: Literal["config_change"] = "config_change"
    old_sha256: Text
    new_sha256: Text
    detail: Text


class CommandResult(Model):
    """A command of the platform was carried out or refused."""

    type: Literal["command_result"] = "command_result"
    command_id: Text
    name: Text
    outcome: Literal["done", "failed", "refused"]
    detail: Text


Record = Annotated[
    Genesis | Heartbeat | Loss | Incident | TimeStep | KeyRotation | ConfigChange | CommandResult,
    Field(discriminator="type"),
]


class Statement(Model):
    """One signed payload."""

    schema_: Annotated[Literal["evidence.v1"], Field(alias="schema")]
    packet_id: PacketId
    """UUID version 7 in form: the event's time and the content's digest, so that it can be made again."""
    kind: Kind
    tenant: Text
    device_id: Text
    device_serial: Text
    site_id: Text
    lane: Text
    """Empty where no lane is meant."""
    keyid: Text
    """The key that signs; empty in a statement that a replay made and nobody signed."""
    cert_sha256: Text
    chain: Chain
    time: Time
    place: Place
    legal: Legal | None
    """Null in what the box says of itself."""
    instrument: Instrument | None
    measurement: Measurement | None
    recognition: Recognition | None
    record: Record | None
    """What the box says of itself; null in a case."""
    attachments: Annotated[list[Attachment], Field(max_length=MAX_ATTACHMENTS)]
    missing: Annotated[list[Sha256], Field(max_length=MAX_ATTACHMENTS)]
    """Pictures that were taken but could not be kept."""
    software: Software
    health: Health
    retention: Retention
    links: Links
    ext: dict[str, Any]
    """The only place for fields that this version does not know."""

    @model_validator(mode="after")
    def _parts_fit_the_kind(self) -> Self:
        if self.kind in CASE_KINDS:
            if self.record is not None or self.legal is None:
                raise ValueError(f"kind {self.kind} needs legal and no record")
        elif self.record is None or self.record.type != self.kind:
            raise ValueError(f"kind {self.kind} needs a record of type {self.kind}")
        if self.kind in {Kind.WIM, Kind.COMPOSITE} and (self.measurement is None or self.recognition is None):
            raise ValueError(f"kind {self.kind} needs a measurement and a recognition")
        return self

    @model_validator(mode="after")
    def _links_start_at_genesis(self) -> Self:
        first = self.chain.seq == 0
        if first != (self.kind is Kind.GENESIS):
            raise ValueError("genesis is seq 0, and seq 0 is genesis")
        if first != (self.chain.prev is None) or first != (self.chain.store_genesis is None):
            raise ValueError("prev and store_genesis are null at seq 0 and nowhere else")
        return self

    def to_bytes(self) -> bytes:
        """The payload to sign: these exact bytes are stored and sent for ever.

        Raises:
            ValueError: larger than a statement may be, or `ext` holds what evidence may not.
        """
        # Every other field is bounded integers and text by its type, so pydantic's own, much faster,
        # writer gives the bytes that `strict_json.dumps` would.
        strict_json.dumps(self.ext)
        payload = self.model_dump_json(by_alias=True).encode("utf-8")
        if len(payload) > strict_json.MAX_BYTES:
            raise ValueError(
                f"statement of {len(payload)} bytes is over the limit of {strict_json.MAX_BYTES}"
            )
        return payload


def parse(payload: bytes) -> Statement:
    """The statement in a payload whose signature is known to be good.

    Raises:
        VerificationError: it is not a statement v1.
    """
    fields = strict_json.loads(payload)
    try:
        return Statement.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise VerificationError(f"statement: {where or 'as a whole'}: {first['msg']}") from error
