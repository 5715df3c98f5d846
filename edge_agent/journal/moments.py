"""`--from` and `--to` as a person says them.

2026-05-01T08:00:00+08:00    RFC 3339 with a zone; Z for UTC
+90s  +1h30m  +1d            since the recording's first event
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge_agent.core.units import Ns, S
from edge_agent.errors import UsageError
from edge_agent.journal.importer import DECIMAL, parse_time

_SINCE = re.compile(
    r"\+(?:(\d{1,4})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9})(?:\.(\d{1,9}))?s)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant: nanoseconds of UTC, or since the recording's first event."""

    at: Ns
    since_start: bool
    text: str = ""  # as it was said


def moment(text: str) -> Moment:
    """What `--from` or `--to` says.

    Raises:
        UsageError: it is no time.
    """
    since = _SINCE.fullmatch(text.strip())
    if since and any(since.groups()):
        days, hours, minutes, seconds, fraction = (part or "" for part in since.groups())
        whole = int(days or 0) * 86_400 + int(hours or 0) * 3_600 + int(minutes or 0) * 60 + int(seconds or 0)
        return Moment(Ns(whole * S + int(fraction.ljust(9, "0"))), since_start=True, text=text)
    no_time = UsageError(
        f"{text!r} is no time: write 2026-05-01T08:00:00+08:00, or +90s or +1h30m since the start"
    )
    if DECIMAL.match(text.strip()):  # of 1970 by the importer; here it is meant to be something else
        raise no_time
    try:
        return Moment(parse_time(text), since_start=False, text=text)
    except (ValueError, OverflowError):
        raise no_time from None
