"""SM2 with SM3 (GB/T 32918) as a second signature: in software, for trials and for checking.

Not for enforcement: py-gmssl is not constant in time, and a signature made in software can pass no
密评 (GB/T 39786) whatever it says. What is claimed is that a certified module does the same behind the
same `Signer`. Nothing here decides whether a statement is good: that is the first signature's.

    signature  DER SEQUENCE (r, s)       GM/T 0009, GB/T 35276
    digest     e = SM3(ZA || message)    ZA: of the signer's id 1234567812345678, the curve and the key

py-gmssl is used for the curve's arithmetic alone, since its own functions around it have traps: the
constructor strips leading 0s and 4s of a key, its random numbers are not for secrets, and a check
takes r and s of any size.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SM3, Hash

from edge_agent.errors import EvidenceError, UsageError
from edge_agent.evidence.keys import public_blocks, read_private

ALGORITHM = "SM2 with SM3"
SIGNER_ID = b"1234567812345678"

# GB/T 32918.5
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = bytes.fromhex(
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)
# SubjectPublicKeyInfo up to the point: id-ecPublicKey, curve 1.2.156.10197.1.301, uncompressed.
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
# The same of a PKCS#8 private key as OpenSSL 3 writes it: the key, then its point.
_PKCS8 = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_PKCS8_POINT = bytes.fromhex("a144034200" + "04")


@dataclass(frozen=True, slots=True)
class Sm2PublicKey:
    """A point of the curve, 64 bytes."""

    point: bytes

    @classmethod
    def from_spki(cls, spki: bytes) -> Sm2PublicKey:
        """Raises UsageError: no SM2 key, or not on its curve."""
        if not spki.startswith(_SPKI) or len(spki) != len(_SPKI) + 64:
            raise UsageError("not an SM2 public key")
        point = spki[len(_SPKI) :]
        x, y = int.from_bytes(point[:32]), int.from_bytes(point[32:])
        if x >= P or y >= P or (y * y - (x * x * x + A * x + B)) % P:
            raise UsageError("not a point of SM2's curve")
        return cls(point)

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return _SPKI + self.point

    @property
    def keyid(self) -> str:
        """SHA-256 of the SPKI DER, lower-case hex, as of every key."""
        return hashlib.sha256(self.spki).hexdigest()

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether this key made `signature` over `data`. Needs the extra `sm2`."""
        try:
            r, s = decode_dss_signature(signature)
        except ValueError:
            return False
        if not (0 < r < N and 0 < s < N) or (r + s) % N == 0:
            return False
        try:
            return bool(_curve(self.point).verify(f"{r:064x}{s:064x}", _digest(self.point, data)))
        except (TypeError, ValueError):  # its sums met the point at infinity
            return False


class Sm2FileKey:
    """A `Signer`, from an unencrypted PKCS#8 file of mode 0600."""

    def __init__(self, secret: int, point: bytes) -> None:
        self._secret = secret
        self.public = Sm2PublicKey.from_spki(_SPKI + point)
        self.keyid = self.public.keyid

    def __repr__(self) -> str:
        """Which key, never the key."""
        return f"Sm2FileKey(keyid={self.keyid})"

    def sign(self, data: bytes) -> bytes:
        """DER SEQUENCE (r, s)."""
        curve, digest = _curve(self.public.point, self._secret), _digest(self.public.point, data)
        signed = None
        while signed is None:  # a nonce in 2**256 does not do
            signed = curve.sign(digest, f"{1 + secrets.randbelow(N - 1):064x}")
        return encode_dss_signature(int(signed[:64], 16), int(signed[64:], 16))

    @classmethod
    def of_secret(cls, secret: int) -> Sm2FileKey:
        """The key of a number, for test vectors."""
        return cls(secret, bytes.fromhex(_curve(G)._kg(secret, G.hex())))  # noqa: SLF001 - nothing public does it

    @classmethod
    def load(cls, path: Path) -> Sm2FileKey:
        """As `openssl genpkey -algorithm SM2` writes it.

        Raises:
            EvidenceError: readable by others, or another form.
        """
        der = _pem_body(read_private(path), b"PRIVATE KEY")
        secret, point = der[len(_PKCS8) : len(_PKCS8) + 32], der[-64:]
        if der != _PKCS8 + secret + _PKCS8_POINT + point:
            raise EvidenceError(f"key {path}: not an unencrypted SM2 private key (PKCS#8, PEM)")
        key = cls.of_secret(int.from_bytes(secret))
        if key.public.point != point:
            raise EvidenceError(f"key {path}: its public half is another key's")
        return key


def read_sm2_keys(path: Path) -> tuple[Sm2PublicKey, ...]:
    """Every `PUBLIC KEY` block of a PEM file. Raises UsageError."""
    return tuple(Sm2PublicKey.from_spki(_pem_body(block, b"PUBLIC KEY")) for block in public_blocks(path))


def available() -> bool:
    """Whether the extra is installed."""
    try:
        import gmssl  # noqa: F401, PLC0415 - an extra
    except ImportError:
        return False
    return True


def _digest(point: bytes, data: bytes) -> bytes:
    """SM3(ZA || data)."""
    curve = b"".join(number.to_bytes(32) for number in (A, B))
    za = _sm3((8 * len(SIGNER_ID)).to_bytes(2) + SIGNER_ID + curve + G + point)
    return _sm3(za + data)


def _sm3(data: bytes) -> bytes:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def _curve(point: bytes, secret: int = 0) -> Any:
    try:
        from gmssl.sm2 import CryptSM2  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError("SM2 needs the extra: pip install 'edge-agent[sm2]'") from error
    curve = CryptSM2(private_key=f"{secret:064x}", public_key="")
    curve.public_key = point.hex()
    return curve


def _pem_body(pem: bytes, label: bytes) -> bytes:
    """DER between the lines; empty when it is not there."""
    begin, end = b"-----BEGIN " + label + b"-----", b"-----END " + label + b"-----"
    _, found, rest = pem.partition(begin)
    body, closed, _ = rest.partition(end)
    if not found or not closed:
        return b""
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error:
        return b""
