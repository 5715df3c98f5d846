"""An overweight crossing waits for its plate and its pictures, becomes one statement, and may be amended."""

from dataclasses import replace

import pytest

from edge_agent.core.cases import MAX_CASES, REMEMBER, Case, Cases
from edge_agent.core.events import Captured
from edge_agent.core.records import (
    Detection,
    Flag,
    MatchCandidate,
    MatchStatus,
    Outcome,
    UseClass,
)
from edge_agent.core.units import S
from edge_agent.evidence.examples import a_crossing, a_match, a_read, a_verdict
from tests.road import a_picture, taken

OVER = (a_verdict(),)
WITHIN = (a_verdict(outcome=Outcome.WITHIN, excess=None),)
UNMATCHED = MatchStatus.UNMATCHED


def a_bench(judge=lambda _crossing, _vehicle: OVER):
    """Cases whose limits say what the test wants; everything is a test site's."""
    return Cases(judge, lambda **_what: (UseClass.TEST, ()))


def a_case(number=1, pictures_due=None, **crossing):
    chosen = a_crossing(number, **crossing)
    return Case(f"boot-1-{number}", chosen, "wim", pictures_due)


def seals(cases, now):
    return [(s.case, s.revision, s.match.status) for s in cases.advance(now, None)]


def test_a_case_waits_for_its_match_however_long():
    cases = a_bench()
    cases.open(a_case(pictures_due=62 * S))

    assert seals(cases, 10_000 * S) == []
    assert cases.deadline is None  # the matcher wakes it, by its own deadline


def test_a_case_waits_for_its_pictures_until_they_are_due():
    cases = a_bench()
    cases.open(a_case(pictures_due=70 * S))
    cases.matched(a_match())

    assert cases.deadline == 70 * S
    assert seals(cases, 70 * S - 1) == []
    assert seals(cases, 70 * S) == [("boot-1-1", 0, MatchStatus.MATCHED)]
    assert seals(cases, 71 * S) == []
    assert cases.deadline is None


def test_the_end_of_the_run_ends_the_waiting_for_pictures():
    cases = a_bench()
    cases.open(a_case(pictures_due=70 * S))
    cases.matched(a_match())

    [seal] = cases.close(63 * S, None)

    assert (seal.at, seal.pictures, seal.vehicle_confirmed) == (63 * S, (), None)
    assert cases.close(64 * S, None) == ()


def test_pictures_end_the_waiting_at_once():
    cases = a_bench()
    cases.open(a_case(pictures_due=70 * S))
    cases.matched(a_match())

    assert cases.captured(taken("boot-1-1", 63 * S))
    [seal] = cases.advance(63 * S, None)

    assert [p.role for p in seal.pictures] == ["full_view_1", "full_view_2"]
    assert seal.vehicle_confirmed is True


@pytest.mark.parametrize("request_of", ["boot-1-2", ""])
def test_pictures_of_another_case_are_nobodys(request_of):
    cases = a_bench()
    cases.open(a_case(pictures_due=70 * S))

    assert not cases.captured(taken(request_of, 63 * S))


def test_pictures_are_taken_once_and_not_after_the_seal():
    cases = a_bench()
    cases.open(a_case(pictures_due=70 * S))
    assert cases.captured(taken("boot-1-1", 63 * S))
    assert not cases.captured(taken("boot-1-1", 64 * S))
    cases.matched(a_match())
    cases.advance(64 * S, None)

    assert not cases.captured(taken("boot-1-1", 65 * S))


def test_a_match_of_a_crossing_without_a_case_is_nothing():
    cases = a_bench()
    cases.matched(a_match(7))

    assert seals(cases, 10_000 * S) == []


def test_a_late_read_after_the_seal_is_the_next_revision():
    cases = a_bench()
    cases.open(a_case())
    cases.matched(a_match(status=UNMATCHED, candidates=()))
    first = seals(cases, 65 * S)
    cases.matched(a_match(late=True))
    second = cases.advance(75 * S, None)

    assert first == [("boot-1-1", 0, UNMATCHED)]
    assert [(s.revision, s.match.read.text, s.match.late) for s in second] == [(1, "沪A12345", True)]


def test_an_answer_that_changes_before_the_seal_is_no_revision():
    cases = a_bench()
    cases.open(a_case(pictures_due=70 * S))
    cases.matched(a_match(status=UNMATCHED, candidates=()))
    cases.matched(a_match(late=True))

    assert seals(cases, 70 * S) == [("boot-1-1", 0, MatchStatus.MATCHED)]


def test_a_match_taken_back_after_the_seal_names_nobody_any_more():
    cases = a_bench()
    cases.open(a_case())
    pushed = a_picture("plate", 62 * S)
    cases.matched(a_match(candidates=(MatchCandidate(a_read(pictures=(pushed,)), 999_000),)))
    [first] = cases.advance(65 * S, None)
    cases.matched(a_match(status=MatchStatus.AMBIGUOUS, late=True))
    [second] = cases.advance(66 * S, None)

    assert (first.revision, first.match.read.text, first.pictures) == (0, "沪A12345", (pushed,))
    assert (second.revision, second.match.read, second.pictures) == (1, None, ())


