"""What came of a recording: one outcome for every vehicle, stay and look, with the last that was said."""

import json
from dataclasses import replace

import pytest

from edge_agent.comparing.gather import outcomes_of, outcomes_of_lines
from edge_agent.comparing.outcomes import counts
from edge_agent.core.decisions import CrossingSeen, Fault, FaultKind, Seal
from edge_agent.core.records import MatchStatus, UseClass
from edge_agent.core.scene import Finding, Phase
from edge_agent.core.site import Site
from edge_agent.core.units import S
from edge_agent.errors import JournalError
from edge_agent.journal.codec import decision_line
from tests.road import a_scenario, drive
from tests.storefront import live, scenes, start, street_settings

QUICK = {"stay_s": 60, "candidate_s": 20, "cooldown_s": 120, "clear_s": 30, "recheck_s": 20}


def passages(*gross_kg):
    return [
        {"at_s": 4 + 8 * n, "lane": "1", "kind": "truck3", "gross_kg": kg} for n, kg in enumerate(gross_kg)
    ]


def bridge(*gross_kg):
    """Crossings then seals of these vehicles, as decisions."""
    crossings, seals = drive(a_scenario(*passages(*gross_kg), duration_s=20 + 8 * len(gross_kg)))
    return [*crossings, *seals]


def street(*stretches, **rule):
    """Decisions of one zone over these stretches."""
    settings = street_settings(rule=QUICK | rule)
    return live(Site(settings), [*start(), *scenes(*stretches, start_s=1)])


def test_every_vehicle_is_one_outcome_with_its_verdicts_and_its_case():
    decisions = bridge(12_000, 25_000)

    light, heavy = outcomes_of(decisions).crossings

    assert (light.number, light.over, light.case) == (1, False, None)
    assert (heavy.number, heavy.over) == (2, True)
    assert heavy.case.use_class is UseClass.TEST
    assert {v.evaluator: str(v.outcome) for v in heavy.verdicts if v.subject == "gross"}["posted"] == "over"


def test_an_amendment_takes_the_place_of_the_statement_that_it_amends():
    decisions = bridge(25_000)
    [seal] = [d for d in decisions if isinstance(d, Seal)]
    later = replace(seal, revision=1, match=replace(seal.match, status=MatchStatus.AMBIGUOUS, late=True))

    [crossing] = outcomes_of([*decisions, later]).crossings

    assert (crossing.case.revision, crossing.case.match.status) == (1, "ambiguous")
    assert crossing.case.match.plate == ""


def test_numbers_that_begin_again_are_another_run_of_the_daemon():
    decisions = bridge(12_000, 13_000)

    found = outcomes_of([*decisions, *decisions])

    assert [(c.run, c.number) for c in found.crossings] == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_a_clock_that_falls_back_is_another_run_of_the_daemon():
    faults = [Fault(at * S, "clock", FaultKind.CAMERA, "") for at in (500, 460, 10)]

    assert len(outcomes_of(faults).utc_minus_mono) == 2


def test_a_stay_is_one_outcome_from_its_first_look_to_its_end():
    decisions = street(("", 20), ("stall", 150), ("", 100))

    [case] = outcomes_of(decisions).cases

    assert (case.opened, case.phase, case.zone, case.stay_ms) == (
        Phase.CONFIRMED,
        Phase.CLEARED,
        "front",
        60_000,
    )
    assert case.first_seen_at < case.confirmed_at < case.ended_at < case.cleared_at
    assert case.confirmed_at - case.first_seen_at == pytest.approx(60 * S, abs=8 * S)
    assert case.dwell == pytest.approx(150 * S, abs=8 * S)
    assert [item.label for item in case.items] == ["stall"]


def test_goods_that_come_back_within_the_cooldown_are_a_second_stay_of_the_same_case():
    decisions = street(("stall", 100), ("", 50), ("stall", 100), ("", 50))

    first, second = outcomes_of(decisions).cases

    assert first.case == second.case
    assert (first.opened, second.opened) == (Phase.CONFIRMED, Phase.REOPENED)
    assert (first.phase, second.phase) == (Phase.CLEARED, Phase.CLEARED)


def test_a_recheck_is_an_outcome_of_its_own():
    decisions = street(("stall", 130), ("", 100))

    [look] = outcomes_of(decisions).looks

    assert (look.phase, look.zone, look.finding) == (Phase.RECHECK, "front", Finding.PRESENT)


def test_a_stay_that_fell_short_is_remembered_with_what_was_asked_for():
    decisions = street(("", 20), ("stall", 50), ("", 80))

    found = outcomes_of(decisions)

    assert found.cases == ()
    [stay] = found.stays
    assert (stay.confirmed, stay.asked_ms) == (False, 60_000)
    assert stay.dwell_ms == pytest.approx(50_000, abs=8_000)


def test_lines_of_a_file_give_the_same_outcomes_as_the_decisions_themselves():
    decisions = [*bridge(12_000, 25_000), *street(("stall", 130), ("", 100))]

    assert outcomes_of_lines(map(decision_line, decisions)) == outcomes_of(decisions)


def test_a_line_that_is_no_decision_is_named_by_its_number():
    with pytest.raises(JournalError, match="line 2"):
        outcomes_of_lines([decision_line(Fault(0, "clock", FaultKind.CAMERA, "")), "nonsense"])


def test_the_counts_say_what_came_of_it():
    decisions = [
        *bridge(12_000, 25_000),
        *street(("stall", 100), ("", 50), ("stall", 100), ("", 50)),
        Fault(400 * S, "port/wim", FaultKind.BAD_FRAME, "sum", 3),
        Fault(401 * S, "port/wim", FaultKind.BAD_FRAME, "sum", 2),
    ]

    said = counts(outcomes_of(decisions))

    assert (said["crossings"], said["over_a_limit"]) == (2, 1)
    assert sum(said["cases"].values()) == 1
    assert said["street"] == {
        "cleared": 2,
        "confirmed": 1,
        "recheck: present": 2,
        "reopened": 1,
    }
    assert said["faults"]["port/wim bad_frame"] == 5
    assert json.dumps(said)


def test_a_crossing_whose_statement_alone_was_recorded_is_an_outcome_all_the_same():
    decisions = [d for d in bridge(12_000, 25_000) if not isinstance(d, CrossingSeen)]

    [crossing] = outcomes_of(decisions).crossings

    assert crossing.over
    assert crossing.case is not None
