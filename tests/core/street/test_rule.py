"""Goods become a case when they were seen to stay, and a case ends when they were seen to be gone."""

from dataclasses import replace

import pytest

from edge_agent.core.scene import Phase, ZoneState
from edge_agent.core.street.hours import InForce
from edge_agent.core.street.rule import NEXT, RECORD, TOLD, Mark, Step
from edge_agent.core.units import S
from tests.storefront import ALWAYS, NEVER, a_look, a_zone_rule, an_item, follow, looks, marks


def test_goods_that_stay_become_a_candidate_then_a_case_and_the_case_ends_when_they_are_gone():
    steps = follow(a_zone_rule(), looks(("A", 10), ("P", 400), ("A", 200)))

    assert marks(steps) == [(70, "lingered"), (310, "stayed"), (530, "gone")]
    assert [move.phase for _, move in steps] == [None, Phase.CONFIRMED, Phase.CLEARED]
    assert steps[1][1].stay.dwell >= 300 * S


def test_goods_that_are_taken_in_before_the_stay_is_reached_leave_no_case():
    steps = follow(a_zone_rule(), looks(("P", 250), ("A", 100)))

    assert marks(steps) == [(60, "lingered"), (281, "left")]


def test_goods_back_within_the_cooldown_reopen_the_case_after_another_full_stay():
    steps = follow(a_zone_rule(), looks(("P", 320), ("A", 300), ("P", 320), ("A", 150)))

    assert [move.phase for _, move in steps if move.phase] == [
        Phase.CONFIRMED,
        Phase.CLEARED,
        Phase.REOPENED,
        Phase.CLEARED,
    ]
    assert {str(m.phase): at for at, m in steps}["reopened"] == 620 + 300


def test_goods_back_after_the_cooldown_are_a_new_case():
    rule = a_zone_rule(cooldown_s=600)

    steps = follow(rule, looks(("P", 320), ("A", 800), ("P", 320)))

    assert [move.phase for _, move in steps if move.phase] == [
        Phase.CONFIRMED,
        Phase.CLEARED,
        Phase.CONFIRMED,
    ]


def test_a_stay_that_begins_within_the_cooldown_reopens_the_case_though_it_ends_after_it():
    rule = a_zone_rule(cooldown_s=400)

    steps = follow(rule, looks(("P", 320), ("A", 500), ("P", 320)))

    assert [move.phase for _, move in steps if move.phase][-1] is Phase.REOPENED


def test_what_stays_out_is_told_again_at_intervals_and_not_for_ever():
    rule = a_zone_rule(ongoing_every_s=60, ongoing_max=3)

    steps = follow(rule, looks(("P", 900)))

    ongoing = [at for at, move in steps if move.phase is Phase.ONGOING]
    assert ongoing == [360, 420, 480]
    assert rule.state is ZoneState.ONGOING


def test_a_gap_no_longer_than_tolerated_counts_and_a_longer_one_begins_the_stay_anew():
    short = follow(a_zone_rule(), looks(("P", 200), ("A", 29), ("P", 200)))
    long = follow(a_zone_rule(), looks(("P", 200), ("A", 40), ("P", 290)))

    assert (300, "stayed") in marks(short)
    assert "stayed" not in dict(map(reversed, marks(long)))


def test_goods_that_are_seen_in_too_few_of_the_looks_are_no_candidate():
    half = [a_look(t, "P" if t % 2 else "A") for t in range(900)]
    two_of_three = [a_look(t, "A" if t % 3 == 0 else "P") for t in range(900)]

    assert follow(a_zone_rule(), half) == []
    assert [str(m.mark) for _, m in follow(a_zone_rule(), two_of_three)] == ["lingered", "stayed"]


def test_something_that_no_class_names_is_never_a_case():
    assert follow(a_zone_rule(), looks(("S", 5_000))) == []


def test_goods_that_are_no_longer_recognised_do_not_end_their_case_but_end_an_unconfirmed_stay():
    open_case = follow(a_zone_rule(), looks(("P", 320), ("S", 1_000)))
    unconfirmed = follow(a_zone_rule(), looks(("P", 200), ("S", 60), ("P", 200)))

    assert [str(m.mark) for _, m in open_case] == ["lingered", "stayed"]
    assert [str(m.mark) for _, m in unconfirmed] == ["lingered", "left", "lingered"]


