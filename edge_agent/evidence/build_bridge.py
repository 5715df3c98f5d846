"""The statement of a vehicle on a bridge: what it says for itself, and what it may be used for."""

from __future__ import annotations

from edge_agent.core.decisions import Seal
from edge_agent.core.records import MatchStatus, UseClass
from edge_agent.core.units import kmh_to_mm_s
from edge_agent.core.use_class import use_class
from edge_agent.evidence.attachments import CaseFiles
from edge_agent.evidence.identity import Identity
from edge_agent.evidence.measured import measurement, recognition
from edge_agent.evidence.sealable import Content
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.statement_bridge import Instrument


def bridge_content(seal: Seal, identity: Identity, raw_sha256: str | None) -> Content:
    """The weighing and whose plate it is; `raw_sha256` names the instrument's bytes, where they are kept."""
    matched = seal.match.status is MatchStatus.MATCHED
    measured = measurement(seal, raw_sha256)
    return Content(
        kind=Kind.COMPOSITE if matched else Kind.WIM,
        event_at=seal.crossing.first_axle_at,
        lane=seal.crossing.lane,
        ruleset=";".join(sorted({f"{limit.evaluator}={limit.rule_version}" for limit in measured.limits})),
        instrument=_instrument(identity, seal.crossing.lane),
        measurement=measured,
        recognition=recognition(seal),
    )


def bridge_use_class(seal: Seal, identity: Identity, files: CaseFiles) -> tuple[UseClass, tuple[str, ...]]:
    """Looked at once more with the pictures that are really held."""
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
    return again, (*found, *(("pictures_lost",) if files.missing else ()))


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
