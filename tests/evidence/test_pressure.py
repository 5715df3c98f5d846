"""What is kept of a case as the store fills up."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.records import Picture, UseClass
from edge_agent.evidence.pressure import RESERVE_BYTES, Step, disk_is_short, kept, room, step

MB = 1_000_000
FREE = 10**12
ROLES = ("full_view_1", "full_view_2", "plate", "clip", "confirmed", "confirmed_marked", "confirmed_shared")


def a_picture(number, role):
    copy = role.endswith(("_marked", "_shared"))
    return Picture(
        role=role,
        sha256=hashlib.sha256(f"{number}".encode()).hexdigest(),
        size=1,
        media_type="image/jpeg",
        width=1,
        height=1,
        captured_at=None,
        parent="ab" * 32 if copy else "",
        masked=role.endswith("_shared"),
    )


pictures = st.lists(st.sampled_from(ROLES), max_size=8).map(
    lambda roles: tuple(a_picture(number, role) for number, role in enumerate(roles))
)
steps = st.sampled_from(Step)
classes = st.sampled_from(UseClass)


def roles(found):
    return [picture.role for picture in found]


def test_the_steps_begin_where_they_are_said_to():
    quota = 1000 * MB
    fills = {
        699: Step.ALL,
        700: Step.NO_MARKED,
        799: Step.NO_MARKED,
        800: Step.NO_CLIPS,
        900: Step.ONE_PICTURE,
        950: Step.NO_LOW_CLASS,
        999: Step.NO_LOW_CLASS,
        1000: Step.FULL,
        1500: Step.FULL,
    }
    assert {share: step(share * MB, quota, FREE) for share in fills} == fills


def test_a_disk_that_others_filled_is_a_smaller_quota():
    free = 100 * MB + RESERVE_BYTES
    assert room(300 * MB, 1000 * MB, free) == 400 * MB
    assert step(300 * MB, 1000 * MB, free) is Step.NO_MARKED
    assert step(0, 1000 * MB, RESERVE_BYTES) is Step.FULL
    assert step(0, 1000 * MB, 0) is Step.FULL


def test_each_step_in_a_case_of_the_street():
    case = tuple(
        a_picture(n, r) for n, r in enumerate(("confirmed", "confirmed_marked", "confirmed_shared", "clip"))
    )
    high = {at: kept(at, UseClass.ENFORCEMENT, case) for at in Step}
    assert roles(high[Step.ALL]) == roles(case)
    assert roles(high[Step.NO_MARKED]) == ["confirmed", "confirmed_shared", "clip"]
    for at in (Step.NO_CLIPS, Step.ONE_PICTURE, Step.NO_LOW_CLASS):
        assert roles(high[at]) == ["confirmed", "confirmed_shared"]
    assert high[Step.FULL] is None
    low = {at: kept(at, UseClass.REFERENCE, case) for at in Step}
    assert roles(low[Step.ONE_PICTURE]) == ["confirmed"]
    assert low[Step.NO_LOW_CLASS] is None


def test_the_one_picture_is_the_plate_else_the_newest_original():
    views = tuple(a_picture(n, r) for n, r in enumerate(("full_view_1", "plate", "full_view_2")))
    assert roles(kept(Step.ONE_PICTURE, UseClass.TEST, views)) == ["plate"]
    assert roles(kept(Step.ONE_PICTURE, UseClass.TEST, views[::2])) == ["full_view_2"]
    assert kept(Step.ONE_PICTURE, UseClass.TEST, ()) == ()


@given(steps, classes, pictures)
def test_what_is_kept_is_of_the_case_in_its_order(at, use_class, case):
    found = kept(at, use_class, case)
    if found is not None:
        places = [case.index(picture) for picture in found]
        assert places == sorted(set(places))


@given(classes, pictures)
def test_a_higher_step_never_keeps_more(use_class, case):
    before = set(case)
    for at in Step:
        found = set(kept(at, use_class, case) or ())
        assert found <= before
        before = found


@given(steps, pictures)
def test_a_low_class_never_keeps_more_than_enforcement_and_loses_no_original_before_it_must(at, case):
    high, low = kept(at, UseClass.ENFORCEMENT, case), kept(at, UseClass.REFERENCE, case)
    assert set(low or ()) <= set(high or ())
    originals = {p for p in case if not p.parent and p.role != "clip"}
    if at < Step.FULL:
        assert originals <= set(high)


@given(st.integers(0, 10**12), st.integers(1, 10**12), st.integers(0, 10**12), st.integers(0, 10**10))
def test_more_held_is_never_less_pressure(held, quota, free, more):
    used = min(more, free)
    assert step(held + used, quota, free - used) >= step(held, quota, free)


def test_a_disk_that_others_fill_is_short_and_a_full_quota_is_not_the_disks_doing():
    mib = 1024 * 1024
    assert not disk_is_short(0, 100 * mib, 500 * mib)
    assert not disk_is_short(95 * mib, 100 * mib, 500 * mib)  # full by itself
    assert not disk_is_short(10 * mib, 100 * mib, 60 * mib)  # narrower than the quota, and enough
    assert disk_is_short(40 * mib, 100 * mib, 30 * mib)
