import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.signer import Key

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.dsse import COMMAND_TYPE, EVIDENCE_TYPE, RECEIPT_TYPE, Signature
from edge_agent.evidence.keys import FileKey, KeyRing

SEED = bytes(range(32))
KEY = FileKey.from_seed(SEED)
OTHER = FileKey.from_seed(bytes(32))
RING = KeyRing({EVIDENCE_TYPE: [KEY.public]})

PAYLOAD = (
    '{"schema":"evidence.v1","kind":"anpr","device_id":"ea-test-0001","seq":1,"plate":"测A00001"}'.encode()
)
SIG_B64 = "DN9Ojob5qfy3Dwld6wkLbIndlI0QFFexz46cjrqR5h5Y0ZmL3I0Zfz2GmyWQk7nrBc+O4p8NrSOgHcEioiSOAQ=="
PAE_HEX = (
    "445353457631203433206170706c69636174696f6e2f766e642e656467652d6167656e742e65766964656e63652e7631"
    "2b6a736f6e203933207b22736368656d61223a2265766964656e63652e7631222c226b696e64223a22616e7072222c22"
    "6465766963655f6964223a2265612d746573742d30303031222c22736571223a312c22706c617465223a22e6b58b4130"
    "30303031227d"
)
ENVELOPE = (
    b'{"payload":"eyJzY2hlbWEiOiJldmlkZW5jZS52MSIsImtpbmQiOiJhbnByIiwiZGV2aWNlX2lkIjoiZWEtdGVzdC0wMDAxIiwi'
    b'c2VxIjoxLCJwbGF0ZSI6Iua1i0EwMDAwMSJ9","payloadType":"application/vnd.edge-agent.evidence.v1+json",'
    b'"signatures":[{"keyid":"a050837d85070582ccf7394b0988847cc312cb88259b894899f6f239cf1791a5","sig":"'
    + SIG_B64.encode()
    + b'"}]}'
)


