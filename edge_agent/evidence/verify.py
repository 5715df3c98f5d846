"""Check evidence, offline, and say what was checked and what was not.

Order for each statement: envelope, signature, type, form; then its attachments; then its place in the
chain; then its receipt. Nothing here repairs or trusts: the material may be hostile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from edge_agent.evidence import dsse
from edge_agent.evidence.keys import KeyRing, PublicKey
from edge_agent.evidence.pruning import NOTHING_GONE, Mark
from edge_agent.evidence.sm2 import Sm2PublicKey
from edge_agent.evidence.statement import Attachment
from edge_agent.evidence.verify_certificates import CertificateCheck, Claim
from edge_agent.evidence.verify_chain import ChainCheck, ChainName, Link, Links, chain_of
from edge_agent.evidence.verify_receipts import ReceiptCheck
from edge_agent.evidence.verify_signed import Item, Opener, SecondSignatures, Signed


@dataclass(slots=True)
class Material:
    """What there is to check, from whatever form it came in."""

    items: Iterable[Item]
    attachment: Callable[[str], Path | bytes | None]  # the file of a digest, or its bytes
    whole: bool = False  # a complete chain: a gap in it is a loss
    let_go: Mark = NOTHING_GONE  # of a complete chain: up to where a gap is none
    partial: bool = False  # no claim that the attachments are here
    released: frozenset[str] = frozenset()  # attachments let go after their receipt
    evidence_keys: tuple[PublicKey, ...] = ()  # as the material itself claims
    receipt_keys: tuple[PublicKey, ...] = ()
    problems: list[tuple[str, str]] = field(default_factory=list)  # found while reading
    not_checked: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """The answer."""

    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)  # (where, what)
    statements: int = 0
    attachments: int = 0
    links: int = 0
    receipts: int = 0
    rotations: int = 0

    @property
    def good(self) -> bool:
        """Something was checked and none of it is bad."""
        return not self.problems and self.statements > 0


@dataclass(frozen=True, slots=True)
class _Case:
    """What is still to be asked about a statement when all of them have been seen."""

    chain: ChainName
    seq: int
    link: Link
    claim: Claim
    receipts: tuple[bytes, ...]


def verify(
    material: Material,
    evidence_keys: Sequence[PublicKey] = (),
    receipt_keys: Sequence[PublicKey] = (),
    *,
    authorities: Sequence[x509.Certificate] = (),
    sm2_keys: Sequence[Sm2PublicKey] = (),
) -> Report:
    """Check everything in the material.

    Args:
        material: what to check.
        evidence_keys: keys that the caller trusts; without them the material's own are used, and the
            report says so. Keys that took over from one of them are trusted as well.
        receipt_keys: the same for the platform's receipts.
        authorities: who may issue certificates of evidence keys.
        sm2_keys: of second signatures.
    """
    report = Report(list(material.checked), list(material.not_checked), list(material.problems))
    platform = tuple(receipt_keys) or material.receipt_keys
    trusted = tuple(evidence_keys) or material.evidence_keys
    opener = Opener(KeyRing({dsse.EVIDENCE_TYPE: trusted, dsse.RECEIPT_TYPE: platform}))
    second = SecondSignatures(sm2_keys)
    certificates = CertificateCheck(authorities)
    chains = ChainCheck(material.whole, material.let_go)
    cases: list[_Case] = []
    missing = 0
    for item, signed in opener.open(material.items):
        statement = signed.statement
        report.statements += 1
        report.rotations += signed.successor is not None
        _note(report, item.name, second.check(signed), certificates.learn(statement))
        missing += sum(_attachment(a, item.name, material, report) for a in statement.attachments)
        case = _case(item, signed)
        _note(report, item.name, chains.place(case.chain, case.seq, case.link))
        cases.append(case)
    report.problems.extend(opener.refused)
    for case in cases:
        _note(report, case.link.name, certificates.check(case.claim))
    chains.check()
    report.links = chains.good
    report.problems.extend(chains.problems)
    report.not_checked.extend(chains.not_checked)
    if platform:
        receipts = ReceiptCheck(opener.ring, chains.chains)
        report.receipts = sum(receipts.covers(c.receipts, c.chain, c.seq, c.link) for c in cases)
        report.problems.extend(receipts.problems)
    _summarise(report, chains.chains, missing)
    second.say(report.checked, report.not_checked)
    certificates.say(report.checked, report.not_checked)
    _say_not_checked(report, bool(evidence_keys), bool(platform), bool(receipt_keys))
    return report


def _case(item: Item, signed: Signed) -> _Case:
    statement, chain = signed.statement, signed.statement.chain
    rotates = signed.successor is not None
    link = Link(item.name, signed.sha256, chain.prev, chain.store_genesis, statement.keyid, rotates)
    return _Case(chain_of(statement), chain.seq, link, Claim.of(statement), item.receipts)


def _note(report: Report, name: str, *problems: str) -> None:
    report.problems.extend((name, problem) for problem in problems if problem)


def _attachment(listed: Attachment, name: str, material: Material, report: Report) -> bool:
    """Check one file; True when it is not there and need not be."""
    held = material.attachment(listed.sha256)
    if held is None:
        if material.partial or listed.sha256 in material.released:
            return True
        report.problems.append((name, f"attachment {listed.sha256} ({listed.role}): missing"))
        return False
    try:
        size, digest = _measured(held)
    except OSError as error:
        report.problems.append((name, f"attachment {listed.sha256}: {error.strerror}"))
        return False
    if (size, digest) != (listed.size, listed.sha256):
        report.problems.append((name, f"attachment {listed.sha256} ({listed.role}): damaged, {size} bytes"))
        return False
    report.attachments += 1
    return False


def _measured(held: Path | bytes) -> tuple[int, str]:
    """Size and SHA-256. Raises OSError."""
    if isinstance(held, bytes):
        return len(held), hashlib.sha256(held).hexdigest()
    with held.open("rb") as file:
        return held.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _summarise(report: Report, chains: Mapping[ChainName, Links], released: int) -> None:
    report.checked.append(f"{report.statements} statements: envelope, signature, type, form")
    report.checked.append(f"{report.attachments} attachments: size, SHA-256")
    for (_, device, epoch), links in sorted(chains.items()):
        report.checked.append(
            f"chain of {device}, epoch {epoch:.8}: {len(links)} statements, seq {min(links)} to {max(links)}"
        )
    report.checked.append(f"{report.links} links: each names the hash of the one before")
    if report.rotations:
        report.checked.append(f"{report.rotations} key rotations: each signed by the old and the new key")
    report.checked.append(f"{report.receipts} statements: covered by a receipt of the platform")
    if released:
        report.not_checked.append(f"{released} attachments that are not here")


def _say_not_checked(report: Report, own: bool, platform: bool, own_platform: bool) -> None:
    if not own:
        report.not_checked.append(
            "whose key signed: the key came with the material; give the one you trust with --keys"
        )
    if not platform:
        report.not_checked.append("receipts: no receipt key is known; give one with --receipt-keys")
    elif not own_platform and report.receipts:
        report.not_checked.append(
            "whose key signed the receipts: it came with the material; give yours with --receipt-keys"
        )
    if platform and report.receipts < report.statements:
        bare = report.statements - report.receipts
        report.not_checked.append(f"receipts of {bare} statements: none here that leads to them")
    report.not_checked.append("when it was signed, beyond the box's own clock: there is no trusted timestamp")
    report.not_checked.append(
        "whether the chain goes on after the last statement here: the platform knows its head"
    )
    report.not_checked.append("whether what the statements say is true: that is for a person to review")
