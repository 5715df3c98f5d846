"""When a rule holds: enforcement hours, permitted windows, the city's calendar, local time.

Without a clock nothing is in hours: a rule that holds at certain times holds at none that is unknown.
Only a rule that holds always does so without a clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.civil import days_of_iso
from edge_agent.core.events import ClockStatus
from edge_agent.core.standing import utc_of
from edge_agent.core.street.settings import CalendarSettings, HoursSettings, WindowSettings
from edge_agent.core.units import Ns, S

MINUTE_S = 60
DAY_MIN = 1_440
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class InForce:
    """Whether a rule holds at an instant, and by which window."""

    holds: bool
    detail: str  # why it does not: outside_hours | permitted | hours_unknown; empty when it does
    window: str  # "always", "07:00-22:00"; the permitted window when that is why; empty: none
    stay_s: int | None  # a stay of its own that the window names


@dataclass(frozen=True, slots=True)
class _Window:
    days: tuple[str, ...]
    start_min: int
    end_min: int
    stay_s: int | None
    text: str

    def covers(self, kinds: tuple[str, str], minute: int) -> bool:
        return self.start_min <= minute < self.end_min and any(kind in self.days for kind in kinds)


class LocalTime:
    """UTC to the local day and minute, and back."""

    def __init__(self, offsets: tuple[tuple[int, int], ...], default_min: int) -> None:
        self._offsets = tuple(sorted(offsets))
        self._default = default_min

    def offset_min(self, utc: Ns) -> int:
        """Minutes by which local clocks are ahead of UTC then."""
        held = self._default
        for since_s, minutes in self._offsets:
            if since_s * S > utc:
                break
            held = minutes
        return held

    def day_and_minute(self, utc: Ns) -> tuple[int, int]:
        """Days from 1970-01-01, and minutes from that local midnight."""
        local_min = (utc // S + self.offset_min(utc) * MINUTE_S) // MINUTE_S
        return divmod(local_min, DAY_MIN)

    def utc(self, day: int, minute: int) -> Ns:
        """The instant at which local clocks show it; the earlier where they show it twice."""
        local_s = (day * DAY_MIN + minute) * MINUTE_S
        guesses = [
            Ns((local_s - offset * MINUTE_S) * S)
            for offset in sorted({self._default, *(m for _, m in self._offsets)}, reverse=True)
        ]
        return next(
            (g for g in guesses if self.day_and_minute(g) == divmod(local_s // 60, DAY_MIN)), guesses[0]
        )


class Calendar:
    """Which days are working days."""

    def __init__(self, settings: CalendarSettings) -> None:
        self._holidays = frozenset(map(days_of_iso, settings.holidays))
        self._workdays = frozenset(map(days_of_iso, settings.workdays))

    def kinds(self, day: int) -> tuple[str, str]:
        """What the day is called in a window: its weekday, and workday or restday."""
        weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
        works = day in self._workdays or (weekday < 5 and day not in self._holidays)
        return WEEKDAYS[weekday], "workday" if works else "restday"


class Hours:
    """The hours of one rule."""

    def __init__(self, settings: HoursSettings, calendar: Calendar, local: LocalTime) -> None:
        self._enforce = tuple(map(_window, settings.enforce))
        self._permitted = tuple(map(_window, settings.permitted))
        self._calendar = calendar
        self._local = local

    @property
    def always(self) -> bool:
        """It holds at any time, whatever the clock says."""
        return not self._enforce and not self._permitted

    def at(self, at: Ns, clock: ClockStatus | None) -> InForce:
        """Whether the rule holds at the instant `at`.

        A permitted window that names a stay of its own permits only so long a stay. Where several
        windows name one, the longest holds.
        """
        if self.always:
            return InForce(holds=True, detail="", window="always", stay_s=None)
        utc = utc_of(at, clock)
        if utc is None:
            return InForce(holds=False, detail="hours_unknown", window="", stay_s=None)
        day, minute = self._local.day_and_minute(utc)
        kinds = self._calendar.kinds(day)
        enforced = [window for window in self._enforce if window.covers(kinds, minute)]
        permitted = [window for window in self._permitted if window.covers(kinds, minute)]
        free = next((window for window in permitted if window.stay_s is None), None)
        if free is not None:
            return InForce(holds=False, detail="permitted", window=free.text, stay_s=None)
        if self._enforce and not enforced:
            return InForce(holds=False, detail="outside_hours", window="", stay_s=None)
        held = [*enforced, *permitted]
        stays = [window.stay_s for window in held if window.stay_s is not None]
        text = " ".join(window.text for window in held) or "always"
        return InForce(holds=True, detail="", window=text, stay_s=max(stays, default=None))


def minute_of(text: str) -> int:
    """Minutes from midnight of HH:MM.

    >>> minute_of("07:30"), minute_of("24:00")
    (450, 1440)
    """
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _window(settings: WindowSettings) -> _Window:
    return _Window(
        settings.days,
        minute_of(settings.start),
        minute_of(settings.end),
        settings.stay_s,
        f"{settings.start}-{settings.end}",
    )
