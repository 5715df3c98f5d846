"""The drawing of a zone's time: whole, small, inside its frame, and safe to put into a page."""

import itertools
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from edge_agent.core.units import US, S
from edge_agent.evidence.examples import BASE_UTC
from edge_agent.report.line_plot import COLUMNS, WIDTH, Axis, Pin, draw_case, draw_zones
from edge_agent.report.zone_line import ZoneLine
from tests.report.street_day import HOUR, a_change, the_morning

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</title></svg><script>alert("x")</script>&'
AXIS = Axis(HOUR - 60 * S, HOUR + 1_600 * S, BASE_UTC // US)


def a_line(changes):
    line = ZoneLine("street1", "door_s1")
    for change in changes:
        line.add(change)
    return line


def texts(svg):
    return [text.text for text in svg.iter(f"{SVG}text")]


def test_a_case_shows_its_states_its_pauses_and_its_pictures():
    pins = [Pin(HOUR, "首次发现"), Pin(HOUR + 480 * S, "确认"), Pin(HOUR + 480 * S, "记录 0", record=True)]
    svg = ET.fromstring(draw_case(a_line(the_morning()), AXIS, 300_000, pins, "t"))
    told = [title.text for title in svg.iter(f"{SVG}title")]

    assert "待确认 candidate · 7:00" in told
    assert "装卸货 unloading · 3:00" in told
    assert "无法观察·视角偏移 blind:shifted · 1:30" in told
    assert {"首次发现", "确认·记录 0", "规则时限 asked 5:00"} <= set(texts(svg))


def test_the_time_axis_is_china_time_where_the_clock_was_known_and_counts_where_it_was_not():
    known = ET.fromstring(draw_case(a_line(the_morning()), AXIS, 1, (), "t"))
    unknown = ET.fromstring(draw_case(a_line(the_morning()), replace(AXIS, utc_offset_us=None), 1, (), "t"))

    assert {"20:10", "20:20", "2026-11-18 北京时间 China time"} <= set(texts(known))
    assert {"5:00", "10:00", "自开始起 from the start"} <= set(texts(unknown))


def test_days_and_weeks_have_a_mark_of_their_date_over_the_whole_width():
    for days, every in ((6, 1), (30, 4)):
        marks = Axis(0, days * 86_400 * S, BASE_UTC // US).ticks()

        assert [b - a for (a, _), (b, _) in itertools.pairwise(marks)] == [every * 86_400 * S] * (
            len(marks) - 1
        )
        assert marks[-1][0] > (days - every - 1) * 86_400 * S
        assert all(re.fullmatch(r"1[12]-\d\d", words) for _, words in marks)


def test_a_day_that_flickers_at_every_look_is_still_a_small_drawing():
    states = ("clear", "candidate", "confirmed", "ongoing")
    findings = ("absent", "present", "unseen", "suspect")
    day = [
        a_change(n * S, states[n % 4], findings[n * 7 % 4], n % 600, "unloading" if n % 3 else "")
        for n in range(0, 86_400, 3)
    ]
    line = a_line(day)
    axis = Axis(0, 86_400 * S, BASE_UTC // US)

    case = draw_case(line, axis, 300_000, (), "t")
    assert len(case) < 400_000
    assert case.count("<rect") <= 3 * COLUMNS
    assert len(draw_zones({"door_s1": line}, axis, {}, "t")) < 250_000


def test_an_ordinary_day_is_a_few_kilobytes():
    line = a_line(the_morning())
    assert len(draw_case(line, AXIS, 300_000, (), "t")) < 8_000


def test_all_zones_stand_under_each_other_and_lead_to_their_cases():
    lines = {"door_s1": a_line(the_morning()), "door_s2": a_line(the_morning(60))}
    svg = ET.fromstring(draw_zones(lines, AXIS, {"door_s1": "case-7"}, "t"))

    assert [a.get("href") for a in svg.iter(f"{SVG}a")] == ["#case-7"]
    assert {"door_s1", "door_s2"} <= set(texts(svg))


def test_nothing_is_drawn_outside_of_the_frame():
    pins = [Pin(AXIS.start + n * 20 * S, f"picture {n}") for n in range(80)]
    svg = ET.fromstring(draw_case(a_line(the_morning()), AXIS, 300_000, pins, "t"))

    for rect in svg.iter(f"{SVG}rect"):
        x, wide = float(rect.get("x")), float(rect.get("width"))
        assert 0 <= x <= x + wide <= WIDTH
    assert all(0 <= float(text.get("x")) <= WIDTH for text in svg.iter(f"{SVG}text"))


def test_hostile_words_stay_words():
    line = a_line(
        [a_change(HOUR, "clear", "absent"), a_change(HOUR + 1_000 * S, "clear", "absent", 0, HOSTILE)]
    )
    line.add(a_change(HOUR + 1_500 * S, "clear", "absent"))
    case = ET.fromstring(draw_case(line, AXIS, 1, [Pin(HOUR + S, HOSTILE)], HOSTILE))
    zones = ET.fromstring(draw_zones({HOSTILE: line}, AXIS, {HOSTILE: HOSTILE}, HOSTILE))

    for svg in (case, zones):
        assert not [element for element in svg.iter() if element.tag.endswith("script")]
        assert HOSTILE in [element.text for element in svg.iter()]


@pytest.mark.parametrize("length", [1, 5 * S, 90 * S, 3_600 * S, 40 * 86_400 * S])
def test_any_length_of_time_has_a_few_marks(length):
    marks = Axis(HOUR, HOUR + length, BASE_UTC // US).ticks()
    assert len(marks) <= 10
    assert all(HOUR <= at <= HOUR + length for at, _ in marks[:40])


@pytest.mark.parametrize("late", [0, 250_000_000, 999_999_000])
def test_marks_stand_at_the_second_that_they_name(late):
    start = HOUR + late
    marks = Axis(start, start + 300 * S, BASE_UTC // US).ticks()
    assert marks
    assert all((at + BASE_UTC) % (60 * S) == 0 for at, _ in marks)
