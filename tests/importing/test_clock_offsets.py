"""A clock that was ahead is put back by as much."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import UsageError
from edge_agent.importing import clock_offsets, vehicles
from edge_agent.importing.clock_offsets import parse_offset, parse_offsets


@pytest.mark.parametrize("module", [clock_offsets, vehicles])
def test_what_is_shown_is_what_comes(module):
    assert doctest.testmod(module).failed == 0


def test_offsets_are_by_the_name_of_what_is_imported():
    assert parse_offsets(["cam1=-1.2s", "plates=350ms"], ["cam1", "plates", "wim"]) == {
        "cam1": -1_200_000_000,
        "plates": 350_000_000,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [("cam1", "is not --clock-offset"), ("cam9=1", "nothing of this name"), ("cam1=soon", "is no offset")],
)
def test_what_is_no_offset_is_said(text, said):
    with pytest.raises(UsageError, match=said):
        parse_offsets([text], ["cam1"])


@given(st.integers(-(10**15), 10**15))
def test_every_nanosecond_is_kept(offset):
    sign, size = ("-" if offset < 0 else ""), abs(offset)

    assert parse_offset(f"{sign}{size // 10**9}.{size % 10**9:09d}s") == offset


@given(st.text(max_size=20))
def test_a_text_is_an_offset_or_is_refused(text):
    try:
        parse_offset(text)
    except ValueError:
        return
