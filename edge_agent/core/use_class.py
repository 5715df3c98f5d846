"""What a statement of a crossing may be used for, and every reason why it is not more.

Pure and one-way: each check may only add a reason, and any reason keeps a record out of
`enforcement`. A `test` site gives `test` whatever else is true.

Reasons are stable keys for machines:

    those of the site and of the clock                `core/standing.py`
    certificate_missing certificate_expired calibration_not_verified speed_outside_certificate
    flag:<flag> gross_missing speed_not_measured calibration_missing
    no_verified_rule_over                             only unverified rules, or none, say `over`
    match_missing match_ambiguous match_unmatched
    plate_uncertain                                   whose reading it is, is clear; what it says, is not
    vehicle_unchecked vehicle_not_confirmed
    pictures_missing pictures_identical pictures_small
"""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.core.civil import days_of_iso
from edge_agent.core.events import ClockStatus
from edge_agent.core.records import (
    Crossing,
    Match,
    MatchStatus,
    Outcome,
    Picture,
    PlateRead,
    SpeedSource,
    UseClass,
    Verdict,
)
from edge_agent.core.standing import clock_reasons, conclude, local_today, site_reasons
from edge_agent.core.units import kmh_to_mm_s
from edge_agent.core.use_class_settings import (
    CertificateSettings,
    LegalSettings,
    PictureRules,
    PlateRules,
)

__all__ = ["CertificateSettings", "LegalSettings", "PictureRules", "PlateRules", "use_class"]

# In the id of a calibration that nobody made: the default's, and those of the shipped examples.
UNCALIBRATED = "uncalibrated"

FULL_VIEW = "full_view_"  # roles full_view_1, full_view_2, ...


def use_class(
    legal: LegalSettings,
    certificate: CertificateSettings | None,
    *,
    crossing: Crossing,
    verdicts: tuple[Verdict, ...],
    match: Match | None,
    pictures: tuple[Picture, ...],
    vehicle_confirmed: bool | None,
    clock: ClockStatus | None,
) -> tuple[UseClass, tuple[str, ...]]:
    """The use class of a statement and the reasons why it is not `enforcement`, none when it is.

    Args:
        legal: the site's standing.
        certificate: of the lane's scale; None when it has none.
        crossing: judged at its `first_axle_at`.
        verdicts: those whose rule is unverified (`reference_only`) cannot carry enforcement.
        match: the plate, None when nobody looked for one.
        pictures: all of the case; full views count.
        vehicle_confirmed: whether a vehicle stood in the lane; None when nobody looked.
        clock: the last report before the crossing.
    """
    at = crossing.first_axle_at
    return conclude(
        legal,
        (
            *site_reasons(legal, at, clock),
            *_certificate(legal, certificate, crossing, clock),
            *clock_reasons(legal, at, clock),
            *_weighing(crossing, verdicts),
            *_identity(legal.plate, match, vehicle_confirmed),
            *_pictures(legal.pictures, pictures),
        ),
    )


def _certificate(
    legal: LegalSettings,
    certificate: CertificateSettings | None,
    crossing: Crossing,
    clock: ClockStatus | None,
) -> Iterator[str]:
    if certificate is None:
        yield "certificate_missing"
        return
    today, last = local_today(legal, crossing.first_axle_at, clock), days_of_iso(certificate.valid_until)
    if today is not None and (last is None or today > last):
        yield "certificate_expired"
    if certificate.calibration_id not in {"", crossing.calibration}:
        yield "calibration_not_verified"
    low, high, speed = certificate.speed_min_kmh, certificate.speed_max_kmh, crossing.speed
    if (low is not None and (speed is None or speed < kmh_to_mm_s(low))) or (
        high is not None and (speed is None or speed > kmh_to_mm_s(high))
    ):
        yield "speed_outside_certificate"


def _weighing(crossing: Crossing, verdicts: tuple[Verdict, ...]) -> Iterator[str]:
    for flag in crossing.flags:
        yield f"flag:{flag}"
    if crossing.gross is None:
        yield "gross_missing"
    if crossing.speed_source is not SpeedSource.MEASURED:
        yield "speed_not_measured"
    if not crossing.calibration or UNCALIBRATED in crossing.calibration:
        yield "calibration_missing"
    if not any(v.outcome is Outcome.OVER and not v.reference_only for v in verdicts):
        yield "no_verified_rule_over"


def _identity(rules: PlateRules, match: Match | None, vehicle_confirmed: bool | None) -> Iterator[str]:
    if match is None:
        yield "match_missing"
    elif match.status is not MatchStatus.MATCHED:
        yield f"match_{match.status}"
    elif not match.candidates or _uncertain(match.candidates[0].read, rules):
        yield "plate_uncertain"
    if vehicle_confirmed is None:
        yield "vehicle_unchecked"
    elif not vehicle_confirmed:
        yield "vehicle_not_confirmed"


def _uncertain(read: PlateRead, rules: PlateRules) -> bool:
    """A misread character is somebody else's plate: little confidence, or no majority of the reads."""
    return read.confidence < rules.confidence_min_permille or 2 * read.agreeing <= read.reads


def _pictures(rules: PictureRules, pictures: tuple[Picture, ...]) -> Iterator[str]:
    """Full views at different times with different content: a frozen camera gives one picture twice."""
    views = [p for p in pictures if p.role.startswith(FULL_VIEW) and p.captured_at is not None]
    large = [p for p in views if p.width >= rules.width_min_px and p.height >= rules.height_min_px]
    if len({p.captured_at for p in views}) < rules.full_views_min:
        yield "pictures_missing"
    elif len({p.captured_at for p in large}) < rules.full_views_min:
        yield "pictures_small"
    elif len({p.sha256 for p in large}) < rules.full_views_min:
        yield "pictures_identical"
