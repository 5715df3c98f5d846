"""Timetables: what happened when, and what the matcher is expected to say when.

The default vehicle's first axle is on the scale at 1000 ms at 10 m/s; its front plate is expected at
the camera at 2070 ms, give or take 200 ms, and its window with the push delay closes at 3.9 s.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.match.matcher import Matcher
from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings, OffsetSettings
from edge_agent.core.records import Crossing, Match, MatchStatus, PlateRead
from edge_agent.core.units import MS, Ns, S
from edge_agent.sim.matching_traffic import CAMERA, plain_crossing, plain_read

MATCHED, AMBIGUOUS, UNMATCHED = MatchStatus.MATCHED, MatchStatus.AMBIGUOUS, MatchStatus.UNMATCHED
ONE_LANE = (LaneMatchSettings(lane="1", distance_mm=12_000),)
TWO_LANES = (*ONE_LANE, LaneMatchSettings(lane="2", distance_mm=12_000))


def a_matcher(lanes=ONE_LANE, stray_per_hour=5, **changed):
    """A quiet road: few strangers, so that one clear read is enough at once."""
    return Matcher(CAMERA, MatchSettings(lanes=lanes, stray_per_hour=stray_per_hour, **changed))


def follow(matcher, *rows, until_ms=120_000):
    """Feed (ms, item) rows, waking it whenever it asks. Returns what it said, in order."""
    said = []
    for ms, item in rows:
        while (wake := matcher.deadline) is not None and wake < ms * MS:
            said += matcher.advance(wake)
        if isinstance(item, Crossing):
            matcher.crossing(item)
        elif isinstance(item, PlateRead):
            matcher.read(item)
        said += matcher.advance(Ns(ms * MS))
    while (wake := matcher.deadline) is not None and wake <= until_ms * MS:
        said += matcher.advance(wake)
    return said


def answers(said):
    """(ms, number, status, plate) of every match."""
    return [
        (m.decided_at // MS, m.crossing, m.status, m.read.text if m.read else None)
        for m in said
        if isinstance(m, Match)
    ]


def faults(said):
    return [f.kind for f in said if isinstance(f, Fault)]


# The end


def test_whose_window_is_open_at_the_end_is_ambiguous_with_what_is_known_and_never_unmatched():
    matcher = a_matcher(stray_per_hour=36_000)
    follow(matcher, (1_900, plain_crossing()), (2_200, plain_read(at_ms=2_070)), until_ms=0)

    [match] = matcher.close(2_300 * MS)

    assert (match.status, match.decided_at) == (AMBIGUOUS, 2_300 * MS)
    assert [c.read.text for c in match.candidates] == ["粤B12345"]
    assert matcher.close(2_400 * MS) == ()


def test_who_was_answered_before_the_end_is_not_answered_again():
    matcher = a_matcher()
    follow(matcher, (2_300, plain_read(at_ms=2_070)), (2_500, plain_crossing()), until_ms=0)

    assert matcher.close(2_600 * MS) == ()


# A lone truck


def test_a_lone_truck_is_matched_as_soon_as_its_crossing_is_known():
    said = follow(a_matcher(), (2_300, plain_read(at_ms=2_070)), (2_500, plain_crossing()))

    assert answers(said) == [(2_500, 1, MATCHED, "粤B12345")]


def test_a_lone_truck_is_matched_when_its_read_arrives():
    said = follow(a_matcher(), (1_900, plain_crossing()), (2_300, plain_read(at_ms=2_070)))

    assert answers(said) == [(2_300, 1, MATCHED, "粤B12345")]


def test_a_truck_without_a_read_is_unmatched_when_its_window_has_closed():
    matcher = a_matcher()
    truck = plain_crossing()
    closes = (matcher.window(truck)[3] + 1_000 * MS) // MS

    assert answers(follow(matcher, (1_900, truck))) == [(closes, 1, UNMATCHED, None)]


def test_a_read_far_outside_the_window_is_nobodys():
    said = follow(a_matcher(), (1_900, plain_crossing()), (9_000, plain_read(at_ms=8_900)))

    assert [a[2] for a in answers(said)] == [UNMATCHED]


def test_the_stated_posterior_is_high_for_a_clear_case_and_all_of_it_adds_up():
    [match] = follow(a_matcher(), (2_000, plain_crossing()), (2_300, plain_read(at_ms=2_070)))

    assert match.candidates[0].posterior >= 999_000
    assert match.candidates[0].posterior + match.none_posterior in range(999_990, 1_000_001)
    assert match.margin == match.candidates[0].posterior - match.none_posterior
    assert (match.predicted_at, match.late) == (2_070 * MS, False)


def test_the_window_is_what_capture_is_told():
    matcher = a_matcher()
    at, sd, start, end = matcher.window(plain_crossing())

    assert at == 2_070 * MS
    assert 150 * MS < sd < 250 * MS
    assert (start, end) == (at - 4 * sd, at + 4 * sd)


def test_a_window_for_a_lane_that_the_camera_does_not_see_is_wide_and_no_error():
    at, _, start, end = a_matcher().window(plain_crossing(lane="9"))

    assert start < at < end


# Doubt


def test_two_plates_that_fit_equally_well_are_ambiguous_with_both_listed():
    said = follow(
        a_matcher(),
        (2_000, plain_crossing()),
        (2_300, plain_read("r1", 2_020, "粤B11111")),
        (2_400, plain_read("r2", 2_120, "粤B99999")),
    )

    assert answers(said)[-1][2] is AMBIGUOUS
    assert {c.read.text for c in said[-1].candidates} == {"粤B11111", "粤B99999"}


def test_two_trucks_abreast_and_one_read_without_a_lane_are_both_ambiguous():
    said = follow(
        a_matcher(TWO_LANES),
        (2_000, plain_crossing(lane="1")),
        (2_000, plain_crossing(lane="2")),
        (2_300, plain_read(at_ms=2_070, lane=None)),
    )

    assert [a[2] for a in answers(said)] == [AMBIGUOUS, AMBIGUOUS]


def test_the_lane_decides_between_two_trucks_abreast():
    said = follow(
        a_matcher(TWO_LANES),
        (2_000, plain_crossing(lane="1")),
        (2_000, plain_crossing(lane="2")),
        (2_300, plain_read("r1", 2_070, "粤B11111", lane="1")),
        (2_300, plain_read("r2", 2_070, "粤B22222", lane="2")),
    )

    assert {(m.lane, m.read.text) for m in said if m.read} == {("1", "粤B11111"), ("2", "粤B22222")}


def test_a_light_vehicle_is_a_rival_like_any_other():
    car = plain_crossing(number=2, first_axle_ms=1_100, offsets_mm=(0, 2_700), gross_g=1_500_000)
    read = plain_read(at_ms=2_120, colour="", vehicle="")

    alone = follow(a_matcher(), (2_000, plain_crossing()), (2_600, read))
    with_car = follow(a_matcher(), (2_000, plain_crossing()), (2_100, car), (2_600, read))

    assert answers(alone)[0][2] is MATCHED
    assert MATCHED not in {a[2] for a in answers(with_car)}


def test_colour_and_class_tip_the_scale_only_a_little():
    def best(colour, vehicle):
        read = plain_read(colour=colour, vehicle=vehicle)
        return follow(a_matcher(), (2_300, read), (8_000, plain_crossing()))[-1].candidates[0].posterior

    assert best("yellow", "truck") > best("", "") > best("blue", "car") > 900_000


def test_a_tailgater_does_not_steal_the_plate_of_its_leader():
    leader = plain_crossing(number=1, first_axle_ms=1_000)
    follower = plain_crossing(number=2, first_axle_ms=2_200)
    said = follow(
        a_matcher(),
        (2_300, leader),
        (2_350, plain_read("r1", 2_080, "粤B11111")),
        (3_500, follower),
        (3_600, plain_read("r2", 3_290, "粤B22222")),
    )

    assert [(a[1], a[3]) for a in answers(said)] == [(1, "粤B11111"), (2, "粤B22222")]


def test_a_read_that_the_next_vehicle_may_explain_waits_until_the_scale_is_quiet():
    # A car 2.7 m long at 5 m/s: the next vehicle could be read at 3.5 s, and is not reported yet.
    car = plain_crossing(speed=5_000, offsets_mm=(0, 2_700), gross_g=1_400_000)
    read = plain_read(at_ms=3_550, colour="blue", vehicle="car")
    said = follow(a_matcher(), (2_400, car), (3_700, read))

    # Unsure while that could be so; when no vehicle can still be hidden, the read is the car's.
    assert [a[2] for a in answers(said)] == [AMBIGUOUS, MATCHED]
    assert answers(said)[-1][0] > 10_000


# One vehicle, several reads


def test_the_same_plate_twice_within_seconds_is_one_vehicle():
    said = follow(
        a_matcher(),
        (2_000, plain_crossing()),
        (2_300, plain_read("r1", 2_070)),
        (2_900, plain_read("r2", 2_600)),
    )

    assert answers(said) == [(2_300, 1, MATCHED, "粤B12345")]


def test_two_reads_of_one_vehicle_that_disagree_in_a_character_are_not_decided():
    said = follow(
        a_matcher(),
        (2_000, plain_crossing()),
        (2_300, plain_read("r1", 2_070, "粤B12345")),
        (2_500, plain_read("r2", 2_200, "粤B12346")),
    )

    assert [a[2] for a in answers(said)] == [MATCHED, AMBIGUOUS]
    assert said[-1].late


def test_a_replacement_that_says_the_same_changes_nothing():
    first = plain_read("r1", 2_070)
    said = follow(
        a_matcher(), (2_000, plain_crossing()), (2_300, first), (2_500, replace(first, reads=3, agreeing=3))
    )

    assert answers(said) == [(2_300, 1, MATCHED, "粤B12345")]


def test_a_replacement_that_says_another_plate_takes_the_match_back():
    first = plain_read("r1", 2_070, "粤B12345")
    said = follow(
        a_matcher(), (2_000, plain_crossing()), (2_300, first), (2_500, replace(first, text="粤B12399"))
    )

    assert [a[2] for a in answers(said)] == [MATCHED, AMBIGUOUS]


def test_an_unreadable_plate_takes_its_vehicle_and_leaves_it_unmatched():
    said = follow(a_matcher(), (2_000, plain_crossing()), (2_300, plain_read(at_ms=2_070, text="")))

    assert [a[2] for a in answers(said)] == [UNMATCHED]
    assert said[-1].candidates[0].read.text == ""


def test_an_unreadable_plate_keeps_the_next_plate_from_its_vehicle():
    leader = plain_crossing(number=1, first_axle_ms=1_000)
    follower = plain_crossing(number=2, first_axle_ms=2_200)
    said = follow(
        a_matcher(),
        (2_300, leader),
        (2_350, plain_read("r1", 2_080, "")),
        (3_500, follower),
        (3_600, plain_read("r2", 3_290, "粤B22222")),
    )

    assert {a[1]: (a[2], a[3]) for a in answers(said)} == {
        1: (UNMATCHED, None),
        2: (MATCHED, "粤B22222"),
    }


# Late news


def test_a_read_eight_seconds_late_amends_unmatched_to_matched():
    said = follow(a_matcher(), (2_000, plain_crossing()), (10_100, plain_read(at_ms=2_070)))

    assert [(a[2], m.late) for a, m in zip(answers(said), said, strict=True)] == [
        (UNMATCHED, False),
        (MATCHED, True),
    ]


def test_a_read_later_than_the_longest_wait_amends_nothing():
    said = follow(a_matcher(late_ms=5_000), (2_000, plain_crossing()), (12_000, plain_read(at_ms=2_070)))

    assert [a[2] for a in answers(said)] == [UNMATCHED]


def test_a_late_rival_takes_a_match_back_and_it_is_never_given_again():
    said = follow(
        a_matcher(),
        (2_000, plain_crossing()),
        (2_300, plain_read("r1", 2_250, "粤B11111")),
        (6_000, plain_read("r2", 2_070, "粤B99999")),
        (6_500, replace(plain_read("r2", 2_070, "粤B99999"), at=Ns(50 * S))),
    )

    assert [a[2] for a in answers(said)] == [MATCHED, AMBIGUOUS]


def test_a_crossing_reported_late_can_take_a_read_away_but_never_get_it_too():
    twin = plain_crossing(lane="2")
    said = follow(
        a_matcher(TWO_LANES),
        (2_000, plain_crossing(lane="1")),
        (2_300, plain_read("r1", 2_070, lane="1")),
        (9_000, twin),
        (9_100, plain_read("r1", 2_070, lane="2")),
    )

    assert [m.lane for m in said if m.read] == ["1"]
    assert said[-1].status is not MATCHED


def test_one_plate_for_two_crossings_within_a_minute_is_a_contradiction():
    first, second = plain_crossing(number=1), plain_crossing(number=2, first_axle_ms=16_000)
    said = follow(
        a_matcher(),
        (2_000, first),
        (2_300, plain_read("r1", 2_070)),
        (17_000, second),
        (17_300, plain_read("r2", 17_070)),
    )

    assert [(a[1], a[2]) for a in answers(said)] == [(1, MATCHED), (2, AMBIGUOUS), (1, AMBIGUOUS)]


def test_a_vehicle_that_comes_back_after_a_while_is_matched_again():
    said = follow(
        a_matcher(return_ms=60_000),
        (2_000, plain_crossing(number=1)),
        (2_300, plain_read("r1", 2_070)),
        (301_000, plain_crossing(number=2, first_axle_ms=300_000)),
        (301_300, plain_read("r2", 301_070)),
        until_ms=400_000,
    )

    assert [a[2] for a in answers(said)] == [MATCHED, MATCHED]


# Odd input


def test_a_crossing_in_an_unknown_lane_is_a_fault_and_no_answer():
    said = follow(a_matcher(), (2_000, plain_crossing(lane="7")))

    assert faults(said) == [FaultKind.UNKNOWN_SOURCE]
    assert answers(said) == []


def test_a_read_of_another_camera_is_a_fault():
    said = follow(a_matcher(), (2_000, replace(plain_read(), camera="cam9")))

    assert faults(said) == [FaultKind.UNKNOWN_SOURCE]


def test_a_read_from_another_age_is_a_fault_and_not_kept():
    said = follow(a_matcher(), (2_000, plain_read(at_ms=10_000_000)))

    assert faults(said) == [FaultKind.CLOCK_STEPPED]


def test_the_same_crossing_again_is_answered_once():
    said = follow(a_matcher(), (2_000, plain_crossing()), (2_100, plain_crossing()))

    assert len(answers(said)) == 1


def test_a_vehicle_that_no_one_can_predict_is_matched_only_while_nobody_competes():
    def slow(number, first):
        # A long vehicle, so that the next one cannot be read before this one.
        return plain_crossing(
            number=number, first_axle_ms=first, speed=1_500, offsets_mm=(0, 3_200, 4_550, 10_600, 13_220)
        )

    alone = [(12_000, slow(1, 1_000)), (12_100, plain_read(at_ms=8_130))]
    quiet = follow(a_matcher(stray_per_hour=1), *alone)
    queue = follow(a_matcher(stray_per_hour=1), *alone, (14_000, slow(2, 6_000)))

    assert quiet[-1].predicted_sd > 600 * MS
    assert [a[2] for a in answers(quiet)] == [MATCHED]
    assert [a[2] for a in answers(queue) if a[1] == 1] == [MATCHED, AMBIGUOUS]


def test_a_cluster_that_is_too_big_is_not_guessed_at():
    rows = []
    for n in range(1, 8):
        rows.append((2_000 + 10 * n, plain_crossing(number=n, first_axle_ms=1_000 + 50 * n)))
        rows.append((2_500 + 10 * n, plain_read(f"r{n}", 2_070 + 50 * n, f"粤B{n}{n}{n}{n}{n}")))
    said = follow(a_matcher(max_cluster=5), *sorted(rows, key=lambda r: r[0]))

    last = {a[1]: a[2] for a in answers(said)}
    assert set(last.values()) == {AMBIGUOUS}
    assert FaultKind.MATCH_OVERFLOW in faults(said)


def test_a_flood_of_reads_is_bounded_and_nothing_near_it_is_decided():
    matcher = a_matcher(max_held=16)
    for n in range(500):
        matcher.read(plain_read(f"x{n}", 2_000 + n % 7, f"粤A{n:05d}"))
    said = follow(matcher, (2_300, plain_read("r1", 2_070)), (2_500, plain_crossing()))

    assert MATCHED not in {a[2] for a in answers(said)}
    assert FaultKind.MATCH_OVERFLOW in faults(said)


def test_a_crossing_that_there_is_no_room_for_is_answered_all_the_same():
    matcher = a_matcher(max_held=16)
    for n in range(1, 41):
        matcher.crossing(plain_crossing(number=n, first_axle_ms=1_000 + n))

    said = follow(matcher)

    assert {a[1] for a in answers(said)} == set(range(1, 41))
    assert {a[2] for a in answers(said)} == {AMBIGUOUS}
    assert FaultKind.MATCH_OVERFLOW in faults(said)


# Clocks


def convoy(count, error_ms, gap_ms=20_000):
    """Lone trucks, each read with this clock error."""
    for n in range(1, count + 1):
        start = n * gap_ms
        yield start + 1_000, plain_crossing(number=n, first_axle_ms=start)
        at = start + 1_070 + error_ms
        yield max(start + 1_100, at + 200), plain_read(f"r{n}", at, f"粤B{n * 7919 % 100_000:05d}")


@pytest.mark.parametrize("error_ms", [200, -200])
def test_a_constant_clock_error_is_learned_from_lone_trucks(error_ms):
    matcher = a_matcher()
    said = follow(matcher, *convoy(60, error_ms), until_ms=2_000_000)

    offset = matcher.offset("1")
    assert offset is not None
    assert abs(offset.value - error_ms * MS) < 20 * MS
    assert offset.sd < 30 * MS
    assert {a[2] for a in answers(said)[-20:]} == {MATCHED}


def test_a_drifting_clock_raises_an_alarm():
    said = follow(a_matcher(offset=OffsetSettings(alarm_ms=100)), *convoy(60, 200), until_ms=2_000_000)

    assert faults(said) == [FaultKind.OFFSET_DRIFT]


def test_a_clock_two_seconds_off_stops_all_matching_and_says_so():
    said = follow(a_matcher(), *convoy(40, 3_000), until_ms=2_000_000)

    assert MATCHED not in {a[2] for a in answers(said)}
    assert FaultKind.OFFSET_DRIFT in faults(said)


def test_matching_resumes_when_the_clocks_agree_again():
    wrong = list(convoy(40, 3_000))
    right = [(ms + 1_000_000, replace_times(item, 1_000_000, 100)) for ms, item in convoy(40, 0)]
    said = follow(a_matcher(), *wrong, *right, until_ms=4_000_000)

    assert answers(said)[-1][2] is MATCHED


def replace_times(item, by_ms, number_by):
    """The same thing later, as another crossing or read."""
    if isinstance(item, PlateRead):
        return replace(item, id="later-" + item.id, at=Ns(item.at + by_ms * MS))
    later = plain_crossing(number=item.number + number_by, first_axle_ms=item.first_axle_at // MS + by_ms)
    return replace(later, lane=item.lane)


def test_an_offset_of_an_unknown_lane_is_none():
    assert a_matcher().offset("7") is None


def test_after_a_jump_of_the_clock_nothing_is_matched_until_reads_fit_again():
    matcher = a_matcher()
    before = follow(matcher, *convoy(20, 0), until_ms=420_000)
    matcher.clock_stepped()
    after = follow(
        matcher,
        *((ms + 440_000, replace_times(item, 440_000, 100)) for ms, item in convoy(40, 0)),
        until_ms=2_000_000,
    )

    assert {a[2] for a in answers(before)} == {MATCHED}
    first = [a[2] for a in answers(after) if a[1] <= 110]
    assert MATCHED not in first
    assert answers(after)[-1][2] is MATCHED