def test_the_golden_vector_is_reproduced_byte_for_byte():
    assert (
        KEY.public.spki.hex()
        == "302a300506032b657003210003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    )
    assert KEY.keyid == "a050837d85070582ccf7394b0988847cc312cb88259b894899f6f239cf1791a5"
    assert dsse.pae(EVIDENCE_TYPE, PAYLOAD).hex() == PAE_HEX
    assert dsse.sign(EVIDENCE_TYPE, PAYLOAD, [KEY]) == ENVELOPE
    assert dsse.open_envelope(ENVELOPE, RING, {EVIDENCE_TYPE}) == dsse.Opened(
        PAYLOAD,
        EVIDENCE_TYPE,
        (KEY.keyid,),
        (dsse.Signature(KEY.keyid, KEY.sign(dsse.pae(EVIDENCE_TYPE, PAYLOAD))),),
    )


def test_every_single_bit_flip_of_payload_type_and_signature_is_refused():
    signature = base64.b64decode(SIG_B64)
    whole = PAYLOAD + EVIDENCE_TYPE.encode() + signature
    refused = 0
    for bit in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        payload, kind, sig = flipped[:93], flipped[93:136], flipped[136:]
        envelope = b'{"payload":"%b","payloadType":"%b","signatures":[{"sig":"%b"}]}' % (
            base64.b64encode(payload),
            kind,
            base64.b64encode(sig),
        )
        with pytest.raises(VerificationError):
            dsse.open_envelope(envelope, RING, {EVIDENCE_TYPE, bytes(kind).decode("latin1")})
        refused += 1
    assert refused == 1600


def test_another_implementation_of_dsse_accepts_our_envelope():
    fields = json.loads(ENVELOPE)
    key = Key.from_dict(
        KEY.keyid,
        {
            "keytype": "ed25519",
            "scheme": "ed25519",
            "keyval": {"public": KEY.public.spki[-32:].hex()},
        },
    )
    assert Envelope.from_dict(fields).verify([key], 1)


def test_a_key_speaks_only_for_its_own_payload_types():
    ring = KeyRing({EVIDENCE_TYPE: [KEY.public], RECEIPT_TYPE: [OTHER.public]})
    forged = dsse.sign(RECEIPT_TYPE, b"{}", [KEY])
    with pytest.raises(VerificationError, match="may not speak for"):
        dsse.open_envelope(forged, ring, {RECEIPT_TYPE})


def test_a_good_signature_of_a_type_that_does_not_belong_here_is_refused():
    with pytest.raises(VerificationError, match="does not belong here"):
        dsse.open_envelope(ENVELOPE, RING, {COMMAND_TYPE})


def test_a_strangers_signature_is_refused_whatever_key_id_it_claims():
    message = dsse.pae(EVIDENCE_TYPE, PAYLOAD)
    lying = dsse.envelope(EVIDENCE_TYPE, PAYLOAD, [Signature(KEY.keyid, OTHER.sign(message))])
    with pytest.raises(VerificationError, match="no trusted key"):
        dsse.open_envelope(lying, RING, {EVIDENCE_TYPE})


def test_the_key_id_in_the_envelope_decides_nothing():
    message = dsse.pae(EVIDENCE_TYPE, PAYLOAD)
    misnamed = dsse.envelope(EVIDENCE_TYPE, PAYLOAD, [Signature(OTHER.keyid, KEY.sign(message))])
    assert dsse.open_envelope(misnamed, RING, {EVIDENCE_TYPE}).keyid == KEY.keyid


def test_one_good_signature_among_several_is_enough():
    both = dsse.sign(EVIDENCE_TYPE, PAYLOAD, [OTHER, KEY])
    assert dsse.open_envelope(both, RING, {EVIDENCE_TYPE}).keyid == KEY.keyid


def test_old_keys_of_the_ring_still_verify():
    ring = KeyRing({EVIDENCE_TYPE: [KEY.public, OTHER.public]})
    assert dsse.open_envelope(ENVELOPE, ring, {EVIDENCE_TYPE}).keyid == KEY.keyid


def test_a_signature_that_verifies_is_checked_before_the_payload_is_parsed():
    not_json = dsse.sign(EVIDENCE_TYPE, b"\xff not json", [KEY])
    assert dsse.open_envelope(not_json, RING, {EVIDENCE_TYPE}).payload == b"\xff not json"


def test_url_safe_base64_is_accepted():
    assert b"+" in SIG_B64.encode() or b"/" in SIG_B64.encode()
    safe = ENVELOPE.replace(SIG_B64.encode(), SIG_B64.replace("+", "-").replace("/", "_").encode())
    assert dsse.open_envelope(safe, RING, {EVIDENCE_TYPE}).payload == PAYLOAD


@pytest.mark.parametrize(
    "text",
    ["AA", "AA=", "A A=", "AAA=\n", "AB==", "é===", "AA==AA==", "A*A="],
    ids=["no padding", "short padding", "space", "newline", "spare bits", "not ascii", "two ends", "foreign"],
)
def test_base64_has_one_form(text):
    with pytest.raises(VerificationError, match="base64"):
        dsse.decode_base64(text)


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"[]",
        b'{"payload":"e30=","payloadType":"t"}',
        b'{"payload":"e30=","payloadType":"t","signatures":[]}',
        b'{"payload":"e30=","payloadType":"t","signatures":[1]}',
        b'{"payload":"e30=","payloadType":1,"signatures":[{"sig":""}]}',
        b'{"payload":"e30=","payload":"e30=","payloadType":"t","signatures":[{"sig":""}]}',
        b'{"payload":"e30=","payloadType":"t","signatures":[' + b",".join([b'{"sig":""}'] * 9) + b"]}",
        b" " * (dsse.MAX_ENVELOPE + 1),
    ],
)
def test_a_malformed_envelope_is_refused(envelope):
    with pytest.raises(VerificationError):
        dsse.open_envelope(envelope, RING, {EVIDENCE_TYPE})


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_random_bytes_are_no_envelope(data):
    with pytest.raises(VerificationError):
        dsse.open_envelope(data, RING, {EVIDENCE_TYPE})


@given(st.text(max_size=60), st.binary(max_size=2000))
def test_what_is_signed_opens_to_the_same_bytes(kind, payload):
    try:
        kind.encode()
    except UnicodeEncodeError:
        return
    ring = KeyRing({kind: [KEY.public]})
    assert dsse.open_envelope(dsse.sign(kind, payload, [KEY]), ring, {kind}).payload == payload


def test_the_largest_payload_with_every_signature_fits_an_envelope():
    big = dsse.sign(EVIDENCE_TYPE, bytes(dsse.MAX_PAYLOAD), [KEY] * dsse.MAX_SIGNATURES)
    assert dsse.open_envelope(big, RING, {EVIDENCE_TYPE}).payload_type == EVIDENCE_TYPE
