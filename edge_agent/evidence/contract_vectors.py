"""Test vectors for verifiers in any language: what must be accepted, what must be refused, and why.

`index.json` lists them. `check` says which check has to fail, in the order of checking:

    envelope    too large, no JSON object, or no DSSE envelope
    base64      not the one encoding of its bytes
    signature   no trusted key of the vectors made it
    type        a good signature, of a type that does not belong here or a key that may not speak for it
    json        the signed payload is not strict JSON
    form        strict JSON that is not a statement
    rotation    a key rotation that the new key did not sign
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

from edge_agent.core.records import JournalSlice
from edge_agent.core.units import Ns
from edge_agent.evidence import dsse, receipts, strict_json
from edge_agent.evidence.attachments import case_files
from edge_agent.evidence.build import Built, Earlier, build, build_record
from edge_agent.evidence.contract_vectors_commands import command_index, command_vectors
from edge_agent.evidence.contract_vectors_keys import (
    bad_keys,
    golden_p256,
    golden_sm2,
    key_chain,
    key_files,
    signers,
)
from edge_agent.evidence.contract_vectors_operator import bad_operator, operator_attachments, operator_chain
from edge_agent.evidence.contract_vectors_street import bad_street, link, street_attachments, street_chain
from edge_agent.evidence.dsse import COMMAND_TYPE, EVIDENCE_TYPE, RECEIPT_TYPE, Signature
from edge_agent.evidence.examples import KEY, a_case
from edge_agent.evidence.examples_street import a_street_identity
from edge_agent.evidence.identity import ChainLink
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus, Watermark
from edge_agent.evidence.statement_records import Genesis, Heartbeat

GOLDEN_PAYLOAD = (
    '{"schema":"evidence.v1","kind":"anpr","device_id":"ea-test-0001","seq":1,"plate":"测A00001"}'
).encode()

RECEIPT_KEY = FileKey.from_seed(bytes(range(32, 64)))
STRANGER = FileKey.from_seed(bytes(range(64, 96)))

_EPOCH = "00112233445566778899aabbccddeeff"
_SEALED_US = 1_795_000_064_000_000
_RAW = b"\x02ww000250.00kg\r\n"


def vectors() -> dict[str, bytes]:
    """Every file of `vectors/`, by its path there."""
    chain = _chain()
    good = {f"good/{name}.dsse.json": _signed(built) for name, built in chain.items()}
    good["good/receipt.dsse.json"] = receipts.sign(_receipt(chain), [RECEIPT_KEY])
    bad = {
        **_bad(chain["composite"]),
        **bad_street(chain["storefront"]),
        **bad_operator(chain["commissioning"]),
        **bad_keys(chain, STRANGER),
    }
    files = {
        "golden-1.json": _json(_golden()),
        "golden-2.json": _json(golden_p256(GOLDEN_PAYLOAD)),
        "golden-3.json": _json(golden_sm2(GOLDEN_PAYLOAD)),
        **key_files(),
        "keys/evidence.pem": KEY.public.pem,
        "keys/receipt.pem": RECEIPT_KEY.public.pem,
        **{f"attachments/{sha}": data for sha, data in _attachments().items()},
        **good,
        **command_vectors(),
        **{f"bad/{name}.dsse.json": data for name, (data, _, _) in bad.items()},
    }
    files["index.json"] = _json(
        {
            "good": [
                {"file": name, "payload_sha256": hashlib.sha256(dsse.decode(data)[1]).hexdigest()}
                for name, data in good.items()
            ],
            "bad": [
                {"file": f"bad/{name}.dsse.json", "check": check, "why": why}
                for name, (_, check, why) in bad.items()
            ],
            "chain": [f"good/{name}.dsse.json" for name in chain],
            "commands": command_index(),
        }
    )
    return files


def _golden() -> dict[str, str]:
    """The first vector: an envelope, not a complete statement. One character takes three bytes."""
    message = dsse.pae(EVIDENCE_TYPE, GOLDEN_PAYLOAD)
    return {
        "seed": bytes(range(32)).hex(),
        "spki_der": KEY.public.spki.hex(),
        "keyid": KEY.keyid,
        "type": EVIDENCE_TYPE,
        "payload": GOLDEN_PAYLOAD.decode(),
        "sha256": hashlib.sha256(GOLDEN_PAYLOAD).hexdigest(),
        "pae_hex": message.hex(),
        "sig_b64": base64.b64encode(KEY.sign(message)).decode(),
        "envelope": dsse.sign(EVIDENCE_TYPE, GOLDEN_PAYLOAD, [KEY]).decode(),
    }


def _chain() -> dict[str, Built]:
    """Of a bridge and of a street, and what a box says of itself; the same bytes on whatever machine."""
    identity = replace(a_street_identity(), agent_version="0.1.0", python="3.11.2", sqlite="3.40.1")
    seal, blobs = a_case()
    files = case_files(seal, blobs.keys(), _RAW)
    genesis = build_record(
        Genesis(
            reason="new_store",
            last_epoch=None,
            last_seq=None,
            last_payload_sha256=None,
            public_key_spki=KEY.public.spki.hex(),
        ),
        identity,
        ChainLink(_EPOCH, 0, None, None),
        _SEALED_US - 3_600_000_000,
    )

    # What led to it is in the box's journal; of the other statements nobody says.
    case = build(
        seal,
        identity,
        link(genesis, genesis),
        _SEALED_US,
        files,
        journal=JournalSlice("boot-1", Ns(0), seal.at, 6_412),
    )
    amendment = build(
        replace(seal, revision=1, match=replace(seal.match, late=True)),
        identity,
        link(case, genesis),
        _SEALED_US + 20_000_000,
        files,
        earlier=Earlier(case.statement.packet_id, case.statement.packet_id),
    )
    heartbeat = build_record(
        Heartbeat(uptime_s=3_700),
        identity,
        link(amendment, genesis),
        _SEALED_US + 60_000_000,
        clock=seal.clock,
    )
    bridge = {"genesis": genesis, "composite": case, "amendment": amendment, "heartbeat": heartbeat}
    street = street_chain(identity, heartbeat, genesis)
    people = operator_chain(identity, street["coverage"], genesis)
    return {**bridge, **street, **people, **key_chain(identity, people["operator-action"], genesis)}


def _attachments() -> dict[str, bytes]:
    return {
        **a_case()[1],
        hashlib.sha256(_RAW).hexdigest(): _RAW,
        **street_attachments(),
        **operator_attachments(),
    }


def _receipt(chain: dict[str, Built]) -> Receipt:
    last = next(reversed(chain.values()))
    return Receipt.model_validate(
        {
            "schema": "receipt.v1",
            "tenant": last.statement.tenant,
            "device_id": last.statement.device_id,
            "epoch": _EPOCH,
            "received_utc_us": last.statement.time.sealed_utc_us + 1_000_000,
            "items": [
                ReceiptItem(
                    packet_id=built.statement.packet_id,
                    payload_sha256=built.sha256,
                    status=ReceiptStatus.ACCEPTED,
                )
                for built in chain.values()
            ],
            "watermark": Watermark(seq=last.statement.chain.seq, payload_sha256=last.sha256),
        }
    )


def _bad(case: Built) -> dict[str, tuple[bytes, str, str]]:
    """Name -> (envelope, check that fails, why)."""
    payload, envelope = case.payload, _signed(case)
    signature = KEY.sign(dsse.pae(EVIDENCE_TYPE, payload))
    encoded = base64.b64encode(payload).decode()

    def with_payload(other: bytes) -> bytes:
        return dsse.envelope(EVIDENCE_TYPE, other, [Signature(KEY.keyid, signature)])

    def resigned(other: bytes) -> bytes:
        return dsse.sign(EVIDENCE_TYPE, other, [KEY])

    def changed(**fields: Any) -> bytes:
        return resigned(strict_json.dumps({**strict_json.loads(payload), **fields}))

    lighter = payload.replace(b'"gross_g":25000000', b'"gross_g":35000000')
    other_plate = payload.replace("沪A12345".encode(), "沪A12346".encode())
    sig = base64.b64encode(signature).decode()
    truth: dict[str, tuple[bytes, str, str]] = {
        "weight-changed": (with_payload(lighter), "signature", "the gross weight was raised after signing"),
        "plate-changed": (with_payload(other_plate), "signature", "another plate was put in after signing"),
        "one-bit": (with_payload(bytes([payload[0] ^ 1]) + payload[1:]), "signature", "one bit differs"),
        "spaces-added": (
            with_payload(payload.replace(b",", b", ", 1)),
            "signature",
            "the same JSON written with one space more: the bytes are what is signed",
        ),
        "wrong-type": (
            envelope.replace(b".evidence.v1", b".command.v1"),
            "signature",
            "the type is signed too",
        ),
        "stranger": (
            dsse.envelope(
                EVIDENCE_TYPE,
                payload,
                [Signature(KEY.keyid, STRANGER.sign(dsse.pae(EVIDENCE_TYPE, payload)))],
            ),
            "signature",
            "somebody else's signature under the box's key id",
        ),
        "bare-payload-signed": (
            dsse.envelope(EVIDENCE_TYPE, payload, [Signature(KEY.keyid, KEY.sign(payload))]),
            "signature",
            "signed without its type: no PAE",
        ),
        "no-signature": (
            envelope[: envelope.index(b'"signatures"')] + b'"signatures":[]}',
            "envelope",
            "no signature at all",
        ),
        "not-json": (envelope[:-1], "envelope", "cut off"),
        "payload-twice": (
            b'{"payload":"e30=",' + envelope[1:],
            "envelope",
            "two payloads: readers differ on which one counts",
        ),
        "base64-newline": (
            envelope.replace(encoded[:4].encode(), encoded[:2].encode() + rb"\n" + encoded[2:4].encode(), 1),
            "base64",
            "a line break inside base64",
        ),
        "base64-spare-bits": (
            envelope.replace(sig.encode(), _spare_bits(sig).encode()),
            "base64",
            "bits set that no byte has",
        ),
        "command-type": (
            dsse.sign(COMMAND_TYPE, payload, [KEY]),
            "type",
            "well signed, but an evidence key may not command",
        ),
        "receipt-by-box": (
            dsse.sign(RECEIPT_TYPE, b'{"schema":"receipt.v1"}', [KEY]),
            "type",
            "a box cannot receipt its own evidence",
        ),
        "float": (resigned(payload.replace(b'"seq":1,', b'"seq":1.0,')), "json", "a number with a point"),
        "key-twice": (
            resigned(payload.replace(b'"kind":', b'"kind":"wim","kind":', 1)),
            "json",
            "a key that appears twice",
        ),
        "byte-order-mark": (resigned(b"\xef\xbb\xbf" + payload), "json", "a byte-order mark"),
        "lone-surrogate": (
            resigned(payload.replace(b'"ext":{', rb'"ext":{"a":"\ud800",')),
            "json",
            "half a character",
        ),
        "unknown-field": (changed(colour="red"), "form", "unknown fields are allowed under ext alone"),
        "journal-half": (
            changed(ext={"journal": {"boot_id": "boot-1", "from_monotonic_us": 0}}),
            "form",
            "ext.journal names a slice whole, or is not there",
        ),
        "no-assumptions": (
            changed(measurement={**strict_json.loads(payload)["measurement"], "assumptions": []}),
            "form",
            "what a scale cannot see must be stated",
        ),
        "plate-without-match": (
            changed(recognition={**strict_json.loads(payload)["recognition"], "status": "ambiguous"}),
            "form",
            "a plate is named only when matched",
        ),
        "next-version": (changed(schema="evidence.v2"), "form", "another version"),
    }
    assert all(data != envelope for data, _, _ in truth.values())
    return truth


def _spare_bits(encoded: str) -> str:
    """Another text of base64 that a lax decoder reads as the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = encoded.rstrip("=")
    return body[:-1] + alphabet[alphabet.index(body[-1]) + 1] + encoded[len(body) :]


def _signed(built: Built) -> bytes:
    return dsse.sign(EVIDENCE_TYPE, built.payload, signers(built))


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
