"""Reasons say the same in both languages, and numbers are written one way."""

import doctest
import string

import pytest

from edge_agent.comparing import verdict_reasons, wording
from edge_agent.comparing.compare import Change, Difference, How
from edge_agent.comparing.describe import FIELD, KIND, LIKELIEST, rows_of
from edge_agent.comparing.fields import KINDS, fields_of
from edge_agent.comparing.gather import outcomes_of
from edge_agent.comparing.sides import Side
from edge_agent.comparing.two import Two
from tests.comparing.two_runs import a_look, a_stay, a_vehicle, site


@pytest.mark.parametrize("key", wording.REASONS)
def test_a_reason_has_the_same_values_in_both_languages(key):
    chinese, english = (
        {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in wording.REASONS[key]
    )

    assert chinese == english


@pytest.mark.parametrize("module", [wording, verdict_reasons])
def test_the_examples_in_the_documentation_hold(module):
    result = doctest.testmod(module)

    assert (result.failed, result.attempted > 0) == (0, True)


def test_every_field_that_can_differ_has_a_name_for_people():
    found = outcomes_of([*a_vehicle(site(), 25_000), *a_stay(400), a_look(4_800_000_000_000)])
    fields = {
        name
        for outcome in (*found.crossings, *found.cases, *found.looks)
        for name in fields_of(outcome)
        if not name.startswith("verdict.")
    }

    assert fields <= FIELD.keys()
    assert {*KINDS.values()} == KIND.keys()


def test_the_likeliest_plate_is_masked_it_need_not_be_the_vehicles_own():
    change = Change(LIKELIEST, ("粤B12311",), ("沪A98765",), "labels")
    side = Side("", lambda: iter(()), outcomes_of([]), None)
    two = Two(side, side, ())
    [row] = rows_of(Difference("crossing", How.SHIFTED, "1", 0, None, None, None, (change,)), two)

    assert (row.old[1], row.new[1]) == ("粤B•••11", "沪A•••65")
