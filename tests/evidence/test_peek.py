"""A stopped box's store is read without taking part in it."""

import pytest

from edge_agent.errors import EvidenceError
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.peek import is_open, peek_at


def test_what_is_read_from_outside_is_what_the_store_says_of_itself(tmp_path):
    with a_store(tmp_path / "box") as store:
        store.seal(*a_case(1))
        store.seal(*a_case(2))
        own = store.peek()
        assert is_open(tmp_path / "box")

    seen = peek_at(tmp_path / "box")
    assert seen == own
    assert (seen.seq, seen.pending, seen.receipted) == (2, 3, None)
    assert seen.held_bytes > 0
    assert not is_open(tmp_path / "box")


def test_reading_changes_nothing_in_the_folder(tmp_path):
    with a_store(tmp_path / "box") as store:
        store.seal(*a_case(1))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "box").rglob("*")}

    peek_at(tmp_path / "box")

    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "box").rglob("*")} == before


def test_no_store_is_none_and_a_damaged_one_is_said_to_be(tmp_path):
    assert peek_at(tmp_path) is None
    assert not is_open(tmp_path)

    (tmp_path / "evidence.db").write_bytes(b"not a database, and long enough to be looked at as one" * 100)
    with pytest.raises(EvidenceError, match=r"evidence\.db"):
        peek_at(tmp_path)