def test_the_pictures_of_candidates_stay_out():
    """Whose vehicle an ambiguous match shows is not known: it is nobody's evidence."""
    cases = a_bench()
    cases.open(a_case())
    seen = tuple(
        MatchCandidate(a_read(text, pictures=(a_picture("plate", 62 * S, sha),)), 500_000)
        for text, sha in (("沪A11111", "a" * 64), ("沪A22222", "b" * 64))
    )
    cases.matched(a_match(status=MatchStatus.AMBIGUOUS, candidates=seen))
    [seal] = cases.advance(65 * S, None)

    assert seal.pictures == ()
    assert seal.match.read is None


def test_full_views_that_a_camera_pushed_are_counted_on_after_the_boxs_own():
    cases = a_bench()
    cases.open(a_case(pictures_due=70 * S))
    cases.captured(taken("boot-1-1", 63 * S))
    pushed = (a_picture("full_view_1", 62 * S, "c" * 64), a_picture("plate", 62 * S))
    cases.matched(a_match(candidates=(MatchCandidate(a_read(pictures=pushed), 999_000),)))
    [seal] = cases.advance(64 * S, None)

    assert [p.role for p in seal.pictures] == ["full_view_1", "full_view_2", "full_view_3", "plate"]


def bus_is_within(_crossing, vehicle):
    return WITHIN if vehicle == "bus" else OVER


def test_a_vehicle_that_the_camera_calls_exempt_is_dropped_for_good():
    cases = a_bench(bus_is_within)
    cases.open(a_case(pictures_due=70 * S))
    cases.captured(taken("boot-1-1", 63 * S, "bus"))
    cases.matched(a_match(status=UNMATCHED, candidates=()))

    assert seals(cases, 64 * S) == []
    cases.matched(a_match(late=True))
    assert seals(cases, 70 * S) == []


@pytest.mark.parametrize("labels", [("bus", "truck"), ("bus", None)])
def test_pictures_that_disagree_on_the_class_excuse_nobody(labels):
    cases = a_bench(bus_is_within)
    cases.open(a_case(pictures_due=70 * S))
    boxes = tuple(
        (Detection(label, "evidence", 900, 1, 1, 9, 9, in_lane=True),) if label else () for label in labels
    )
    pictures = (a_picture("full_view_1", 62 * S), a_picture("full_view_2", 63 * S))
    cases.captured(Captured(63 * S, "boot-1-1", "cam1", pictures, boxes, "m" * 64))
    cases.matched(a_match())

    assert len(seals(cases, 64 * S)) == 1


@pytest.mark.parametrize("change", [{"in_lane": False}, {"role": "context"}])
def test_a_bus_beside_the_lane_excuses_nobody_and_confirms_nothing(change):
    cases = a_bench(bus_is_within)
    cases.open(a_case(pictures_due=70 * S))
    box = replace(Detection("bus", "evidence", 900, 1, 1, 9, 9, in_lane=True), **change)
    cases.captured(Captured(63 * S, "boot-1-1", "cam1", (), ((box,),), "m" * 64))
    cases.matched(a_match())

    [seal] = cases.advance(64 * S, None)
    assert seal.vehicle_confirmed is False


def test_the_limits_judge_anew_at_the_seal_and_what_they_say_is_sealed():
    cases = a_bench(lambda crossing, vehicle: (a_verdict(text_en=f"judged as {vehicle!r}"),))
    cases.open(a_case(pictures_due=70 * S))
    cases.captured(taken("boot-1-1", 63 * S, "truck"))
    cases.matched(a_match())

    [seal] = cases.advance(64 * S, None)
    assert seal.verdicts[0].text_en == "judged as 'truck'"


def test_too_many_at_once_are_concluded_oldest_first_as_soon_as_they_are_answered():
    cases = a_bench()
    for number in range(1, MAX_CASES + 11):
        cases.open(a_case(number, pictures_due=10_000 * S))
    assert seals(cases, 5_000 * S) == []  # nobody is sealed without the matcher's answer

    for number in range(1, MAX_CASES + 11):
        cases.matched(a_match(number))

    assert [case for case, _, _ in seals(cases, 5_000 * S)] == [f"boot-1-{n}" for n in range(1, 11)]
    assert seals(cases, 5_000 * S) == []


def test_a_sealed_case_is_forgotten_when_nothing_can_change_it():
    cases = a_bench()
    for number in (1, 2):
        cases.open(a_case(number, closed_at=100 * S))
    cases.matched(a_match(1))
    seals(cases, 100 * S)

    seals(cases, 100 * S + REMEMBER + 1)
    cases.matched(a_match(1, late=True))  # too late to amend
    assert seals(cases, 100 * S + REMEMBER + 2) == []

    cases.matched(a_match(2))  # never sealed, so never forgotten
    assert seals(cases, 100 * S + REMEMBER + 3) == [("boot-1-2", 0, MatchStatus.MATCHED)]
    seals(cases, 100 * S + 2 * REMEMBER)
    assert not cases._cases
    assert not cases._by_crossing


def test_the_raw_bytes_asked_for_reach_beyond_the_vehicle_on_both_sides():
    cases = a_bench()
    case = a_case(flags=(Flag.CREEP,))
    cases.open(case)
    cases.matched(a_match())

    [seal] = cases.advance(65 * S, None)
    assert seal.raw.port == "wim"
    assert seal.raw.start <= case.crossing.first_axle_at - S
    assert seal.raw.end >= case.crossing.last_axle_at + S
