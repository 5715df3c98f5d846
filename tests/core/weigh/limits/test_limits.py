"""The three evaluators against the texts they stand for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.records import Axle, AxleGroup, Crossing, Flag, Outcome, SpeedSource, Verdict
from edge_agent.core.units import Grams, Mm, MmPerS, Ns
from edge_agent.core.weigh.limits import tables
from edge_agent.core.weigh.limits.deduction import deduct
from edge_agent.core.weigh.limits.evaluate import Limits
from edge_agent.core.weigh.limits.facts import STATEABLE
from edge_agent.core.weigh.limits.settings import (
    AxleGroupSettings,
    DeductionSettings,
    GvwArt3Settings,
    LimitsSettings,
    PostedSettings,
)

NO_DEDUCTION = DeductionSettings()
PERCENT_5 = DeductionSettings(mode="percent", value=Decimal(5), legal_ref="city notice 7")


def a_crossing(axles=3, gross_kg=22_000, flags=(), groups=None, interval_kg=400, gross_g=None):
    """A vehicle whose weight is spread evenly; groups default to one single axle each."""
    gross = None if gross_kg is None else gross_kg * 1000
    gross = gross_g if gross_g is not None else gross
    load = Grams((gross or 0) // max(1, axles))
    return Crossing(
        lane="1",
        number=1,
        first_axle_at=Ns(0),
        last_axle_at=Ns(1),
        closed_at=Ns(2),
        axles=tuple(Axle(Ns(i), load, Grams(100_000), None, None, Mm(3000 * i), 50) for i in range(axles)),
        groups=groups
        if groups is not None
        else tuple(AxleGroup(i, 1, load, Grams(100_000), ()) for i in range(axles)),
        gross=None if gross is None else Grams(gross),
        gross_interval=None if gross is None else Grams(interval_kg * 1000),
        speed=MmPerS(5000),
        speed_sd=MmPerS(50),
        speed_source=SpeedSource.MEASURED,
        acceleration=0,
        flags=flags,
        rate_mhz=1_000_000,
        zero=Grams(0),
        temperature=None,
        calibration="cal-1",
    )


def a_sign(kg=20_000, kind="gvw", deduction=NO_DEDUCTION):
    return PostedSettings(
        road_class="highway",
        limit_kind=kind,
        limit_kg=kg,
        sign_id="S-17",
        legal_basis="公路安全保护条例 Art. 33",
        authority="transport",
        valid_from="2026-01-01",
        deduction=deduction,
    )


def judge(settings, crossing, vehicle="", facts=None) -> tuple[Verdict, ...]:
    return Limits(settings).evaluate(crossing, vehicle, facts or {})


def judge_posted(crossing, **sign) -> Verdict:
    [verdict] = judge(LimitsSettings(posted=a_sign(**sign)), crossing)
    return verdict


def judge_art3(crossing, vehicle="", facts=None) -> Verdict:
    [verdict] = judge(LimitsSettings(gvw_art3=GvwArt3Settings()), crossing, vehicle, facts)
    return verdict


# The cases of the law notes: id, axles, raw kg, evaluator, deduction, facts, outcome, limit kg, excess g.
WITHIN, OVER, NOT_COVERED = Outcome.WITHIN, Outcome.OVER, Outcome.NOT_COVERED
RIGID = {"body": "rigid"}
CASES = [
    ("L1", 3, 20_000, "posted", None, {}, WITHIN, 20_000, None),
    ("L2", 3, 21_052, "posted", PERCENT_5, {}, WITHIN, 20_000, None),
    ("L3", 3, 21_053, "posted", PERCENT_5, {}, OVER, 20_000, 350),
    ("L4 national", 3, 22_000, "art3", None, RIGID, WITHIN, 25_000, None),
    ("L4 posted", 3, 22_000, "posted", None, RIGID, OVER, 20_000, 2_000_000),
    ("L5", 3, 26_000, "art3", None, RIGID, OVER, 25_000, 1_000_000),
    ("L6", 3, 26_001, "art3", None, RIGID, OVER, 25_000, 1_001_000),
    ("L7", 6, 47_500, "art3", None, {}, WITHIN, 49_000, None),
    ("L8", 6, 47_500, "art3", None, {"drive_axle": "single"}, OVER, 46_000, 1_500_000),
    ("L9", 4, 33_000, "art3", None, {}, WITHIN, 36_000, None),
    ("L10", 5, 40_000, "art3", None, RIGID, NOT_COVERED, None, None),
    ("L12", 3, 19_900, "posted", None, {}, WITHIN, 20_000, None),
]


@pytest.mark.parametrize(
    ("axles", "kg", "evaluator", "deduction", "facts", "outcome", "limit_kg", "excess"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_the_cases_of_the_law_notes_come_out_as_computed(
    axles, kg, evaluator, deduction, facts, outcome, limit_kg, excess
):
    settings = (
        LimitsSettings(posted=a_sign(deduction=deduction or NO_DEDUCTION))
        if evaluator == "posted"
        else LimitsSettings(gvw_art3=GvwArt3Settings())
    )
    # L12: ±5 % reaches beyond the limit and changes nothing.
    crossing = a_crossing(axles, kg, interval_kg=kg // 20)

    [verdict] = judge(settings, crossing, facts=facts)

    assert verdict.outcome is outcome
    assert verdict.limit == (None if limit_kg is None else limit_kg * 1000)
    assert verdict.excess == excess
    assert verdict.raw == kg * 1000


def test_five_percent_of_21052_kg_leaves_19999_kg_400_g():
    verdict = judge_posted(a_crossing(gross_kg=21_052), deduction=PERCENT_5)

    assert (verdict.raw, verdict.deduction, verdict.deducted) == (21_052_000, 1_052_600, 19_999_400)
    assert verdict.deduction_ref == "city notice 7"


def test_l11_the_axle_limits_of_steer_and_tandem_sum_to_25_tonnes():
    groups = (
        AxleGroup(0, 1, Grams(7_000_000), Grams(0), ()),
        AxleGroup(1, 2, Grams(18_000_001), Grams(0), (Mm(1350),)),
    )
    crossing = a_crossing(3, gross_g=25_000_001, groups=groups)
    facts = {"first_axle_tyres": "single", "suspension": "leaf"}

    single, tandem, gross = judge(LimitsSettings(axle_group=AxleGroupSettings()), crossing, facts=facts)

    assert (single.subject, single.limit, single.outcome) == ("axles 1", 7_000_000, WITHIN)
    assert (tandem.subject, tandem.limit, tandem.excess) == ("axles 2-3", 18_000_000, 1)
    assert (gross.subject, gross.limit, gross.excess) == ("gross", 25_000_000, 1)
    assert single.reference_only
    assert tandem.reference_only
    assert gross.reference_only


def test_what_is_in_doubt_takes_the_limit_that_favours_the_driver():
    assumed = {
        judge_art3(a_crossing(n, 10_000)).limit: set(judge_art3(a_crossing(n, 10_000)).assumptions)
        for n in (2, 3, 4, 5, 6, 9)
    }

    assert [limit // 1_000_000 for limit in assumed] == [18, 27, 36, 43, 49]
    assert "combination" not in assumed[18_000_000]
    assert "combination" in assumed[27_000_000]
    assert "combination" in assumed[43_000_000]
    assert "drive_axle" in assumed[49_000_000]


@pytest.mark.parametrize(
    ("axles", "facts", "limit_kg"),
    [
        (2, {"body": "combination"}, None),
        (2, {"tyres": "single"}, 18_000),
        (3, {"body": "combination"}, 27_000),
        (3, {"body": "combination", "tyres": "single"}, 24_000),
        (4, {"body": "rigid", "tyres": "wide"}, 31_000),
        (6, {"drive_axle": "double"}, 49_000),
        (6, {"drive_axle": "single", "tyres": "single"}, 43_000),
        (6, {"body": "rigid"}, None),
    ],
)
def test_a_reviewer_s_facts_choose_the_row(axles, facts, limit_kg):
    verdict = judge_art3(a_crossing(axles, 10_000), facts=facts)

    assert verdict.limit == (None if limit_kg is None else limit_kg * 1000)


def test_a_stated_fact_replaces_its_assumption_and_is_named():
    before = judge_art3(a_crossing(6, 47_500))
    after = judge_art3(a_crossing(6, 47_500), facts={"drive_axle": "single", "shoe_size": "44"})

    assert "drive_axle" in before.assumptions
    assert "drive_axle" not in after.assumptions
    assert "stated:drive_axle=single" in after.assumptions
    assert "ignored_fact:shoe_size" in after.assumptions


@pytest.mark.parametrize(
    ("vehicle", "outcome"),
    [
        ("truck", OVER),
        ("", OVER),
        ("bus", NOT_COVERED),
        ("Car", NOT_COVERED),
        ("farm", Outcome.NOT_ASSESSED),
    ],
)
def test_the_national_table_covers_goods_vehicles_only(vehicle, outcome):
    assert judge_art3(a_crossing(2, 19_000), vehicle=vehicle).outcome is outcome


def test_the_sign_binds_a_bus_too():
    [posted] = judge(LimitsSettings(posted=a_sign(kg=13_000)), a_crossing(2, 18_000), vehicle="bus")

    assert posted.outcome is OVER


def test_the_reviewer_s_vehicle_class_outranks_the_camera_s():
    verdict = judge_art3(a_crossing(2, 19_000), vehicle="truck", facts={"vehicle_class": "bus"})

    assert verdict.outcome is NOT_COVERED


def test_no_gross_weight_is_not_assessed_by_anyone():
    settings = LimitsSettings(posted=a_sign(), gvw_art3=GvwArt3Settings(), axle_group=AxleGroupSettings())

    verdicts = judge(settings, a_crossing(gross_kg=None))

    assert {v.outcome for v in verdicts} == {Outcome.NOT_ASSESSED}
    assert all(v.raw is None and v.deducted is None and v.excess is None for v in verdicts)


def test_a_flagged_weight_is_over_on_its_raw_number_but_never_within():
    over = judge_posted(a_crossing(gross_kg=22_000, flags=(Flag.ACCEL,)))
    light = judge_posted(a_crossing(gross_kg=12_000, flags=(Flag.ACCEL,)))

    assert over.outcome is OVER
    assert "accel" in over.text_en
    assert "accel" in over.text_zh
    assert (light.outcome, light.raw, light.limit) == (Outcome.NOT_ASSESSED, 12_000_000, 20_000_000)


def test_an_uncertain_axle_count_leaves_the_axle_count_table_unanswered():
    verdict = judge_art3(a_crossing(2, 40_000, flags=(Flag.TANDEM_OVERLAP,)))

    assert verdict.outcome is Outcome.NOT_ASSESSED


def test_an_axle_sign_judges_the_heaviest_axle_and_the_foremost_of_equals():
    verdict = judge_posted(a_crossing(3, 33_000), kind="axle", kg=10_000)

    assert (verdict.subject, verdict.raw, verdict.excess) == ("axles 1", 11_000_000, 1_000_000)


@pytest.mark.parametrize(
    ("count", "spacing_mm", "suspension", "limit_kg"),
    [
        (2, 900, "", 11_500),
        (2, 960, "", 16_000),  # within 50 mm of the border: the higher row
        (2, 1200, "", 16_000),
        (2, 1260, "", 19_000),
        (2, 1350, "leaf", 18_000),
        (2, 1350, "air", 19_000),
        (2, 1800, "", 23_000),  # two single axles
        (3, 1200, "", 21_000),
        (3, 1300, "", 24_000),
        (3, 1400, "", 24_000),
        (3, 1401, "", None),
        (4, 1300, "", None),
    ],
)
def test_axle_groups_read_their_row_by_spacing(count, spacing_mm, suspension, limit_kg):
    group = AxleGroup(1, count, Grams(1), Grams(0), (Mm(spacing_mm),) * (count - 1))
    crossing = a_crossing(5, 10_000, groups=(group,))
    facts = {"suspension": suspension} if suspension else {}

    verdict = judge(LimitsSettings(axle_group=AxleGroupSettings()), crossing, facts=facts)[0]

    assert verdict.limit == (None if limit_kg is None else limit_kg * 1000)
    assert (verdict.outcome is NOT_COVERED) == (limit_kg is None)


def test_a_group_without_spacings_is_not_assessed():
    crossing = a_crossing(3, 20_000, groups=(AxleGroup(1, 2, Grams(1), Grams(0), ()),))

    verdicts = judge(LimitsSettings(axle_group=AxleGroupSettings()), crossing)

    assert [v.outcome for v in verdicts] == [Outcome.NOT_ASSESSED] * 2


def test_the_words_never_claim_more_than_a_suspicion():
    settings = LimitsSettings(posted=a_sign(), gvw_art3=GvwArt3Settings(), axle_group=AxleGroupSettings())
    texts = "".join(
        v.text_en + v.text_zh for kg in (10_000, 60_000, None) for v in judge(settings, a_crossing(3, kg))
    )

    assert "Suspected over-limit" in texts
    assert "疑似超限" in texts
    assert "候选证据" in texts
    for forbidden in ("violation", "overload", "offender", "违法", "超载", "fine ", "¥"):
        assert forbidden not in texts.lower()


def test_the_warning_band_of_article_43_is_said_and_ends_at_1000_kg():
    inside = judge_art3(a_crossing(3, 26_000), facts=RIGID)
    above = judge_art3(a_crossing(3, 26_001), facts=RIGID)

    assert "Art. 43" in inside.text_en
    assert "Art. 43" not in above.text_en


def test_a_change_of_rules_or_settings_changes_the_digest():
    one = Limits(LimitsSettings(posted=a_sign()))
    same = Limits(LimitsSettings(posted=a_sign()))
    other = Limits(LimitsSettings(posted=a_sign(kg=20_001)))

    assert one.digest == same.digest != other.digest
    assert judge_posted(a_crossing()).rule_version.startswith("posted/1@")
    assert judge_art3(a_crossing()).rule_version == f"{tables.ART3_VERSION}@{tables.ART3_SHA256[:16]}"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mode": "percent", "value": 5}, "legal_ref is required"),
        ({"mode": "percent", "value": "5.55", "legal_ref": "x"}, "steps of 0.1"),
        ({"mode": "percent", "value": 100, "legal_ref": "x"}, "below 100"),
        ({"mode": "mpe_class", "value": 3, "legal_ref": "x"}, "no accuracy class 3"),
        ({"mode": "kg", "value": "0.0005", "legal_ref": "x"}, "whole grams"),
        ({"mode": "none", "value": 5}, "mode is none"),
    ],
)
def test_a_deduction_without_meaning_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        DeductionSettings(**fields)


def test_class_10_takes_ten_percent_and_a_fixed_mass_never_goes_below_nothing():
    class_10 = DeductionSettings(mode="mpe_class", value=Decimal("10.0"), legal_ref="x")
    ton = DeductionSettings(mode="kg", value=Decimal(1000), legal_ref="x")

    assert deduct(Grams(20_000_000), class_10) == (2_000_000, 18_000_000)
    assert deduct(Grams(20_000_000), ton) == (1_000_000, 19_000_000)
    assert deduct(Grams(600), ton) == (600, 0)


deductions = st.one_of(
    st.just(DeductionSettings()),
    st.integers(0, 999).map(
        lambda n: DeductionSettings(mode="percent", value=Decimal(n) / 10, legal_ref="x")
    ),
    st.sampled_from(["0.2", "0.5", "1", "2", "5", "10"]).map(
        lambda c: DeductionSettings(mode="mpe_class", value=Decimal(c), legal_ref="x")
    ),
    st.integers(0, 5_000_000).map(
        lambda g: DeductionSettings(mode="kg", value=Decimal(g) / 1000, legal_ref="x")
    ),
)
grams = st.integers(-1_000, 200_000_000)


@given(raw=grams, deduction=deductions)
def test_deduction_and_deducted_add_up_and_round_in_the_driver_s_favour(raw, deduction):
    taken, left = deduct(Grams(raw), deduction)

    assert taken + left == raw
    if raw >= 0:
        assert 0 <= left <= raw
        assert left == 0 or left * 1000 <= raw * (1000 - deduction.permille)


@given(a=grams, b=grams, axles=st.integers(2, 8), deduction=deductions, heavy=st.booleans())
def test_a_heavier_vehicle_is_never_judged_lighter(a, b, axles, deduction, heavy):
    a, b = sorted((a, b))
    settings = LimitsSettings(
        posted=a_sign(kind="axle" if heavy else "gvw", deduction=deduction),
        gvw_art3=GvwArt3Settings(deduction=deduction),
        axle_group=AxleGroupSettings(deduction=deduction),
    )

    light = judge(settings, a_crossing(axles, gross_g=a))
    laden = judge(settings, a_crossing(axles, gross_g=b))

    for lighter, heavier in zip(light, laden, strict=True):
        assert lighter.outcome is not OVER or heavier.outcome is OVER


@given(
    gross=grams,
    axles=st.integers(0, 9),
    interval=st.integers(0, 50_000),
    flags=st.sets(st.sampled_from(list(Flag))),
    vehicle=st.sampled_from(["", "truck", "bus", "farm", "?"]),
    facts=st.fixed_dictionaries(
        {}, optional={key: st.sampled_from([*values, "nonsense"]) for key, values in STATEABLE.items()}
    ),
)
def test_uncertainty_never_decides_and_no_verdict_lacks_assumptions(
    gross, axles, interval, flags, vehicle, facts
):
    settings = LimitsSettings(posted=a_sign(), gvw_art3=GvwArt3Settings(), axle_group=AxleGroupSettings())
    sure = a_crossing(axles, gross_g=gross, flags=tuple(sorted(flags)), interval_kg=0)
    unsure = a_crossing(axles, gross_g=gross, flags=tuple(sorted(flags)), interval_kg=interval)

    verdicts = judge(settings, sure, vehicle, facts)

    assert [v.outcome for v in verdicts] == [v.outcome for v in judge(settings, unsure, vehicle, facts)]
    for verdict in verdicts:
        assert verdict.assumptions
        assert verdict.text_en
        assert verdict.text_zh
        assert (verdict.outcome is OVER) == (verdict.excess is not None)
        if flags:
            assert verdict.outcome is not WITHIN
