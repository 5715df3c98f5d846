"""The person decides; what contradicts what was found is refused."""

import pytest

from edge_agent.commissioning.outcome import Outcome, Reason, against, concluded, in_words
from edge_agent.doctor.finding import Finding, State
from edge_agent.errors import UsageError

OK = Finding("clock.good", "", State.OK)
FAULT = Finding("serial.silent", "port/wim", State.FAULT)


class AProof:
    def __init__(self, receipted):
        self.receipted = receipted


def test_nothing_speaks_against_a_healthy_box_with_one_receipted_test():
    warned = Finding("disk.wear", "", State.WARNING)
    assert against([OK, warned], [AProof(False), AProof(True)]) == []


@pytest.mark.parametrize(
    ("findings", "proofs", "said"),
    [
        ([OK, FAULT], [AProof(True)], "serial.silent port/wim"),
        ([OK], [], "no test crossing"),
        ([OK], [AProof(False)], "no test crossing"),
        ([], [AProof(True)], "nobody looked"),
    ],
)
def test_each_of_these_speaks_against_it(findings, proofs, said):
    [reason] = against(findings, proofs)
    assert said in in_words(reason)
    with pytest.raises(UsageError, match=said):
        concluded(Outcome.ACCEPTED, "", [reason])
    with pytest.raises(UsageError, match=said):
        concluded(None, "told the office", [reason])


@pytest.mark.parametrize(
    ("asked", "remarks", "reasons", "outcome"),
    [
        (None, "", [], Outcome.ACCEPTED),
        (None, "a lamp is missing", [], Outcome.ACCEPTED_WITH_REMARKS),
        (Outcome.ACCEPTED, "a lamp is missing", [], Outcome.ACCEPTED),
        (
            Outcome.ACCEPTED_WITH_REMARKS,
            "a lamp is missing",
            [Reason("against_no_test")],
            Outcome.ACCEPTED_WITH_REMARKS,
        ),
        (Outcome.REFUSED, "", [], Outcome.REFUSED),
        (Outcome.REFUSED, "", [Reason("against_no_test")], Outcome.REFUSED),
    ],
)
def test_the_person_s_word_stands_where_it_may(asked, remarks, reasons, outcome):
    assert concluded(asked, remarks, reasons) is outcome


def test_remarks_must_say_something():
    with pytest.raises(UsageError, match="--remarks"):
        concluded(Outcome.ACCEPTED_WITH_REMARKS, " ", [])
