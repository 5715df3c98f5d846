"""What a record says of a zone, with everything that it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.core.scene import Finding, Phase, StreetReport
from edge_agent.core.street.cases import Case
from edge_agent.core.street.hours import InForce
from edge_agent.core.street.sample import Sample
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.street.stay import ZERO, Stay
from edge_agent.core.street.text import texts
from edge_agent.core.units import MS, Ns, Permille, S


@dataclass(frozen=True, slots=True)
class Place:
    """What does not change of a zone."""

    camera: str
    zone: str
    shop: str
    shop_name: str
    rule_name: str
    rule: RuleSettings


@dataclass(frozen=True, slots=True)
class Situation:
    """A zone at the look that decided."""

    sample: Sample
    reference: str  # SHA-256 of the reference picture
    force: InForce
    asked: Ns  # the stay that the rule asks for
    tier: str
    tier_stay: Permille
    low_light: bool


def report(
    place: Place,
    now: Situation,
    phase: Phase,
    finding: Finding,
    case: Case,
    stay: Stay | None,
    *,
    order: str,
) -> StreetReport:
    """The whole report.

    Args:
        place: the zone.
        now: at the look that decided.
        phase: which record it is.
        finding: what it says is there.
        case: its times are told.
        stay: of the goods; None where none were seen since the start.
        order: id of the inspection or notice that asked for it.
    """
    sample, at = now.sample, now.sample.at
    there = finding is Finding.PRESENT
    was = stay.items if stay is not None and phase is Phase.CLEARED else ()
    said = StreetReport(
        event_type=place.rule.event_type,
        phase=phase,
        finding=finding,
        camera=place.camera,
        zone=place.zone,
        shop=place.shop,
        tier=now.tier,
        rule=place.rule_name,
        order=order,
        judged_at=at,
        first_seen_at=case.first_seen_at,
        candidate_at=case.candidate_at,
        confirmed_at=case.confirmed_at,
        ended_at=case.ended_at,
        dwell=stay.dwell if stay is not None else ZERO,
        paused=stay.paused(at) if stay is not None else ZERO,
        samples=stay.samples if stay is not None else 0,
        samples_present=stay.samples_present if stay is not None else 0,
        items=sample.items if there else was,
        share=sample.share if there else Permille(0),
        area_cm2=sample.area_cm2 if there else None,
        passable_mm=sample.passable_mm if there else None,
        stay_ms=now.asked // MS,
        in_force=tuple(sorted(_in_force(place.rule, now, stay, finding))),
        reference=now.reference,
        routes=place.rule.routes,
        text_en="",
        text_zh="",
        protrusion_mm=sample.protrusion_mm if there else None,
    )
    text_en, text_zh = texts(said, place.rule, place.shop_name)
    return replace(said, text_en=text_en, text_zh=text_zh)


def with_counts(said: StreetReport, counts: tuple[tuple[str, str], ...]) -> StreetReport:
    """The report with what its shop has counted lately, itself included."""
    return replace(said, in_force=tuple(sorted((*said.in_force, *counts))))


def _in_force(
    rule: RuleSettings, now: Situation, stay: Stay | None, finding: Finding
) -> tuple[tuple[str, str], ...]:
    """What held at that look, as words and numbers."""
    more = rule.low_light_score if now.low_light else 0
    held = {
        "candidate_s": rule.candidate_s,
        "clear_s": rule.clear_s,
        "enter_score": rule.enter_score + more,
        "gap_s": rule.gap_s,
        "hours": now.force.window or now.force.detail,
        "keep_score": rule.keep_score + more,
        "low_light": str(now.low_light).lower(),
        "rule_holds": str(now.force.holds).lower(),
        "stay_s": now.force.stay_s or rule.stay_s,
        "tier_stay_permille": now.tier_stay,
        "unloading_s": stay.unloaded // S if stay is not None else 0,
    }
    if rule.legal_basis:
        held["legal_basis"] = rule.legal_basis
    if finding is Finding.ABSENT and now.sample.reason:
        held["absent"] = now.sample.reason  # something is there that does not count, and why
    if finding is Finding.UNSEEN:
        held["unseen"] = now.sample.reason or "unsettled"
    return tuple((key, str(value)) for key, value in held.items())
