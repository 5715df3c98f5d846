"""Own calendar arithmetic against the library that the core may not use."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from edge_agent.core.civil import IsoDate, days_from_civil, days_of_iso, local_day
from edge_agent.core.units import S

EPOCH = dt.date(1970, 1, 1)


@given(st.dates())
def test_days_agree_with_the_library_for_every_date(date):
    assert days_from_civil(date.year, date.month, date.day) == (date - EPOCH).days
    assert days_of_iso(date.isoformat()) == (date - EPOCH).days


@given(st.integers(0, 9999), st.integers(0, 99), st.integers(0, 99))
def test_a_date_that_does_not_exist_is_none(year, month, day):
    text = f"{year:04}-{month:02}-{day:02}"
    try:
        expected = (dt.date.fromisoformat(text) - EPOCH).days
    except ValueError:
        expected = None

    assert days_of_iso(text) == expected


def test_beijing_is_already_in_tomorrow_at_16_utc():
    sixteen = (20_000 * 86_400 + 16 * 3600) * S

    assert local_day(sixteen - 1, 480) == 20_000
    assert local_day(sixteen, 480) == 20_001


@pytest.mark.parametrize(
    "text", ["", "2026-1-1", "20260101", "2026-01-01T00:00", "２０２６-01-01", "0000-01-01"]
)
def test_other_spellings_are_no_dates(text):
    assert days_of_iso(text) is None
    with pytest.raises(ValidationError, match="YYYY-MM-DD"):
        TypeAdapter(IsoDate).validate_python(text)


def test_an_unquoted_yaml_date_is_taken_as_its_text():
    assert TypeAdapter(IsoDate).validate_python(dt.date(2026, 1, 31)) == "2026-01-31"
