"""Times as a reader in China takes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from edge_agent.core.units import US, Ns
from edge_agent.local_time import local_time, to_the_millisecond

CHINA_MINUTES = 8 * 60
CHINA = timezone(timedelta(minutes=CHINA_MINUTES))


def local(utc_us: int) -> datetime:
    """China time of microseconds since 1970."""
    return local_time(Ns(utc_us * US), CHINA_MINUTES)


def stamp(utc_us: int | None) -> str:
    """China time to the millisecond."""
    if utc_us is None:
        return "时间未知 time unknown"
    return to_the_millisecond(local(utc_us))


def to_the_second(utc_us: int | None) -> str:
    """China time to the second; a dash where there is none."""
    return "–" if utc_us is None else f"{local(utc_us):%Y-%m-%d %H:%M:%S}"


def span(milliseconds: int) -> str:
    """A length of time.

    >>> span(400), span(62_000), span(3_720_000)
    ('0.4 s', '1:02', '1:02:00')
    """
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s" if milliseconds % 1000 else f"{milliseconds // 1000} s"
    hours, rest = divmod(milliseconds // 1000, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
