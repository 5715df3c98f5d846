"""Nothing becomes `enforcement` unless everything is in order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.civil import days_of_iso
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.records import (
    Crossing,
    Flag,
    Match,
    MatchCandidate,
    MatchStatus,
    Outcome,
    Picture,
    SpeedSource,
    UseClass,
    Verdict,
)
from edge_agent.core.units import MS, Grams, MmPerS, Ns, Ppm, S
from edge_agent.core.use_class import use_class
from edge_agent.core.use_class_settings import CertificateSettings, LegalSettings
from edge_agent.evidence.examples import a_read

NOON_UTC_NS = (days_of_iso("2026-06-15") * 86_400 + 12 * 3600) * S

LEGAL = LegalSettings(
    use_class=UseClass.ENFORCEMENT,
    approval_number="A-1",
    published_location="P-1",
    sign_id="S-1",
    enforcement_from="2026-01-01",
)
CERTIFICATE = CertificateSettings(number="C-1", issuer="SIMT", valid_until="2026-12-31", accuracy_class="5")
CROSSING = Crossing(
    lane="1",
    number=1,
    first_axle_at=Ns(100 * S),
    last_axle_at=Ns(101 * S),
    closed_at=Ns(102 * S),
    axles=(),
    groups=(),
    gross=Grams(22_000_000),
    gross_interval=Grams(300_000),
    speed=MmPerS(8_000),
    speed_sd=MmPerS(80),
    speed_source=SpeedSource.MEASURED,
    acceleration=0,
    flags=(),
    rate_mhz=1_000_000,
    zero=Grams(0),
    temperature=None,
    calibration="cal-1",
)
OVER = Verdict(
    evaluator="posted",
    subject="gross",
    outcome=Outcome.OVER,
    raw=Grams(22_000_000),
    deduction=Grams(0),
    deducted=Grams(22_000_000),
    limit=Grams(20_000_000),
    excess=Grams(2_000_000),
    legal_basis="x",
    rule_version="1",
    assumptions=("plate_owner",),
    text_en="x",
    text_zh="x",
)
MATCH = Match(
    lane="1",
    crossing=1,
    status=MatchStatus.MATCHED,
    decided_at=Ns(103 * S),
    predicted_at=Ns(102 * S),
    predicted_sd=Ns(1),
    candidates=(MatchCandidate(a_read(confidence=800, reads=3, agreeing=2), Ppm(999_500)),),
    none_posterior=Ppm(0),
    margin=Ppm(1_000_000),
)
CLOCK = ClockStatus(
    at=Ns(90 * S),
    utc_minus_mono=Ns(NOON_UTC_NS - 100 * S),
    source=ClockSource.NTP,
    synced=True,
    offset=Ns(2 * MS),
    est_error=Ns(20 * MS),
)
VIEWS = tuple(
    Picture(f"full_view_{i}", f"{i:064x}", 1000, "image/jpeg", 1920, 1080, Ns((101 + i) * S)) for i in (1, 2)
)
GOOD = {
    "crossing": CROSSING,
    "verdicts": (OVER,),
    "match": MATCH,
    "pictures": VIEWS,
    "vehicle_confirmed": True,
    "clock": CLOCK,
}


def judge(legal=LEGAL, certificate=CERTIFICATE, **changes):
    return use_class(legal, certificate, **{**GOOD, **changes})


def on_utc(text_day: str, second: int) -> ClockStatus:
    """A clock that puts the crossing at that second of that UTC day."""
    utc = (days_of_iso(text_day) * 86_400 + second) * S
    return replace(CLOCK, utc_minus_mono=Ns(utc - CROSSING.first_axle_at))


def test_everything_in_order_is_enforcement_without_a_reason():
    assert judge() == (UseClass.ENFORCEMENT, ())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"legal": LEGAL.model_copy(update={"use_class": UseClass.REFERENCE})}, "site_reference"),
        ({"legal": LEGAL.model_copy(update={"approval_number": " "})}, "approval_number_missing"),
        ({"legal": LEGAL.model_copy(update={"published_location": ""})}, "published_location_missing"),
        ({"legal": LEGAL.model_copy(update={"sign_id": ""})}, "sign_id_missing"),
        ({"legal": LEGAL.model_copy(update={"enforcement_from": None})}, "enforcement_from_missing"),
        ({"legal": LEGAL.model_copy(update={"enforcement_from": "2026-07-01"})}, "before_enforcement"),
        ({"certificate": None}, "certificate_missing"),
        (
            {"certificate": CERTIFICATE.model_copy(update={"valid_until": "2026-06-14"})},
            "certificate_expired",
        ),
        (
            {"certificate": CERTIFICATE.model_copy(update={"calibration_id": "the-one-before"})},
            "calibration_not_verified",
        ),
        ({"certificate": CERTIFICATE.model_copy(update={"speed_min_kmh": 40})}, "speed_outside_certificate"),
        ({"certificate": CERTIFICATE.model_copy(update={"speed_max_kmh": 20})}, "speed_outside_certificate"),
        ({"clock": None}, "clock_unknown"),
        ({"clock": replace(CLOCK, source=ClockSource.NONE)}, "clock_unknown"),
        ({"clock": replace(CLOCK, synced=False)}, "clock_unsynced"),
        ({"clock": replace(CLOCK, est_error=None)}, "clock_error_unknown"),
        ({"clock": replace(CLOCK, est_error=Ns(999 * MS))}, "clock_error"),  # with 2 ms of offset
        ({"clock": replace(CLOCK, at=Ns(-801 * S))}, "clock_stale"),
        ({"crossing": replace(CROSSING, flags=(Flag.ACCEL,))}, "flag:accel"),
        ({"crossing": replace(CROSSING, gross=None)}, "gross_missing"),
        ({"crossing": replace(CROSSING, speed_source=SpeedSource.INFERRED)}, "speed_not_measured"),
        ({"crossing": replace(CROSSING, calibration="")}, "calibration_missing"),
        ({"crossing": replace(CROSSING, calibration="uncalibrated")}, "calibration_missing"),
        ({"crossing": replace(CROSSING, calibration="example-uncalibrated")}, "calibration_missing"),
        ({"verdicts": ()}, "no_verified_rule_over"),
        ({"verdicts": (replace(OVER, outcome=Outcome.WITHIN),)}, "no_verified_rule_over"),
        ({"verdicts": (replace(OVER, reference_only=True),)}, "no_verified_rule_over"),
        ({"match": None}, "match_missing"),
        ({"match": replace(MATCH, status=MatchStatus.AMBIGUOUS)}, "match_ambiguous"),
        ({"match": replace(MATCH, status=MatchStatus.UNMATCHED)}, "match_unmatched"),
        ({"vehicle_confirmed": None}, "vehicle_unchecked"),
        ({"vehicle_confirmed": False}, "vehicle_not_confirmed"),
        ({"pictures": VIEWS[:1]}, "pictures_missing"),
        ({"pictures": (VIEWS[0], replace(VIEWS[1], role="plate"))}, "pictures_missing"),
        ({"pictures": (VIEWS[0], replace(VIEWS[0], role="full_view_2"))}, "pictures_missing"),
        ({"pictures": (VIEWS[0], replace(VIEWS[1], captured_at=None))}, "pictures_missing"),
        ({"pictures": (VIEWS[0], replace(VIEWS[1], sha256=VIEWS[0].sha256))}, "pictures_identical"),
        ({"pictures": (VIEWS[0], replace(VIEWS[1], width=1279))}, "pictures_small"),
        ({"pictures": (VIEWS[0], replace(VIEWS[1], height=719))}, "pictures_small"),
    ],
)
def test_one_thing_out_of_order_makes_it_reference_and_is_named(change, reason):
    assert judge(**change) == (UseClass.REFERENCE, (reason,))


def test_an_unverified_rule_beside_a_verified_one_does_no_harm():
    assert judge(verdicts=(replace(OVER, reference_only=True), OVER))[0] is UseClass.ENFORCEMENT


def test_the_certificate_holds_to_the_end_of_its_last_day_in_beijing():
    last = CERTIFICATE.model_copy(update={"valid_until": "2026-06-15"})

    assert judge(certificate=last, clock=on_utc("2026-06-15", 16 * 3600 - 1))[0] is UseClass.ENFORCEMENT
    assert judge(certificate=last, clock=on_utc("2026-06-15", 16 * 3600))[1] == ("certificate_expired",)


def test_enforcement_begins_with_the_first_second_of_its_day_in_beijing():
    legal = LEGAL.model_copy(update={"enforcement_from": "2026-06-16"})

    assert judge(legal, clock=on_utc("2026-06-15", 16 * 3600 - 1))[1] == ("before_enforcement",)
    assert judge(legal, clock=on_utc("2026-06-15", 16 * 3600))[0] is UseClass.ENFORCEMENT


@given(
    vehicle=st.sampled_from([None, True, False]),
    match=st.sampled_from([None, MATCH, replace(MATCH, status=MatchStatus.AMBIGUOUS)]),
    clock=st.sampled_from([None, CLOCK]),
    pictures=st.sampled_from([(), VIEWS]),
    site=st.sampled_from(list(UseClass)),
)
def test_a_test_site_gives_test_and_only_test(vehicle, match, clock, pictures, site):
    legal = LEGAL.model_copy(update={"use_class": site})

    answer, reasons = judge(legal, vehicle_confirmed=vehicle, match=match, clock=clock, pictures=pictures)

    assert (answer is UseClass.TEST) == (site is UseClass.TEST)
    assert (answer is UseClass.ENFORCEMENT) == (not reasons)


@pytest.mark.parametrize(
    "read",
    [{"confidence": 799}, {"reads": 2, "agreeing": 1}, {"reads": 5, "agreeing": 2}, {"confidence": 0}],
)
def test_a_plate_that_was_read_badly_accuses_nobody(read):
    doubtful = replace(MATCH, candidates=(MatchCandidate(a_read(**read), Ppm(999_900)),))

    assert judge(match=doubtful) == (UseClass.REFERENCE, ("plate_uncertain",))