@pytest.mark.parametrize(("left_at", "ends"), [(100, []), (420, ["gone"])])
def test_an_unnamed_thing_keeps_a_case_open_where_its_goods_stood_and_nowhere_else(left_at, ends):
    stall = replace(an_item(0), x_min=100, x_max=220)
    bag = replace(an_item(0, "unknown"), strength="suspect", x_min=left_at, x_max=left_at + 120)
    goods = [replace(one, items=(stall,)) for one in looks(("P", 320))]
    rubbish = [replace(one, items=(bag,)) for one in looks(("S", 400), start_s=320)]

    steps = follow(a_zone_rule(), [*goods, *rubbish])

    assert [str(m.mark) for _, m in steps] == ["lingered", "stayed", *ends]


def test_a_blind_camera_neither_ends_nor_lengthens_a_stay():
    steps = follow(a_zone_rule(), looks(("P", 200), ("?", 600), ("P", 200)))

    assert [str(m.mark) for _, m in steps] == ["lingered", "stayed"]
    # 199 s before the outage, 101 s after it; the outage itself is not counted.
    assert steps[-1][0] == 800 + 101


def test_an_outage_longer_than_the_cooldown_begins_the_stay_anew():
    steps = follow(a_zone_rule(), looks(("P", 200), ("?", 1_900), ("P", 290)))

    assert [str(m.mark) for _, m in steps] == ["lingered", "left", "lingered"]


def test_goods_taken_in_while_the_camera_was_away_leave_no_case():
    rule = a_zone_rule()
    before = list(looks(("P", 290)))
    after = list(looks(("A", 300), start_s=1_000))

    assert [str(m.mark) for _, m in follow(rule, [*before, *after])] == ["lingered", "left"]


def test_a_case_is_not_cleared_by_a_camera_that_sees_nothing():
    rule = a_zone_rule()

    assert marks(follow(rule, looks(("P", 320), ("?", 10_000))))[-1] == (300, "stayed")
    # Absence is counted from the first look that finds nothing, and only while somebody looks.
    again = follow(rule, looks(("A", 60), ("?", 500), ("A", 120), start_s=10_320))
    assert marks(again) == [(10_880 + 61, "gone")]


