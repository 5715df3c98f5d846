"""Goods past a shop's door line, as the core decides it: example values beside those of the bridge."""

# Plain numbers read better here than forty unit constructors.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from edge_agent.core.decisions import SealCoverage, SealStreet
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.records import Detection, Picture, UseClass
from edge_agent.core.scene import EvidenceItem, Finding, Phase, StreetReport, Watched
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import MS, S
from edge_agent.evidence.examples import BASE_UTC, a_jpeg, a_picture, an_identity
from edge_agent.evidence.identity import Identity

HOUR = 3600 * S
MODEL = "cd" * 32
REFERENCE = a_jpeg("clear pavement")
A_RULE = RuleSettings(legal_basis="城市市容管理条例（示例）")

_TEXT = {
    Phase.CONFIRMED: (
        "Goods past the shop's door line for 5 min 0 s (suspected).",
        "疑似跨门经营，持续 5 分 0 秒。",
    ),
    Phase.ONGOING: ("Still there (suspected).", "疑似跨门经营仍在持续。"),
    Phase.CLEARED: ("No longer there.", "已不再占用。"),
    Phase.REOPENED: ("There again (suspected).", "疑似跨门经营再次出现。"),
    Phase.RECHECK: ("Looked again after the notice: corrected.", "告知后复查：已整改。"),
    Phase.INSPECTION: ("Inspection as ordered: nothing past the line.", "按指令抽查：未见出店物品。"),
}
_FINDING = {
    Phase.CLEARED: Finding.ABSENT,
    Phase.RECHECK: Finding.ABSENT,
    Phase.INSPECTION: Finding.ABSENT,
}


def a_street_identity(**other: Any) -> Identity:
    """A box that watches a bridge and a street."""
    return an_identity(**{"rules": {"overflow": A_RULE}, **other})


def a_street_clock(at: int) -> ClockStatus:
    """A clock that can be trusted."""
    return ClockStatus(at, BASE_UTC, ClockSource.NTP, synced=True, offset=2 * MS, est_error=8 * MS, stratum=2)


def an_item(**other: Any) -> EvidenceItem:
    """A pile of crates."""
    return EvidenceItem(
        **{
            "label": "goods_pile",
            "strength": "strong",
            "score": 870,
            "first_at": HOUR,
            "last_at": HOUR + 300 * S,
            "samples": 280,
            "share": 900,
            "x_min": 400,
            "y_min": 600,
            "x_max": 520,
            "y_max": 760,
            **other,
        }
    )


def a_report(phase: Phase = Phase.CONFIRMED, **other: Any) -> StreetReport:
    """Crates stood before shop s1 for five minutes, from hour one on; what came later says when it was."""
    confirmed_at = HOUR + 300 * S
    judged_at = {Phase.CONFIRMED: confirmed_at, Phase.INSPECTION: HOUR}.get(phase, confirmed_at + 1800 * S)
    finding = _FINDING.get(phase, Finding.PRESENT)
    is_case = phase is not Phase.INSPECTION
    text_en, text_zh = _TEXT[phase]
    return StreetReport(
        **{
            "event_type": "shop_overflow",
            "phase": phase,
            "finding": finding,
            "camera": "street1",
            "zone": "door_s1",
            "shop": "s1",
            "tier": "yellow",
            "rule": "overflow",
            "order": {Phase.RECHECK: "notice-7", Phase.INSPECTION: "draw-2026-11-18-3"}.get(phase, ""),
            "judged_at": judged_at,
            "first_seen_at": HOUR if is_case else None,
            "candidate_at": HOUR + 60 * S if is_case else None,
            "confirmed_at": confirmed_at if is_case else None,
            "ended_at": judged_at if phase is Phase.CLEARED else None,
            "dwell": 300 * S if is_case else 0,
            "paused": 0,
            "samples": 300 if is_case else 1,
            "samples_present": 285 if is_case else 0,
            "items": (an_item(),) if finding is Finding.PRESENT else (),
            "share": 120 if finding is Finding.PRESENT else 0,
            "area_cm2": 9_600 if finding is Finding.PRESENT else None,
            "passable_mm": 1_850 if finding is Finding.PRESENT else None,
            "protrusion_mm": 620 if finding is Finding.PRESENT else None,
            "stay_ms": 300_000,
            "in_force": (
                ("enter_score", "450"),
                ("hours", "07:00-22:00"),
                ("keep_score", "300"),
                ("legal_basis", A_RULE.legal_basis),
                ("low_light", "false"),
                ("rule_holds", "true"),
            ),
            "reference": hashlib.sha256(REFERENCE).hexdigest(),
            "routes": ("owner", "officer", "platform"),
            "text_en": text_en,
            "text_zh": text_zh,
            **other,
        }
    )


