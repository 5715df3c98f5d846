"""Steps of UTC are told, summed when they do not stop, and never move what was seen before them."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.decisions import Fault, SealTimeStep
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.timekeeper import SETTLE, Timekeeper
from edge_agent.core.units import MS, S

DAY = 86_400 * S
LOOK = 10 * S


def status(at, offset, *, synced=True, source=ClockSource.NTP):
    return ClockStatus(at, offset, source if synced else ClockSource.NONE, synced, 0, 5 * MS)


def steps(decisions):
    return [d for d in decisions if isinstance(d, SealTimeStep)]


def test_a_step_is_told_at_once_with_the_time_before_it():
    keeper = Timekeeper(100)
    assert keeper.report(status(0, 1000 * S)) == ()

    fault, told = keeper.report(status(LOOK, 1000 * S - DAY, synced=False))

    assert isinstance(fault, Fault)
    assert (told.since, told.at, told.step, told.steps) == (0, LOOK, -DAY, 1)


def test_an_unsynced_step_does_not_move_what_is_believed():
    keeper = Timekeeper(100)
    keeper.report(status(0, 1000 * S))
    keeper.report(status(LOOK, 1000 * S + DAY, synced=False))

    assert keeper.clock.utc_minus_mono == 1000 * S
    assert not keeper.clock.synced


def test_a_clock_that_was_never_synced_is_taken_as_it_is():
    keeper = Timekeeper(100)
    keeper.report(status(0, 0, synced=False))
    keeper.report(status(LOOK, 5 * S, synced=False))

    assert keeper.clock.utc_minus_mono == 5 * S


def test_after_a_step_a_source_that_calls_itself_synced_is_not_believed_for_a_while():
    keeper = Timekeeper(100)
    keeper.report(status(0, 0))
    keeper.report(status(LOOK, -S))  # a leap second, say

    assert keeper.clock.utc_minus_mono == -S
    assert not keeper.clock.synced
    keeper.report(status(LOOK + SETTLE - 1, -S))
    assert not keeper.clock.synced
    keeper.report(status(LOOK + SETTLE, -S))
    assert keeper.clock.synced


def test_small_jumps_add_up_to_a_step():
    keeper = Timekeeper(100)
    told = [steps(keeper.report(status(n * LOOK, n * 40 * MS))) for n in range(4)]

    assert [len(t) for t in told] == [0, 0, 0, 1]
    assert told[3][0].step == 120 * MS


def test_a_clock_that_only_trembles_is_never_told():
    keeper = Timekeeper(100)

    assert not any(keeper.report(status(n * LOOK, (n % 2) * 90 * MS)) for n in range(10_000))


def test_a_jittering_clock_cannot_fill_the_chain():
    keeper = Timekeeper(100)
    day = [steps(keeper.report(status(n * LOOK, (n % 2) * 3 * S))) for n in range(8640)]
    told = [step for some in day for step in some]
    told += keeper.close(8640 * LOOK)

    assert 5 < len(told) < 40
    assert sum(t.steps for t in told) == 8639
    assert sum(t.step for t in told) == 3 * S


@given(st.lists(st.integers(-2 * DAY, 2 * DAY), min_size=1, max_size=200))
def test_all_records_together_are_where_the_clock_went(offsets):
    keeper = Timekeeper(100)
    told = [s for n, offset in enumerate(offsets) for s in steps(keeper.report(status(n * LOOK, offset)))]
    told += keeper.close(len(offsets) * LOOK)

    assert abs(sum(t.step for t in told) - (offsets[-1] - offsets[0])) < 100 * MS
    assert all(t.since < t.at for t in told)
