"""Check evidence, offline, and say what was checked and what was not.

Order for each statement: envelope, signature, type, form; then its attachments; then its place in the
chain; then its receipt. Nothing here repairs or trusts: the material may be hostile.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.keys import KeyRing, PublicKey
from edge_agent.evidence.pruning import NOTHING_GONE, Mark
from edge_agent.evidence.receipts import Receipt, ReceiptStatus, open_receipt
from edge_agent.evidence.sm2 import Sm2PublicKey
from edge_agent.evidence.statement import Attachment, Statement
from edge_agent.evidence.verify_certificates import CertificateCheck
from edge_agent.evidence.verify_signed import Item, Opener, SecondSignatures, Signed

_COVERED = frozenset({ReceiptStatus.ACCEPTED, ReceiptStatus.DUPLICATE})


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
class _Link:
    name: str
    sha256: str
    prev: str | None
    genesis: str | None
    keyid: str
    rotates: bool  # its key signs nothing after it


@dataclass(frozen=True, slots=True)
class _Case:
    statement: Statement
    link: _Link
    receipts: tuple[bytes, ...]


Chains = dict[tuple[str, str, str], dict[int, _Link]]


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
    chains: Chains = {}
    cases: list[_Case] = []
    missing = 0
    for item, signed in opener.open(material.items):
        report.statements += 1
        report.rotations += signed.successor is not None
        _note(report, item.name, second.check(signed), certificates.learn(signed.statement))
        missing += sum(_attachment(a, item.name, material, report) for a in signed.statement.attachments)
        link = _link(item, signed)
        _place(signed.statement, link, chains, report)
        cases.append(_Case(signed.statement, link, item.receipts))
    report.problems.extend(opener.refused)
    for case in cases:
        _note(report, case.link.name, certificates.check(case.statement))
    for chain, links in sorted(chains.items()):
        _check_chain(chain, links, material, report)
    if platform:
        receipts = _Receipts(opener.ring, report)
        report.receipts = sum(receipts.covers(case, chains) for case in cases)
    _summarise(report, chains, missing)
    second.say(report.checked, report.not_checked)
    certificates.say(report.checked, report.not_checked)
    _say_not_checked(report, bool(evidence_keys), bool(platform), bool(receipt_keys))
    return report


def _link(item: Item, signed: Signed) -> _Link:
    statement = signed.statement
    chain = statement.chain
    rotates = signed.successor is not None
    return _Link(item.name, signed.sha256, chain.prev, chain.store_genesis, statement.keyid, rotates)


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


def _place(statement: Statement, link: _Link, chains: Chains, report: Report) -> None:
    chain = (statement.tenant, statement.device_id, statement.chain.epoch)
    links = chains.setdefault(chain, {})
    twin = links.setdefault(statement.chain.seq, link)
    if twin.sha256 != link.sha256:
        report.problems.append(
            (link.name, f"equivocation: {twin.name} is another statement at seq {statement.chain.seq}")
        )


def _check_chain(
    chain: tuple[str, str, str], links: dict[int, _Link], material: Material, report: Report
) -> None:
    """Every statement names the one before it, and all of an epoch name the same first one."""
    seqs = sorted(links)
    geneses = {link.genesis for seq, link in links.items() if seq > 0}
    if 0 in links:
        geneses.add(links[0].sha256)
    if len(geneses) > 1:
        report.problems.append(
            (links[seqs[0]].name, "chain: statements of one epoch name different first ones")
        )
    if material.whole and seqs[0] != 0:
        report.problems.append((links[seqs[0]].name, f"chain: starts at seq {seqs[0]}, not at 0"))
    _check_rotations(links, report)
    if material.let_go.seq >= 0:
        _check_let_go(links, material.let_go, report)
    for before, seq in itertools.pairwise(seqs):
        if seq != before + 1 and seq <= material.let_go.seq:
            continue  # checked as a whole
        if seq != before + 1:
            gap = f"chain {chain[1]}/{chain[2]:.8}: between seq {before} and {seq} nothing is here"
            if material.whole:
                report.problems.append((links[seq].name, gap))
            else:
                report.not_checked.append(gap)
        elif links[seq].prev != links[before].sha256:
            report.problems.append((links[seq].name, f"chain: does not follow from seq {before}"))
        else:
            report.links += 1


def _check_let_go(links: dict[int, _Link], mark: Mark, report: Report) -> None:
    """As many are gone as were let go, and the chain goes on from the last place that was looked at."""
    end = links.get(mark.seq)
    here = sum(seq <= mark.seq for seq in links)
    if here + mark.statements != mark.seq + 1:
        what = f"{here} statements up to seq {mark.seq} are here and {mark.statements} were let go"
        report.problems.append(("mark", f"chain: {what}"))
    if end is None or end.sha256 != mark.payload_sha256:
        report.problems.append(
            ("mark", f"chain: seq {mark.seq} is not the statement where what was let go ends")
        )
    report.not_checked.append(
        f"{mark.statements} statements up to seq {mark.seq}: let go after their receipts, as the store says"
    )


def _check_rotations(links: dict[int, _Link], report: Report) -> None:
    """A key that was rotated away signs nothing after it."""
    away: dict[str, int] = {}
    for seq, link in sorted(links.items()):
        if link.keyid in away:
            what = f"signed by key {link.keyid:.16}, which was rotated away at seq {away[link.keyid]}"
            report.problems.append((link.name, f"chain: {what}"))
        if link.rotates:
            away[link.keyid] = seq


class _Receipts:
    """Opens each receipt once; a bad one is a problem once."""

    def __init__(self, ring: KeyRing, report: Report) -> None:
        self._ring = ring
        self._report = report
        self._opened: dict[tuple[bytes, str, str], Receipt | None] = {}

    def covers(self, case: _Case, chains: Chains) -> bool:
        """Whether one of the receipts that came with the statement covers it."""
        opened = (self._open(envelope, case) for envelope in case.receipts)
        return any(_covers(receipt, case.statement, case.link, chains) for receipt in opened if receipt)

    def _open(self, envelope: bytes, case: _Case) -> Receipt | None:
        key = (envelope, case.statement.tenant, case.statement.device_id)
        if key not in self._opened:
            try:
                self._opened[key] = open_receipt(envelope, self._ring, *key[1:])
            except VerificationError as error:
                self._report.problems.append((case.link.name, f"its receipt: {error}"))
                self._opened[key] = None
        return self._opened[key]


def _covers(receipt: Receipt, statement: Statement, link: _Link, chains: Chains) -> bool:
    """By an item, or by the watermark's hash, followed back through the chain that is here."""
    if receipt.epoch != statement.chain.epoch:
        return False
    if any(i.payload_sha256 == link.sha256 and i.status in _COVERED for i in receipt.items):
        return True
    mark = receipt.watermark
    if mark is None or mark.seq < statement.chain.seq:
        return False
    links = chains[(statement.tenant, statement.device_id, statement.chain.epoch)]
    expected: str | None = mark.payload_sha256
    for seq in range(mark.seq, statement.chain.seq, -1):
        if seq not in links or links[seq].sha256 != expected:
            return False
        expected = links[seq].prev
    return expected == link.sha256


def _summarise(report: Report, chains: Chains, released: int) -> None:
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