def street_pictures(
    number: int, phase: Phase, size: int = 1000
) -> tuple[tuple[Picture, ...], dict[str, bytes]]:
    """Reference, stills, copies of each still, and a clip of a confirmed case; with their bytes."""
    moments = {"first_seen": HOUR, "middle": HOUR + 150 * S, "confirmed": HOUR + 300 * S}
    if phase not in {Phase.CONFIRMED, Phase.REOPENED}:
        moments = {phase.value: a_report(phase).judged_at}
    pictures = [a_picture("reference", REFERENCE, None, camera="street1")]
    blobs = {pictures[0].sha256: REFERENCE}
    for role, at in moments.items():
        original = a_jpeg((number, phase, role), size)
        parent = hashlib.sha256(original).hexdigest()
        marked, shared = a_jpeg((number, phase, role, "m"), size), a_jpeg((number, phase, role, "s"), size)
        pictures += [
            a_picture(role, original, at, camera="street1"),
            a_picture(f"{role}_marked", marked, at, camera="street1", parent=parent),
            a_picture(f"{role}_shared", shared, at, camera="street1", parent=parent, masked=True),
        ]
        blobs |= {hashlib.sha256(data).hexdigest(): data for data in (original, marked, shared)}
    if phase is Phase.CONFIRMED:
        clip = a_jpeg((number, "clip"), size)
        pictures.append(a_picture("clip", clip, HOUR + 290 * S, camera="street1", media_type="video/mp4"))
        blobs[pictures[-1].sha256] = clip
    return tuple(pictures), blobs


def a_zone_case(
    number: int = 1, phase: Phase = Phase.CONFIRMED, size: int = 1000, **other: Any
) -> tuple[SealStreet, dict[str, bytes]]:
    """One record of the n-th case of zone door_s1, with its pictures and their bytes."""
    report = other.pop("report", None) or a_report(phase)
    pictures, blobs = street_pictures(number, phase, size)
    crates = Detection("goods_pile", "evidence", 870, 400, 600, 520, 760, in_lane=True)
    person = Detection("person", "context", 900, 100, 300, 180, 800)
    revision = {Phase.CONFIRMED: 0, Phase.INSPECTION: 0, Phase.ONGOING: 1, Phase.RECHECK: 1}.get(phase, 2)
    name = f"inspection-{number}" if phase is Phase.INSPECTION else f"door_s1-{number}"
    seal = SealStreet(
        at=report.judged_at + 3 * S,
        case=name,
        revision=revision,
        use_class=UseClass.ENFORCEMENT,
        reasons=(),
        report=report,
        pictures=pictures,
        detections=((), (crates, person)) if report.finding is Finding.PRESENT else ((), ()),
        model_sha256=MODEL,
        clock=a_street_clock(report.judged_at),
    )
    return replace(seal, **other), blobs


def a_coverage(**other: Any) -> SealCoverage:
    """An hour in which the zone was watched but for four minutes, and the lane throughout."""
    return SealCoverage(
        **{
            "at": 2 * HOUR,
            "start": HOUR,
            "end": 2 * HOUR,
            "parts": (
                Watched("zone/door_s1", 3_360_000, (("camera_down", 180_000), ("unfit:shifted", 60_000))),
                Watched("lane/1", 3_600_000, ()),
            ),
            "clock": a_street_clock(2 * HOUR),
            **other,
        }
    )
