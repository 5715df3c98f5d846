"""Why a vehicle came out differently: which number decided it, and by how much."""

from dataclasses import replace

import pytest

from edge_agent.core.records import Flag, MatchStatus, UseClass
from edge_agent.core.units import S
from edge_agent.evidence.examples import a_match
from tests.comparing.two_runs import THREE_PERCENT, a_vehicle, explained, site, told


def both(gross_kg, *settings, **other):
    """The same vehicle before and with these settings."""
    before, after = site(), site(*settings)
    return (before, a_vehicle(before, gross_kg, **other)), (after, a_vehicle(after, gross_kg, **other))


def the_one(left, right):
    comparison, _ = explained(left, right)
    [difference] = comparison.differences
    return difference


def test_a_smaller_deduction_says_so_with_both_margins():
    difference = the_one(*both(21_040, THREE_PERCENT))

    verdict, case = difference.reasons
    assert verdict.en == (
        "posted limit: within -> over. deduction 5 % -> 3 %; "
        "after deduction 19.988 t -> 20.409 t against 20.000 t (12 kg under -> 409 kg over)"
    )
    assert (verdict.known, verdict.by, verdict.unit) == (True, 408_800, "g")
    assert verdict.settings == ("lanes.1.limits.posted.deduction.value",)
    assert case.en == "over, so a case was opened"


def test_another_limit_on_the_sign_says_so():
    [(_, reasons)] = told(*both(20_400, "lanes.1.limits.posted.limit_kg=19000"))

    assert reasons[0].startswith("posted limit: within -> over. limit 20.000 t -> 19.000 t; after deduction")
    assert "against 20.000 t -> 19.000 t (620 kg under -> 380 kg over)" in reasons[0]


def test_a_case_that_is_gone_says_that_it_is_no_longer_over():
    [(what, reasons)] = told(*reversed(both(21_040, THREE_PERCENT)))

    assert what == ("crossing", "changed")
    assert "over -> within. deduction 3 % -> 5 %" in reasons[0]
    assert reasons[1] == "no longer over, so there is no case"


def test_who_is_still_over_by_a_rule_that_opens_no_case_is_not_called_no_longer_over():
    before = site()
    decisions = a_vehicle(before, 25_000)
    seen, seal = decisions
    unread = tuple(replace(verdict, reference_only=True) for verdict in seen.verdicts)
    left = (before, [seen, replace(seal, verdicts=seen.verdicts)])
    right = (before, [replace(seen, verdicts=unread)])

    [(_, gone)], [(_, opened)] = told(left, right), told(right, left)

    assert gone == ["still over, but by a rule whose text nobody has read: it opens no case"]
    assert opened == ["over now by a rule whose text has been read, so a case was opened"]


@pytest.mark.parametrize(
    ("heavier_kg", "said"),
    [(21_100, "the weight alone does it"), (20_700, "no one of them alone does it")],
)
def test_of_weight_and_deduction_it_is_worked_out_which_would_have_done_it_alone(heavier_kg, said):
    before, after = site(), site(THREE_PERCENT)

    [(_, reasons)] = told((before, a_vehicle(before, 20_500)), (after, a_vehicle(after, heavier_kg)))

    assert said in reasons[0]
    assert f"measured 20.500 t -> {heavier_kg / 1000:.3f} t" in reasons[0]


def test_a_flag_takes_a_weight_out_of_the_limit_and_why_it_came_is_not_known():
    settings = site("lanes.1.scale.envelope.acceleration_mm_s2=100")
    left = (site(), a_vehicle(site(), 15_000))
    right = (settings, a_vehicle(settings, 15_000, flags=(Flag.ACCEL,)))

    difference = the_one(left, right)

    judged, *_, flagged = difference.reasons
    assert "posted limit: within -> not assessed. flags – -> accel" in judged.en
    assert not flagged.known
    assert flagged.settings == ("lanes.1.scale.envelope.acceleration_mm_s2",)


def test_an_evaluator_that_only_one_side_has_is_named():
    reasons = told(*both(15_000, "lanes.1.limits.gvw_art3=null"))[0][1]

    assert reasons == ["national GVW table: configured on one side only"]


def test_only_numbers_that_moved_are_a_shift_with_the_deduction_as_its_reason():
    [(what, reasons)] = told(*both(15_000, THREE_PERCENT))

    assert what == ("crossing", "shifted")
    assert reasons == ["posted limit: deduction 5 % -> 3 %: +300 kg"]


