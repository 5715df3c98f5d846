"""The statements of a street: a zone's case, re-check or inspection, and what was truly watched."""

from __future__ import annotations

from edge_agent.core.decisions import SealCoverage, SealStreet
from edge_agent.core.records import UseClass
from edge_agent.core.standing import conclude
from edge_agent.core.street.use_class import use_class
from edge_agent.evidence.attachments import CaseFiles, chosen_pictures
from edge_agent.evidence.identity import Identity
from edge_agent.evidence.observed import coverage, storefront
from edge_agent.evidence.sealable import Content
from edge_agent.evidence.statement import KIND_OF_PHASE, Kind


def street_content(seal: SealStreet) -> Content:
    """What is concluded of the zone."""
    return Content(
        kind=KIND_OF_PHASE[seal.report.phase],
        event_at=seal.report.judged_at,
        ruleset=seal.report.rule,
        storefront=storefront(seal, chosen_pictures(seal)),
    )


def street_use_class(
    seal: SealStreet, identity: Identity, files: CaseFiles
) -> tuple[UseClass, tuple[str, ...]]:
    """Looked at once more with the pictures that are really held.

    A lost copy costs nothing: its original stands, and it can be made again.
    """
    rule = identity.rules.get(seal.report.rule)
    if rule is None:  # of another configuration than the one that seals
        return conclude(identity.legal, ("rule_unknown",))
    again, found = use_class(
        identity.legal,
        rule,
        report=seal.report,
        pictures=files.pictures,
        model_sha256=seal.model_sha256,
        clock=seal.clock,
    )
    originals = {picture.sha256 for picture in seal.pictures if not picture.parent}
    return again, (*found, *(("pictures_lost",) if originals & set(files.missing) else ()))


def coverage_content(seal: SealCoverage) -> Content:
    """A record of the box, about itself: it has no pictures and nothing to judge."""
    return Content(kind=Kind.COVERAGE, event_at=seal.end, record=coverage(seal))
