"""What a push says, whatever form it came in, and the ways to refuse one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from edge_agent.core.units import Ns, Permille

# Words that cameras send in place of a plate that they could not read.
NO_PLATE = frozenset({"", "无车牌", "未识别", "无牌车", "unknown", "noplate", "no plate", "none", "null"})

MAX_PLATE_CHARS = 32

_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?\s*(Z|z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Refused(Exception):
    """A push that is not taken in: HTTP status, a stable key that is counted, and where it went wrong."""

    def __init__(self, status: int, key: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.key = key
        self.detail = detail


@dataclass(frozen=True, slots=True)
class PushedPicture:
    """A picture as it came: exact bytes, JPEG."""

    role: str  # plate | front | side
    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Push:
    """One read, in our words but uninterpreted."""

    text: str
    confidence: Permille
    captured_utc: Ns | None
    camera_lane: str  # the camera's own number, empty when it said none
    direction: str
    colour: str
    vehicle: str
    event_id: str
    alternatives: tuple[tuple[str, Permille], ...]
    pictures: tuple[PushedPicture, ...]


def plate_text(text: str) -> str:
    """The plate as sent, upper case; empty where the camera says that it read none.

    >>> plate_text(" 沪a12345 "), plate_text("无车牌")
    ('沪A12345', '')
    """
    clean = text.strip()
    return "" if clean.lower() in NO_PLATE else clean.upper()[:MAX_PLATE_CHARS]


def utc_ns(text: str, utc_offset_minutes: int, where: str) -> Ns:
    """An RFC 3339 time as UTC nanoseconds; without a zone it is the camera's local time.

    >>> utc_ns("1970-01-01T08:00:00.25", 480, "dateTime")
    250000000
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise Refused(400, "bad_time", f"{where}: not a date and time: {text[:40]!r}")
    date, clock, fraction, zone = match.groups()
    try:
        local = datetime.fromisoformat(f"{date}T{clock}").replace(tzinfo=_zone(zone, utc_offset_minutes))
        since = local - _EPOCH
    except (ValueError, OverflowError) as error:
        raise Refused(400, "bad_time", f"{where}: {text[:40]!r}: {error}") from error
    whole = since.days * 86_400 + since.seconds
    if not 0 <= whole < 2**33:
        raise Refused(400, "bad_time", f"{where}: not between 1970 and 2242: {text[:40]!r}")
    return Ns(whole * 1_000_000_000 + int((fraction or "0").ljust(9, "0")))


def has_fraction(text: str) -> bool:
    """Whether a time says more than whole seconds."""
    match = _TIME.fullmatch(text.strip())
    return match is not None and match.group(3) is not None


def _zone(zone: str | None, utc_offset_minutes: int) -> timezone:
    if zone is None:
        return timezone(timedelta(minutes=utc_offset_minutes))
    if zone in {"Z", "z"}:
        return UTC
    sign = -1 if zone[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])))
