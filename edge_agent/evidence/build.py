"""From a decision of the core to the bytes of a statement: the same arguments, the same bytes.

Live and replay build with this one function. What differs between them (the place in the chain, the
time of sealing, which files are held, the state of the box) is an argument.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from edge_agent.core.decisions import Seal
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.records import MatchStatus, UseClass
from edge_agent.core.units import US, Ns, kmh_to_mm_s
from edge_agent.core.use_class import use_class
from edge_agent.errors import SealRefused
from edge_agent.evidence import strict_json
from edge_agent.evidence.attachments import CaseFiles
from edge_agent.evidence.identity import ChainLink, Identity
from edge_agent.evidence.measured import measurement, recognition
from edge_agent.evidence.statement import (
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
from edge_agent.evidence.statement_bridge import Instrument, Measurement
from edge_agent.evidence.statement_parts import Wording
from edge_agent.evidence.statement_records import Record

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
        en="Test record of a simulator or a test vehicle. Concerns nobody.",
        zh="测试数据（模拟或测试车辆），不涉及任何当事人。",
    ),
}

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


def build(
    seal: Seal,
    identity: Identity,
    link: ChainLink,
    sealed_utc_us: int,
    files: CaseFiles,
    *,
    name: str | None = None,
    amends: str | None = None,
    health: Health = UNKNOWN_HEALTH,
) -> Built:
    """The statement of one case; `name` is its `packet_id`, where the caller has it already.

    Raises:
        SealRefused: it must not exist: no assumptions stated, no limit judged, or too large.
    """
    matched = seal.match.status is MatchStatus.MATCHED
    kind = Kind.COMPOSITE if matched else Kind.WIM
    settings = identity.settings
    with _refusing(seal):
        measured = measurement(seal, files.raw_sha256)
        recognised = recognition(seal)
        time = _time(seal.crossing.first_axle_at, seal.clock, sealed_utc_us)
        return _finish(
            Statement(
                **_common(identity, link),
                packet_id=name or packet_id(seal, identity),
                kind=kind,
                lane=seal.crossing.lane,
                time=time,
                legal=_legal(seal, identity, files),
                instrument=_instrument(identity, seal.crossing.lane),
                measurement=measured,
                recognition=recognised,
                storefront=None,
                record=None,
                attachments=list(files.listed),
                missing=list(files.missing),
                software=_software(identity, measured),
                health=health,
                retention=Retention(
                    retention_class=settings.retention.retention_class,
                    delete_after_utc_us=_after(time, settings.retention.days),
                ),
                links=Links(amends=amends, correlates=[]),
                ext={},
            )
        )


def build_record(
    record: Record,
    identity: Identity,
    link: ChainLink,
    sealed_utc_us: int,
    *,
    clock: ClockStatus | None = None,
    health: Health = UNKNOWN_HEALTH,
) -> Built:
    """What the box says of itself: a heartbeat, a loss, an incident, ..."""
    content = strict_json.dumps(
        {"record": record.model_dump(mode="json"), "epoch": link.epoch, "seq": link.seq}
    )
    return _finish(
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
            attachments=[],
            missing=[],
            software=_software(identity, None),
            health=health,
            retention=Retention(retention_class="chain", delete_after_utc_us=None),
            links=Links(amends=None, correlates=[]),
            ext={},
        )
    )


def packet_id(seal: Seal, identity: Identity) -> str:
    """The statement's name: the event's time and a digest of what the core decided.

    It does not depend on the chain, the key or the disk, so a replay gives a case the name that it
    had on the road, and the same case sealed twice is recognised.
    """
    with _refusing(seal):
        content = strict_json.dumps(
            {
                "measurement": measurement(seal, None).model_dump(mode="json"),
                "recognition": recognition(seal).model_dump(mode="json"),
                "use_class": seal.use_class,
                "reasons": list(seal.reasons),
            }
        )
    event = _utc_us(seal.crossing.first_axle_at, seal.clock)
    millis = (event if event is not None else seal.crossing.first_axle_at // US) // 1000
    return _uuid7(millis, _digest(identity, content))


@contextlib.contextmanager
def _refusing(seal: Seal) -> Iterator[None]:
    """What does not fit the statement must not be sealed."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SealRefused(f"case {seal.case}: {where}: {first['msg']}") from error


