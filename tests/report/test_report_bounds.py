"""A page of many cases stays a page: the gravest are shown, the rest are counted."""

import copy
import json

import pytest

from edge_agent.evidence.attachments import case_files
from edge_agent.evidence.build import build
from edge_agent.evidence.examples import a_case, an_identity
from edge_agent.evidence.identity import ChainLink
from edge_agent.evidence.verify import Report
from edge_agent.report.documents import Wishes, finished
from edge_agent.report.page import MOST_CASES, Shown, render
from edge_agent.report.sealed import Sealed
from tests.report.self_contained import Page

COUNT = MOST_CASES + 5


@pytest.fixture(scope="module")
def many():
    """Cases that are over by 1 t, 2 t, ...: the last one is the gravest."""
    seal, blobs = a_case()
    built = build(
        seal, an_identity(), ChainLink("ab" * 16, 1, "12" * 32, "34" * 32), 1, case_files(seal, blobs, None)
    )
    plain = json.loads(built.payload)
    out = []
    for number in range(COUNT):
        statement = copy.deepcopy(plain)
        statement["packet_id"] = f"{plain['packet_id'][:-2]}{number:02x}"
        for limit in statement["measurement"]["limits"]:
            limit["excess_g"] = (number + 1) * 1_000_000
        out.append(Sealed(statement, "00" * 32, None, None, {}))
    return out


def page(many, **wishes):
    shown = Shown("t", "s", many, (), None, Report())
    return Page(render(finished(shown, Wishes(**wishes))))


def shown_ids(page):
    return [value for tag, name, value in page.attributes if (tag, name) == ("article", "id")]


def test_of_many_cases_the_gravest_are_shown_in_their_order_and_the_rest_is_counted(many):
    told = page(many)
    assert shown_ids(told) == [one.packet_id for one in many[5:]]
    assert "5 more are not (--all shows them)" in told.words


def test_all_are_shown_to_who_asks_for_all(many):
    told = page(many, everything=True)
    assert shown_ids(told) == [one.packet_id for one in many]
    assert "--all" not in told.words
