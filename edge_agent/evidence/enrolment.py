"""From a key to its certificate: the request to send away, and what is checked of what comes back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence import small_files
from edge_agent.evidence.certificates import (
    KeyCertificate,
    check_issued,
    key_certificate,
    read_certificates,
    to_pem,
    utc,
)
from edge_agent.evidence.keys import AnyPrivate

log = logging.getLogger(__name__)

ASK_AGAIN = "make a new request with `edge-agent identity csr` and have that one signed"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One of the box's keys, as far as a certificate is concerned."""

    name: str  # "evidence", "evidence-next", "tls"
    keyid: str
    common_name: str  # that its certificate must have
    path: Path  # where its certificate goes


def request(key: AnyPrivate, common_name: str, organisation: str) -> bytes:
    """A certificate signing request (PKCS#10, PEM) for the key."""
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name),
        ]
    )
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    made = builder.sign(key, None if isinstance(key, Ed25519PrivateKey) else SHA256())
    return made.public_bytes(Encoding.PEM)


def certificate_path(folder: Path, keyid: str) -> Path:
    """Where the certificate of an evidence key lies: under the key's id, so that none replaces another's."""
    return folder / f"{keyid:.16}.crt"


def install(
    pem: Path, purposes: Sequence[Purpose], authorities: Sequence[x509.Certificate], utc_us: int
) -> Purpose:
    """Check a certificate and put it where its key's certificate belongs.

    Args:
        pem: the key's certificate, then those that lead to its authority's, if any do.
        purposes: the keys that this box has.
        authorities: whom it must lead back to; none: that is not checked.
        utc_us: now.

    Returns:
        the key that it is for.

    Raises:
        UsageError: it does not fit; the text says what to do.
    """
    found = key_certificate(read_certificates(pem))
    purpose = next((one for one in purposes if one.keyid == found.keyid), None)
    if purpose is None:
        ours = ", ".join(f"{one.name} {one.keyid:.16}" for one in purposes)
        raise UsageError(
            f"{pem}: made for key {found.keyid:.16}, which is none of ours ({ours}): {ASK_AGAIN}"
        )
    problem = found.problem_at(utc_us)
    if problem == "expired":
        raise UsageError(
            f"{pem}: expired on {found.leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC: {ASK_AGAIN}"
        )
    if problem:
        raise UsageError(
            f"{pem}: not valid before {found.leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC, and this box "
            f"says that it is {utc(utc_us):%Y-%m-%d %H:%M}: set the clock, or install it later"
        )
    if found.common_name != purpose.common_name:
        raise UsageError(
            f"{pem}: its common name is {found.common_name!r}; the {purpose.name} key of this box needs "
            f"{purpose.common_name!r}: {ASK_AGAIN}"
        )
    if authorities:
        try:
            check_issued(found, authorities, utc_us)
        except VerificationError as error:
            raise UsageError(
                f"{pem}: {error}: put the certificates between it and the authority behind it in the same "
                "file, or ask which authority the platform trusts"
            ) from error
    small_files.write_over(purpose.path, to_pem(found.chain), 0o644)
    return purpose


def installed_certificates(folder: Path, keyids: Iterable[str]) -> Mapping[str, KeyCertificate]:
    """The certificates that are installed for these evidence keys, by key id.

    One that cannot be read, or is for another key, is left out with an error in the log: a box goes on
    without a certificate rather than not at all.
    """
    found = {}
    for keyid in keyids:
        path = certificate_path(folder, keyid)
        if not path.exists():
            continue
        try:
            one = key_certificate(read_certificates(path))
        except UsageError as error:
            log.error("certificate of evidence key %s: %s", keyid, error)  # noqa: TRY400 - a person's file, no bug
            continue
        if one.keyid != keyid:
            log.error("%s is the certificate of another key", path)
            continue
        found[keyid] = one
    return found
