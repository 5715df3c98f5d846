"""The core's street records as the statement says them: nothing decided here, only bounded and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from edge_agent.core.decisions import SealCoverage, SealStreet
from edge_agent.core.records import Detection, Picture
from edge_agent.core.scene import EvidenceItem, Watched
from edge_agent.core.units import MS, US, Ns
from edge_agent.evidence.measured import box
from edge_agent.evidence.sealable import utc_us
from edge_agent.evidence.statement_parts import Box, Wording
from edge_agent.evidence.statement_records import MAX_PARTS, MAX_REASONS, BlindTime, Coverage, WatchedPart
from edge_agent.evidence.statement_street import (
    FACT_CHARS,
    MAX_ITEMS,
    MAX_ROUTES,
    MAX_RULE_FACTS,
    MAX_SEEN,
    MAX_SEEN_BOXES,
    RuleFact,
    SeenPicture,
    StoodItem,
    Storefront,
    Strength,
    Tier,
)

OTHER = "other"  # blind time for reasons that are too many to name each


def storefront(seal: SealStreet, pictures: Sequence[Picture]) -> Storefront:
    """What is concluded of the zone; `pictures` are those that the statement lists or names as missing."""
    report = seal.report
    seen = _seen(seal, {picture.sha256 for picture in pictures})

    def utc(at: Ns | None) -> int | None:
        return None if at is None else utc_us(at, seal.clock)

    return Storefront(
        case=seal.case,
        revision=seal.revision,
        event_type=report.event_type,
        phase=report.phase,
        finding=report.finding,
        camera=report.camera,
        zone=report.zone,
        shop=report.shop,
        tier=cast(Tier, report.tier),  # the model looks at it
        rule=report.rule,
        order=report.order,
        text=Wording(en=report.text_en, zh=report.text_zh),
        judged_monotonic_us=report.judged_at // US,
        first_seen_monotonic_us=_us(report.first_seen_at),
        first_seen_utc_us=utc(report.first_seen_at),
        candidate_monotonic_us=_us(report.candidate_at),
        candidate_utc_us=utc(report.candidate_at),
        confirmed_monotonic_us=_us(report.confirmed_at),
        confirmed_utc_us=utc(report.confirmed_at),
        ended_monotonic_us=_us(report.ended_at),
        ended_utc_us=utc(report.ended_at),
        dwell_ms=report.dwell // MS,
        paused_ms=report.paused // MS,
        stay_ms=report.stay_ms,
        samples=report.samples,
        samples_present=report.samples_present,
        items=[_item(item) for item in report.items[:MAX_ITEMS]],
        items_left_out=len(report.items[MAX_ITEMS:]),
        share_permille=report.share,
        area_cm2=report.area_cm2,
        passable_mm=report.passable_mm,
        protrusion_mm=report.protrusion_mm,
        in_force=[RuleFact(name=n, value=_cut(v)) for n, v in report.in_force[:MAX_RULE_FACTS]],
        in_force_left_out=len(report.in_force[MAX_RULE_FACTS:]),
        reference_sha256=report.reference or None,
        routes=list(report.routes[:MAX_ROUTES]),
        detector_sha256=seal.model_sha256 or None,
        detections=seen,
        detections_left_out=sum(map(len, seal.detections)) - sum(len(one.boxes) for one in seen),
        pictures_left_out=len({picture.sha256 for picture in seal.pictures}) - len(pictures),
    )


def coverage(seal: SealCoverage) -> Coverage:
    """What was watched of each part, in the core's order."""
    return Coverage(
        start_utc_us=utc_us(seal.start, seal.clock),
        start_monotonic_us=seal.start // US,
        end_utc_us=utc_us(seal.end, seal.clock),
        end_monotonic_us=seal.end // US,
        parts=[_watched(part, (seal.end - seal.start) // MS) for part in seal.parts[:MAX_PARTS]],
        parts_left_out=len(seal.parts[MAX_PARTS:]),
    )


def _us(at: Ns | None) -> int | None:
    return None if at is None else at // US


def _cut(value: str) -> str:
    """A long text ends in an ellipsis: it is in the configuration, and a case must not fail for it."""
    return value if len(value) <= FACT_CHARS else value[: FACT_CHARS - 1] + "…"


def _item(item: EvidenceItem) -> StoodItem:
    return StoodItem(
        label=item.label,
        strength=cast(Strength, item.strength),
        score_permille=item.score,
        first_seen_monotonic_us=item.first_at // US,
        last_seen_monotonic_us=item.last_at // US,
        samples=item.samples,
        share_permille=item.share,
        x_min=item.x_min,
        y_min=item.y_min,
        x_max=item.x_max,
        y_max=item.y_max,
    )


def _seen(seal: SealStreet, named: set[str]) -> list[SeenPicture]:
    """What was seen in each original that the statement names; the core gives boxes of the first pictures."""
    found = {
        picture.sha256: boxes
        for picture, boxes in zip(seal.pictures, seal.detections, strict=False)
        if picture.sha256 in named and not picture.parent
    }
    return [SeenPicture(sha256=sha256, boxes=_best(boxes)) for sha256, boxes in [*found.items()][:MAX_SEEN]]


def _best(boxes: tuple[Detection, ...]) -> list[Box]:
    """Evidence first, then in the zone, then by score; ties by place in the picture, then by name."""
    ranked = sorted(
        boxes,
        key=lambda d: (
            d.role != "evidence",
            not d.in_lane,
            -d.score,
            d.x_min,
            d.y_min,
            d.x_max,
            d.y_max,
            d.label,
            d.role,
        ),
    )
    return [box(detection) for detection in ranked[:MAX_SEEN_BOXES]]


def _watched(part: Watched, period_ms: int) -> WatchedPart:
    return WatchedPart(
        part=part.part,
        # A period that is closed by a late event may have a little of the next one's time in it.
        watched_ms=min(part.watched_ms, period_ms),
        blind=[BlindTime(reason=reason, blind_ms=ms) for reason, ms in _reasons(part.blind)],
    )


def _reasons(blind: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """All of them, or the longest and the sum of the others; ties by name. No time is left out."""
    if len(blind) <= MAX_REASONS:
        return blind
    ranked = sorted(blind, key=lambda one: (one[0] == OTHER, -one[1], one[0]))
    kept, rest = ranked[: MAX_REASONS - 1], ranked[MAX_REASONS - 1 :]
    return (*sorted(kept), (OTHER, sum(ms for _, ms in rest)))