def test_another_weight_without_another_setting_is_not_known_and_says_so():
    left, right = (site(), a_vehicle(site(), 20_900)), (site(), a_vehicle(site(), 21_200))

    difference = the_one(left, right)

    assert [reason.known for reason in difference.reasons] == [True, False, True]
    assert (
        difference.reasons[1].en == "why the measured weight differs is not known: no setting of it differs"
    )


def test_a_posterior_that_no_longer_suffices_says_what_is_wanted():
    sure = "cameras.cam1.match.decide_ppm=999900"
    before, after = (
        site("cameras.cam1.match.decide_ppm=999000", "cameras.cam1.match.margin_ppm=990000"),
        site(sure, "cameras.cam1.match.margin_ppm=990000"),
    )
    left = (before, a_vehicle(before, 25_000))
    right = (after, a_vehicle(after, 25_000, match=replace(a_match(), status=MatchStatus.AMBIGUOUS)))

    [reason] = the_one(left, right).reasons

    assert reason.en == (
        "match: matched 沪A12345 -> ambiguous. posterior 99.9 % (wanted 99.9 %) -> 99.9 % (wanted 99.99 %); "
        "margin 99.81 % (wanted 99 %) -> 99.81 % (wanted 99 %)"
    )
    assert (reason.known, reason.by, reason.unit) == (True, -900, "ppm")
    assert reason.settings == ("cameras.cam1.match.decide_ppm",)


def test_a_match_that_differs_while_both_suffice_is_not_known():
    config = site("cameras.cam1.match.decide_ppm=999000", "cameras.cam1.match.margin_ppm=990000")
    left = (config, a_vehicle(config, 25_000))
    right = (config, a_vehicle(config, 25_000, match=replace(a_match(), status=MatchStatus.UNMATCHED)))

    [reason] = the_one(left, right).reasons

    assert not reason.known
    assert "why is not known: no setting of it differs" in reason.en


def test_a_use_class_names_the_reasons_that_came_and_went():
    config = site()
    left = a_vehicle(config, 25_000, use_class=UseClass.REFERENCE, reasons=("certificate_missing",))
    right = a_vehicle(config, 25_000, use_class=UseClass.REFERENCE, reasons=("clock_error",))

    [reason] = the_one((config, left), (config, right)).reasons

    assert reason.en == "use class still reference. came: clock error; went: certificate missing"


def test_pictures_that_a_replay_could_not_have_are_no_conclusion():
    config = site()
    left = a_vehicle(config, 25_000)
    missing = {"use_class": UseClass.REFERENCE, "reasons": ("pictures_missing", "vehicle_unchecked")}
    right = a_vehicle(config, 25_000, **missing, vehicle_confirmed=None)

    difference = the_one((config, left), (config, right))

    assert str(difference.how) == "shifted"
    assert {change.field for change in difference.changes} == {
        "case.use_class",
        "case.pictures",
        "case.vehicle_confirmed",
    }


def test_a_vehicle_that_one_side_does_not_have_is_not_known_and_lists_what_may_matter():
    changed = site("lanes.1.scale.vehicle.max_axles=2")

    difference = the_one((site(), a_vehicle(site(), 15_000)), (changed, []))

    [reason] = difference.reasons
    assert not reason.known
    assert reason.settings == ("lanes.1.scale.vehicle.max_axles",)


def test_two_vehicles_that_the_other_side_took_for_one_say_so():
    apart = [
        *a_vehicle(site(), 15_000, 1),
        *a_vehicle(site(), 9_000, 2, first_axle_at=61 * S, last_axle_at=62 * S),
    ]
    together = a_vehicle(site(), 24_000, 1, last_axle_at=62 * S)

    comparison, _ = explained((site(), apart), (site(), together))

    [gone] = [one for one in comparison.differences if str(one.how) == "removed"]
    assert gone.reasons[0].en.startswith("the other side took it for a part of the vehicle at ")


def test_without_a_configuration_a_deduction_is_known_by_its_numbers_alone():
    left, right = both(21_040, THREE_PERCENT)

    [(_, reasons)] = told((None, left[1]), (None, right[1]))

    assert "after deduction 19.988 t -> 20.409 t against 20.000 t" in reasons[0]
