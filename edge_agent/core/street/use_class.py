"""What a statement of the street may be used for, and every reason why it is not more.

Reasons are stable keys for machines:

    those of the site and of the clock                `core/standing.py`
    legal_basis_missing shop_missing                  what was broken, and by whom, is not said
    not_seen suspect                                  what is there could not be determined
    low_light detector_missing
    pictures_missing pictures_small pictures_identical picture_spacing
    reference_differs                                 the picture is not the one that was compared with
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from edge_agent.core.events import ClockStatus
from edge_agent.core.records import Picture, UseClass
from edge_agent.core.scene import Finding, Phase, StreetReport
from edge_agent.core.standing import clock_reasons, conclude, site_reasons
from edge_agent.core.street.pictures import SHOTS
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import MS, S
from edge_agent.core.use_class_settings import LegalSettings, PictureRules

# A still is the frame nearest to the instant that was asked for; two may be closer by so much.
NEAREST = 2 * S


def use_class(
    legal: LegalSettings,
    rule: RuleSettings,
    *,
    report: StreetReport,
    pictures: tuple[Picture, ...],
    model_sha256: str,
    clock: ClockStatus | None,
) -> tuple[UseClass, tuple[str, ...]]:
    """The use class of a statement and the reasons why it is not `enforcement`, none when it is.

    Args:
        legal: the site's standing.
        rule: that was judged by.
        report: judged at its `judged_at`.
        pictures: all of the record; originals of the roles that its phase needs count.
        model_sha256: of the detector; empty when none ran.
        clock: the last report.
    """
    at = report.judged_at
    return conclude(
        legal,
        (
            *site_reasons(legal, at, clock),
            *clock_reasons(legal, at, clock),
            *_case(rule, report),
            *_seeing(report, model_sha256),
            *_pictures(legal.pictures, rule, report, pictures),
        ),
    )


def _case(rule: RuleSettings, report: StreetReport) -> Iterator[str]:
    if not rule.legal_basis.strip():
        yield "legal_basis_missing"
    if not report.shop:
        yield "shop_missing"


def _seeing(report: StreetReport, model_sha256: str) -> Iterator[str]:
    if report.finding is Finding.UNSEEN:
        yield "not_seen"
    if report.finding is Finding.SUSPECT:
        yield "suspect"
    if ("low_light", "true") in report.in_force:
        yield "low_light"
    if not model_sha256:
        yield "detector_missing"


def _pictures(
    rules: PictureRules, rule: RuleSettings, report: StreetReport, pictures: tuple[Picture, ...]
) -> Iterator[str]:
    """The roles that the phase needs, large enough, of different content, apart in time."""
    stay = report.phase in (Phase.CONFIRMED, Phase.REOPENED)
    needed = ("first_seen", "middle", *SHOTS[report.phase]) if stay else SHOTS[report.phase]
    by_role = {p.role: p for p in reversed(pictures) if not p.parent}
    have = [by_role[role] for role in needed if role in by_role]
    if len(have) < len(needed):
        yield "pictures_missing"
    if any(p.width < rules.width_min_px or p.height < rules.height_min_px for p in have):
        yield "pictures_small"
    if len({p.sha256 for p in have}) < len(have):
        yield "pictures_identical"
    if report.reference and any(p.role == "reference" and p.sha256 != report.reference for p in have):
        yield "reference_differs"
    if stay and _too_close(rule, report, have):
        yield "picture_spacing"


def _too_close(rule: RuleSettings, report: StreetReport, pictures: list[Picture]) -> bool:
    """Pictures of the stay lie closer than the rule asks for, or than half the stay where it is shorter."""
    times = sorted(p.captured_at for p in pictures if p.role != "reference" and p.captured_at is not None)
    least = min(rule.picture_spacing_s * S, report.stay_ms * MS // 2) - NEAREST
    return any(later - earlier < least for earlier, later in pairwise(times))
