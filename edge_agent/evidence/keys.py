"""Keys: a private one in a file that only its user can read, public ones in rings by purpose.

Ed25519, or ECDSA with P-256 and SHA-256 where a token or a chip cannot do Ed25519; nothing else. What a
key is, its SubjectPublicKeyInfo says; a signature has no algorithm field that could be argued with. A
key's id is the SHA-256 of that SubjectPublicKeyInfo in DER. The id in an envelope is a hint that
anybody may write; only a signature that verifies says which key signed.
"""

from __future__ import annotations

import functools
import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from edge_agent.errors import EvidenceError, UsageError
from edge_agent.evidence.small_files import write_new

_PEM_END = b"-----END PUBLIC KEY-----"
_ECDSA = ec.ECDSA(SHA256())

ED25519 = "Ed25519"
P256 = "ECDSA P-256"

AnyPublic = Ed25519PublicKey | ec.EllipticCurvePublicKey
AnyPrivate = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, by its SubjectPublicKeyInfo bytes."""

    spki: bytes

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        """One `PUBLIC KEY` block.

        Raises:
            UsageError: it is something else, or neither Ed25519 nor P-256.
        """
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UsageError(f"not a public key in PEM form: {error}") from error
        return cls.of(key)

    @classmethod
    def from_spki(cls, spki: bytes) -> PublicKey:
        """A key out of a statement or a certificate: its one DER encoding, and no other.

        Raises:
            UsageError: it is something else, or neither Ed25519 nor P-256.
        """
        try:
            key = cls.of(load_der_public_key(spki))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UsageError(f"not a public key in DER form: {error}") from error
        if key.spki != spki:
            raise UsageError("not the one DER form of this public key")
        return key

    @classmethod
    def of(cls, key: object) -> PublicKey:
        """The same key as `cryptography` holds it.

        Raises:
            UsageError: neither Ed25519 nor P-256.
        """
        if not isinstance(key, Ed25519PublicKey) and not (
            isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
        ):
            raise UsageError(f"only Ed25519 and P-256 keys are known, this is {_kind(key)}")
        return cls(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    @property
    def keyid(self) -> str:
        """SHA-256 of the SPKI DER, lower-case hex."""
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def algorithm(self) -> str:
        """For people: `Ed25519` or `ECDSA P-256`."""
        return ED25519 if isinstance(_loaded(self.spki), Ed25519PublicKey) else P256

    @property
    def pem(self) -> bytes:
        """The `PUBLIC KEY` block that openssl reads."""
        return _loaded(self.spki).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether this key made `signature` over `data`; a P-256 signature is DER, as openssl's."""
        key = _loaded(self.spki)
        try:
            if isinstance(key, Ed25519PublicKey):
                key.verify(signature, data)
            else:
                key.verify(signature, data, _ECDSA)
        except InvalidSignature:
            return False
        return True


@functools.lru_cache(maxsize=4096)
def _loaded(spki: bytes) -> AnyPublic:
    """A few thousand boxes' keys at hand: taking one apart costs as much as a check."""
    key = load_der_public_key(spki)
    assert isinstance(key, AnyPublic), "a PublicKey is made by from_pem, from_spki or of"
    return key


