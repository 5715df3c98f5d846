"""What a statement may be used for, and every reason why it is not more.

Pure and one-way: each check may only add a reason, and any reason keeps a record out of
`enforcement`. A `test` site gives `test` whatever else is true.

Reasons are stable keys for machines:

    site_test site_reference                          the site is not meant for more
    approval_number_missing published_location_missing sign_id_missing
    enforcement_from_missing before_enforcement       the site is not ready
    certificate_missing certificate_expired speed_outside_certificate
    clock_unknown clock_unsynced clock_error_unknown clock_error clock_stale
    flag:<flag> gross_missing speed_not_measured calibration_missing
    no_verified_rule_over                             only unverified rules, or none, say `over`
    match_missing match_ambiguous match_unmatched
    plate_uncertain                                   whose reading it is, is clear; what it says, is not
    vehicle_unchecked vehicle_not_confirmed
    pictures_missing pictures_identical pictures_small
"""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.core.civil import days_of_iso, local_day
from edge_agent.core.events import ClockSource, ClockStatus
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
from edge_agent.core.units import MS, S, kmh_to_mm_s
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
    reasons = (
        *_site(legal, crossing, clock),
        *_certificate(legal, certificate, crossing, clock),
        *_clock(legal, crossing, clock),
        *_weighing(crossing, verdicts),
        *_identity(legal.plate, match, vehicle_confirmed),
        *_pictures(legal.pictures, pictures),
    )
    if legal.use_class is UseClass.TEST:
        return UseClass.TEST, reasons
    return (UseClass.REFERENCE if reasons else UseClass.ENFORCEMENT), reasons


def _site(legal: LegalSettings, crossing: Crossing, clock: ClockStatus | None) -> Iterator[str]:
    if legal.use_class is not UseClass.ENFORCEMENT:
        yield f"site_{legal.use_class}"
    for name in ("approval_number", "published_location", "sign_id"):
        if not getattr(legal, name).strip():
            yield f"{name}_missing"
    if legal.enforcement_from is None:
        yield "enforcement_from_missing"
        return
    today, first = _today(legal, crossing, clock), days_of_iso(legal.enforcement_from)
    # An unknown day is `clock_unknown`, said by the clock's own check.
    if today is not None and (first is None or today < first):
        yield "before_enforcement"


def _certificate(
    legal: LegalSettings,
    certificate: CertificateSettings | None,
    crossing: Crossing,
    clock: ClockStatus | None,
) -> Iterator[str]:
    if certificate is None:
        yield "certificate_missing"
        return
    today, last = _today(legal, crossing, clock), days_of_iso(certificate.valid_until)
    if today is not None and (last is None or today > last):
        yield "certificate_expired"
    low, high, speed = certificate.speed_min_kmh, certificate.speed_max_kmh, crossing.speed
    if (low is not None and (speed is None or speed < kmh_to_mm_s(low))) or (
        high is not None and (speed is None or speed > kmh_to_mm_s(high))
    ):
        yield "speed_outside_certificate"


def _clock(legal: LegalSettings, crossing: Crossing, clock: ClockStatus | None) -> Iterator[str]:
    if clock is None or clock.source is ClockSource.NONE:
        yield "clock_unknown"
        return
    if not clock.synced:
        yield "clock_unsynced"
    if clock.est_error is None:
        yield "clock_error_unknown"
    elif abs(clock.offset) + clock.est_error > legal.clock_error_max_ms * MS:
        yield "clock_error"
    if abs(crossing.first_axle_at - clock.at) > legal.clock_age_max_s * S:
        yield "clock_stale"


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


def _today(legal: LegalSettings, crossing: Crossing, clock: ClockStatus | None) -> int | None:
    """Local day of the crossing, counted from 1970-01-01; None when the clock says nothing."""
    if clock is None or clock.source is ClockSource.NONE:
        return None
    return local_day(crossing.first_axle_at + clock.utc_minus_mono, legal.utc_offset_minutes)
