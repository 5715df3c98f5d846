"""Test vectors of keys: P-256, SM2 as a second signature, a rotation, a certificate."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.evidence import dsse
from edge_agent.evidence.build import Built, build_record
from edge_agent.evidence.certificates import KeyCertificate
from edge_agent.evidence.dsse import EVIDENCE_TYPE, Signature, Signer
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.identity import ChainLink, Identity
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.rotation import rotation
from edge_agent.evidence.sm2 import Sm2PublicKey
from edge_agent.evidence.statement_records import Certificate, Heartbeat, Record

P256_SECRET = bytes(range(1, 33))
SM2_SECRET = bytes(range(33, 65))
# Its public half, and one of its signatures over the PAE of the golden payload: software SM2 is an extra,
# so these are not made anew here. A test checks them with openssl and with py-gmssl.
SM2_SPKI = bytes.fromhex(
    "3059301306072a8648ce3d020106082a811ccf5501822d0342000496800b2af3be8c4d799f44817b81903d131b181ff7"
    "70d804e2e9abfd0ba0946feecc97e211ae182290cbf0880855b63d38185d007db5f9b1a0a408615003f4e4"
)
SM2_SIGNATURE = bytes.fromhex(
    "3046022100bc2cdbf20c7029d74d69117a101578a90ba43a1513b67c7dd8f96591932c4880022100a2d958bf45112306"
    "c4672ddcf6069f428f973cabcba9bbb6c876a78c5c25354c"
)


class P256Key(FileKey):
    """Signs the same thing the same way each time (RFC 6979): vectors are to be made again."""

    def sign(self, data: bytes) -> bytes:
        """DER."""
        assert isinstance(self.private, ec.EllipticCurvePrivateKey)
        return self.private.sign(data, ec.ECDSA(SHA256(), deterministic_signing=True))


NEXT_KEY = P256Key(ec.derive_private_key(int.from_bytes(P256_SECRET), ec.SECP256R1()))


def golden_p256(payload: bytes) -> dict[str, str]:
    """As the first golden vector, with another key."""
    return {"secret": P256_SECRET.hex(), **_golden(NEXT_KEY.public.spki, payload, [NEXT_KEY])}


def golden_sm2(payload: bytes) -> dict[str, str]:
    """Two signatures: Ed25519, which counts, and SM2 with SM3 beside it."""
    key = Sm2PublicKey.from_spki(SM2_SPKI)
    message = dsse.pae(EVIDENCE_TYPE, payload)
    both = [Signature(KEY.keyid, KEY.sign(message)), Signature(key.keyid, SM2_SIGNATURE)]
    return {
        "secret": SM2_SECRET.hex(),
        "distid": "1234567812345678",
        "spki_der": SM2_SPKI.hex(),
        "keyid": key.keyid,
        "pae_hex": message.hex(),
        "sig_b64": base64.b64encode(SM2_SIGNATURE).decode(),
        "envelope": dsse.envelope(EVIDENCE_TYPE, payload, both).decode(),
    }


def _golden(spki: bytes, payload: bytes, keys: list[FileKey]) -> dict[str, str]:
    message = dsse.pae(EVIDENCE_TYPE, payload)
    return {
        "spki_der": spki.hex(),
        "keyid": hashlib.sha256(spki).hexdigest(),
        "pae_hex": message.hex(),
        "sig_b64": base64.b64encode(keys[0].sign(message)).decode(),
        "envelope": dsse.sign(EVIDENCE_TYPE, payload, keys).decode(),
    }


def authority() -> tuple[x509.Certificate, KeyCertificate]:
    """An authority, and the certificate that it issued for the next key: the same every time."""
    signer = Ed25519PrivateKey.from_private_bytes(bytes(range(96, 128)))
    name = _name("edge-agent test authority")
    ca = (
        _certificate(name, name, 1)
        .public_key(signer.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(signer, None)
    )
    leaf = (
        _certificate(_name("ea-test-0001"), name, 2)
        .public_key(NEXT_KEY.private.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(signer, None)
    )
    return ca, KeyCertificate((leaf,))


def key_chain(identity: Identity, last: Built, genesis: Built) -> dict[str, Built]:
    """The next key takes over, tells its certificate, and goes on."""
    _, certificate = authority()
    at_us = last.statement.time.sealed_utc_us

    def follow(record: Record, who: Identity) -> Built:
        chain = last.statement.chain
        link = ChainLink(chain.epoch, chain.seq + 1, last.sha256, genesis.sha256)
        return build_record(record, who, link, at_us + 1_000_000 * (chain.seq + 1))

    made: dict[str, Built] = {}
    new = replace(identity, keyid=NEXT_KEY.keyid, device_certificates={NEXT_KEY.keyid: certificate})
    told = Certificate(
        cert_sha256=certificate.sha256, chain=[base64.b64encode(der).decode() for der in certificate.ders]
    )
    for name, record, who in (
        ("key-rotation", rotation(KEY.public, NEXT_KEY.public), identity),
        ("certificate", told, new),
        ("heartbeat-next-key", Heartbeat(uptime_s=4_000), new),
    ):
        last = made[name] = follow(record, who)
    return made


def signers(built: Built) -> list[Signer]:
    """Who signs it: a rotation both keys, everything else the one that it names."""
    if built.statement.kind == "key_rotation":
        return [KEY, NEXT_KEY]
    return [NEXT_KEY if built.statement.keyid == NEXT_KEY.keyid else KEY]


def bad_keys(chain: dict[str, Built], stranger: FileKey) -> dict[str, tuple[bytes, str, str]]:
    """Name -> (envelope, check that fails, why)."""
    payload, after = chain["key-rotation"].payload, chain["heartbeat-next-key"].payload
    message = dsse.pae(EVIDENCE_TYPE, after)
    r, s = decode_dss_signature(NEXT_KEY.sign(message))

    def rotated(*keys: Signer) -> bytes:
        return dsse.sign(EVIDENCE_TYPE, payload, keys)

    return {
        "rotation-by-old-alone": (rotated(KEY), "rotation", "the new key did not sign that it takes over"),
        "rotation-other-key": (
            rotated(KEY, stranger),
            "rotation",
            "the second signature is not the new key's",
        ),
        "rotation-by-stranger": (rotated(stranger), "signature", "neither the old nor the new key signed it"),
        "p256-raw-signature": (
            dsse.envelope(EVIDENCE_TYPE, after, [Signature(NEXT_KEY.keyid, r.to_bytes(32) + s.to_bytes(32))]),
            "signature",
            "r and s side by side: a P-256 signature is DER",
        ),
    }


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def _certificate(subject: x509.Name, issuer: x509.Name, serial: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(serial)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    )


def key_files() -> dict[str, bytes]:
    """Public keys and the authority, by their path in `vectors/`."""
    return {
        "keys/evidence-next.pem": NEXT_KEY.public.pem,
        "keys/sm2.pem": _pem(SM2_SPKI),
        "keys/ca.pem": authority()[0].public_bytes(Encoding.PEM),
    }


def _pem(spki: bytes) -> bytes:
    text = base64.b64encode(spki).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]).encode()