def test_a_delivery_pauses_the_stay_no_longer_than_its_grace():
    delivered = [replace(s, unloading=100 <= s.at // S < 200) for s in looks(("P", 500))]
    for_ever = [replace(s, unloading=True) for s in looks(("P", 1_400))]

    assert dict(map(reversed, marks(follow(a_zone_rule(), delivered))))["stayed"] == 400
    assert dict(map(reversed, marks(follow(a_zone_rule(), for_ever))))["stayed"] == 1_200


def test_nobody_is_confirmed_while_a_delivery_stands_by():
    rule = a_zone_rule()
    samples = [replace(s, unloading=s.at // S >= 300) for s in looks(("P", 600))]

    assert "stayed" not in dict(map(reversed, marks(follow(rule, samples))))


def test_only_time_in_which_the_rule_holds_counts():
    rule = a_zone_rule()

    early = follow(rule, looks(("P", 600)), NEVER)
    steps = follow(rule, looks(("P", 400), start_s=600))

    assert early == []
    assert marks(steps) == [(660, "lingered"), (900, "stayed")]
    assert steps[-1][1].stay.first_at == 600 * S


def test_a_short_time_in_which_the_rule_does_not_hold_is_not_bridged_like_a_gap():
    rule = a_zone_rule()
    follow(rule, looks(("P", 100)))
    follow(rule, looks(("P", 10), start_s=100), NEVER)
    follow(rule, looks(("P", 100), start_s=110))

    assert rule.stay.dwell == (99 + 99) * S


@pytest.mark.parametrize("now", [a_look(400, "A"), a_look(400, unloading=True)])
def test_a_stay_that_is_shortened_while_nothing_counts_is_reached_at_the_next_look_that_does(now):
    rule = a_zone_rule()
    follow(rule, looks(("P", 400)), tier=2000)

    assert rule.look(now, ALWAYS, 600) == ()
    [move] = rule.look(a_look(401), ALWAYS, 600)
    assert move.phase is Phase.CONFIRMED


def test_a_window_may_ask_for_a_longer_stay():
    lunch = InForce(holds=True, detail="", window="11:30-13:00", stay_s=600)

    assert (600, "stayed") in marks(follow(a_zone_rule(), looks(("P", 700)), lunch))


@pytest.mark.parametrize(("tier", "second"), [(600, 180), (1000, 300), (2000, 600)])
def test_a_shop_s_tier_sets_its_stay(tier, second):
    assert (second, "stayed") in marks(follow(a_zone_rule(), looks(("P", 700)), ALWAYS, tier))


def test_a_stay_is_never_shorter_than_a_candidate_s():
    rule = a_zone_rule(stay_s=60)

    assert marks(follow(rule, looks(("P", 100)), ALWAYS, 600)) == [(60, "lingered"), (60, "stayed")]


def test_low_light_asks_for_a_longer_stay_and_one_bright_look_does_not_shorten_it():
    dark = [replace(s, low_light=True) for s in looks(("P", 700))]
    flicker = [replace(s, low_light=s.at // S % 20 != 0) for s in looks(("P", 700))]

    assert (600, "stayed") in marks(follow(a_zone_rule(), dark))
    assert (600, "stayed") in marks(follow(a_zone_rule(), flicker))


def test_a_stay_that_was_mostly_observed_in_the_dark_is_not_halved_by_a_lamp():
    dark = [replace(one, low_light=True) for one in looks(("P", 270))]

    steps = follow(a_zone_rule(), [*dark, *looks(("P", 400), start_s=270)])

    assert {mark: at for at, mark in marks(steps)}["stayed"] == 538  # half of it in the light


def test_goods_count_from_the_first_picture_in_which_they_stood():
    settling = looks(("A", 5), start_s=95)
    samples = [replace(s, items=(an_item(95),)) for s in looks(("P", 400), start_s=100)]

    steps = follow(a_zone_rule(), [*settling, *samples])

    assert (395, "stayed") in marks(steps)
    assert steps[-1][1].stay.first_at == 95 * S


def test_old_furniture_that_becomes_evidence_by_something_new_counts_from_the_new():
    alone = looks(("A", 100))  # one weak thing is not enough
    both = [replace(s, items=(an_item(0), an_item(98))) for s in looks(("P", 400), start_s=100)]

    assert follow(a_zone_rule(), [*alone, *both])[-1][1].stay.first_at == 98 * S


def test_goods_put_out_before_the_hours_count_from_the_hours_though_they_were_seen_before():
    rule = a_zone_rule()
    follow(rule, looks(("A", 60)), NEVER)
    samples = [replace(s, items=(an_item(55),)) for s in looks(("P", 320), start_s=60)]

    assert follow(rule, samples)[-1][1].stay.first_at == 60 * S


@pytest.mark.parametrize("period_s", [0.2, 0.5, 1, 2, 5])
def test_how_often_somebody_looks_hardly_changes_when_goods_become_a_case(period_s):
    rule = a_zone_rule()
    steps = follow(rule, looks(("A", 60), ("P", 400), ("A", 200), period_s=period_s))

    when = dict(map(reversed, marks(steps)))
    assert abs(when["stayed"] - 360) <= period_s
    assert abs(when["gone"] - 580) <= period_s


def test_a_recalled_case_goes_on_when_goods_are_there_and_ends_when_they_are_not():
    there, gone = a_zone_rule(), a_zone_rule()
    for rule in (there, gone):
        rule.recall(Phase.CONFIRMED, -1_000 * S)

    assert [str(m.phase) for _, m in follow(there, looks(("P", 900)))] == ["ongoing"]
    assert marks(follow(gone, looks(("A", 900)))) == [(120, "gone")]


def test_a_recalled_case_in_its_cooldown_is_reopened_not_made_again():
    rule = a_zone_rule()
    rule.recall(Phase.CLEARED, -100 * S)

    phases = [m.phase for _, m in follow(rule, looks(("A", 30), ("P", 400))) if m.phase]

    assert phases == [Phase.REOPENED]


def test_every_state_can_be_left_and_every_record_belongs_to_a_step_of_the_table():
    assert set(NEXT) == set(Step) == set(TOLD)
    for step, ways in NEXT.items():
        assert ways, step
    assert {after for ways in NEXT.values() for after in ways.values()} == set(Step)
    assert {mark for ways in NEXT.values() for mark in ways} == set(Mark)
    for step, mark in RECORD:
        assert mark in NEXT[step]
