import json
from pathlib import Path

import pytest

from edge_agent.bench.torture.page import Table, markdown
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.rows import all_rows
from edge_agent.bench.torture.run import run
from edge_agent.errors import UsageError

DOCS = Path(__file__).parents[3] / "docs"
RUN = {"full": True, "machine": "2 x Test CPU", "date": "2026-11-30"}


def entry(name, **changed):
    said = {"id": name, "fault": "a fault", "how": "a | way", "expected": "nothing lost", "skipped": ""}
    counts = {
        "tried": 10_000,
        "sealed": 9,
        "lost": 0,
        "gaps": 0,
        "differing": 0,
        "seconds": 1.0,
        "good": True,
    }
    return {**said, **counts, "problems": [], "measured": {"p50 ms": 3}, **changed}


def test_rows_are_kept_from_run_to_run_in_the_matrix_s_order(tmp_path):
    page = tmp_path / "torture.md"
    Table.at(page).put(entry("B"), RUN, ["A", "B"])
    Table.at(page).put(entry("A"), RUN, ["A", "B"])
    Table.at(page).put(entry("B", lost=1), {**RUN, "full": False}, ["A", "B"])
    text = page.read_text("utf-8")
    assert "2 rows: 20,000 faults, 18 statements sealed, **1 lost**" in text
    assert "| A | **a fault**: a \\| way | nothing lost | 10,000 | 9 | 0 | 0 | 0 | p50 ms 3 |" in text
    assert text.index("| A |") < text.index("| B |")
    assert "p50 ms 3; (short form)" in text
    assert "Run on 2 x Test CPU, 2026-11-30." in text


def test_what_was_not_run_and_what_was_not_good_says_so():
    skipped = entry("A", skipped="needs root") | RUN
    bad = entry("B", problems=["it was not killed"]) | RUN
    text = markdown({"A": skipped, "B": bad})
    assert "1 rows: 10,000 faults" in text
    assert "not run: needs root" in text
    assert "NOT AS EXPECTED: it was not killed" in text


def test_the_published_page_is_what_was_kept():
    kept = json.loads((DOCS / "torture.json").read_text("utf-8"))
    assert (DOCS / "torture.md").read_text("utf-8") == markdown(kept)
    assert set(kept) <= {row.id for row in all_rows()}


def test_a_row_that_nobody_knows_is_a_usage_error():
    with pytest.raises(UsageError, match="no row is called nothing"):
        run(["nothing"], Effort(full=False))


def test_ids_are_each_once():
    ids = [row.id for row in all_rows()]
    assert len(set(ids)) == len(ids)


def test_a_row_that_tried_nothing_is_not_good():
    assert not Outcome().good
    assert Outcome(tried=1).good
    assert not Outcome(tried=1, lost=1).good


def test_effort_says_how_often():
    assert (Effort(full=True).times(2, 9), Effort(full=False).times(2, 9)) == (9, 2)


def test_every_row_says_what_it_does():
    for row in all_rows():
        assert isinstance(row, Row)
        assert all((row.fault, row.how, row.expected)), row.id


def test_a_row_that_breaks_off_is_not_good_and_costs_nothing_else(monkeypatch):
    def breaks(_effort, _folder):
        raise RuntimeError("no socket")

    rows = (Row("A", "f", "h", "e", breaks), Row("B", "f", "h", "e", lambda *_: Outcome(tried=1)))
    monkeypatch.setattr("edge_agent.bench.torture.run.all_rows", lambda: rows)
    result = run([], Effort(full=False))
    assert [entry["good"] for entry in result["rows"]] == [False, True]
    assert result["rows"][0]["problems"] == ["broke off: RuntimeError: no socket"]
    assert not result["good"]
