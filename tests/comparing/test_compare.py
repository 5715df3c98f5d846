"""Two runs held against each other: what was added, removed, concluded otherwise, or only shifted."""

from dataclasses import replace

import pytest

from edge_agent.comparing.compare import EXACT, How, Tolerance, compare
from edge_agent.comparing.gather import outcomes_of
from edge_agent.comparing.outcomes import FaultCount, WatchedTime
from edge_agent.core.records import MatchStatus, Outcome
from edge_agent.core.units import MS, S
from tests.comparing.test_outcomes import bridge, street


@pytest.fixture(scope="module")
def two_lorries():
    return outcomes_of(bridge(12_000, 25_000))


@pytest.fixture(scope="module")
def two_stays():
    return outcomes_of(street(("stall", 100), ("", 160), ("stall", 100), ("", 50), cooldown_s=20))


def told(comparison):
    return [(d.kind, d.how, d.place) for d in comparison.differences]


def first(outcomes, **changes):
    """The same with its first crossing changed."""
    one, *others = outcomes.crossings
    return replace(outcomes, crossings=(replace(one, **changes), *others))


def judged(crossing, outcome):
    return tuple(replace(v, outcome=outcome) if v.evaluator == "posted" else v for v in crossing.verdicts)


def test_a_run_beside_itself_differs_in_nothing(two_lorries, two_stays):
    for run in (two_lorries, two_stays):
        comparison = compare(run, run)

        assert comparison.differences == ()
        assert comparison.numbers()["same"] > 0


def test_a_vehicle_that_only_one_side_weighed_is_added_or_removed(two_lorries):
    fewer = replace(two_lorries, crossings=two_lorries.crossings[1:])

    assert told(compare(fewer, two_lorries)) == [("crossing", How.ADDED, "1")]
    assert told(compare(two_lorries, fewer)) == [("crossing", How.REMOVED, "1")]


def test_numbers_that_count_on_differently_are_no_difference(two_lorries):
    renumbered = replace(
        two_lorries, crossings=tuple(replace(c, number=c.number + 7) for c in two_lorries.crossings)
    )

    assert compare(two_lorries, renumbered).differences == ()


def test_another_verdict_is_a_change_and_another_weight_only_a_shift(two_lorries):
    light = two_lorries.crossings[0]
    other = first(two_lorries, verdicts=judged(light, Outcome.OVER))
    heavier = first(two_lorries, gross=light.gross + 40_000)

    [changed] = compare(two_lorries, other).differences
    [shifted] = compare(two_lorries, heavier).differences

    assert (changed.how, [c.field for c in changed.changes]) == (
        How.CHANGED,
        ["verdict.posted.gross.outcome"],
    )
    assert (shifted.how, [(c.field, c.by) for c in shifted.changes]) == (How.SHIFTED, [("gross", 40_000)])


def test_a_weight_that_is_missing_is_more_than_a_shift(two_lorries):
    [difference] = compare(two_lorries, first(two_lorries, gross=None)).differences

    assert difference.how is How.CHANGED


@pytest.mark.parametrize(("grams", "differ"), [(39_999, 1), (40_000, 0)])
def test_what_lies_within_the_tolerance_is_the_same(two_lorries, grams, differ):
    heavier = first(two_lorries, gross=two_lorries.crossings[0].gross + 40_000)

    assert len(compare(two_lorries, heavier, Tolerance(grams=grams)).differences) == differ


@pytest.mark.parametrize("ignored", ["crossing", "crossing.*", "crossing.verdict.posted.*"])
def test_what_is_ignored_is_not_looked_at(two_lorries, ignored):
    light = two_lorries.crossings[0]
    other = first(two_lorries, verdicts=judged(light, Outcome.OVER))

    assert compare(two_lorries, other, Tolerance(ignore=(ignored,))).differences == ()


@pytest.mark.parametrize("pattern", ["crosing", "verdict.posted.*", "", ".gross"])
def test_a_pattern_that_fits_no_kind_is_refused_and_does_not_pass_in_silence(pattern):
    with pytest.raises(ValueError, match="no such kind; there are crossing, case, look"):
        Tolerance(ignore=(pattern,))


