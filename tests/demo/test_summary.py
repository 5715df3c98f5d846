"""The demo's numbers hold what was decided against what really drove there."""

import pytest

from edge_agent.core.decisions import CrossingSeen, Fault, FaultKind
from edge_agent.core.records import MatchCandidate, MatchStatus, Outcome
from edge_agent.core.units import MS, S
from edge_agent.demo.board import Board
from edge_agent.demo.summary import Delivery, passage_of, percentile, summarise
from edge_agent.evidence.examples import a_case, a_crossing, a_match, a_read, a_verdict

WITHIN = a_verdict(outcome=Outcome.WITHIN, excess=None)
DELIVERY = Delivery(sealed=4, published=3, receipted=2, verified=1)


def a_passage(number=1, overweight=True, plate="沪A12345", **other):
    """What the simulator says of the n-th crossing of `examples.a_crossing`."""
    return {
        "id": f"p{number}",
        "lane": "1",
        "first_axle_at": number * 60 * S,
        "overweight": overweight,
        "plate": plate,
        "plate_rear": plate,
        **other,
    }


def a_board(*cases, light=()):
    board = Board()
    for number in light:
        board.decided(CrossingSeen(0, a_crossing(number), (WITHIN,)))
    for seal in cases:
        board.decided(CrossingSeen(0, seal.crossing, seal.verdicts))
        board.decided(seal)
    return board


def named(number, text="沪A12345", **other):
    match = a_match(number, candidates=(MatchCandidate(a_read(text), 999_000),))
    return a_case(number, match=match, **other)[0]


def unnamed(number, status):
    return a_case(number, match=a_match(number, status=status, candidates=()))[0]


def test_every_number_that_scripts_rely_on_is_there():
    board = a_board(
        named(1), unnamed(2, MatchStatus.AMBIGUOUS), unnamed(3, MatchStatus.UNMATCHED), light=(4, 5)
    )
    truth = [a_passage(n, overweight=n <= 3) for n in range(1, 7)]

    summary = summarise(board.snapshot(), truth, DELIVERY, broker="b")

    assert summary == {
        "simulated": True,
        "crossings": 5,
        "passages": 6,
        "overweight": {"true": 3, "decided": 3, "falsely": 0},
        "matches": {"matched": 1, "ambiguous": 1, "unmatched": 1, "wrong": 0},
        "statements": {"sealed": 4, "published": 3, "receipted": 2, "verified": 1},
        "latency_ms": {"p50": None, "p95": None},
        "broker": "b",
    }


def test_a_plate_of_another_vehicle_is_a_wrong_match():
    summary = summarise(a_board(named(1, "粤B99999")).snapshot(), [a_passage()], DELIVERY)

    assert summary["matches"]["wrong"] == 1


def test_a_wrong_name_that_was_taken_back_was_wrong_all_the_same():
    board = a_board(named(1, "粤B99999"))
    board.decided(named(1, revision=1))

    assert summarise(board.snapshot(), [a_passage()], DELIVERY)["matches"]["wrong"] == 1


@pytest.mark.parametrize("truth", [[], [a_passage(lane="2")], [a_passage(first_axle_at=60 * S + 500 * MS)]])
def test_a_statement_about_nobody_is_wrong_and_false(truth):
    summary = summarise(a_board(named(1)).snapshot(), truth, DELIVERY)

    assert summary["matches"]["wrong"] == 1
    assert summary["overweight"]["falsely"] == 1


def test_the_rear_plate_of_a_lorry_with_a_trailer_is_its_plate_too():
    truth = [a_passage(plate="沪A12345", plate_rear="沪A1234挂")]

    assert summarise(a_board(named(1, "沪A1234挂")).snapshot(), truth, DELIVERY)["matches"]["wrong"] == 0


def test_a_legal_vehicle_called_overweight_is_counted_as_false():
    summary = summarise(a_board(named(1)).snapshot(), [a_passage(overweight=False)], DELIVERY)

    assert summary["overweight"] == {"true": 0, "decided": 1, "falsely": 1}


def test_a_passage_that_never_reached_the_scale_is_nobodys():
    [row] = a_board(named(1)).snapshot()

    assert passage_of(row, [a_passage(first_axle_at=None)]) is None


def test_of_two_passages_the_nearer_one_counts():
    [row] = a_board(named(1)).snapshot()
    near, far = a_passage(1, first_axle_at=60 * S + 100 * MS), a_passage(2, first_axle_at=60 * S - 200 * MS)

    assert passage_of(row, [far, near]) is near


def test_the_latency_is_from_the_last_axle_to_the_first_receipt():
    seal = named(1)
    board = a_board(seal)
    board.sealed(seal, 7, seal.crossing.last_axle_at + S)
    board.receipted(7, seal.crossing.last_axle_at + 2 * S)
    board.receipted(7, seal.crossing.last_axle_at + 9 * S)
    board.receipted(8, 0)  # the box's own statements have no crossing

    assert summarise(board.snapshot(), [a_passage()], DELIVERY)["latency_ms"] == {"p50": 2_000, "p95": 2_000}


def test_a_refused_case_keeps_its_reason_and_faults_are_kept():
    seal = named(1)
    board = a_board(seal)
    fault = Fault(1, "clock", FaultKind.CLOCK_STEPPED, "")
    board.refused(seal, "no room")
    board.decided(fault)

    assert [row.problem for row in board.snapshot()] == ["no room"]
    assert board.faults == [fault]


def test_a_percentile_is_a_value_that_was_measured():
    assert [percentile(list(range(1, 101)), p) for p in (50, 95, 100)] == [50, 95, 100]
