"""A rule holds on the days and at the times that were set for it, by the site's own clock and calendar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.civil import days_of_iso
from edge_agent.core.street.hours import Calendar, Hours, LocalTime
from edge_agent.core.street.settings import CalendarSettings, HoursSettings
from edge_agent.core.units import S
from tests.storefront import a_clock

BEIJING = LocalTime((), 480)


def hours(local=BEIJING, calendar=None, **chosen):
    return Hours(
        HoursSettings.model_validate(chosen), Calendar(CalendarSettings.model_validate(calendar or {})), local
    )


def at(text, local_min=480):
    """The clock that shows this UTC+8 date and time at monotonic 0."""
    day, time = text.split()
    hour, minute = map(int, time.split(":"))
    local_s = days_of_iso(day) * 86_400 + hour * 3_600 + minute * 60
    return a_clock(0, (local_s - local_min * 60) * S)


def holds(rule, text):
    return rule.at(0, at(text)).holds


@pytest.mark.parametrize(
    ("time", "held"),
    [("06:59", False), ("07:00", True), ("12:00", True), ("21:59", True), ("22:00", False), ("00:00", False)],
)
def test_the_default_rule_holds_from_seven_to_twenty_two(time, held):
    force = hours().at(0, at(f"2026-06-15 {time}"))

    assert (force.holds, force.detail) == (held, "" if held else "outside_hours")
    assert force.window == ("07:00-22:00" if held else "")


def test_an_evening_past_midnight_is_two_windows():
    rule = hours(enforce=[{"start": "22:00", "end": "24:00"}, {"start": "00:00", "end": "02:00"}])

    times = ("21:59", "22:00", "23:59", "00:00", "01:59", "02:00")
    held = [time for time in times if holds(rule, f"2026-06-15 {time}")]
    assert held == ["22:00", "23:59", "00:00", "01:59"]


def test_working_days_follow_the_calendar_and_weekdays_do_not():
    calendar = {"holidays": ["2026-10-01"], "workdays": ["2026-10-10"]}  # a Thursday, a Saturday
    work = hours(calendar=calendar, enforce=[{"days": ["workday"], "start": "00:00", "end": "24:00"}])
    thursday = hours(calendar=calendar, enforce=[{"days": ["thu"], "start": "00:00", "end": "24:00"}])
    rest = hours(calendar=calendar, enforce=[{"days": ["restday"], "start": "00:00", "end": "24:00"}])

    days = ["2026-09-30", "2026-10-01", "2026-10-10", "2026-10-11"]
    assert [holds(work, f"{day} 12:00") for day in days] == [True, False, True, False]
    assert [holds(rest, f"{day} 12:00") for day in days] == [False, True, False, True]
    assert [holds(thursday, f"{day} 12:00") for day in days] == [False, True, False, False]


def test_a_night_market_is_allowed_within_the_enforcement_hours():
    rule = hours(permitted=[{"days": ["fri", "sat"], "start": "18:00", "end": "22:00"}])

    friday = rule.at(0, at("2026-06-19 19:00"))
    assert (friday.holds, friday.detail, friday.window) == (False, "permitted", "18:00-22:00")
    assert holds(rule, "2026-06-18 19:00")


def test_a_window_may_name_its_own_stay_and_of_several_the_longest_holds():
    rule = hours(
        enforce=[
            {"start": "07:00", "end": "22:00"},
            {"start": "11:00", "end": "14:00", "stay_s": 600},
            {"start": "12:00", "end": "13:00", "stay_s": 900},
        ]
    )

    assert rule.at(0, at("2026-06-15 10:00")).stay_s is None
    assert rule.at(0, at("2026-06-15 11:30")).stay_s == 600
    assert rule.at(0, at("2026-06-15 12:30")).stay_s == 900


def test_a_permitted_window_with_a_stay_permits_only_so_long_a_stay():
    rule = hours(permitted=[{"start": "11:00", "end": "13:00", "stay_s": 1_200}])

    force = rule.at(0, at("2026-06-15 12:00"))
    assert (force.holds, force.stay_s) == (True, 1_200)


def test_without_a_clock_nothing_is_in_hours_but_what_always_is():
    assert hours().at(0, None).detail == "hours_unknown"
    assert hours(enforce=[]).at(0, None).holds
    assert not hours(enforce=[], permitted=[{"start": "18:00", "end": "22:00"}]).at(0, None).holds


def test_a_zone_whose_clocks_change_is_read_from_its_table():
    # Berlin, 2026: UTC+2 until 25 October 01:00 UTC, then UTC+1.
    change = days_of_iso("2026-10-25") * 86_400 + 3_600
    berlin = LocalTime(((0, 120), (change, 60)), 60)

    assert berlin.day_and_minute((change - 1) * S)[1] == 2 * 60 + 59
    assert berlin.day_and_minute(change * S)[1] == 2 * 60
    day = days_of_iso("2026-10-26")
    assert berlin.utc(day, 720) == (day * 86_400 + 11 * 3_600) * S


@given(st.integers(0, 4_000_000_000))
def test_local_time_there_and_back_is_the_same_minute(utc_s):
    day, minute = BEIJING.day_and_minute(utc_s * S)

    assert 0 <= utc_s * S - BEIJING.utc(day, minute) < 60 * S
