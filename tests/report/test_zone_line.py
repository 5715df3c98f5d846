"""A day of changes becomes a few runs, and nothing that mattered is lost on the way."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.decisions import Status
from edge_agent.core.scene import ZoneState
from edge_agent.core.site import Site
from edge_agent.core.units import S
from edge_agent.report.zone_line import SEVERITY, Run, ZoneLine, columns, cut, thinned, without_changes
from tests.report.street_day import HOUR, a_change, the_morning
from tests.storefront import live, scenes, seals, start, street_settings


def a_line(changes):
    line = ZoneLine("street1", "door_s1")
    for change in changes:
        line.add(change)
    return line


def words(runs):
    return [run.word for run in runs]


def test_every_look_of_a_morning_becomes_a_handful_of_runs():
    line = a_line(the_morning())

    assert words(line.states) == ["clear", "candidate", "confirmed", "clear"]
    assert words(line.findings) == ["absent", "present", "unseen", "present", "absent", "suspect", "absent"]
    assert words(line.details) == ["", "unloading", "", "blind:shifted", ""]
    assert (line.start, line.end) == (HOUR - 600 * S, HOUR + 2_699 * S)


def test_the_dwells_curve_keeps_its_corners_and_drops_what_lies_between():
    line = a_line(the_morning())

    assert len(line.dwell) < 30
    at = dict(line.dwell)
    assert max(at.values()) == 1_110_000  # 1,380 s less a delivery of 180 s and 90 s blind
    assert any(abs(t - (HOUR + 280 * S)) <= 2 * S and ms in (100_000, 101_000) for t, ms in line.dwell)


def test_what_a_step_of_the_rule_says_of_itself_is_no_reason_why_time_did_not_count():
    line = a_line(
        [
            a_change(0, "clear", "present"),
            a_change(40 * S, "clear", "present", 40, "unloading"),
            a_change(60 * S, "candidate", "present", 40, "lingered 40000 of 300000 ms"),
            a_change(90 * S, "candidate", "present", 40),
        ]
    )
    assert [(run.word, run.end) for run in line.details] == [
        ("", 40 * S),
        ("unloading", 90 * S),
        ("", 90 * S),
    ]
    assert words(line.states) == ["clear", "candidate"]


def test_a_stay_that_ended_fell_at_once():
    line = a_line(
        [
            a_change(0, "clear", "present"),
            a_change(300 * S, "confirmed", "present", 300, "stayed 300000 of 300000 ms"),
            a_change(500 * S, "clear", "absent", 300, "gone 300000 of 300000 ms"),
            a_change(900 * S, "clear", "present"),
        ]
    )
    assert line.dwell == [(0, 0), (300 * S, 300_000), (500 * S, 300_000), (500 * S, 0), (900 * S, 0)]


def test_a_real_storefronts_time_line_is_the_rules_own():
    lines = {}
    stretches = [("", 60), ("stall", 400), ("", 300)]
    decided = live(Site(street_settings(rule={"recheck_s": 0})), [*start(), *scenes(*stretches)])
    others = list(without_changes(decided, lines))
    [line] = lines.values()
    [confirmed, cleared] = seals(decided)

    assert others
    assert words(line.states) == ["clear", "candidate", "confirmed", "clear"]
    assert line.states[2].start == confirmed.report.judged_at
    assert line.states[3].start == cleared.report.judged_at
    assert max(ms for _, ms in line.dwell) == cleared.report.dwell // 1_000_000


def test_changes_go_to_their_zones_and_all_else_passes():
    lines = {}
    status = Status(1, "camera/street1", "ok", "")
    changes = [a_change(1, "clear", "absent"), status, a_change(2, "clear", "absent", zone="door_s2")]

    assert list(without_changes(changes, lines)) == [status]
    assert list(lines) == ["door_s1", "door_s2"]


def test_a_clock_that_began_anew_does_not_bend_the_line():
    line = a_line(
        [
            a_change(10, "clear", "absent"),
            a_change(5, "confirmed", "present"),
            a_change(20, "clear", "absent"),
        ]
    )
    assert words(line.states) == ["clear"]


def test_one_second_of_a_confirmed_case_is_seen_in_a_whole_day():
    day = [a_change(n * 10 * S, "candidate" if n % 2 else "clear", "absent") for n in range(8_640)]
    day.insert(4_001, a_change(40_001 * S, "confirmed", "present"))
    line = a_line(day)
    end = 86_400 * S
    drawn = columns(cut(line.states, 0, end), 0, end, 600, SEVERITY)

    assert len(drawn) <= 600
    assert "confirmed" in words(drawn)


def test_what_was_seen_is_drawn_as_what_was_seen_longest():
    """A flicker of presence must not paint a whole day red."""
    chance = random.Random(3)
    day = [
        a_change(n * S, "clear", "present" if chance.random() < 0.1 else "absent")
        for n in range(0, 86_400, 2)
    ]
    drawn = columns(cut(a_line(day).findings, 0, 86_400 * S), 0, 86_400 * S, 600)
    assert words(drawn) == ["absent"]


times = st.lists(st.integers(1, 10_000), min_size=1, max_size=80, unique=True)


@given(times, st.integers(1, 50), st.randoms(use_true_random=False))
def test_columns_cover_the_whole_time_without_gap_or_overlap(ends, count, chance):
    ends = sorted(ends)
    runs = [Run(low, high, chance.choice(SEVERITY)) for low, high in zip([0, *ends], ends, strict=False)]
    drawn = columns(runs, 0, ends[-1], count, SEVERITY)

    assert drawn[0].start == 0
    assert drawn[-1].end == ends[-1]
    assert all(a.end == b.start for a, b in pairwise(drawn))
    assert len(drawn) <= max(count, 1) or len(runs) <= count // 4
    worst = max(words(runs), key=SEVERITY.index)
    assert worst in words(drawn)


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 900)), max_size=300), st.integers(1, 40))
def test_a_thinned_curve_keeps_its_highest_point(points, count):
    curve = sorted(points)
    kept = thinned(curve, 0, 5_000, count)

    assert set(kept) <= set(curve)
    assert len(kept) <= max(2 * count, 2)
    if curve:
        assert max(ms for _, ms in kept) == max(ms for _, ms in curve)


def test_a_state_that_nobody_knows_is_not_drawn_worse_than_it_is():
    assert set(SEVERITY) == set(ZoneState)
