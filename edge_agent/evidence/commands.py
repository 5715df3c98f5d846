"""What the platform may ask of a box: one signed message, one thing to do, for one box, for a while.

    {"schema": "command.v1", "tenant", "device_id", "cmd_id", "issuer", "role",
     "issued_utc_us", "not_before_utc_us", "expires_utc_us", "counter",
     "action": {"name": "set_tier", "shop": "door-1", "tier": "red"},
     "expected_config_sha256": null}

The checks come in this order, and the first that fails is the answer:

    size ─> signature ─> type ─> form ─> issuer ─> role ─> audience ─> counter ─> time

What no command key signed is nobody's word: it is counted, and no message is made of it. Everything a key
did sign gets an answer in the chain (`evidence.command_desk`). There is no command that runs a program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge_agent.core.events import ClockStatus
from edge_agent.core.foreign_json import first_fault
from edge_agent.core.units import US
from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.keys import KeyRing, PublicKey

DAY_US: Final = 86_400_000_000
MAX_VALID_US: Final = 7 * DAY_US
MAX_CLIP_US: Final = 60_000_000
# Characters; the payload as a whole must fit 64 KiB.
MAX_CONFIG: Final = 60 * 1024

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Label = Annotated[str, Field(min_length=1, max_length=100)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
UtcUs = Annotated[int, Field(ge=0, le=2**53 - 1)]


class Role(StrEnum):
    """What a command key may be trusted with."""

    GRADE = "grade"
    INSPECT = "inspect"
    OPERATE = "operate"
    MAINTAIN = "maintain"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class SetTier(_Model):
    """Grade a shop anew. It stands until the shop is graded again, over restarts too."""

    name: Literal["set_tier"] = "set_tier"
    shop: Label
    tier: Literal["red", "yellow", "green"]


class OrderInspection(_Model):
    """Look at a zone and record what is there, whatever it is. The order's id is the command's."""

    name: Literal["order_inspection"] = "order_inspection"
    zone: Label
    due_utc_us: UtcUs
    """From when on; in the past means at once."""
    until_utc_us: UtcUs
    """When the view was not settled until then, that is what is recorded."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.due_utc_us < self.until_utc_us <= self.due_utc_us + DAY_US:
            raise ValueError("until_utc_us must come after due_utc_us, a day later at most")
        return self


class Recheck(_Model):
    """The shop was told of a case: look again after the rule's time. The order's id is the command's."""

    name: Literal["recheck"] = "recheck"
    case: Label


class RequestClip(_Model):
    """The video of a stretch of time, as the camera sent it, if the ring still holds it."""

    name: Literal["request_clip"] = "request_clip"
    camera: Label
    start_utc_us: UtcUs
    end_utc_us: UtcUs

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.start_utc_us < self.end_utc_us <= self.start_utc_us + MAX_CLIP_US:
            raise ValueError(f"a clip lasts {MAX_CLIP_US // 1_000_000} s at most and ends after its start")
        return self


class Snapshot(_Model):
    """One picture of a camera, now, at full resolution."""

    name: Literal["snapshot"] = "snapshot"
    camera: Label


class ClockReport(_Model):
    """What the box knows of its clock: the answer's `time` says it."""

    name: Literal["clock_report"] = "clock_report"