def _finish(statement: Statement) -> Built:
    try:
        return Built(statement, statement.to_bytes())
    except ValueError as error:
        raise SealRefused(str(error)) from error


def _common(identity: Identity, link: ChainLink) -> dict[str, Any]:
    device, place = identity.settings.device, identity.settings.place
    return {
        "schema": "evidence.v1",
        "tenant": device.tenant,
        "device_id": device.device_id,
        "device_serial": device.device_serial,
        "site_id": device.site_id,
        "keyid": identity.keyid,
        "cert_sha256": device.cert_sha256,
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
        event_utc_us=None if event_at is None else _utc_us(event_at, clock),
        event_monotonic_us=None if event_at is None else event_at // US,
        sealed_utc_us=sealed_utc_us,
        source=clock.source if clock else ClockSource.NONE,
        synced=clock.synced if clock else False,
        offset_us=clock.offset // US if clock else None,
        est_error_us=None if error is None else -(-error // US),  # an error bound rounds up
        stratum=clock.stratum if clock else 0,
    )


def _utc_us(at: Ns, clock: ClockStatus | None) -> int | None:
    return None if clock is None else (at + clock.utc_minus_mono) // US


def _legal(seal: Seal, identity: Identity, files: CaseFiles) -> Legal:
    use, reasons = _use_class(seal, identity, files)
    legal, codes = identity.legal, identity.settings.codes
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


def _use_class(seal: Seal, identity: Identity, files: CaseFiles) -> tuple[UseClass, list[str]]:
    """The core's answer, looked at once more with the pictures that are really held. Only stricter."""
    again, found = use_class(
        identity.legal,
        identity.certificates.get(seal.crossing.lane),
        crossing=seal.crossing,
        verdicts=seal.verdicts,
        match=seal.match,
        pictures=files.pictures,
        vehicle_confirmed=seal.vehicle_confirmed,
        clock=seal.clock,
    )
    lost = ("pictures_lost",) if files.missing else ()
    reasons = list(dict.fromkeys((*seal.reasons, *found, *lost)))
    if UseClass.TEST in {seal.use_class, again}:
        return UseClass.TEST, reasons
    return (UseClass.REFERENCE if reasons else seal.use_class), reasons


def _instrument(identity: Identity, lane: str) -> Instrument | None:
    plate, certificate = identity.settings.instruments.get(lane), identity.certificates.get(lane)
    if plate is None and certificate is None:
        return None
    return Instrument(
        make=plate.make if plate else "",
        model=plate.model if plate else "",
        serial=plate.serial if plate else "",
        certificate_number=certificate.number if certificate else "",
        issuing_body=certificate.issuer if certificate else "",
        valid_until=certificate.valid_until if certificate else "",
        accuracy_class=certificate.accuracy_class if certificate else "",
        speed_min_mm_s=_mm_s(certificate.speed_min_kmh if certificate else None),
        speed_max_mm_s=_mm_s(certificate.speed_max_kmh if certificate else None),
    )


def _mm_s(kmh: int | None) -> int | None:
    return None if kmh is None else kmh_to_mm_s(kmh)


def _software(identity: Identity, measured: Measurement | None) -> Software:
    rules = {f"{limit.evaluator}={limit.rule_version}" for limit in measured.limits} if measured else set()
    return Software(
        agent_version=identity.agent_version,
        git_commit=identity.git_commit,
        config_sha256=identity.config_sha256,
        ruleset=";".join(sorted(rules)),
        python=identity.python,
        sqlite=identity.sqlite,
    )


def _after(time: Time, days: int) -> int:
    start = time.event_utc_us if time.event_utc_us is not None else time.sealed_utc_us
    return start + days * 86_400_000_000


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
