"""What the platform signs back: the only thing that lets a box forget anything.

    {"schema": "receipt.v1", "tenant", "device_id", "epoch", "received_utc_us",
     "items":     [{"packet_id", "payload_sha256", "status", "need": [{"sha256", "ranges"}], "reason"}],
     "watermark": {"seq", "payload_sha256"} or null,
     "missing":   [[first seq, last seq]]}

The watermark is the highest seq up to which everything is stored, attachments included. It names
the payload hash at that seq; each payload names the hash before it, so one hash speaks for all.
Whoever can forge a receipt can make a box delete evidence: a receipt without a valid signature of a
receipt key, or for another device, is ignored and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.keys import KeyRing

MAX_ITEMS = 64
MAX_RANGES = 64

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Span = Annotated[tuple[Count, Count], Field(strict=False)]  # JSON has lists only


class ReceiptStatus(StrEnum):
    """What the platform did with one statement."""

    ACCEPTED = "accepted"  # stored durably with all its attachments
    DUPLICATE = "duplicate"  # the same, and it had been before
    NEED = "need"  # the statement is stored, these bytes are missing
    REJECTED = "rejected"  # it will never be accepted; the reason says why


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Need(_Model):
    """Bytes of one attachment that the platform lacks."""

    sha256: Digest
    ranges: Annotated[tuple[Span, ...], Field(strict=False, max_length=MAX_RANGES)] = ()
    """First byte and the byte after the last; empty means all of it."""


class ReceiptItem(_Model):
    """The answer for one statement."""

    packet_id: Annotated[str, Field(min_length=1, max_length=64)]
    payload_sha256: Digest
    status: Annotated[ReceiptStatus, Field(strict=False)]
    need: Annotated[tuple[Need, ...], Field(strict=False, max_length=MAX_RANGES)] = ()
    reason: Annotated[str, Field(max_length=200)] = ""


class Watermark(_Model):
    """Everything up to and including this seq is stored."""

    seq: Count
    payload_sha256: Digest


class Receipt(_Model):
    """One signed message to one box about one epoch of its chain."""

    schema_: Literal["receipt.v1"] = Field(default="receipt.v1", alias="schema")
    tenant: Name
    device_id: Name
    epoch: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    received_utc_us: Count
    """When the platform had committed what this speaks of; rises from receipt to receipt."""
    items: Annotated[tuple[ReceiptItem, ...], Field(strict=False, max_length=MAX_ITEMS)] = ()
    watermark: Watermark | None = None
    missing: Annotated[tuple[Span, ...], Field(strict=False, max_length=MAX_RANGES)] = ()
    """Statements that the platform knows must exist and does not have: first and last seq."""


def encode(receipt: Receipt) -> bytes:
    """The exact bytes to sign."""
    return strict_json.dumps(receipt.model_dump(mode="json", by_alias=True))


def sign(receipt: Receipt, signers: Sequence[dsse.Signer]) -> bytes:
    """The envelope to send."""
    return dsse.sign(dsse.RECEIPT_TYPE, encode(receipt), signers)


def open_receipt(envelope: bytes, keys: KeyRing, tenant: str, device_id: str) -> Receipt:
    """A receipt that a receipt key signed for this device.

    Raises:
        VerificationError: forged, damaged, or meant for another.
    """
    opened = dsse.open_envelope(envelope, keys, {dsse.RECEIPT_TYPE})
    try:
        receipt = Receipt.model_validate(strict_json.loads(opened.payload))
    except ValidationError as error:
        raise VerificationError(f"receipt: {error.errors()[0]['msg']}") from error
    if (receipt.tenant, receipt.device_id) != (tenant, device_id):
        raise VerificationError(f"receipt: meant for {receipt.tenant}/{receipt.device_id}")
    return receipt