class UpdateConfig(_Model):
    """Another configuration, on trial until it has run well for a while."""

    name: Literal["update_config"] = "update_config"
    text: Annotated[str, Field(max_length=MAX_CONFIG)]
    """The whole YAML file. Relative paths are relative to the technician's file."""
    sha256: Digest
    """Of the text's UTF-8 bytes."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        data = self.text.encode("utf-8", "surrogatepass")
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise ValueError("sha256 is not that of text")
        return self


class UpdateModel(_Model):
    """Another model out of those that a technician installed beside the present one, on trial as well."""

    name: Literal["update_model"] = "update_model"
    slot: Literal["detector", "street_detector", "plate_reader"]
    sha256: Digest


Action = Annotated[
    SetTier | OrderInspection | Recheck | RequestClip | Snapshot | ClockReport | UpdateConfig | UpdateModel,
    Field(discriminator="name"),
]

ROLE_OF: Final[dict[type[_Model], Role]] = {
    SetTier: Role.GRADE,
    OrderInspection: Role.INSPECT,
    Recheck: Role.INSPECT,
    RequestClip: Role.OPERATE,
    Snapshot: Role.OPERATE,
    ClockReport: Role.OPERATE,
    UpdateConfig: Role.MAINTAIN,
    UpdateModel: Role.MAINTAIN,
}

# What does no harm while nobody can say what time it is.
SAFE_WITHOUT_CLOCK: Final = (ClockReport,)


class Command(_Model):
    """One signed message to one box."""

    schema_: Literal["command.v1"] = Field(alias="schema")
    tenant: Name
    device_id: Name
    cmd_id: Name
    """Never used twice by anybody: a UUID. An inspection's or notice's order has this id."""
    issuer: Name
    """As the box's configuration names the key that signs."""
    role: Annotated[Role, Field(strict=False)]
    """In which the issuer asks; the key must have it and it must allow the action."""
    issued_utc_us: UtcUs
    not_before_utc_us: UtcUs
    expires_utc_us: UtcUs
    """At most seven days after `issued_utc_us`."""
    counter: Annotated[int, Field(ge=1, le=2**53 - 1)]
    """Higher than in every earlier command of this issuer to this box."""
    action: Action
    expected_config_sha256: Digest | None
    """Digest of the configuration that the issuer believes the box runs; null: it does not matter."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.not_before_utc_us < self.expires_utc_us:
            raise ValueError("it expires before it begins")
        if self.expires_utc_us > self.issued_utc_us + MAX_VALID_US:
            raise ValueError("it is valid for more than seven days")
        if isinstance(self.action, UpdateConfig | UpdateModel) and self.expected_config_sha256 is None:
            raise ValueError(f"{self.action.name} needs expected_config_sha256")
        return self


class Refusal(StrEnum):
    """Why a command that a command key signed was not accepted."""

    MALFORMED = "malformed"
    KEY_REVOKED = "key_revoked"  # the key has no roles any more
    WRONG_ISSUER = "wrong_issuer"  # another name than the key's
    WRONG_ROLE = "wrong_role"
    WRONG_AUDIENCE = "wrong_audience"
    REPLAYED = "replayed"  # its counter or its id was used before, or it came once more when it had expired
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    CLOCK_NOT_SYNCED = "clock_not_synced"
    CONFIG_DIFFERS = "config_differs"
    CONFIG_INVALID = "config_invalid"
    CONFIG_PROTECTED = "config_protected"


# The same bytes may be accepted later: the platform goes on sending them.
NOT_FINAL: Final = frozenset({Refusal.NOT_YET_VALID, Refusal.CLOCK_NOT_SYNCED})


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who may sign commands for this box. Without roles: who might once."""

    name: str
    keys: tuple[PublicKey, ...]
    roles: frozenset[Role]


class Issuers:
    """The command keys of a configuration."""

    def __init__(self, issuers: Iterable[Issuer] = ()) -> None:
        self._of_key = {key.keyid: issuer for issuer in issuers for key in issuer.keys}
        self.ring = KeyRing({dsse.COMMAND_TYPE: [key for one in self._of_key.values() for key in one.keys]})

    def __getitem__(self, keyid: str) -> Issuer:
        """Whose key it is."""
        return self._of_key[keyid]


@dataclass(frozen=True, slots=True)
class Signed:
    """A payload that a command key signed; nothing of it has been looked at."""

    payload: bytes
    issuer: Issuer

    @property
    def sha256(self) -> str:
        """The message's identity, whoever sends it again."""
        return hashlib.sha256(self.payload).hexdigest()


def encode(command: Command) -> bytes:
    """The exact bytes to sign."""
    return strict_json.dumps(command.model_dump(mode="json", by_alias=True))


def sign(command: Command, signers: Sequence[dsse.Signer]) -> bytes:
    """The envelope to send."""
    return dsse.sign(dsse.COMMAND_TYPE, encode(command), signers)


def open_signed(envelope: bytes, issuers: Issuers) -> Signed:
    """Size, signature, type.

    Raises:
        VerificationError: no command key signed it: nobody said anything.
    """
    opened = dsse.open_envelope(envelope, issuers.ring, {dsse.COMMAND_TYPE})
    return Signed(opened.payload, issuers[opened.keyid])


def parse(payload: bytes) -> Command:
    """The command in a payload whose signature is known to be good.

    Raises:
        VerificationError: it is not a command v1.
    """
    fields = strict_json.loads(payload)
    try:
        return Command.model_validate(fields)
    except ValidationError as error:
        where, what = first_fault(error)
        raise VerificationError(f"command: {where or 'as a whole'}: {what}") from error


def unauthorised(command: Command, issuer: Issuer, tenant: str, device_id: str) -> Refusal | None:
    """Issuer, role, audience: what stays true of a command for ever."""
    if not issuer.roles:
        return Refusal.KEY_REVOKED
    if command.issuer != issuer.name:
        return Refusal.WRONG_ISSUER
    if command.role not in issuer.roles or ROLE_OF[type(command.action)] is not command.role:
        return Refusal.WRONG_ROLE
    if (command.tenant, command.device_id) != (tenant, device_id):
        return Refusal.WRONG_AUDIENCE
    return None


def untimely(command: Command, clock: ClockStatus) -> Refusal | None:
    """Whether its time is now. Without a clock only what does no harm is taken."""
    if not clock.synced:
        return None if isinstance(command.action, SAFE_WITHOUT_CLOCK) else Refusal.CLOCK_NOT_SYNCED
    now_us = (clock.at + clock.utc_minus_mono) // US
    if now_us >= command.expires_utc_us:
        return Refusal.EXPIRED
    return Refusal.NOT_YET_VALID if now_us < command.not_before_utc_us else None
