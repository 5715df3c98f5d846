"""Whether a key's certificate was valid when it signed, and who issued it.

What counts is the moment of sealing, not today. That moment is the box's own word; a receipt or a
trusted timestamp bounds it from above.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from edge_agent.core.records import UseClass
from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence.certificates import KeyCertificate, certificate_of_ders, check_issued
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_records import Certificate


@dataclass(frozen=True, slots=True)
class Claim:
    """What a statement says of the key that signed it: all that is kept of it for later."""

    keyid: str
    cert_sha256: str
    sealed_utc_us: int
    enforcement: bool  # its use class

    @classmethod
    def of(cls, statement: Statement) -> Claim:
        """Of a statement."""
        legal = statement.legal
        enforcement = legal is not None and legal.use_class is UseClass.ENFORCEMENT
        return cls(statement.keyid, statement.cert_sha256, statement.time.sealed_utc_us, enforcement)


class CertificateCheck:
    """Collects the certificates that the chain tells, then looks at each statement."""

    def __init__(self, authorities: Sequence[x509.Certificate]) -> None:
        self._authorities = authorities
        self._by_sha256: dict[str, KeyCertificate] = {}
        self.good = 0
        self.bare = 0  # statements that name none
        self.absent = 0  # that name one which is not here
        self.outside = 0  # sealed outside its validity, and saying so

    def learn(self, statement: Statement) -> str:
        """Take in the certificate that a statement tells; what is wrong with it, empty when nothing."""
        record = statement.record
        if not isinstance(record, Certificate):
            return ""
        try:
            found = certificate_of_ders([base64.b64decode(der, validate=True) for der in record.chain])
        except (UsageError, binascii.Error) as error:
            return f"its certificate: {error}"
        if (found.sha256, found.keyid) != (record.cert_sha256, statement.keyid):
            return "its certificate is another's"
        self._by_sha256[found.sha256] = found
        return ""

    def check(self, claim: Claim) -> str:
        """What is wrong with the certificate of a statement's key; empty when nothing is."""
        found = self._by_sha256.get(claim.cert_sha256)
        if not self._authorities or found is None:
            self.bare += not claim.cert_sha256
            self.absent += bool(claim.cert_sha256)
            return ""
        if found.keyid != claim.keyid:
            return "names the certificate of another key"
        try:
            if found.problem_at(claim.sealed_utc_us):
                return self._outside(claim)
            check_issued(found, self._authorities, claim.sealed_utc_us)
        except (VerificationError, OverflowError, ValueError) as error:
            return str(error)
        self.good += 1
        return ""

    def _outside(self, claim: Claim) -> str:
        if claim.enforcement:
            return "sealed outside the validity of its key's certificate, and claims use class enforcement"
        self.outside += 1
        return ""

    def say(self, checked: list[str], not_checked: list[str]) -> None:
        """For the report."""
        if not self._authorities:
            not_checked.append("certificates of the keys: give the authority's with --ca")
            return
        checked.append(
            f"{self.good} statements: sealed while their key's certificate was valid, issued by an authority "
            "that you trust"
        )
        for count, what in (
            (self.bare, "name no certificate"),
            (self.absent, "name a certificate that is not here; it is told once in the chain"),
            (
                self.outside,
                "were sealed outside their certificate's validity, and claim no more than reference",
            ),
        ):
            if count:
                not_checked.append(f"certificates of {count} statements: they {what}")
