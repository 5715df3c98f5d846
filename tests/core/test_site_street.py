"""From pictures of a storefront to statements: what a box concludes of a street."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_agent.core import events as ev
from edge_agent.core.decisions import (
    Fault,
    FaultKind,
    SealCoverage,
    SealStreet,
    Status,
    TakePictures,
    Watch,
    ZoneChanged,
)
from edge_agent.core.records import UseClass
from edge_agent.core.scene import Finding, Phase, View
from edge_agent.core.site import Site
from edge_agent.core.street.settings import StreetSettings
from edge_agent.core.units import MS, S
from tests.storefront import (
    FIT,
    NOON_UTC,
    ZONE,
    a_clock,
    a_scene,
    live,
    photograph,
    scenes,
    seals,
    start,
    story,
    street_settings,
)

GOODS = [("", 60), ("stall", 400), ("", 300)]


def a_day(*stretches, site=None, camera=True, extra=(), **changes):
    """What a fresh box decides on a day of pictures."""
    site = site or Site(street_settings(**changes))
    return live(site, [*start(), *scenes(*stretches), *extra], camera=camera)


def of(kind, decided):
    return [decision for decision in decided if isinstance(decision, kind)]


def test_goods_that_stay_are_sealed_with_their_pictures_and_the_case_is_closed_when_they_are_gone():
    decided = a_day(*GOODS, rule={"recheck_s": 0})

    assert story(decided) == [
        ("boot-front-1", 0, "confirmed", "present"),
        ("boot-front-1", 1, "cleared", "absent"),
    ]
    confirmed, cleared = seals(decided)
    assert [p.role for p in confirmed.pictures] == ["reference", "first_seen", "middle", "confirmed"]
    assert [p.role for p in cleared.pictures] == ["cleared"]
    assert confirmed.report.dwell >= 300 * S
    assert confirmed.report.first_seen_at == 60 * S
    assert confirmed.report.confirmed_at == confirmed.report.judged_at == 360 * S
    assert cleared.report.ended_at == 460 * S
    assert [item.label for item in confirmed.report.items] == ["stall"]
    assert dict(confirmed.report.in_force)["hours"] == "07:00-22:00"
    assert confirmed.report.reference == "r" * 64
    assert "疑似跨门经营" in confirmed.report.text_zh
    assert confirmed.clock.utc_minus_mono == NOON_UTC


def test_a_passer_by_with_a_barrow_leaves_nothing_behind():
    decided = a_day(("", 60), ("stall", 40), ("", 300))

    assert story(decided) == []
    [first] = of(TakePictures, decided)
    assert [shot.role for shot in first.shots] == ["first_seen"]


def test_the_pictures_lie_apart_in_time_and_the_last_comes_with_copies_and_a_clip():
    first, middle, confirmed = of(TakePictures, a_day(("", 60), ("stall", 310)))

    assert [first.shots[0].time, middle.shots[0].time, confirmed.shots[1].time] == [60 * S, 210 * S, 360 * S]
    assert [take.copies for take in (first, middle, confirmed)] == [False, False, True]
    assert [picture.role for picture in confirmed.taken] == ["first_seen", "middle"]  # copied now too
    assert confirmed.clip == (350 * S, 360 * S)
    assert [mark.label for mark in confirmed.marks] == ["stall"]
    assert first.hold_s >= 300 + 60 + 900


def test_passers_by_do_not_flood_the_camera_with_requests():
    come_and_go = [("stall", 12), ("", 45)] * 20

    asked = of(TakePictures, a_day(("", 30), *come_and_go))

    times = [take.shots[0].time for take in asked]
    assert 10 < len(times) <= 20
    assert all(later - earlier >= 50 * S for earlier, later in pairwise(times))


def test_a_statement_does_not_wait_for_ever_for_its_pictures_and_says_that_they_are_missing():
    decided = a_day(*GOODS, camera=False, rule={"recheck_s": 0})

    confirmed, _ = seals(decided)
    assert confirmed.pictures == ()
    assert "pictures_missing" in confirmed.reasons
    assert confirmed.at - confirmed.report.judged_at == 8 * S


def test_pictures_whose_bytes_are_forgotten_are_not_promised():
    # A camera away for half an hour, twice: the stay is the same, the first picture's time is over.
    away = [("stall", 100), ("?", 1_700), ("stall", 100), ("?", 1_700), ("stall", 200)]

    [confirmed] = seals(a_day(("", 60), *away, rule={"recheck_s": 0}))

    assert "first_seen" not in {p.role for p in confirmed.pictures}
    assert "pictures_missing" in confirmed.reasons


def test_a_camera_that_answers_with_a_problem_delays_nothing():
    site = Site(street_settings())
    site.step(start()[0])
    site.step(a_clock(0))
    decided = []
    for event in scenes(("", 60), ("stall", 310)):
        for decision in site.step(event):
            decided.append(decision)
            if isinstance(decision, TakePictures):
                problem = ev.Captured(event.at, decision.request, "cam1", (), (), problem="no such picture")
                decided += site.step(problem)

    [seal] = seals(decided)
    assert seal.at == seal.report.judged_at
    assert FaultKind.CAMERA in {fault.kind for fault in of(Fault, decided)}


def test_a_box_that_is_stopped_seals_the_record_whose_pictures_had_not_come():
    site = Site(street_settings())
    decided = []
    for event in [*start(), *scenes(("stall", 306))]:
        for decision in site.step(event):
            decided.append(decision)
            roles = {s.role for s in decision.shots} if isinstance(decision, TakePictures) else set()
            if roles & {"first_seen", "middle"}:
                decided += site.step(photograph(decision, event.at))
    assert seals(decided) == []

    [seal] = seals(site.step(ev.Stopped(307 * S)))

    assert (seal.at, seal.case, seal.revision) == (307 * S, "boot-front-1", 0)
    assert seal.report.phase is Phase.CONFIRMED
    assert [p.role for p in seal.pictures] == ["first_seen", "middle"]
    assert "pictures_missing" in seal.reasons
    assert seals(site.step(ev.Stopped(320 * S))) == []


def test_when_a_box_is_stopped_nothing_is_asked_for_and_what_was_due_is_answered():
    order = ev.InspectionOrdered(10 * S, "order-1", "front", 10 * S, 30 * S)
    site = Site(street_settings())
    live(site, [*start(), *scenes(("?", 29)), order])

    decided = site.step(ev.Stopped(31 * S))

    [inspection] = seals(decided)
    assert (inspection.report.order, inspection.report.finding) == ("order-1", Finding.UNSEEN)
    assert not of(TakePictures, decided)
    assert not of(Watch, decided)


def test_a_run_that_was_stopped_is_followed_by_one_that_begins_anew():
    site = Site(street_settings(rule={"recheck_s": 0}))
    first = live(site, [*start(), *scenes(("stall", 306)), ev.Stopped(307 * S)], camera=False)
    again = live(site, [*start(1_000, "boot2"), *scenes(("stall", 306), start_s=1_000)])

    assert [case for case, *_ in story(first)] == ["boot-front-1"]
    assert [case for case, *_ in story(again)] == ["boot2-front-1"]


def test_after_the_notice_the_zone_is_looked_at_again():
    not_corrected = a_day(("", 60), ("stall", 1_300))
    corrected = a_day(("", 60), ("stall", 400), ("", 900))

    assert story(not_corrected)[1] == ("boot-front-1", 1, "recheck", "present")
    assert story(corrected)[1:] == [
        ("boot-front-1", 1, "cleared", "absent"),
        ("boot-front-1", 2, "recheck", "absent"),
    ]
    recheck = seals(corrected)[-1]
    assert recheck.report.judged_at == (360 + 900) * S
    assert [p.role for p in recheck.pictures] == ["recheck"]
    assert "已整改" in recheck.report.text_zh


def test_a_recheck_that_cannot_see_says_so_after_its_limit():
    decided = a_day(("", 60), ("stall", 310), ("?", 2_000))

    recheck = seals(decided)[-1]
    assert (recheck.report.phase, recheck.report.finding) == (Phase.RECHECK, Finding.UNSEEN)
    assert "not_seen" in recheck.reasons
    assert dict(recheck.report.in_force)["unseen"] == "blurred"


def test_a_shop_that_has_just_put_something_out_again_is_not_called_uncorrected_by_one_picture():
    # Cleared at 580; ten seconds before the re-check at 1260 something stands there again, briefly.
    decided = a_day(("", 60), ("stall", 400), ("", 790), ("stall", 46), ("", 200))

    [recheck] = [s for s in seals(decided) if s.report.phase is Phase.RECHECK]
    assert recheck.report.finding is Finding.ABSENT


def test_goods_put_out_anew_after_the_case_was_cleared_are_not_corrected_only_after_a_full_stay():
    # Cleared at 500; something stands there again from 1240 on, the re-check is due at 1260.
    briefly = a_day(("", 60), ("stall", 320), ("", 860), ("stall", 80), ("", 200))
    for_good = a_day(("", 60), ("stall", 320), ("", 860), ("stall", 400))

    assert story(briefly)[2:] == [("boot-front-1", 2, "recheck", "absent")]
    assert story(for_good)[2:] == [("boot-front-1", 2, "reopened", "present")]  # its re-check is due anew


def test_goods_that_were_allowed_until_the_opening_hour_are_not_uncorrected_at_its_first_second():
    night = [("", 10), ("stall", 310), ("", 600), ("?", 8 * 3_600), ("stall", 4_500)]
    decided = a_day_from(at_local(21, 50), *night, rule={"recheck_s": 8 * 3_600})

    recheck = seals(decided)[-1]
    assert (recheck.report.phase, recheck.report.finding) == (Phase.RECHECK, Finding.PRESENT)
    assert recheck.report.judged_at == 33_300 * S  # 07:05


def test_after_an_outage_longer_than_the_cooldown_goods_are_called_still_there_only_after_a_full_stay():
    away = [("", 60), ("stall", 320), ("?", 3_600)]
    briefly = a_day(*away, ("stall", 200), ("", 150), rule={"recheck_s": 0})
    for_good = a_day(*away, ("stall", 400), rule={"recheck_s": 0})

    assert [phase for _, _, phase, _ in story(briefly)] == ["confirmed", "cleared"]
    assert [phase for _, _, phase, _ in story(for_good)] == ["confirmed", "ongoing"]


def test_a_notice_that_the_platform_reports_sets_the_time_of_the_recheck():
    notice = ev.NoticeGiven(500 * S, "boot-front-1", "order-7")
    decided = a_day(
        ("", 60), ("stall", 1_500), extra=[notice], rule={"recheck_after": "notice", "recheck_s": 600}
    )

    [recheck] = [s for s in seals(decided) if s.report.phase is Phase.RECHECK]
    assert recheck.report.judged_at == 1_100 * S
    assert recheck.report.order == "order-7"


def test_a_notice_of_a_case_whose_rule_has_no_recheck_is_not_taken_for_one_that_will_be_answered():
    notice = ev.NoticeGiven(500 * S, "boot-front-1", "order-7")
    decided = a_day(("", 60), ("stall", 1_500), extra=[notice], rule={"recheck_s": 0})

    [fault] = [f for f in of(Fault, decided) if f.source == "case/boot-front-1"]
    assert (fault.kind, "no re-check" in fault.detail) == (FaultKind.UNKNOWN_SOURCE, True)


def test_what_stays_out_is_told_again():
    decided = a_day(("", 60), ("stall", 1_000), rule={"ongoing_every_s": 300, "recheck_s": 0})

    assert [phase for _, _, phase, _ in story(decided)] == ["confirmed", "ongoing", "ongoing"]


def test_goods_back_within_the_cooldown_reopen_the_same_case():
    decided = a_day(*GOODS, ("stall", 400), rule={"recheck_s": 0})

    assert story(decided)[-1] == ("boot-front-1", 2, "reopened", "present")
    assert [p.role for p in seals(decided)[-1].pictures] == ["reference", "first_seen", "middle", "confirmed"]


def test_goods_back_later_are_a_new_case():
    decided = a_day(*GOODS, ("", 1_800), ("stall", 400), rule={"recheck_s": 0})

    assert story(decided)[-1] == ("boot-front-2", 0, "confirmed", "present")


def test_something_that_no_class_names_is_told_once_and_never_a_case():
    def with_a_bag(at):
        return replace(a_scene(at), still=(ev.StillObject(300, 600, 400, 800, 20_000, 60 * S),))

    decided = live(
        Site(street_settings()), [*start(), *scenes(("", 60)), *(with_a_bag(t) for t in range(60, 900))]
    )

    told = [d for d in of(ZoneChanged, decided) if d.detail == "suspect"]
    assert len(told) == 1
    assert told[0].finding is Finding.SUSPECT
    assert story(decided) == []
    [take] = of(TakePictures, decided)
    assert [shot.role for shot in take.shots] == ["reference", "first_seen"]


# -- hours and tiers -------------------------------------------------------------------------------


def at_local(hour, minute=0):
    """A clock that shows this local time at monotonic 0."""
    return a_clock(0, NOON_UTC + ((hour - 12) * 60 + minute) * 60 * S)


def a_day_from(clock, *stretches, extra=(), **changes):
    site = Site(street_settings(**changes))
    site.step(start()[0])
    decided = list(site.step(clock))
    for event in [*scenes(*stretches), *extra]:
        for decision in site.step(event):
            decided.append(decision)
            if isinstance(decision, TakePictures):
                decided += site.step(photograph(decision, event.at))
    return decided


def test_goods_put_out_before_the_hours_count_from_their_beginning():
    decided = a_day_from(at_local(6, 50), ("stall", 1_000))

    [confirmed] = seals(decided)
    assert confirmed.report.first_seen_at == 600 * S
    assert confirmed.report.judged_at == 900 * S


def test_a_clock_that_is_set_by_an_hour_begins_the_stay_anew_and_one_that_drifts_does_not():
    def confirmed_at(step_s, **rule):
        set_anew = a_clock(200, NOON_UTC + step_s * S)
        before, after = scenes(("stall", 200)), scenes(("stall", 500), start_s=201)
        site = Site(street_settings(rule={"recheck_s": 0, **rule}))
        decided = [d for event in [*start(), *before, set_anew, *after] for d in site.step(event)]
        return seals(decided)[0].report.judged_at // S

    assert confirmed_at(3_600) == 501
    assert confirmed_at(1) == confirmed_at(3_600, hours={"enforce": []}) == 305


def test_a_record_tells_the_time_by_the_clock_that_its_hours_were_judged_by():
    set_anew = a_clock(312, NOON_UTC - 9 * 3_600 * S)
    site = Site(street_settings(rule={"recheck_s": 0}))
    stream = [*start(), *scenes(("stall", 312)), set_anew, *scenes(("", 30), start_s=313)]

    [seal] = seals([d for event in stream for d in site.step(event)])  # no picture comes: sealed at 313

    assert seal.at > 312 * S
    assert seal.clock.utc_minus_mono == NOON_UTC


def test_nobody_is_a_case_at_night():
    assert seals(a_day_from(at_local(23), ("stall", 2_000))) == []


def test_without_a_clock_a_rule_with_hours_holds_at_no_time_and_one_without_always():
    site = Site(street_settings())
    always = Site(street_settings(rule={"hours": {"enforce": []}}))
    stream = [start()[0], *scenes(("", 10), ("stall", 400))]

    assert seals([d for event in stream for d in site.step(event)]) == []
    [seal] = seals(d for event in [*stream, ev.Tick(900 * S)] for d in always.step(event))
    assert "clock_unknown" in seal.reasons


def test_a_red_shop_is_looked_at_more_closely():
    red = street_settings(shops={"a": {"tier": "red"}})

    decided = live(Site(red), [*start(), *scenes(("", 60), ("stall", 400))])

    assert of(Watch, decided)[0].period_ms == 1_000
    assert seals(decided)[0].report.judged_at == (60 + 180) * S
    assert seals(decided)[0].report.tier == "red"


def test_the_platform_grades_a_shop_anew_while_the_box_runs():
    order = ev.TierSet(100 * S, "a", "green", "order-1")

    decided = a_day(("", 60), ("stall", 700), ("", 200), extra=[order])

    assert [watch.period_ms for watch in of(Watch, decided)] == [2_000, 1_000, 4_000]
    assert seals(decided)[0].report.judged_at == (60 + 600) * S


def test_a_camera_is_looked_at_more_often_only_while_something_is_there():
    decided = a_day(*GOODS)

    assert [(watch.at // S, watch.period_ms) for watch in of(Watch, decided)] == [
        (0, 2_000),
        (65, 1_000),
        (580, 2_000),
    ]


def test_a_record_says_what_the_shop_has_counted_and_which_tier_that_would_mean():
    decided = a_day(("", 60), ("stall", 1_300))

    counts = [dict(s.report.in_force) for s in seals(decided)]
    assert [c["shop_tier_suggested"] for c in counts] == ["yellow", "red"]
    assert counts[1]["shop_not_corrected_7d"] == "1"


# -- inspections -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("there", "finding"), [("", "absent"), ("stall", "present")])
def test_an_ordered_inspection_is_recorded_whatever_is_there(there, finding):
    order = ev.InspectionOrdered(100 * S, "draw-1", "front", 200 * S, 900 * S)

    decided = a_day(("", 60), (there, 250), extra=[order, replace(order, at=150 * S)])

    [record] = seals(decided)
    assert (str(record.report.phase), str(record.report.finding)) == ("inspection", finding)
    assert record.report.order == "draw-1"
    assert record.report.judged_at == 200 * S
    assert [p.role for p in record.pictures] == ["reference", "inspection"]


def test_an_inspection_that_finds_too_little_says_so_and_not_that_nothing_is_there():
    order = ev.InspectionOrdered(10 * S, "drawn-3", "front", 100 * S, 300 * S)

    [inspection] = seals(a_day(("seat", 200), extra=[order]))

    assert inspection.report.finding is Finding.ABSENT
    assert dict(inspection.report.in_force)["absent"] == "few"
    assert "nothing that the rule counts" in inspection.report.text_en


def test_an_inspection_that_could_not_be_made_is_recorded_as_such():
    order = ev.InspectionOrdered(10 * S, "draw-1", "front", 20 * S, 300 * S)

    [record] = seals(a_day(("", 15), ("?", 400), extra=[order]))

    assert record.report.finding is Finding.UNSEEN
    assert record.report.judged_at >= 299 * S


def test_what_nobody_looked_at_is_told_with_the_hours_of_now_and_not_of_the_last_look():
    # The last picture is of 21:41, the order's time is over at 00:40.
    order = ev.InspectionOrdered(10_700 * S, "drawn-4", "front", 0, 10_800 * S)

    [inspection] = seals(
        a_day_from(at_local(21, 40), ("", 10), ("stall", 60), extra=[order, ev.Tick(10_900 * S)])
    )

    held = dict(inspection.report.in_force)
    assert (held["unseen"], held["rule_holds"], held["hours"]) == ("no_picture", "false", "outside_hours")
    assert inspection.model_sha256 == inspection.report.reference == ""


def test_one_order_may_draw_two_zones_and_each_is_recorded_once():
    left = {**ZONE, "polygon": [[0.0, 0.1], [0.05, 0.1], [0.05, 0.4], [0.0, 0.4]]}
    orders = [ev.InspectionOrdered(10 * S, "drawn-5", zone, 0, 190 * S) for zone in ("front", "left", "left")]

    made = seals(a_day(("", 150), extra=orders, cameras={"cam1": {"zones": {"front": ZONE, "left": left}}}))

    assert [(seal.report.zone, seal.report.order) for seal in made] == [
        ("front", "drawn-5"),
        ("left", "drawn-5"),
    ]


def test_an_inspection_drawn_beforehand_is_made_at_its_local_time():
    drawn = {"order": "draw-2", "zone": "front", "date": "2026-06-15", "time": "12:05"}

    [record] = seals(a_day(("", 600), inspections=[drawn]))

    assert (record.report.order, record.report.judged_at) == ("draw-2", 300 * S)


def test_an_inspection_of_another_run_is_not_made_up_for_and_one_under_no_clock_has_expired():
    drawn = {"order": "draw-3", "zone": "front", "date": "2026-06-15", "time": "11:00"}
    before = a_day(("", 600), inspections=[drawn])
    site = Site(street_settings(inspections=[drawn | {"time": "12:01", "window_s": 60}]))
    untimed = [start()[0], *scenes(("", 200)), a_clock(200), ev.Tick(209 * S)]

    assert seals(before) == []
    [record] = seals(d for event in untimed for d in site.step(event))
    assert (record.report.order, record.report.finding) == ("draw-3", Finding.UNSEEN)


def test_a_notice_gives_the_shop_its_time_anew():
    notice = ev.NoticeGiven(1_200 * S, "boot-front-1", "order-8")

    decided = a_day(("", 60), ("stall", 2_500), extra=[notice], rule={"ongoing_max": 0})

    [recheck] = [s for s in seals(decided) if s.report.phase is Phase.RECHECK]
    assert recheck.report.judged_at == (1_200 + 900) * S


def test_each_of_several_notices_of_a_case_is_answered_by_one_look_that_counts_once():
    told = [ev.NoticeGiven(at * S, "boot-front-1", order) for at, order in ((600, "n-1"), (800, "n-2"))]

    decided = a_day(("", 60), ("stall", 2_500), extra=told, rule={"ongoing_max": 0})

    rechecks = [s for s in seals(decided) if s.report.phase is Phase.RECHECK]
    assert [(s.revision, s.report.order) for s in rechecks] == [(1, "n-1"), (2, "n-2")]
    assert {s.report.judged_at for s in rechecks} == {(800 + 900) * S}
    assert all([p.role for p in s.pictures] == ["recheck"] for s in rechecks)
    assert dict(rechecks[-1].report.in_force)["shop_not_corrected_7d"] == "1"


def test_a_notice_that_comes_twice_neither_puts_the_recheck_off_nor_is_answered_twice():
    told = [ev.NoticeGiven(at * S, "boot-front-1", "n-1") for at in (600, 900)]

    decided = a_day(("", 60), ("stall", 2_500), extra=told, rule={"ongoing_max": 0})

    [recheck] = [s for s in seals(decided) if s.report.phase is Phase.RECHECK]
    assert recheck.report.judged_at == (600 + 900) * S


def test_of_too_many_notices_those_that_cannot_be_answered_are_refused():
    told = [ev.NoticeGiven((600 + n) * S, "boot-front-1", f"n-{n}") for n in range(18)]

    decided = a_day(("", 60), ("stall", 2_500), extra=told, rule={"ongoing_max": 0})

    rechecks = [s for s in seals(decided) if s.report.phase is Phase.RECHECK]
    assert [s.report.order for s in rechecks] == [f"n-{n}" for n in range(16)]
    refused = [f for f in of(Fault, decided) if f.source == "case/boot-front-1"]
    assert [f.detail.split(":")[0] for f in refused] == ["notice n-16", "notice n-17"]


@pytest.mark.parametrize(
    "event",
    [
        ev.InspectionOrdered(1 * S, "o" * 101, "front", 0, 100 * S),
        ev.InspectionOrdered(1 * S, "o" * 101, "z" * 5_000, 0, 100 * S),
        ev.NoticeGiven(400 * S, "boot-front-1", "o" * 101),
    ],
)
def test_an_order_whose_id_no_statement_could_carry_is_refused(event):
    decided = a_day(("", 60), ("stall", 400), extra=[event], rule={"recheck_after": "notice"})

    [refused] = [f for f in of(Fault, decided) if f.kind is FaultKind.UNKNOWN_SOURCE]
    assert "longer than 100" in refused.detail
    assert len(refused.source) <= 200
    assert [phase for _, _, phase, _ in story(decided)] == ["confirmed"]


def test_an_inspection_that_an_earlier_run_recorded_is_not_made_again():
    drawn = [
        {"order": order, "zone": "front", "date": "2026-06-15", "time": "12:00", "window_s": 1_800}
        for order in ("draw-1", "draw-2")
    ]
    site = Site(street_settings(inspections=drawn))
    answered = ev.OrderAnswered(600 * S, "draw-1", "front")
    again = ev.InspectionOrdered(700 * S, "draw-1", "front", 0, 900 * S)
    started, clock = start(600, "boot2")
    stream = [started, answered, clock, *scenes(("", 300), start_s=600), again]

    assert [seal.report.order for seal in seals(live(site, stream))] == ["draw-2"]


@pytest.mark.parametrize("length", [64, 65])
@pytest.mark.parametrize("what", ["zone", "camera", "shop", "rule"])
def test_names_are_no_longer_than_a_statement_carries(what, length):
    name = "n" * length
    zone = {**ZONE, **({what: name} if what in ("shop", "rule") else {})}
    street = {
        "shops": {name if what == "shop" else "a": {}},
        "rules": {name if what == "rule" else "shopfront": {}},
        "cameras": {
            name if what == "camera" else "cam1": {"zones": {name if what == "zone" else "front": zone}}
        },
    }
    if length == 64:
        StreetSettings.model_validate(street)
    else:
        with pytest.raises(ValidationError, match="at most 64"):
            StreetSettings.model_validate(street)


def test_a_notice_is_answered_although_the_case_is_reopened_before_its_time():
    notice = ev.NoticeGiven(600 * S, "boot-front-1", "order-9")

    decided = a_day(*GOODS, ("stall", 1_500), extra=[notice], rule={"ongoing_max": 0})

    [recheck] = [s for s in seals(decided) if s.report.phase is Phase.RECHECK]
    reopened = next(s for s in seals(decided) if s.report.phase is Phase.REOPENED)
    assert recheck.report.order == "order-9"
    assert recheck.report.judged_at == reopened.report.judged_at + 900 * S


def test_a_recheck_waits_for_a_delivery_to_go_and_for_the_rule_to_hold():
    # The re-check is due at 22:04, the rule holds until 22:00: nobody is called uncorrected after it.
    decided = a_day_from(at_local(21, 43), ("", 10), ("stall", 2_800))

    [_, recheck] = seals(decided)
    assert (recheck.report.phase, recheck.report.finding) == (Phase.RECHECK, Finding.UNSEEN)
    assert dict(recheck.report.in_force)["rule_holds"] == "false"


def paused_s(clock, *stretches):
    """What each record says was paused, in seconds, and what counted. Goods count after five."""
    told = seals(a_day_from(clock, *stretches, rule={"recheck_s": 0}))
    return [(str(s.report.phase), s.report.paused // S, s.report.dwell // S) for s in told]


@pytest.mark.parametrize(
    ("stretches", "told"),
    [
        # The last two minutes are observed absence; the second in which they went is neither.
        ([("stall", 400), ("", 300)], [("confirmed", 0, 300), ("cleared", 1, 394)]),
        ([("stall", 200), ("?", 60), ("stall", 200)], [("confirmed", 61, 300)]),
        # Away for a minute of an open case: that was seen.
        (
            [("stall", 400), ("", 60), ("stall", 100), ("", 300)],
            [("confirmed", 0, 300), ("cleared", 3, 488)],
        ),
        # A gap that is bridged counts as presence.
        ([("stall", 200), ("", 20), ("stall", 100)], [("confirmed", 0, 300)]),
    ],
)
def test_paused_is_neither_presence_that_counted_nor_absence_that_was_observed(stretches, told):
    assert paused_s(at_local(12), *stretches) == told


def test_absence_observed_outside_the_hours_is_no_pause_either():
    seen = [("stall", 320), ("", 60), ("stall", 420), ("", 60), ("stall", 60), ("", 300)]

    # Goods outside the hours, 22:00:00 to 22:03:20 and 22:04:25 to 22:05:20, and five seconds of change.
    assert paused_s(at_local(21, 50), *seen)[-1] == ("cleared", 200 + 54 + 5, 314 + 214)


# -- what the box cannot see -----------------------------------------------------------------------

BLURRED = replace(FIT, sharpness=10)


def test_a_camera_that_cannot_be_judged_is_told_once_and_so_is_its_recovery():
    decided = a_day(("", 60), ("?", 100), ("", 60))

    faults = [f for f in of(Fault, decided) if f.kind is FaultKind.CAMERA]
    assert [(f.at // S, f.source, f.detail) for f in faults] == [(65, "view/cam1", "blurred")]
    states = [(s.at // S, s.state) for s in of(Status, decided) if s.part == "view/cam1"]
    assert states == [(0, "ok"), (65, "blind"), (165, "ok")]


def test_a_camera_that_sends_no_pictures_is_blind():
    decided = a_day(("", 60), extra=[ev.Tick(200 * S)])

    [fault] = [f for f in of(Fault, decided) if f.kind is FaultKind.CAMERA]
    assert (fault.at, fault.detail) == ((59 + 15) * S, "silent")


def test_a_lost_camera_is_one_fault_not_two():
    down = ev.DeviceChanged(60 * S, "camera/cam1", "down", "refused")

    decided = a_day(("", 60), extra=[down, ev.Tick(500 * S)])

    assert [fault.kind for fault in of(Fault, decided)] == [FaultKind.DEVICE_DOWN]
    assert of(Status, decided)[-1] == Status(60 * S, "view/cam1", "blind", "camera_down")


def test_a_case_is_neither_ended_nor_made_by_a_camera_that_is_away():
    decided = a_day(("", 60), ("stall", 290), extra=[ev.Tick(900 * S), *scenes(("", 200), start_s=900)])

    assert story(decided) == []


# -- what is recorded of watching ------------------------------------------------------------------


def test_an_hour_is_accounted_for_to_the_second():
    down = ev.DeviceChanged(1_000 * S, "camera/cam1", "down")
    up = ev.DeviceChanged(1_300 * S, "camera/cam1", "up")
    stream = [*scenes(("", 1_000)), *scenes(("", 500), ("?", 100), ("", 1_900), start_s=1_300)]

    decided = live(Site(street_settings()), [*start(), *stream, down, up])

    [hour] = of(SealCoverage, decided)
    assert (hour.start, hour.end) == (0, 3_600 * S)
    assert ((hour.end + NOON_UTC) // S) % 3_600 == 0
    [zone] = hour.parts
    assert zone.part == "zone/front"
    assert dict(zone.blind) == {"camera_down": 300_000, "unfit:blurred": 100_000}
    assert zone.watched_ms == 3_200_000


def test_time_under_a_clock_that_nobody_knows_is_not_called_watched():
    site = Site(street_settings())

    decided = [d for event in [start()[0], *scenes(("", 3_700))] for d in site.step(event)]

    [hour] = of(SealCoverage, decided)
    assert hour.parts[0].watched_ms == 0
    assert dict(hour.parts[0].blind) == {"clock": 3_600_000}


# -- restarts, names, noise ------------------------------------------------------------------------


def recalled(**changes):
    base = ev.CaseRecalled(
        1 * S, "old-front-3", 4, "front", "shop_overflow", Phase.CONFIRMED, -300 * S, -300 * S, -600 * S
    )
    return replace(base, **changes)


def test_a_case_of_the_last_run_goes_on_and_nobody_is_accused_twice():
    still_there = a_day(("stall", 2_000), extra=[recalled()])
    gone = a_day(("", 200), extra=[recalled()])

    assert story(still_there) == [
        ("old-front-3", 5, "recheck", "present"),
        ("old-front-3", 6, "ongoing", "present"),
    ]
    assert story(gone) == [("old-front-3", 5, "cleared", "absent")]


def test_a_case_of_the_last_run_in_its_cooldown_is_reopened():
    decided = a_day(("", 60), ("stall", 400), extra=[recalled(phase=Phase.CLEARED)], rule={"recheck_s": 0})

    assert story(decided) == [("old-front-3", 5, "reopened", "present")]


def test_of_several_cases_of_the_last_run_the_last_goes_on():
    older = recalled(case="old-front-2", phase=Phase.CLEARED, recorded_at=-1_500 * S)

    decided = a_day(("", 200), extra=[recalled(), older])

    assert story(decided) == [("old-front-3", 5, "cleared", "absent")]


def test_a_case_that_is_recalled_twice_goes_on_once():
    again = recalled(at=150 * S, revision=2)

    decided = a_day(("", 200), ("stall", 900), extra=[recalled(), again], rule={"recheck_s": 0})

    assert [(revision, phase) for _, revision, phase, _ in story(decided)] == [
        (5, "cleared"),
        (6, "reopened"),
    ]


def test_a_camera_whose_sub_stream_is_down_is_down_and_not_silent():
    site = Site(street_settings(coverage_s=60))
    gone = ev.DeviceChanged(30 * S, "camera/cam1/sub", "down")
    main = [ev.DeviceChanged(at * S, "camera/cam1", state) for at, state in ((35, "down"), (40, "up"))]
    back = ev.DeviceChanged(80 * S, "camera/cam1/sub", "up")

    decided = live(site, [*start(), *scenes(("", 30)), gone, *main, back, *scenes(("", 60), start_s=82)])

    views = [(s.at / S, s.state, s.detail) for s in of(Status, decided) if s.part == "view/cam1"]
    assert views == [(0, "ok", "the view can be judged"), (30, "blind", "camera_down"), *views[2:]]
    assert views[2][1] == "ok"
    first, second = of(SealCoverage, decided)[:2]
    assert first.parts[0].blind == (("camera_down", 30_000),)
    assert second.parts[0].blind == (("camera_down", 20_000), ("silent", 2_000))


def test_pictures_that_take_long_to_be_looked_at_are_no_silence():
    slow = [replace(event, at=event.at + 40 * S) for event in scenes(("", 120))]

    decided = live(Site(street_settings()), [*start(), *slow])

    silent = [f.at // S for f in of(Fault, decided) if f.detail == "silent"]
    assert silent == [15]  # until the first came


def test_a_recheck_that_was_due_while_the_daemon_was_away_is_made_and_one_that_was_made_is_not():
    due = recalled(confirmed_at=-2_000 * S, recorded_at=-2_000 * S)
    waited = recalled(confirmed_at=-2_000 * S, recorded_at=-10 * S, phase=Phase.ONGOING)
    made = recalled(confirmed_at=-2_000 * S, recorded_at=-2_000 * S, rechecked=True)

    for not_made in (due, waited):
        assert [phase for _, _, phase, _ in story(a_day(("", 100), extra=[not_made]))] == ["recheck"]
    assert story(a_day(("", 100), extra=[made])) == []


def test_a_case_recalled_when_nobody_knew_the_time_has_its_recheck_a_whole_wait_after_the_start():
    timeless = recalled(confirmed_at=None, first_seen_at=None, recorded_at=1 * S)

    [recheck, _] = seals(a_day(("stall", 1_900), extra=[timeless]))

    assert recheck.report.judged_at == 901 * S
    assert recheck.report.confirmed_at is None


@pytest.mark.parametrize(
    ("event", "source"),
    [
        (a_scene(1, camera="elsewhere"), "camera/elsewhere"),
        (ev.TierSet(1, "nobody", "red"), "shop/nobody"),
        (ev.TierSet(1, "a", "blue"), "shop/a"),
        (ev.InspectionOrdered(1, "o", "nowhere", 1, 2), "zone/nowhere"),
        (ev.NoticeGiven(1, "case-9"), "case/case-9"),
        (recalled(zone="nowhere"), "zone/nowhere"),
        (recalled(event_type="other"), "zone/front"),
        (recalled(shop="whoever_was_there_before"), "zone/front"),
    ],
)
def test_what_is_not_configured_is_named_and_not_used(event, source):
    site = Site(street_settings())

    faults = of(Fault, [d for one in [*start(), event] for d in site.step(one)])

    assert (FaultKind.UNKNOWN_SOURCE, source) in {(fault.kind, fault.source) for fault in faults}


def test_pictures_that_come_late_or_out_of_order_are_not_looked_at():
    stream = scenes(("", 60), ("stall", 400), ("", 300))
    late = [replace(a_scene(30, "stall"), at=event.at + 1) for event in stream[200:]]

    assert story(live(Site(street_settings()), [*start(), *stream, *late])) == story(a_day(*GOODS))


def test_a_stamp_from_the_future_does_not_blind_the_camera():
    wrong = replace(a_scene(60), captured_at=10**6 * S)

    decided = a_day(*GOODS, extra=[wrong])

    assert [phase for _, _, phase, _ in story(decided)] == ["confirmed", "cleared"]


def test_two_zones_of_one_camera_are_two_cases_and_the_camera_takes_the_smaller_period():
    beside = {"rule": "shopfront", "polygon": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.3], [0.1, 0.3]]}
    cameras = {"cam1": {"zones": {"front": ZONE, "beside": {**beside, "shop": "b"}}}}
    chosen = street_settings(cameras=cameras, shops={"a": {}, "b": {"tier": "red"}})

    decided = live(Site(chosen), [*start(), *scenes(*GOODS)])

    assert [case for case, *_ in story(decided)] == ["boot-front-1", "boot-front-1"]
    assert {watch.period_ms for watch in of(Watch, decided)} == {1_000}


def test_a_stall_on_the_slanting_border_of_two_shops_is_the_case_of_the_one_on_whose_ground_its_foot_is():
    left = {**ZONE, "polygon": [[0.1, 0.5], [0.5, 0.5], [0.3, 0.95], [0.1, 0.95]]}
    right = {**ZONE, "shop": "b", "polygon": [[0.5, 0.5], [0.9, 0.5], [0.9, 0.95], [0.3, 0.95]]}
    box = (416, 330, 536, 580)  # its foot on the right, more than half of its lower third on the left
    stall = ev.Detection("stall", "evidence", 900, *box)
    stream = [
        replace(look, detections=(stall,), still=(replace(look.still[0], x_min=416, x_max=536, y_min=330),))
        for look in scenes(("stall", 350))
    ]
    site = Site(
        street_settings(shops={"a": {}, "b": {}}, cameras={"cam1": {"zones": {"left": left, "right": right}}})
    )

    assert {seal.report.zone for seal in seals(live(site, [*start(), *stream]))} == {"right"}


def test_a_zone_named_like_a_lane_is_refused():
    lanes = {"front": {"port": "wim", "scale": {"calibration": {"id": "t"}}, "limits": {}}}
    chosen = street_settings().model_dump()
    chosen |= {"lanes": lanes, "ports": {"wim": {"protocol": {"kind": "wim_json", "lanes": {"1": "front"}}}}}

    with pytest.raises(ValidationError, match=r"street zone 'front': a lane has this name"):
        type(street_settings()).model_validate(chosen)


def test_the_same_events_give_the_same_decisions():
    assert a_day(*GOODS) == a_day(*GOODS)


def test_a_restarted_box_begins_anew_whatever_its_clock_says():
    site = Site(street_settings())
    a_day(*GOODS, site=site)

    assert a_day(*GOODS, site=site) == a_day(*GOODS)


def test_another_run_of_the_daemon_does_not_vouch_for_the_time_between():
    stream = [*start(), *scenes(("", 600)), *start(8 * 3_600), *scenes(("", 3_700), start_s=8 * 3_600)]

    site = Site(street_settings())
    [hour] = of(SealCoverage, [d for event in stream for d in site.step(event)])

    assert hour.start == 8 * 3_600 * S


def test_everything_in_order_supports_enforcement():
    legal = {
        "use_class": "enforcement",
        "approval_number": "A",
        "published_location": "P",
        "sign_id": "S",
        "enforcement_from": "2026-01-01",
    }
    chosen = street_settings(rule={"legal_basis": "as confirmed", "recheck_s": 0}).model_dump()
    site = Site(type(street_settings()).model_validate(chosen | {"legal": legal}))

    for seal in seals(live(site, [*start(), *scenes(*GOODS)])):
        assert (seal.use_class, seal.reasons) == (UseClass.ENFORCEMENT, ())


NS = st.integers(0, 4_000 * S)
NAME = st.sampled_from(["cam1", "front", "a", "boot-front-1", "old", ""])
VIEWS = st.builds(
    View,
    st.sampled_from(["", "r" * 64]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 1000),
    st.integers(0, 50_000),
    st.booleans(),
    st.integers(0, 60_000),
)
NOISE = st.one_of(
    st.builds(ev.Started, NS, NAME, NAME, NAME),
    st.builds(ev.ClockStatus, NS, NS, st.sampled_from(ev.ClockSource), st.booleans(), NS, st.none() | NS),
    st.builds(ev.DeviceChanged, NS, st.just("camera/cam1") | NAME, st.sampled_from(["up", "down", "?"])),
    st.builds(
        ev.SceneSeen, NS, NAME, NS, st.just(0), st.just(()), st.just(()), VIEWS, st.sampled_from(["", "m"])
    ),
    st.builds(ev.Captured, NS, NAME | st.just("boot-front-p1"), NAME, st.just(()), st.just(())),
    st.builds(ev.TierSet, NS, NAME, st.sampled_from(["red", "green", "?"])),
    st.builds(ev.InspectionOrdered, NS, NAME, NAME, NS, NS),
    st.builds(ev.NoticeGiven, NS, NAME, NAME),
    st.builds(ev.OrderAnswered, NS, NAME | st.just("d"), NAME),
    st.builds(
        ev.CaseRecalled,
        NS,
        NAME,
        st.integers(0, 5),
        NAME,
        st.just("shop_overflow"),
        st.sampled_from(Phase),
        st.integers(-(10**13), 10**13),
        st.none() | st.integers(-(10**13), 10**13),
        st.none() | NS,
        st.sampled_from(Finding),
    ),
    st.builds(ev.Tick, NS),
    st.builds(ev.Stopped, NS),
)
REAL = [*start(), *scenes(("", 30), ("stall", 330), ("", 150), period_s=3)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(noise=st.lists(st.tuples(st.integers(0, len(REAL)), NOISE), max_size=25), answered=st.booleans())
def test_no_sequence_of_events_ever_raises_and_revisions_count_up(noise, answered):
    stream = list(REAL)
    for place, event in noise:
        stream.insert(place, event)
    site = Site(
        street_settings(inspections=[{"order": "d", "zone": "front", "date": "2026-06-15", "time": "12:01"}])
    )
    revisions = {}

    for event in stream:
        if isinstance(event, ev.Started | ev.CaseRecalled):
            revisions.clear()
        decided = list(site.step(event))
        for decision in decided:  # grows while it is walked
            if isinstance(decision, SealStreet):
                assert decision.revision == revisions.get(decision.case, decision.revision - 1) + 1
                revisions[decision.case] = decision.revision
            if isinstance(decision, TakePictures) and answered:
                decided += site.step(photograph(decision, event.at))
        assert site.deadline is None or site.deadline > -(10**14)


def test_what_the_street_waits_for_is_not_in_the_past_once_it_was_ticked():
    site = Site(street_settings())
    for event in [*start(), *scenes(("", 60), ("stall", 400))]:
        site.step(event)
        for _ in range(3):
            if site.deadline is not None and site.deadline <= event.at:
                site.step(ev.Tick(event.at))
        assert site.deadline > event.at


def test_a_minute_of_pictures_is_judged_in_little_time_and_memory_does_not_grow_with_days():
    site = Site(street_settings())
    site.step(start()[0])
    for day in range(30):
        site.step(a_clock(day * 86_400))
        for event in scenes(("", 10), ("stall", 40), ("", 10), start_s=day * 86_400, period_s=2):
            for decision in site.step(event):
                if isinstance(decision, TakePictures):
                    site.step(photograph(decision, event.at + 100 * MS))

    street = site._street
    assert len(street._requests._asked) <= 2
    assert street._filing._waiting == []
