"""What was watched and what was blind adds up to the time that passed, one record an hour."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.coverage import MAX_REASONS, Coverage
from edge_agent.core.decisions import SealCoverage
from edge_agent.core.events import SerialBytes, Started, Tick
from edge_agent.core.scene import Watched
from edge_agent.core.site import Site
from edge_agent.core.units import MS, S
from edge_agent.sim.events import events
from tests.road import a_scenario, site_settings
from tests.storefront import a_clock

HOUR = 3_600 * S
ON_THE_HOUR = a_clock(0)  # noon
HALF_PAST = a_clock(0, a_clock(0).utc_minus_mono + 1_800 * S)


def a_ledger(*parts, reason=""):
    return Coverage(parts or ("zone/a",), 3_600, 0, reason)


def test_time_goes_to_the_reason_that_held():
    ledger = a_ledger()
    ledger.note("zone/a", 1_000 * S, "unfit:dark")
    ledger.note("zone/a", 1_600 * S, "")

    [record] = ledger.advance(HOUR, ON_THE_HOUR)

    assert (record.start, record.end) == (0, HOUR)
    assert record.parts == (Watched("zone/a", 3_000_000, (("unfit:dark", 600_000),)),)


def test_what_turns_out_not_to_have_held_since_the_last_word_is_not_watched():
    ledger = a_ledger()
    ledger.note("zone/a", 1_000 * S, "")
    ledger.lapse("zone/a", 1_015 * S, "silent")
    ledger.note("zone/a", 1_100 * S, "")

    [record] = ledger.advance(HOUR, ON_THE_HOUR)

    assert record.parts[0].blind == (("silent", 100_000),)


def test_the_first_hour_is_short_and_ends_on_the_hour_of_utc():
    ledger = a_ledger()

    assert ledger.deadline(HALF_PAST) == 1_800 * S
    assert ledger.advance(1_799 * S, HALF_PAST) == ()
    [record] = ledger.advance(1_801 * S, HALF_PAST)
    assert (record.start, record.end, record.parts[0].watched_ms) == (0, 1_800 * S, 1_800_000)
    assert ledger.deadline(HALF_PAST) == 1_800 * S + HOUR


def test_while_utc_is_unknown_the_box_s_own_hours_serve():
    [record] = a_ledger().advance(HOUR, None)

    assert (record.end, record.clock) == (HOUR, None)


def test_an_hour_is_recorded_once_however_often_it_is_asked():
    ledger = a_ledger()

    records = [r for at in range(0, 3 * 3_600, 7) for r in ledger.advance(at * S, ON_THE_HOUR)]

    assert [record.end // HOUR for record in records] == [1, 2]


def test_hours_that_nobody_ticked_through_are_one_record():
    [record] = a_ledger(reason="starting").advance(10 * HOUR + S, ON_THE_HOUR)

    assert (record.start, record.end) == (0, 10 * HOUR)
    assert record.parts[0].blind == (("starting", 36_000_000),)


def test_a_clock_that_is_set_back_does_not_record_an_hour_twice():
    ledger = a_ledger()
    [first] = ledger.advance(HOUR, ON_THE_HOUR)
    back = a_clock(0, ON_THE_HOUR.utc_minus_mono - 600 * S)

    again = [r for at in range(3_600, 9_000, 60) for r in ledger.advance(at * S, back)]

    ends = [first.end, *(record.end for record in again)]
    assert [(r.start, r.end) for r in again] == list(pairwise(ends))


def test_a_clock_that_becomes_known_ends_no_hour_before_what_is_accounted_already():
    ledger = a_ledger()
    ledger.note("zone/a", 2_000 * S, "dark")

    assert ledger.advance(2_000 * S, HALF_PAST) == ()  # the hour would have ended at 1,800
    assert ledger.deadline(HALF_PAST) == 1_800 * S + HOUR
    [record] = ledger.advance(1_800 * S + HOUR, HALF_PAST)
    assert record.parts[0].watched_ms == 2_000_000


def test_reasons_are_few_whatever_is_said():
    ledger = a_ledger()
    for number in range(200):
        ledger.note("zone/a", (number + 1) * S, f"reason-{number}")

    [record] = ledger.advance(HOUR, ON_THE_HOUR)

    assert len(record.parts[0].blind) <= MAX_REASONS + 1
    assert "other" in dict(record.parts[0].blind)


def test_a_site_without_anything_to_watch_has_no_ledger():
    empty = Coverage((), 3_600, 0, "starting")

    assert empty.deadline(None) is None
    assert empty.advance(10 * HOUR, None) == ()


WORDS = st.lists(
    st.tuples(st.integers(0, 4 * 3_600), st.sampled_from(["", "dark", "silent"]), st.booleans()), max_size=40
)


@given(WORDS)
def test_watched_and_blind_are_all_of_the_time_and_nothing_else(words):
    ledger = a_ledger("zone/a", "zone/b")
    records = []
    for at, reason, lapsed in sorted(words):
        records += ledger.advance(at * S, ON_THE_HOUR)
        (ledger.lapse if lapsed else ledger.note)("zone/a", at * S, reason)
    records += ledger.advance(5 * HOUR, ON_THE_HOUR)

    assert sum(record.end - record.start for record in records) == 5 * HOUR
    for record in records:
        assert (record.end - record.start) % S == 0
        for part in record.parts:
            total = part.watched_ms + sum(ms for _, ms in part.blind)
            assert total == (record.end - record.start) // MS


# -- the lanes of a bridge -------------------------------------------------------------------------


def test_a_lane_is_watched_while_its_instrument_speaks_and_blind_from_its_last_byte_on():
    scenario = a_scenario(duration_s=20)
    site = Site(site_settings(scenario))
    decided = []
    for event in [e for e in events(scenario, 1) if not isinstance(e, Tick)]:
        decided += site.step(event)
    last = max(e.at for e in events(scenario, 1) if isinstance(e, SerialBytes))
    start = next(e.at for e in events(scenario, 1) if isinstance(e, Started))
    while not any(isinstance(d, SealCoverage) for d in decided):
        decided += site.step(Tick(site.deadline))

    [record] = [d for d in decided if isinstance(d, SealCoverage)]
    assert record.start == start
    assert {part.part for part in record.parts} == {f"lane/{lane}" for lane in scenario_lanes(scenario)}
    for part in record.parts:
        blind = dict(part.blind)
        assert 0 < part.watched_ms <= (last - start) // MS
        assert abs(blind["port_silent"] - (record.end - last) // MS) <= 1


def scenario_lanes(scenario):
    return [lane.id for lane in scenario.lanes]
