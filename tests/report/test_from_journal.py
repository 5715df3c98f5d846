"""The part of the journal that a statement names is enough to show who competed for its plate."""

import json

import pytest

from edge_agent.cli.main import main
from edge_agent.config import recorded
from edge_agent.core.units import S
from edge_agent.errors import UsageError
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_journal import slice_named
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from edge_agent.report.case_match import own_key
from edge_agent.report.from_journal import BEGINS_LATE, case_in_journal
from tests.report.two_lanes import HEAVY, LIGHT, the_road, the_site

CUT_S = 1  # the second segment begins so long after the first


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """The road as the black box keeps it, in two segments of one run."""
    folder = tmp_path_factory.mktemp("journal")
    road = the_road()
    boot_id = road[0].boot_id
    cut = next(n for n, event in enumerate(road) if event.at >= road[0].at + CUT_S * S)
    text = recorded.to_text(the_site())
    for segment, (first, events) in enumerate(((0, road[:cut]), (cut, road[cut:])), start=1):
        header = RecordingHeader(
            "test", the_site().sha256(), text, boot_id=boot_id, segment=segment, first_event=first,
            first_at=events[0].at,
        )  # fmt: skip
        with (folder / f"journal-{segment:08d}.mcap").open("wb") as stream:
            writer = RecordingWriter(stream, header)
            for event in events:
                writer.event(event)
            writer.close()
    return folder


@pytest.fixture(scope="module")
def statement(journal, tmp_path_factory):
    out = tmp_path_factory.mktemp("replay") / "out"
    assert main(["replay", str(journal), "--out", str(out), "--json"]) == 0
    [file] = (out / "statements").iterdir()
    return Statement.model_validate(json.loads(file.read_text("utf-8")))


def texts(told):
    return {read.text for seen in told.rivals.seen for read in seen.reads}


def test_the_named_part_gives_the_rivals_the_bytes_and_the_configuration(journal, statement):
    stepped = []
    told = case_in_journal(statement, journal, stepped.append)

    named = slice_named(statement.ext)
    assert named is not None
    assert len(stepped) == named.last_event + 1  # nothing after the event that led to it
    assert told.found
    assert texts(told) == {HEAVY, LIGHT}
    assert own_key(told.rivals, statement.measurement) == ("1", 1)
    assert told.raw
    assert told.config == the_site()
    assert told.lacking == []


def test_a_journal_whose_beginning_is_gone_tells_what_it_can_and_that_it_is_gone(
    journal, statement, tmp_path
):
    kept = tmp_path / "kept"
    kept.mkdir()
    second = max(journal.iterdir())
    (kept / second.name).write_bytes(second.read_bytes())
    told = case_in_journal(statement, kept)

    assert BEGINS_LATE in told.lacking
    assert told.found  # its scale had its zero again in time
    assert texts(told) == {HEAVY, LIGHT}


def test_a_statement_that_names_no_part_is_looked_for_in_its_whole_run(journal, statement):
    told = case_in_journal(statement.model_copy(update={"ext": {}}), journal)
    assert told.found
    assert texts(told) == {HEAVY, LIGHT}


def test_a_journal_of_other_runs_is_a_mistake(journal, statement):
    chain = statement.chain.model_copy(update={"boot_id": "another"})
    other = statement.model_copy(update={"chain": chain, "ext": {}})
    with pytest.raises(UsageError, match="no recording of the run 'another'"):
        case_in_journal(other, journal)
