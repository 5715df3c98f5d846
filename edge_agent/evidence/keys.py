"""Ed25519 keys: a private one in a file that only its user can read, public ones in rings by purpose.

A key's id is the SHA-256 of its SubjectPublicKeyInfo in DER. The id in an envelope is a hint that
anybody may write; only a signature that verifies says which key signed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from edge_agent.errors import EvidenceError, UsageError

_PEM_END = b"-----END PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, by its SubjectPublicKeyInfo bytes."""

    spki: bytes

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        """One `PUBLIC KEY` block. Only Ed25519 is known.

        Raises:
            UsageError: it is something else.
        """
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UsageError(f"not a public key in PEM form: {error}") from error
        if not isinstance(key, Ed25519PublicKey):
            raise UsageError(f"only Ed25519 keys are known, this is {type(key).__name__}")
        return cls.of(key)

    @classmethod
    def of(cls, key: Ed25519PublicKey) -> PublicKey:
        """The same key as `cryptography` holds it."""
        return cls(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    @property
    def keyid(self) -> str:
        """SHA-256 of the SPKI DER, lower-case hex."""
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def pem(self) -> bytes:
        """The `PUBLIC KEY` block that openssl reads."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether this key made `signature` over `data`."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    @property
    def _key(self) -> Ed25519PublicKey:
        # RFC 8410: the SPKI of an Ed25519 key ends in its 32 raw bytes.
        return Ed25519PublicKey.from_public_bytes(self.spki[-32:])


class FileKey:
    """A private key out of a file; the `Signer` of a box without a security chip."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey.of(key.public_key())
        self.keyid = self.public.keyid

    def __repr__(self) -> str:
        """Which key, never the key."""
        return f"FileKey(keyid={self.keyid})"

    def sign(self, data: bytes) -> bytes:
        """64 bytes, RFC 8032."""
        return self._key.sign(data)

    @classmethod
    def from_seed(cls, seed: bytes) -> FileKey:
        """The key of an RFC 8032 seed: for test vectors."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def generate(cls, path: Path) -> FileKey:
        """Make a key and write it, durably, where no file was; mode 0600 from its first byte on."""
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise UsageError(f"{path} exists: a key is never overwritten") from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return cls(key)

    @classmethod
    def load(cls, path: Path) -> FileKey:
        """Read a key that belongs to this user and that nobody else can read.

        Raises:
            EvidenceError: it is missing, readable by others, somebody else's, or no Ed25519 key.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            raise EvidenceError(f"key {path}: {error.strerror}") from error
        with os.fdopen(descriptor, "rb") as file:
            _check_private(path, os.fstat(descriptor))
            pem = file.read(64 * 1024)
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise EvidenceError(f"key {path}: not an unencrypted private key in PEM form") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise EvidenceError(f"key {path}: only Ed25519 keys are known, this is {type(key).__name__}")
        return cls(key)


class KeyRing:
    """Public keys by the payload type they may speak for, oldest to newest; every one verifies."""

    def __init__(self, keys: Mapping[str, Sequence[PublicKey]]) -> None:
        self._keys = {payload_type: tuple(ring) for payload_type, ring in keys.items()}

    def __repr__(self) -> str:
        """Which keys for what."""
        return f"KeyRing({ {t: [k.keyid for k in ring] for t, ring in self._keys.items()} })"

    def all(self) -> tuple[PublicKey, ...]:
        """Every key once, the newest first: the likeliest signer is tried first."""
        unique = {key.keyid: key for ring in self._keys.values() for key in ring}
        return tuple(reversed(unique.values()))

    def of_type(self, payload_type: str) -> tuple[PublicKey, ...]:
        """The keys that may speak for a payload type, oldest first."""
        return self._keys.get(payload_type, ())

    def accepts(self, key: PublicKey, payload_type: str) -> bool:
        """Whether `key` may speak for `payload_type`. A key speaks for nothing but its own."""
        return key in self.of_type(payload_type)


def load_or_generate(path: Path) -> FileKey:
    """The box's key; made on its first start."""
    return FileKey.load(path) if path.exists() else FileKey.generate(path)


def read_public_keys(path: Path) -> tuple[PublicKey, ...]:
    """Every `PUBLIC KEY` block of a PEM file, in order: oldest first."""
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    blocks = [block + _PEM_END for block in pem.split(_PEM_END)[:-1]]
    if not blocks:
        raise UsageError(f"{path}: no public key in PEM form")
    return tuple(PublicKey.from_pem(block.lstrip()) for block in blocks)


def _check_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise EvidenceError(f"key {path}: not a regular file")
    if found.st_uid != os.geteuid():
        raise EvidenceError(f"key {path}: belongs to uid {found.st_uid}, not to this user ({os.geteuid()})")
    if stat.S_IMODE(found.st_mode) & 0o177:
        raise EvidenceError(
            f"key {path}: mode {stat.S_IMODE(found.st_mode):04o} lets others use it; chmod 600 it"
        )
