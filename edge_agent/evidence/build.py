"""From a decision of the core to the bytes of a statement: the same arguments, the same bytes.

Live and replay build with this one function. What differs between them (the place in the chain, the
time of sealing, which files are held, the state of the box) is an argument.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from edge_agent.core.decisions import Seal, SealCoverage, SealStreet, SealTimeStep
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.foreign_json import first_fault
from edge_agent.core.records import JournalSlice, UseClass
from edge_agent.core.units import US, Ns
from edge_agent.errors import SealRefused
from edge_agent.evidence import strict_json
from edge_agent.evidence.attachments import CaseFiles
from edge_agent.evidence.build_bridge import bridge_content, bridge_use_class
from edge_agent.evidence.build_street import coverage_content, street_content, street_use_class
from edge_agent.evidence.build_time import time_step_content
from edge_agent.evidence.identity import ChainLink, Identity
from edge_agent.evidence.sealable import Case, Content, OfItself, Sealable, name_of, utc_us
from edge_agent.evidence.settings import CodeSettings
from edge_agent.evidence.statement import (
    Attachment,
    Chain,
    Health,
    Kind,
    Legal,
    Links,
    Place,
    Retention,
    Software,
    Statement,
    Time,
)
from edge_agent.evidence.statement_journal import ext_of
from edge_agent.evidence.statement_parts import Wording
from edge_agent.evidence.statement_records import CommandResult, Record

WORDING = {
    UseClass.ENFORCEMENT: Wording(
        en="Candidate evidence, to be reviewed by the authority. Nothing is established by it yet.",
        zh="候选证据（待审核），未经审核不得作为认定依据。",
    ),
    UseClass.REFERENCE: Wording(
        en="Reference (screening) record. Not usable as evidence.",
        zh="参考数据（筛查记录），不作为证据使用。",
    ),
    UseClass.TEST: Wording(
        en="Test record of a simulator, a rehearsal or a test vehicle. Concerns nobody.",
        zh="测试数据（模拟、演练或测试车辆），不涉及任何当事人。",
    ),
}

RECORD_RETENTION = Retention(retention_class="chain", delete_after_utc_us=None)
# Pictures that somebody asked for are no evidence and show whoever was there: not kept as long as a case.
COMMAND_KEEP_US = 30 * 86_400_000_000
NO_LINKS = Links(amends=None, correlates=[])
UNKNOWN_HEALTH = Health(disk_free_bytes=None, unreceipted=None, oldest_unreceipted_age_s=None, lost=None)


@dataclass(frozen=True, slots=True)
class Built:
    """A statement and its exact bytes."""

    statement: Statement
    payload: bytes

    @property
    def sha256(self) -> str:
        """The payload's identity, and the next statement's `prev`."""
        return hashlib.sha256(self.payload).hexdigest()


@dataclass(frozen=True, slots=True)
class Earlier:
    """The statements of the same case that are in the chain already, by packet id."""

    first: str
    newest: str


def build(
    seal: Sealable,
    identity: Identity,
    link: ChainLink,
    sealed_utc_us: int,
    files: CaseFiles,
    *,
    name: str | None = None,
    earlier: Earlier | None = None,
    health: Health = UNKNOWN_HEALTH,
    journal: JournalSlice | None = None,
) -> Built:
    """The statement of what was decided; `name` is its `packet_id`, where the caller has it already.

    `journal` is the part of the box's own recording that led to it; None where it keeps none.

    Raises:
        SealRefused: it must not exist: no assumptions stated, no limit judged, a suspect as a case, or
            too large.
    """
    with refusing(seal):
        content = _content(seal, identity, files.raw_sha256)
        time = _time(content.event_at, seal.clock, sealed_utc_us)
        return _finish(
            name_of(seal),
            Statement(
                **_common(identity, link),
                packet_id=name or packet_id(seal, identity),
                kind=content.kind,
                lane=content.lane,
                time=time,
                legal=None if isinstance(seal, OfItself) else _legal(seal, identity, files, sealed_utc_us),
                instrument=content.instrument,
                measurement=content.measurement,
                recognition=content.recognition,
                storefront=content.storefront,
                record=content.record,
                attachments=list(files.listed),
                missing=list(files.missing),
                software=_software(identity, content.ruleset),
                health=health,
                retention=RECORD_RETENTION if content.record else _retention(identity, time),
                links=_links(seal, earlier),
                ext=ext_of(journal),
            ),
        )


def build_record(
    record: Record,
    identity: Identity,
    link: ChainLink,
    sealed_utc_us: int,
    *,
    clock: ClockStatus | None = None,
    health: Health = UNKNOWN_HEALTH,
    attachments: Sequence[Attachment] = (),
) -> Built:
    """What the box says of itself: a heartbeat, a loss, ...; some have files."""
    content = strict_json.dumps(
        {"record": record.model_dump(mode="json"), "epoch": link.epoch, "seq": link.seq}
    )
    return _finish(
        record.type,
        Statement(
            **_common(identity, link),
            packet_id=_uuid7(sealed_utc_us // 1000, _digest(identity, content)),
            kind=Kind(record.type),
            lane="",
            time=_time(None, clock, sealed_utc_us),
            legal=None,
            instrument=None,
            measurement=None,
            recognition=None,
            storefront=None,
            record=record,
            attachments=list(attachments),
            missing=[],
            software=_software(identity, ""),
            health=health,
            retention=_asked_for(sealed_utc_us)
            if attachments and isinstance(record, CommandResult)
            else RECORD_RETENTION,
            links=NO_LINKS,
            ext={},
        ),
    )


def packet_id(seal: Sealable, identity: Identity) -> str:
    """The statement's name: the event's time and a digest of what the core decided.

    It does not depend on the chain, the key or the disk, so a replay gives a case the name that it
    had on the road, and the same case sealed twice is recognised.
    """
    with refusing(seal):
        content = _content(seal, identity, None)
        decided = content.decided()
    if not isinstance(seal, OfItself):
        decided |= {"use_class": seal.use_class, "reasons": list(seal.reasons)}
    event = utc_us(content.event_at, seal.clock)
    millis = (event if event is not None else content.event_at // US) // 1000
    return _uuid7(millis, _digest(identity, strict_json.dumps(decided)))


def _content(seal: Sealable, identity: Identity, raw_sha256: str | None) -> Content:
    match seal:
        case Seal():
            return bridge_content(seal, identity, raw_sha256)
        case SealStreet():
            return street_content(seal)
        case SealCoverage():
            return coverage_content(seal)
        case SealTimeStep():
            return time_step_content(seal)


@contextlib.contextmanager
def refusing(seal: Sealable) -> Iterator[None]:
    """What does not fit the statement must not be sealed."""
    try:
        yield
    except ValidationError as error:
        where, what = first_fault(error)
        raise SealRefused(f"{name_of(seal)}: {where or 'as a whole'}: {what}") from error


def _finish(name: str, statement: Statement) -> Built:
    try:
        return Built(statement, statement.to_bytes())
    except ValueError as error:
        raise SealRefused(f"{name}: {error}") from error


def _common(identity: Identity, link: ChainLink) -> dict[str, Any]:
    device, place = identity.settings.device, identity.settings.place
    return {
        "schema": "evidence.v1",
        "tenant": device.tenant,
        "device_id": device.device_id,
        "device_serial": device.device_serial,
        "site_id": device.site_id,
        "keyid": identity.keyid,
        "cert_sha256": identity.certificate.sha256 if identity.certificate else "",
        "chain": Chain(
            epoch=link.epoch,
            seq=link.seq,
            prev=link.prev,
            boot_id=identity.boot_id,
            store_genesis=link.store_genesis,
        ),
        "place": Place(**place.model_dump(), published_location=identity.legal.published_location),
    }


def _time(event_at: Ns | None, clock: ClockStatus | None, sealed_utc_us: int) -> Time:
    error = clock.est_error if clock else None
    return Time(
        event_utc_us=None if event_at is None else utc_us(event_at, clock),
        event_monotonic_us=None if event_at is None else event_at // US,
        sealed_utc_us=sealed_utc_us,
        source=clock.source if clock else ClockSource.NONE,
        synced=clock.synced if clock else False,
        offset_us=clock.offset // US if clock else None,
        est_error_us=None if error is None else -(-error // US),  # an error bound rounds up
        stratum=clock.stratum if clock else 0,
    )


def _legal(seal: Case, identity: Identity, files: CaseFiles, sealed_utc_us: int) -> Legal:
    use, reasons = _use_class(seal, identity, files, sealed_utc_us)
    legal = identity.legal
    # The authority's codes are of the bridge's matter; a street's rule states its own legal basis.
    codes = identity.settings.codes if isinstance(seal, Seal) else CodeSettings()
    return Legal(
        use_class=use,
        reasons=reasons,
        wording=WORDING[use],
        operator=legal.operator,
        approval_number=legal.approval_number,
        sign_id=legal.sign_id,
        enforcement_from=legal.enforcement_from or "",
        offence_code=codes.offence_code,
        law_basis_code=codes.law_basis_code,
    )


def _use_class(
    seal: Case, identity: Identity, files: CaseFiles, sealed_utc_us: int
) -> tuple[UseClass, list[str]]:
    """The core's answer, looked at once more with the pictures and the certificate that are really held.

    Only stricter. What is sealed outside the validity of its certificate, no verifier will take for
    more than it is.
    """
    if isinstance(seal, Seal):
        again, found = bridge_use_class(seal, identity, files)
    else:
        again, found = street_use_class(seal, identity, files)
    certificate = identity.certificate
    problem = certificate.problem_at(sealed_utc_us) if certificate else ""
    late = (f"evidence_certificate_{problem}",) if problem else ()
    reasons = list(dict.fromkeys((*seal.reasons, *found, *late)))
    if UseClass.TEST in {seal.use_class, again}:
        return UseClass.TEST, reasons
    return (UseClass.REFERENCE if reasons else seal.use_class), reasons


def _links(seal: Sealable, earlier: Earlier | None) -> Links:
    """A bridge's case decided anew replaces its last statement; a street's goes on from its first."""
    if earlier is None or isinstance(seal, OfItself):
        return NO_LINKS
    if isinstance(seal, SealStreet):
        return Links(amends=None, correlates=[earlier.first])
    return Links(amends=earlier.newest, correlates=[])


def _software(identity: Identity, ruleset: str) -> Software:
    return Software(
        agent_version=identity.agent_version,
        git_commit=identity.git_commit,
        config_sha256=identity.config_sha256,
        ruleset=ruleset,
        python=identity.python,
        sqlite=identity.sqlite,
    )


def _asked_for(sealed_utc_us: int) -> Retention:
    return Retention(retention_class="command", delete_after_utc_us=sealed_utc_us + COMMAND_KEEP_US)


def _retention(identity: Identity, time: Time) -> Retention:
    chosen = identity.settings.retention
    if time.source is ClockSource.NONE:  # a box that starts in 1970 would have it deleted on arrival
        return Retention(retention_class=chosen.retention_class, delete_after_utc_us=None)
    start = time.event_utc_us if time.event_utc_us is not None else time.sealed_utc_us
    return Retention(
        retention_class=chosen.retention_class, delete_after_utc_us=start + chosen.days * 86_400_000_000
    )


def _digest(identity: Identity, content: bytes) -> bytes:
    device = identity.settings.device
    return hashlib.sha256(f"{device.tenant}/{device.device_id}\n".encode() + content).digest()


def _uuid7(millis: int, digest: bytes) -> str:
    """RFC 9562 version 7 in form: 48 bits of time, then 74 bits of a digest where it has random ones."""
    number = (millis & (2**48 - 1)) << 80 | int.from_bytes(digest[:10])
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(0b11 << 62) | 0b10 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