class FileKey:
    """A private key out of a file; the `Signer` of a box without a security chip."""

    def __init__(self, key: AnyPrivate) -> None:
        self.private = key
        self.public = PublicKey.of(key.public_key())
        self.keyid = self.public.keyid

    def __repr__(self) -> str:
        """Which key, never the key."""
        return f"FileKey(keyid={self.keyid})"

    def sign(self, data: bytes) -> bytes:
        """Ed25519: 64 bytes, RFC 8032. P-256: DER, a few bytes more or less each time."""
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(data)
        return self.private.sign(data, _ECDSA)

    @classmethod
    def from_seed(cls, seed: bytes) -> FileKey:
        """The key of an RFC 8032 seed: for test vectors."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def generate(cls, path: Path, algorithm: str = ED25519) -> FileKey:
        """Make a key and write it, durably, where no file was; mode 0600 from its first byte on.

        Raises:
            UsageError: there is a file.
        """
        key = (
            Ed25519PrivateKey.generate() if algorithm == ED25519 else ec.generate_private_key(ec.SECP256R1())
        )
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            write_new(path, pem)
        except FileExistsError as error:
            raise UsageError(f"{path} exists: a key is never overwritten") from error
        return cls(key)

    @classmethod
    def load(cls, path: Path) -> FileKey:
        """Read a key that belongs to this user and that nobody else can read.

        Raises:
            EvidenceError: it is missing, readable by others, somebody else's, or no key of a known kind.
        """
        return cls.of_pem(path, read_private(path))

    @classmethod
    def of_pem(cls, path: Path, pem: bytes) -> FileKey:
        """The key in these bytes of `path`. Raises EvidenceError."""
        try:
            key = load_pem_private_key(pem, password=None)
            if isinstance(key, AnyPrivate):
                return cls(key)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise EvidenceError(f"key {path}: not an unencrypted private key in PEM form") from error
        except UsageError as error:
            raise EvidenceError(f"key {path}: {error}") from error
        raise EvidenceError(f"key {path}: only Ed25519 and P-256 keys are known, this is {_kind(key)}")


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

    def also(self, payload_type: str, keys: Sequence[PublicKey]) -> KeyRing:
        """This ring with more keys for a payload type, as its newest."""
        more = (*self.of_type(payload_type), *keys)
        return KeyRing({**self._keys, payload_type: tuple(dict.fromkeys(more))})


def load_or_generate(path: Path) -> FileKey:
    """The key in the file; made when there is none."""
    return FileKey.load(path) if path.exists() else FileKey.generate(path)


def read_public_keys(path: Path) -> tuple[PublicKey, ...]:
    """Every `PUBLIC KEY` block of a PEM file, in order: oldest first.

    Raises:
        UsageError: the file cannot be read, holds none, or one of a kind that is not known.
    """
    return tuple(PublicKey.from_pem(block) for block in public_blocks(path))


def public_blocks(path: Path) -> list[bytes]:
    """The `PUBLIC KEY` blocks of a PEM file as they are. Raises UsageError."""
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    blocks = [(block + _PEM_END).lstrip() for block in pem.split(_PEM_END)[:-1]]
    if not blocks:
        raise UsageError(f"{path}: no public key in PEM form")
    return blocks


def read_private(path: Path) -> bytes:
    """The bytes of a secret that this user alone can read, or that systemd handed to this service.

    Raises:
        EvidenceError: missing, readable by others, or somebody else's.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise EvidenceError(f"key {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        _check_private(path, os.fstat(descriptor))
        return file.read(64 * 1024)


def credential(name: str) -> Path:
    """Where systemd has put a credential of this service.

    Raises:
        EvidenceError: this is not a service with credentials.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise EvidenceError(
            f"credential {name}: $CREDENTIALS_DIRECTORY is not set; the unit needs "
            f"LoadCredential={name}:PATH or LoadCredentialEncrypted={name}:PATH"
        )
    return Path(folder) / name


def _check_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise EvidenceError(f"key {path}: not a regular file")
    mode = stat.S_IMODE(found.st_mode)
    if str(path.parent) == os.environ.get("CREDENTIALS_DIRECTORY"):
        # systemd writes 0400 for root and lets the service's user read by an ACL, whose mask `stat` shows
        # as the group's bits (0440); where there are no ACLs, the file is the user's. The folder is
        # read-only and the service's alone. (systemd: exec-credential.c, write_credential)
        owners, forbidden = {0, os.geteuid()}, 0o137
    else:
        owners, forbidden = {os.geteuid()}, 0o177
    if found.st_uid not in owners:
        raise EvidenceError(f"key {path}: belongs to uid {found.st_uid}, not to this user ({os.geteuid()})")
    if mode & forbidden:
        raise EvidenceError(f"key {path}: mode {mode:04o} lets others use it; chmod 600 it")


def _kind(key: object) -> str:
    curve = getattr(key, "curve", None)
    return f"on curve {curve.name}" if curve is not None else type(key).__name__
