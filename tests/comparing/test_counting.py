"""Numbers counted as decisions come are those of all the outcomes together, and take no room."""

from dataclasses import replace

import pytest

from edge_agent.comparing.counting import AMENDED_WITHIN, Counting
from edge_agent.comparing.gather import outcomes_of
from edge_agent.comparing.outcomes import counts
from edge_agent.core.decisions import CrossingSeen, Seal
from edge_agent.core.records import MatchStatus
from edge_agent.core.units import S
from tests.comparing.test_outcomes import bridge, street


def counted(decisions):
    counting = Counting()
    for decision in decisions:
        counting.add(decision)
    return counting


def amended(decisions, **changes):
    """The same, and its one statement once more with something else said of it."""
    [seal] = [d for d in decisions if isinstance(d, Seal)]
    return [*decisions, replace(seal, revision=1, **changes)]


LATE = {"match": replace(bridge(25_000)[-1].match, status=MatchStatus.AMBIGUOUS, late=True)}


@pytest.mark.parametrize(
    "decisions",
    [
        [],
        bridge(12_000, 25_000),
        bridge(12_000, 13_000) * 2,
        amended(bridge(25_000), **LATE),
        bridge(25_000)[1:],
        street(("", 20), ("stall", 150), ("", 100)),
        street(("", 20), ("stall", 150), ("", 60), ("stall", 150), ("", 60)),
    ],
    ids=["nothing", "two vehicles", "two runs", "amended", "begun late", "a stay", "reopened"],
)
def test_the_numbers_are_those_of_the_outcomes(decisions):
    assert counted(decisions).counts() == counts(outcomes_of(decisions))


def test_a_vehicle_of_long_ago_is_not_kept():
    [seen] = [d for d in bridge(12_000) if isinstance(d, CrossingSeen)]
    counting = Counting()
    for number in range(1, 2_000):
        at = number * 60 * S
        crossing = replace(seen.crossing, number=number, closed_at=at)
        counting.add(replace(seen, at=at, crossing=crossing))

    assert counting.counts()["crossings"] == 1_999
    assert len(counting._lately) <= AMENDED_WITHIN // (60 * S) + 2
