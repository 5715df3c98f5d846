"""DSSE 1.0.0 envelopes: a signature over exact bytes and over what the bytes are.

    PAE       "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body      LEN: decimal count of bytes
    envelope  {"payload": base64, "payloadType": type, "signatures": [{"keyid", "sig": base64}]}

What is signed is the PAE. There is no algorithm field to attack and nothing to canonicalise. The
identity of a payload is the SHA-256 of its bytes, never of an envelope: the envelope's key ids and
spacing are nobody's word.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edge_agent.errors import VerificationError
from edge_agent.evidence import strict_json
from edge_agent.evidence.keys import KeyRing, PublicKey

EVIDENCE_TYPE = "application/vnd.edge-agent.evidence.v1+json"
RECEIPT_TYPE = "application/vnd.edge-agent.receipt.v1+json"
COMMAND_TYPE = "application/vnd.edge-agent.command.v1+json"

MAX_PAYLOAD = strict_json.MAX_BYTES
MAX_SIGNATURES = 8
# base64 of the largest payload, and room for eight signatures with their ids.
MAX_ENVELOPE = MAX_PAYLOAD * 4 // 3 + 8 * 1024


class Signer(Protocol):
    """A private key, wherever it lives: a file, a TPM, a PKCS#11 token."""

    @property
    def keyid(self) -> str:
        """SHA-256 of the public key's SPKI DER, lower-case hex."""

    def sign(self, data: bytes) -> bytes:
        """The raw signature over `data`."""


class EvidenceSigner(Signer, Protocol):
    """The box's own key: its public half goes into the genesis statement."""

    @property
    def public(self) -> PublicKey:
        """The public half."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of an envelope; `keyid` is a hint."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A payload that keys of the ring signed; `keyids` are those keys', not the envelope's claims."""

    payload: bytes
    payload_type: str
    keyids: tuple[str, ...]  # in the order of their signatures; other signatures are nobody's
    signatures: tuple[Signature, ...]  # all of them

    @property
    def keyid(self) -> str:
        """The first of the keys: the only one wherever one signature is asked for."""
        return self.keyids[0]


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, signers: Sequence[Signer]) -> bytes:
    """An envelope signed by every signer."""
    message = pae(payload_type, payload)
    return envelope(payload_type, payload, [Signature(s.keyid, s.sign(message)) for s in signers])


def envelope(payload_type: str, payload: bytes, signatures: Sequence[Signature]) -> bytes:
    """The envelope of signatures made earlier: the same bytes every time."""
    return strict_json.dumps(
        {
            "payload": base64.b64encode(payload).decode("ascii"),
            "payloadType": payload_type,
            "signatures": [
                {"keyid": s.keyid, "sig": base64.b64encode(s.sig).decode("ascii")} for s in signatures
            ],
        }
    )


def open_envelope(envelope: bytes, keys: KeyRing, allowed_types: Collection[str]) -> Opened:
    """The payload, once a key that may speak for its type is known to have signed it.

    Checks in this order: size, form, signature, type. The caller parses the payload after that and
    never before.

    Raises:
        VerificationError: says which check failed.
    """
    payload_type, payload, signatures = decode(envelope)
    signers = _signing_keys(pae(payload_type, payload), signatures, keys)
    if not signers:
        raise VerificationError("signature: no trusted key made it")
    if payload_type not in allowed_types:
        raise VerificationError(f"payload type: {payload_type!r} does not belong here")
    speaking = tuple(key.keyid for key in signers if keys.accepts(key, payload_type))
    if not speaking:
        raise VerificationError(f"payload type: key {signers[0].keyid} may not speak for {payload_type!r}")
    return Opened(payload, payload_type, speaking, signatures)


def decode(envelope: bytes) -> tuple[str, bytes, tuple[Signature, ...]]:
    """Payload type, payload and signatures of an envelope, none of it trusted yet.

    Fields that DSSE does not name are ignored, as DSSE asks.

    Raises:
        VerificationError: it is no envelope.
    """
    if len(envelope) > MAX_ENVELOPE:
        raise VerificationError(f"envelope of {len(envelope)} bytes is over the limit of {MAX_ENVELOPE}")
    fields = strict_json.loads(envelope, max_bytes=MAX_ENVELOPE)
    payload_type = _text(fields, "payloadType")
    payload = decode_base64(_text(fields, "payload"))
    listed = fields.get("signatures")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_SIGNATURES:
        raise VerificationError(f"envelope: needs 1 to {MAX_SIGNATURES} signatures")
    return payload_type, payload, tuple(_signature(item) for item in listed)


def decode_base64(text: str) -> bytes:
    """Standard or URL-safe alphabet, padded, no other character, no spare bits set.

    Python's decoder silently drops foreign characters unless told not to, and then refuses the
    URL-safe alphabet, which a DSSE verifier must accept.
    """
    standard = text.replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(standard.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise VerificationError(f"base64: {error}") from error
    if base64.b64encode(raw).decode("ascii") != standard:
        raise VerificationError("base64: not the one encoding of its bytes")
    return raw


def _signing_keys(message: bytes, signatures: Sequence[Signature], keys: KeyRing) -> list[PublicKey]:
    """The keys that made the signatures, each once. A key id only says which key to try first."""
    found: list[PublicKey] = []
    for signature in signatures:
        likely_first = sorted(keys.all(), key=lambda key: key.keyid != signature.keyid)
        key = next((key for key in likely_first if key.verifies(signature.sig, message)), None)
        if key is not None and key not in found:
            found.append(key)
    return found


def _signature(item: object) -> Signature:
    if not isinstance(item, dict):
        raise VerificationError("envelope: a signature must be an object")
    return Signature(_text(item, "keyid") if "keyid" in item else "", decode_base64(_text(item, "sig")))


def _text(fields: dict[str, Any], key: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str):
        raise VerificationError(f"envelope: {key} must be a string")
    return value
