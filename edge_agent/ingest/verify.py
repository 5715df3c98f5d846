"""From the bytes of a message to a statement that may be judged: signature first, then everything else.

The two ways to fail are far apart. A message without a good signature is nobody's word and gets no
answer: a signed refusal of it could be used to make a box give up the real statement. A message
that the box did sign but that can never be accepted is refused by name, so that a person looks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.statement import parse
from edge_agent.ingest.place import Place
from edge_agent.ingest.store import NewStatement
from edge_agent.ingest.summary import search_fields


@dataclass(frozen=True, slots=True)
class AttachmentClaim:
    """An attachment that a statement names."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Good:
    """Signed by a key of this box, well formed, and about this box."""

    statement: NewStatement
    attachments: tuple[AttachmentClaim, ...]


@dataclass(frozen=True, slots=True)
class Unacceptable:
    """The box signed it and it can never be accepted."""

    epoch: str
    packet_id: str
    payload_sha256: str
    reason: str


def open_statement(envelope: bytes, ring: KeyRing, tenant: str, device: str) -> Good | Unacceptable:
    """Check everything that can be checked without knowing the rest of the chain.

    Raises:
        VerificationError: no key of this box signed it.
    """
    opened = dsse.open_envelope(envelope, ring, {dsse.EVIDENCE_TYPE})
    payload_sha256 = hashlib.sha256(opened.payload).hexdigest()
    try:
        found = parse(opened.payload)
    except VerificationError as error:
        return Unacceptable(*_claimed_identity(opened.payload), payload_sha256, str(error)[:200])
    problem = ""
    if (found.tenant, found.device_id) != (tenant, device):
        problem = f"statement of {found.tenant}/{found.device_id} on the topic of {tenant}/{device}"
    elif found.keyid != opened.keyid:
        problem = "keyid inside is not the key that signed"
    if problem:
        return Unacceptable(found.chain.epoch, found.packet_id, payload_sha256, problem)
    return Good(
        NewStatement(
            place=Place(device, found.chain.epoch, found.chain.seq),
            packet_id=found.packet_id,
            payload_sha256=payload_sha256,
            prev=found.chain.prev,
            kind=found.kind.value,
            use_class=found.legal.use_class.value if found.legal else "",
            keyid=opened.keyid,
            envelope=envelope,
            about=search_fields(found),
        ),
        tuple(AttachmentClaim(a.sha256, a.size) for a in found.attachments),
    )


def _claimed_identity(payload: bytes) -> tuple[str, str]:
    """Epoch and packet id, as far as a signed payload that is no statement v1 shows them."""
    epoch, packet_id = "0" * 32, "unknown"
    try:
        fields = strict_json.loads(payload)
    except VerificationError:
        return epoch, packet_id
    chain = fields.get("chain")
    claimed = chain.get("epoch") if isinstance(chain, dict) else None
    if isinstance(claimed, str) and len(claimed) == 32 and set(claimed) <= set("0123456789abcdef"):
        epoch = claimed
    named = fields.get("packet_id")
    if isinstance(named, str) and 1 <= len(named) <= 64:
        packet_id = named
    return epoch, packet_id
