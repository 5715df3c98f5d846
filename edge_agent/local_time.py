"""An instant as the date and time that people at a place read from their clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from edge_agent.core.units import US, Ns

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local_time(utc: Ns, offset_minutes: int) -> datetime:
    """To the microsecond, where the clocks are so many minutes ahead of UTC.

    >>> f"{local_time(Ns(1_777_600_812_345_678_901), 480):%Y-%m-%d %H:%M:%S.%f}"
    '2026-05-01 10:00:12.345678'
    """
    zone = timezone(timedelta(minutes=offset_minutes))
    return (EPOCH + timedelta(microseconds=utc // US)).astimezone(zone)


def to_the_millisecond(local: datetime) -> str:
    """Date and time of day, what is less than a millisecond left out.

    >>> to_the_millisecond(local_time(Ns(1_777_600_812_345_678_901), 0))
    '2026-05-01 02:00:12.345'
    """
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}"
