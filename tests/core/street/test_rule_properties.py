"""Whatever is seen and however often: nobody becomes a case without having been seen to stay."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.scene import Finding, Phase
from edge_agent.core.street.rule import OPEN, Step
from edge_agent.core.street.sight import MAX_STRETCHES
from edge_agent.core.units import MS, Ns, S
from tests.storefront import ALWAYS, NEVER, a_look, a_zone_rule, follow, looks, marks

RULE = {
    "stay_s": 60,
    "candidate_s": 10,
    "gap_s": 8,
    "clear_s": 20,
    "cooldown_s": 60,
    "unloading_grace_s": 30,
    "ongoing_every_s": 60,
}
STAY = RULE["stay_s"] * S


@st.composite
def days(draw, kinds="PPPPAAS?", longest_ms=6_000):
    """Stretches of looks at irregular times: mostly goods that come and go, people, blindness."""
    at, out = 0, []
    for kind, count in draw(
        st.lists(st.tuples(st.sampled_from(kinds), st.integers(1, 40)), min_size=1, max_size=12)
    ):
        steps = draw(st.lists(st.integers(200, longest_ms), min_size=count, max_size=count))
        unloading = kind == "P" and draw(st.booleans())
        for step in steps:
            at += step
            out.append(replace(a_look(0, kind, unloading=unloading), at=Ns(at * MS)))
    return out


def observed(samples):
    """Time between looks with goods, no further apart than the gap: all that may ever count."""
    present = [s.at for s in samples if s.finding is Finding.PRESENT]
    return sum(b - a for a, b in pairwise(present) if b - a <= RULE["gap_s"] * S)


def known(rule):
    return rule.step, rule.stay and rule.stay.dwell, rule.sight.absence, rule.sight.presence


def first_case(samples):
    cases = [at for at, move in follow(a_zone_rule(**RULE), samples) if move.phase is Phase.CONFIRMED]
    return cases[0] if cases else None


@given(days())
def test_nobody_is_confirmed_without_an_observed_presence_as_long_as_the_stay(samples):
    rule = a_zone_rule(**RULE)
    for number, sample in enumerate(samples):
        for move in rule.look(sample, ALWAYS, 1000):
            if move.phase in (Phase.CONFIRMED, Phase.REOPENED):
                assert sample.finding is Finding.PRESENT
                assert STAY <= move.stay.dwell <= observed(samples[: number + 1])
                assert move.stay.dwell <= sample.at - move.stay.first_at


@given(days(), st.lists(st.booleans(), min_size=480, max_size=480))
def test_nothing_counts_while_the_rule_does_not_hold(samples, holds):
    rule = a_zone_rule(**RULE)
    in_force = []
    for sample, held in zip(samples, holds, strict=False):
        in_force += [sample] if held else []
        for move in rule.look(sample, ALWAYS if held else NEVER, 1000):
            if move.phase in (Phase.CONFIRMED, Phase.REOPENED, Phase.ONGOING):
                assert held
            if move.stay is not None:
                assert move.stay.dwell <= observed(in_force)


@given(days())
def test_a_look_that_could_not_see_moves_nothing(samples):
    rule = a_zone_rule(**RULE)
    for sample in samples:
        before = known(rule)
        moves = rule.look(sample, ALWAYS, 1000)
        if sample.finding is Finding.UNSEEN:
            assert moves == ()
            assert known(rule) == before


@given(days(), st.integers(-(10**7), 10**9))
def test_it_does_not_matter_when_a_day_begins(samples, offset_ms):
    shifted = [replace(s, at=Ns(s.at + offset_ms * MS)) for s in samples]

    original = [(at, m.mark) for at, m in follow(a_zone_rule(**RULE), samples)]
    moved = [(at, m.mark) for at, m in follow(a_zone_rule(**RULE), shifted)]

    assert [(round((at - offset_ms / 1000) * 1000), mark) for at, mark in moved] == [
        (round(at * 1000), mark) for at, mark in original
    ]


@given(days(), st.integers(0, 480), st.integers(1, 300))
def test_a_time_without_sight_never_makes_a_case_earlier(samples, place, blind_s):
    place = min(place, len(samples))
    start = samples[place - 1].at if place else Ns(0)
    dark = [replace(a_look(0, "?"), at=Ns(start + k * S)) for k in range(1, blind_s + 1)]
    later = [replace(s, at=Ns(s.at + blind_s * S)) for s in samples[place:]]

    plain, blinded = first_case(samples), first_case([*samples[:place], *dark, *later])

    if blinded is not None:
        assert plain is not None
        assert blinded >= plain


@given(days(), st.data())
def test_goods_that_were_not_seen_never_make_a_case_earlier(samples, data):
    hidden = [
        replace(s, finding=Finding.UNSEEN)
        if s.finding is Finding.PRESENT and data.draw(st.booleans(), label="hidden")
        else s
        for s in samples
    ]

    plain, fewer = first_case(samples), first_case(hidden)

    if fewer is not None:
        assert plain is not None
        assert fewer >= plain


@given(
    st.lists(st.tuples(st.sampled_from("PA"), st.integers(5, 60)), min_size=1, max_size=8),
    st.sampled_from([2, 5, 10]),
)
def test_looking_more_often_changes_the_dwell_by_no_more_than_a_period_a_stretch(stretches, finer):
    coarse, fine = a_zone_rule(**RULE), a_zone_rule(**RULE)
    follow(coarse, looks(*stretches))
    follow(fine, looks(*stretches, period_s=1 / finer))

    if coarse.stay is not None and fine.stay is not None and coarse.stay.first_at == fine.stay.first_at:
        assert abs(coarse.stay.dwell - fine.stay.dwell) <= len(stretches) * S


@given(days())
def test_the_same_looks_take_the_same_steps(samples):
    assert follow(a_zone_rule(**RULE), samples) == follow(a_zone_rule(**RULE), samples)


@given(days())
def test_a_case_ends_only_after_an_absence_that_was_observed(samples):
    rule = a_zone_rule(**RULE)
    for number, sample in enumerate(samples):
        for move in rule.look(sample, ALWAYS, 1000):
            if move.phase is Phase.CLEARED:
                since = [s for s in samples[: number + 1] if s.at > sample.at - RULE["clear_s"] * S]
                assert {s.finding for s in since} <= {Finding.ABSENT, Finding.UNSEEN}
                assert sample.finding is Finding.ABSENT


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_memory_is_bounded_however_long_and_wild_the_day(seed):
    rule = a_zone_rule(**RULE | {"candidate_s": 3600, "stay_s": 7200})
    for number in range(3_000):
        kind = "PASP?"[(seed >> (number % 29)) * (number + 7) % 5]
        rule.look(replace(a_look(0, kind), at=Ns(number * 200 * MS)), ALWAYS, 1000)

    assert len(rule.sight._stretches) <= MAX_STRETCHES


def test_goods_that_are_added_piece_by_piece_are_one_case():
    pieces = [replace(s, share=min(1000, 10 * (s.at // (60 * S)))) for s in looks(("P", 3_000))]

    steps = follow(a_zone_rule(), pieces)

    assert [str(m.mark) for _, m in steps] == ["lingered", "stayed", "repeated"]


def test_while_a_case_is_open_the_rule_is_in_one_of_the_open_states():
    rule = a_zone_rule(**RULE)
    for sample in looks(("P", 70), ("A", 10), ("S", 50), ("?", 500), ("A", 10)):
        rule.look(sample, ALWAYS, 1000)
        assert (rule.step in OPEN) == (sample.at >= STAY)
    assert rule.step is Step.CONFIRMED
    assert marks(follow(rule, looks(("A", 20), start_s=640)))[-1][1] == "gone"
