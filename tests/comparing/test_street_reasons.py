"""Why a stay is a case on one side only: the ground, the thing, the time, or nobody knows."""

from dataclasses import replace

import pytest

from edge_agent.core.records import UseClass
from edge_agent.core.scene import Finding, Phase
from edge_agent.core.units import S
from edge_agent.evidence.examples_street import HOUR, an_item
from tests.comparing.two_runs import MOVED, STAY, ZONE, a_look, a_stay, explained, site, told


def the_one(left, right):
    comparison, _ = explained(left, right)
    [difference] = comparison.differences
    return difference


def test_a_stay_between_both_times_says_by_how_much():
    added = the_one((site(), a_stay(262)), (site(STAY), a_stay(262, stay_s=240)))
    removed = the_one((site(STAY), a_stay(262, stay_s=240)), (site(), a_stay(262)))

    assert (str(added.how), added.reasons[0].en) == (
        "added",
        "stay 262 s, wanted 300 s -> 240 s (38 s short -> 22 s over)",
    )
    assert (added.reasons[0].by, added.reasons[0].settings) == (22 * S, ("street.rules.overflow.stay_s",))
    assert (str(removed.how), removed.reasons[0].en) == (
        "removed",
        "stay 262 s, wanted 240 s -> 300 s (22 s over -> 38 s short)",
    )


def test_a_case_of_both_sides_that_is_confirmed_sooner_only_shifted():
    [(what, reasons)] = told((site(), a_stay(400)), (site(STAY), a_stay(400, stay_s=240)))

    assert what == ("case", "shifted")
    assert reasons == ["stay 400 s, wanted 300 s -> 240 s (60 s earlier)"]


def test_a_zone_that_moved_away_from_the_goods_says_how_much_of_them_it_still_holds():
    difference = the_one((site(), a_stay(400)), (site(MOVED), []))

    [reason] = difference.reasons
    assert (
        reason.en
        == "zone moved: the same goods pile's footprint overlaps 90 % -> 0 % (50 % or its foot wanted)"
    )
    assert (reason.known, reason.settings, reason.by) == (True, (f"{ZONE}.polygon",), -500)


def test_goods_on_ground_that_was_added_say_so_and_whether_they_stood_long_enough_before():
    elsewhere = an_item(x_min=620, x_max=700, y_min=700, y_max=840)
    narrow = f"{ZONE}.polygon=[[0.22, 0.55], [0.40, 0.55], [0.40, 0.85], [0.16, 0.85]]"
    before = site(narrow)

    short = the_one((before, []), (site(STAY), a_stay(274, stay_s=240, items=(elsewhere,))))
    long = the_one((before, []), (site(STAY), a_stay(400, stay_s=240, items=(elsewhere,))))

    assert [reason.en.split(":")[0].split(",")[0] for reason in short.reasons] == ["zone moved", "stay 274 s"]
    assert short.reasons[1].en == "stay 274 s, wanted 300 s -> 240 s (26 s short -> 34 s over)"
    assert len(long.reasons) == 1


def test_a_class_that_is_no_evidence_any_more_is_named():
    other = site("street.rules.overflow.strong=[stall]", "street.rules.overflow.weak=[table]")

    difference = the_one((site(), a_stay(400)), (other, []))

    assert difference.reasons[0].en == "goods_pile: no evidence by the other side's rule"


def test_a_score_that_does_not_suffice_any_more_is_named():
    surer = site("street.rules.overflow.enter_score=900")

    [reason] = the_one((site(), a_stay(400)), (surer, [])).reasons

    assert reason.en == "goods pile: best score 87 %, 45 % -> 90 % wanted"
    assert reason.by == -30


def test_two_weak_things_are_wanted_where_nothing_strong_stands():
    pair = (
        an_item(label="table", strength="weak"),
        an_item(label="seat", strength="weak", x_min=560, x_max=620),
    )
    three = site("street.rules.overflow.weak_needed=3")

    difference = the_one((site(), a_stay(400, items=pair)), (three, []))

    assert "street.rules.overflow.weak_needed" in difference.reasons[0].settings


def test_a_stay_of_which_less_was_counted_is_not_known_but_says_what_was_said_against_it():
    grace = site("street.rules.overflow.unloading_grace_s=60")
    counted_less = [
        replace(change, detail="unloading")
        if change.finding is Finding.ABSENT and change.dwell_ms
        else change
        for change in a_stay(200)
    ]

    [reason] = the_one((site(), counted_less), (grace, a_stay(400))).reasons

    assert not reason.known
    assert reason.en == (
        "one side counted 400 s, the other 200 s of 300 s (unloading); why is not known: "
        "settings that differ and may matter: street.rules.overflow.unloading_grace_s"
    )


