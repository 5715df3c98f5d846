"""A page of many cases stays a page: the gravest are shown, the rest are counted."""

import copy
import json
from dataclasses import replace

import pytest

from edge_agent.core.decisions import CrossingSeen, Fault, FaultKind
from edge_agent.core.units import S
from edge_agent.evidence.attachments import case_files
from edge_agent.evidence.build import build
from edge_agent.evidence.examples import a_case, a_crossing, a_verdict, an_identity
from edge_agent.evidence.identity import ChainLink
from edge_agent.evidence.verify import Report
from edge_agent.report.documents import Wishes, finished
from edge_agent.report.page import MOST_CASES, MOST_CHECKS, Shown, render
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


def test_of_many_kinds_of_fault_the_most_frequent_are_listed_and_the_rest_is_counted():
    faults = [Fault(S, f"port/{n}", FaultKind.BAD_FRAME, "x", n + 1) for n in range(130)]
    told = Page(render(Shown("t", "s", (), faults, None, Report()))).words

    assert "port/129" in told
    assert "port/29" not in told
    assert "30 rarer kinds are not listed" in told


def test_of_many_checks_the_first_are_listed_and_the_rest_is_counted():
    report = Report(checked=["good"], problems=[(f"file {n}", "bad") for n in range(MOST_CHECKS + 7)])
    told = Page(render(Shown("t", "s", (), (), None, report))).words

    assert f"file {MOST_CHECKS - 1}:" in told
    assert f"file {MOST_CHECKS}:" not in told
    assert "7 more are not listed: edge-agent verify lists them" in told


def test_of_more_crossings_than_a_page_holds_the_latest_are_listed_and_the_drawing_says_what_it_leaves_out():
    seen = CrossingSeen(S, a_crossing(), (a_verdict(),))
    crossings = [
        replace(seen, crossing=replace(a_crossing(n), first_axle_at=n * 3 * S)) for n in range(10_000)
    ]
    text = render(Shown("t", "s", (), crossings, None, Report()))

    assert len(text) < 1_000_000
    assert "9000 more crossings are not listed" in text
    assert "of each column the heaviest" in text
