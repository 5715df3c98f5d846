"""Statement v1: what a signed payload says, field by field.

The models are the contract: `contract/` is generated from them. Every field is always present, and
null means "not known". Integers only, within what a double holds exactly, so that a reader in any
language takes the same number. Unknown fields are refused everywhere but under `ext`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from edge_agent.core.events import ClockSource
from edge_agent.core.foreign_json import first_fault
from edge_agent.core.records import UseClass
from edge_agent.core.scene import Phase
from edge_agent.errors import VerificationError
from edge_agent.evidence import strict_json
from edge_agent.evidence.statement_bridge import Instrument, Measurement, Recognition
from edge_agent.evidence.statement_journal import KEY, JournalNamed, slice_named
from edge_agent.evidence.statement_operator import Commissioning
from edge_agent.evidence.statement_parts import (
    Bool,
    Count,
    Epoch,
    Int,
    Model,
    PacketId,
    Sha256,
    Text,
    Wording,
)
from edge_agent.evidence.statement_records import Record
from edge_agent.evidence.statement_street import Storefront

MAX_ATTACHMENTS = 64

JOURNAL_SCHEMA = JournalNamed.model_json_schema()
JOURNAL_SCHEMA["required"] = list(JOURNAL_SCHEMA["properties"])

# The roles of a street's stills. A copy is made of one and names it as its parent.
STREET_ROLES = (
    "reference",
    "first_seen",
    "middle",
    "confirmed",
    "ongoing",
    "cleared",
    "recheck",
    "inspection",
)
MARKED, SHARED = "_marked", "_shared"
_ROLE = (
    r"^(full_view_[1-9]\d?|plate|plate_view|front|side|clip|snapshot|report|raw_serial|derived"
    rf"|({'|'.join(STREET_ROLES)})({MARKED}|{SHARED})?)$"
)


class Kind(StrEnum):
    """What a statement is about."""

    STOREFRONT = "storefront"
    RECHECK = "recheck"
    INSPECTION = "inspection"
    WIM = "wim"
    ANPR = "anpr"
    COMPOSITE = "composite"
    HEARTBEAT = "heartbeat"
    LOSS = "loss"
    INCIDENT = "incident"
    KEY_ROTATION = "key_rotation"
    CERTIFICATE = "certificate"
    CONFIG_CHANGE = "config_change"
    COMMAND_RESULT = "command_result"
    TIME_STEP = "time_step"
    COVERAGE = "coverage"
    CALIBRATION = "calibration"
    COMMISSIONING = "commissioning"
    OPERATOR_ACTION = "operator_action"
    GENESIS = "genesis"


KIND_OF_PHASE = {
    Phase.CONFIRMED: Kind.STOREFRONT,
    Phase.ONGOING: Kind.STOREFRONT,
    Phase.CLEARED: Kind.STOREFRONT,
    Phase.REOPENED: Kind.STOREFRONT,
    Phase.RECHECK: Kind.RECHECK,
    Phase.INSPECTION: Kind.INSPECTION,
}
STREET_KINDS = frozenset(KIND_OF_PHASE.values())
CASE_KINDS = STREET_KINDS | {Kind.WIM, Kind.ANPR, Kind.COMPOSITE}


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


def is_copy(role: str) -> bool:
    """A file of this role was made of another one, which it names."""
    return role == "derived" or role.endswith((MARKED, SHARED))


def is_shared(role: str) -> bool:
    """A copy for the shop owner: what is not the shop's is masked in it."""
    return role.endswith(SHARED)


class Attachment(Model):
    """A file that belongs to the statement, named by the digest of its exact bytes."""

    role: Annotated[str, Field(pattern=_ROLE)]
    """On a street `<role>_marked` has zone and boxes drawn, `<role>_shared` is for the shop owner."""
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
    """Faces and plates of others are masked in it."""

    @model_validator(mode="after")
    def _copies_have_parents(self) -> Self:
        copy = is_copy(self.role)
        if copy != (self.parent is not None):
            raise ValueError(f"role {self.role} {'without' if copy else 'with'} a parent")
        if is_shared(self.role) and not self.privacy_mask:
            raise ValueError(f"role {self.role} without a privacy mask")
        return self


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
    storefront: Storefront | None
    """What is concluded of a zone of a street; null in all but its three kinds."""
    record: Record | None
    """What the box says of itself; null in a case."""
    attachments: Annotated[list[Attachment], Field(max_length=MAX_ATTACHMENTS)]
    missing: Annotated[list[Sha256], Field(max_length=MAX_ATTACHMENTS)]
    """Pictures that were taken but could not be kept."""
    software: Software
    health: Health
    retention: Retention
    links: Links
    ext: Annotated[dict[str, Any], Field(json_schema_extra={"properties": {KEY: JOURNAL_SCHEMA}})]
    """The only place for fields that this version does not know. `journal`: the part of the box's own
    recording that made the statement; absent where it keeps none."""

    @field_validator("ext")
    @classmethod
    def _journal_is_named_whole(cls, ext: dict[str, Any]) -> dict[str, Any]:
        slice_named(ext)
        return ext

    @model_validator(mode="after")
    def _parts_fit_the_kind(self) -> Self:
        if self.kind in CASE_KINDS:
            if self.record is not None or self.legal is None:
                raise ValueError(f"kind {self.kind} needs legal and no record")
        elif self.record is None or self.record.type != self.kind:
            raise ValueError(f"kind {self.kind} needs a record of type {self.kind}")
        if self.kind in {Kind.WIM, Kind.COMPOSITE} and (self.measurement is None or self.recognition is None):
            raise ValueError(f"kind {self.kind} needs a measurement and a recognition")
        if (self.kind in STREET_KINDS) != (self.storefront is not None):
            raise ValueError(f"kind {self.kind} {'with' if self.storefront else 'without'} a storefront")
        if self.storefront is not None and KIND_OF_PHASE[self.storefront.phase] is not self.kind:
            raise ValueError(f"kind {self.kind} with phase {self.storefront.phase}")
        return self

    @model_validator(mode="after")
    def _copies_lead_to_originals(self) -> Self:
        originals = {a.sha256 for a in self.attachments if a.parent is None} | set(self.missing)
        for copy in self.attachments:
            if copy.parent is not None and copy.parent not in originals:
                raise ValueError(f"attachment {copy.role}: its parent is neither attached nor missing")
        return self

    @model_validator(mode="after")
    def _detections_belong_to_pictures(self) -> Self:
        if self.storefront is not None:
            pictures = {a.sha256 for a in self.attachments} | set(self.missing)
            if any(seen.sha256 not in pictures for seen in self.storefront.detections):
                raise ValueError("storefront.detections: a picture that is neither attached nor missing")
        return self

    @model_validator(mode="after")
    def _commissioning_has_its_report(self) -> Self:
        if isinstance(self.record, Commissioning):
            files = {a.sha256 for a in self.attachments} | set(self.missing)
            if self.record.report_sha256 not in files:
                raise ValueError("commissioning whose report is neither attached nor missing")
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
        where, what = first_fault(error)
        raise VerificationError(f"statement: {where or 'as a whole'}: {what}") from error
