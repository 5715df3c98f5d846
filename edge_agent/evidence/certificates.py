"""X.509 certificates of the box's keys: read, judged against a moment, led back to an authority.

A certificate says whose key it is; it never decides whether a signature is good. What counts for a
statement is that it was sealed while the certificate was valid, not that it is valid now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence.keys import PublicKey

# What `cryptography` says to a certificate that is none.
DAMAGED = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
MAX_CHAIN = 4
MAX_DER = 6 * 1024  # base64 of four of them fits a statement
# A key's certificate may be this old when a new one is due.
RENEW_AT = (2, 3)


@dataclass(frozen=True, slots=True)
class KeyCertificate:
    """The certificate of one key, and what leads from it to its authority."""

    chain: tuple[x509.Certificate, ...]  # the key's first

    @property
    def leaf(self) -> x509.Certificate:
        """The key's own."""
        return self.chain[0]

    @property
    def spki(self) -> bytes:
        """Whose it is."""
        return self.leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def keyid(self) -> str:
        """Of that key."""
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def sha256(self) -> str:
        """Of its DER: `cert_sha256` in statements."""
        return hashlib.sha256(self.leaf.public_bytes(Encoding.DER)).hexdigest()

    @property
    def ders(self) -> tuple[bytes, ...]:
        """The chain, DER."""
        return tuple(one.public_bytes(Encoding.DER) for one in self.chain)

    @property
    def common_name(self) -> str:
        """The subject's; empty when it has none, or several."""
        names = self.leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return str(names[0].value) if len(names) == 1 else ""

    def problem_at(self, utc_us: int) -> str:
        """`expired`, `not_yet_valid`, or empty when it is valid at that moment."""
        at = utc(utc_us)
        if at < self.leaf.not_valid_before_utc:
            return "not_yet_valid"
        return "expired" if at > self.leaf.not_valid_after_utc else ""

    def renewal_due(self, utc_us: int) -> bool:
        """Two thirds of its life are over."""
        begin, end = self.leaf.not_valid_before_utc, self.leaf.not_valid_after_utc
        return utc(utc_us) >= begin + (end - begin) * RENEW_AT[0] / RENEW_AT[1]


def utc(utc_us: int) -> datetime:
    """A moment as certificates name it."""
    return datetime.fromtimestamp(utc_us / 1_000_000, UTC)


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Every certificate of a PEM file, in order.

    Raises:
        UsageError: it cannot be read, or there is none.
    """
    try:
        return certificates_of_pem(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def certificates_of_pem(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The same of bytes. Raises UsageError."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except DAMAGED as error:
        raise UsageError(f"no certificate in PEM form ({error})") from error


def key_certificate(chain: Sequence[x509.Certificate]) -> KeyCertificate:
    """The certificate of a box's key, its chain behind it.

    Raises:
        UsageError: it is damaged, for a kind of key that no box has, or the chain is too long.
    """
    if not 1 <= len(chain) <= MAX_CHAIN:
        raise UsageError(f"1 to {MAX_CHAIN} certificates are wanted, the key's own first")
    found = KeyCertificate(tuple(chain))
    if max(map(len, found.ders)) > MAX_DER:
        raise UsageError(f"certificate: larger than {MAX_DER} bytes")
    try:
        for one in found.chain:  # `cryptography` reads these when they are asked for, and raises then
            _ = (one.subject, one.issuer, one.extensions, one.not_valid_before_utc, one.not_valid_after_utc)
        PublicKey.from_spki(found.spki)
    except (UsageError, *DAMAGED) as error:
        raise UsageError(f"certificate: {error}") from error
    return found


def certificate_of_ders(ders: Sequence[bytes]) -> KeyCertificate:
    """Out of a statement. Raises UsageError."""
    try:
        return key_certificate([x509.load_der_x509_certificate(der) for der in ders])
    except DAMAGED as error:
        raise UsageError(f"certificate: {error}") from error


def to_pem(chain: Sequence[x509.Certificate]) -> bytes:
    """As openssl reads it."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in chain)


def check_issued(found: KeyCertificate, authorities: Sequence[x509.Certificate], utc_us: int) -> None:
    """Follow the chain to one of the authorities, everything on the way valid at that moment.

    Raises:
        VerificationError: says where it ends.
    """
    if problem := found.problem_at(utc_us):
        raise VerificationError(f"certificate {found.common_name!r}: {problem.replace('_', ' ')}")
    current, below = found.leaf, 0
    pool = list(found.chain[1:])
    while True:
        authority = next((one for one in authorities if _issued(current, one)), None)
        if authority is not None:
            _check_may_issue(authority, below, utc_us)
            return
        issuer = next((one for one in pool if _issued(current, one)), None)
        if issuer is None:
            raise VerificationError(
                f"certificate {_name(current)!r} was issued by {_text(current.issuer)!r}, "
                "which is none of the trusted authorities"
            )
        pool.remove(issuer)
        _check_may_issue(issuer, below, utc_us)
        current, below = issuer, below + 1


def _issued(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (InvalidSignature, *DAMAGED):
        return False
    return True


def _check_may_issue(issuer: x509.Certificate, below: int, utc_us: int) -> None:
    """RFC 5280 6.1.4: an authority, and of enough reach. `below`: authorities between it and the key."""
    name = _name(issuer)
    at = utc(utc_us)
    if not issuer.not_valid_before_utc <= at <= issuer.not_valid_after_utc:
        raise VerificationError(f"authority {name!r}: not valid at {at:%Y-%m-%d}")
    try:
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usages = [e.value for e in issuer.extensions if isinstance(e.value, x509.KeyUsage)]
    except (x509.ExtensionNotFound, *DAMAGED) as error:
        raise VerificationError(f"authority {name!r}: no certificate of an authority") from error
    if not basic.ca or any(not usage.key_cert_sign for usage in usages):
        raise VerificationError(f"authority {name!r}: may not issue certificates")
    if basic.path_length is not None and below > basic.path_length:
        raise VerificationError(f"authority {name!r}: may not issue for an authority below it")


def _name(certificate: x509.Certificate) -> str:
    return _text(certificate.subject)


def _text(name: x509.Name) -> str:
    return name.rfc4514_string()