def test_where_nothing_was_counted_and_no_setting_says_why_it_is_not_known():
    [reason] = the_one((site(), []), (site(), a_stay(400))).reasons

    assert (reason.known, reason.en) == (
        False,
        "the other side counted nothing there then; why is not known: no setting of it differs",
    )


def test_a_zone_that_only_one_side_has_is_named():
    other = site()
    street = other.street.model_copy(
        update={
            "cameras": {
                "street1": other.street.cameras["street1"].model_copy(
                    update={"zones": {"another": other.street.cameras["street1"].zones["door_s1"]}}
                )
            }
        }
    )

    difference = the_one((site(), a_stay(400)), (other.model_copy(update={"street": street}), []))

    assert difference.reasons[0].en == "zone door_s1 is configured on one side only"


def test_a_stay_that_the_other_side_has_as_part_of_another_case_says_so():
    first, second = a_stay(400), a_stay(400, began=HOUR + 500 * S, case="boot-door_s1-2")
    whole = a_stay(900)

    comparison, _ = explained((site(), [*first, *second]), (site(), whole))

    [gone] = [one for one in comparison.differences if str(one.how) == "removed"]
    assert gone.reasons[0].en.startswith("the other side has it as part of the case confirmed at ")


def test_a_second_stay_reopens_the_case_that_only_one_side_has():
    again = {"began": HOUR + 600 * S, "case": "boot-door_s1-1"}
    left = [*a_stay(262), *a_stay(400, **again)]
    right = [
        *a_stay(262, stay_s=240),
        *a_stay(400, stay_s=240, opened=Phase.REOPENED, revision=2, **again),
    ]

    found = told((site(), left), (site(STAY), right))

    assert [what for what, _ in found] == [("case", "added"), ("case", "changed")]
    assert found[1][1][0].startswith("the stay before it, confirmed at ")


def test_a_record_of_the_end_that_is_missing_on_one_side_is_not_known():
    [reason] = the_one((site(), a_stay(400)), (site(), a_stay(400, cleared=False))).reasons

    assert (reason.known, reason.en) == (
        False,
        "its end was recorded on one side only; why is not known: no setting of it differs",
    )


def test_the_recheck_of_a_new_case_follows_it():
    right = [*a_stay(262, stay_s=240, cleared=False), a_look(HOUR + 1140 * S)]

    found = told((site(), a_stay(262)), (site(STAY), right))

    assert found[1][0] == ("look", "added")
    assert found[1][1][0].startswith("follows the case confirmed at ")


def test_a_recheck_that_only_one_side_asks_for_is_not_blamed_on_its_case():
    never = site("street.rules.overflow.recheck_s=0")
    stay = a_stay(1300)

    [(what, reasons)] = told((site(), [*stay, a_look(HOUR + 1200 * S)]), (never, stay))
    [(_, unknown)] = told((site(), [*stay, a_look(HOUR + 1200 * S)]), (site(), stay))

    assert (what, reasons) == (("look", "removed"), ["looks again after a case: 900 s -> never"])
    assert unknown == ["why is not known: no setting of it differs"]


def test_a_case_that_is_reopened_without_its_stay_before_is_not_called_an_end():
    opened = a_stay(400, opened=Phase.REOPENED)

    [(_, reasons)] = told((site(), a_stay(400)), (site(), opened))

    assert reasons == [
        "one side reopens a case whose stay before is not in it; why is not known: no setting of it differs"
    ]


def test_a_recheck_that_looks_sooner_and_sees_something_else_says_when_it_looked():
    left = [*a_stay(1300), a_look(HOUR + 1200 * S, Finding.ABSENT)]
    right = [*a_stay(1300, stay_s=240), a_look(HOUR + 1140 * S)]

    found = dict(told((site(), left), (site(STAY), right)))

    assert found[("look", "changed")][0].endswith("(60 s earlier)")


def test_a_recheck_of_the_same_moment_that_sees_something_else_is_not_known():
    left, right = (
        [*a_stay(1300), a_look(HOUR + 1200 * S, finding)] for finding in (Finding.ABSENT, Finding.PRESENT)
    )

    [reason] = the_one((site(), left), (site(), right)).reasons

    assert not reason.known


@pytest.mark.parametrize("reasons", [("clock_error",), ("legal_basis_missing", "shop_missing")])
def test_a_use_class_names_what_came(reasons):
    worse = a_stay(400, use_class=UseClass.REFERENCE, reasons=reasons)

    [reason] = the_one((site(), a_stay(400)), (site(), worse)).reasons

    assert all(word.replace("_", " ") in reason.en for word in reasons)
