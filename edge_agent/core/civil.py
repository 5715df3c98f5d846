"""Calendar dates by exact integer arithmetic; the core may not touch the clock's library.

Days are counted from 1970-01-01 in the proleptic Gregorian calendar.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from edge_agent.core.units import S

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_MINUTE_NS = 60 * S
_DAY_NS = 86_400 * S


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to the date.

    >>> days_from_civil(1970, 1, 1), days_from_civil(2000, 3, 1)
    (0, 11017)
    """
    # Years begin in March, so that the leap day comes last; 400 years are 146,097 days.
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


def days_of_iso(text: str) -> int | None:
    """Days from 1970-01-01 to a date written YYYY-MM-DD; None when there is no such date.

    >>> days_of_iso("2024-02-29") is None, days_of_iso("2023-02-29") is None
    (False, True)
    """
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups())
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= _days_in_month(year, month):
        return None
    return days_from_civil(year, month, day)


def _days_in_month(year: int, month: int) -> int:
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


def local_day(utc_ns: int, utc_offset_minutes: int) -> int:
    """The day on which an instant falls where the clocks are `utc_offset_minutes` ahead of UTC."""
    return (utc_ns + utc_offset_minutes * _MINUTE_NS) // _DAY_NS


def _as_text(value: object) -> object:
    """YAML turns an unquoted 2026-01-31 into a date object: take its ISO text."""
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if callable(isoformat) else value


def _a_date(text: str) -> str:
    if days_of_iso(text) is None:
        raise ValueError(f"not a date written YYYY-MM-DD: {text!r}")
    return text


IsoDate = Annotated[str, BeforeValidator(_as_text), AfterValidator(_a_date)]
"""A calendar date, YYYY-MM-DD, as text."""
