"""The slice that a statement names: whole, or not at all; a later box may say more."""

import pytest
from pydantic import ValidationError

from edge_agent.core.records import JournalSlice
from edge_agent.core.units import Ns
from edge_agent.evidence.statement_journal import ext_of, slice_named

SLICE = JournalSlice("boot-1", Ns(1_000_000), Ns(5_000_000), 17)


def test_what_is_named_is_read_back():
    assert slice_named(ext_of(SLICE)) == SLICE


def test_a_box_without_a_journal_names_none():
    assert ext_of(None) == {}
    assert slice_named({"another": 1}) is None


def test_what_a_later_box_says_beside_it_is_no_reason_to_refuse_the_statement():
    ext = ext_of(SLICE)
    ext["journal"]["segment"] = "journal-00000003.mcap"

    assert slice_named(ext) == SLICE


@pytest.mark.parametrize("lost", ["boot_id", "from_monotonic_us", "to_monotonic_us", "last_event"])
def test_half_a_slice_is_refused(lost):
    ext = ext_of(SLICE)
    del ext["journal"][lost]

    with pytest.raises(ValidationError, match=lost):
        slice_named(ext)