@pytest.mark.parametrize("pattern", ["*", "*.gross", "c*", "[cl]ase", "fault"])
def test_a_pattern_may_be_of_several_kinds(pattern):
    assert Tolerance(ignore=(pattern,)).ignore == (pattern,)


def test_a_kind_that_is_ignored_may_also_be_missing(two_lorries):
    none = replace(two_lorries, crossings=())

    assert compare(two_lorries, none, Tolerance(ignore=("crossing",))).differences == ()
    assert compare(two_lorries, none, Tolerance(ignore=("crossing.*",))).differences != ()


def test_another_answer_of_the_matcher_is_a_change(two_lorries):
    heavy = two_lorries.crossings[1]
    match = replace(heavy.case.match, status=MatchStatus.AMBIGUOUS, plate="")
    other = replace(
        two_lorries,
        crossings=(two_lorries.crossings[0], replace(heavy, case=replace(heavy.case, match=match))),
    )

    [difference] = compare(two_lorries, other).differences

    assert {c.field for c in difference.changes} == {"case.match.status", "case.match.plate"}


def test_a_case_that_only_one_side_sealed_is_one_difference_and_not_ten(two_lorries):
    heavy = two_lorries.crossings[1]
    other = replace(two_lorries, crossings=(two_lorries.crossings[0], replace(heavy, case=None)))

    [difference] = compare(two_lorries, other).differences

    assert [(c.field, c.old, c.new) for c in difference.changes] == [("case", "sealed", None)]


def test_a_stay_is_found_again_whatever_its_case_is_called(two_stays):
    later = tuple(
        replace(c, case=f"other-{n}", confirmed_at=c.confirmed_at - 5 * S)
        for n, c in enumerate(two_stays.cases)
    )
    names = {was.case: now.case for was, now in zip(two_stays.cases, later, strict=True)}
    looks = tuple(replace(look, case=names[look.case]) for look in two_stays.looks)

    comparison = compare(two_stays, replace(two_stays, cases=later, looks=looks))

    assert told(comparison) == [("case", How.SHIFTED, "front")] * 2
    assert comparison.same["look"] == 2


def test_the_recheck_of_a_case_that_is_not_there_is_not_taken_for_another_s(two_stays):
    kept = two_stays.cases[1]
    fewer = replace(
        two_stays,
        cases=(kept,),
        looks=tuple(look for look in two_stays.looks if look.case == kept.case),
    )

    comparison = compare(two_stays, fewer)

    assert told(comparison) == [("case", How.REMOVED, "front"), ("look", How.REMOVED, "front")]


def test_a_case_that_never_ends_on_one_side_is_a_change(two_stays):
    open_ended = replace(two_stays.cases[1], cleared_at=None, ended_at=None)
    other = replace(two_stays, cases=(two_stays.cases[0], open_ended))

    [difference] = compare(two_stays, other).differences

    assert (difference.how, difference.changes[0].field) == (How.CHANGED, "cleared_at")


def test_times_within_the_tolerance_are_the_same_times(two_stays):
    moved = tuple(replace(c, confirmed_at=c.confirmed_at + 900 * MS) for c in two_stays.cases)
    other = replace(two_stays, cases=moved)

    assert compare(two_stays, other, EXACT).differences != ()
    assert compare(two_stays, other, Tolerance(ms=900)).differences == ()


def test_faults_are_counted_and_new_ones_are_added(two_lorries):
    once = replace(two_lorries, faults=(FaultCount("clock", "clock_stepped", 1),))
    more = replace(
        two_lorries, faults=(FaultCount("port/wim", "bad_frame", 3), FaultCount("clock", "clock_stepped", 2))
    )

    assert told(compare(once, more)) == [
        ("fault", How.SHIFTED, "clock clock_stepped"),
        ("fault", How.ADDED, "port/wim bad_frame"),
    ]


def test_a_reason_for_blindness_that_is_not_named_took_no_time(two_stays):
    seen = replace(two_stays, watched=(WatchedTime("zone/front", 60_000, ()),))
    hidden = replace(two_stays, watched=(WatchedTime("zone/front", 58_000, (("hidden", 2_000),)),))

    [difference] = compare(seen, hidden).differences

    assert difference.how is How.SHIFTED
    assert [(c.field, c.by) for c in difference.changes] == [("watched_ms", -2_000), ("blind.hidden", 2_000)]
