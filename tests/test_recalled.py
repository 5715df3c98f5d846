"""A case of an earlier run, on a clock that is another one now."""

from edge_agent.beginning import recalled as in_this_run
from edge_agent.core.scene import Phase
from edge_agent.core.units import S
from edge_agent.evidence.open_cases import OpenCase

NOW = 100 * S
UTC = 1_790_000_000 * S
RECORDED_US = (UTC + NOW - 3600 * S) // 1000  # an hour ago
DAY = 86_400 * S

CASE = OpenCase(
    case="boot-front-1",
    revision=1,
    camera="cam1",
    zone="front",
    shop="a",
    event_type="shop_overflow",
    phase=Phase.ONGOING,
    recorded_utc_us=RECORDED_US,
    confirmed_utc_us=RECORDED_US - 600_000_000,
    first_seen_utc_us=RECORDED_US - 900_000_000,
    rechecked=False,
)


def test_on_a_good_clock_its_times_are_what_they_were():
    recalled = in_this_run(CASE, NOW, UTC)

    assert recalled.recorded_at == NOW - 3600 * S
    assert recalled.confirmed_at == recalled.recorded_at - 600 * S
    assert recalled.first_seen_at == recalled.recorded_at - 900 * S


def test_on_a_clock_that_stands_before_its_last_record_it_has_no_times():
    recalled = in_this_run(CASE, NOW, UTC - DAY)

    assert (recalled.recorded_at, recalled.confirmed_at, recalled.first_seen_at) == (NOW, None, None)


def test_on_a_clock_that_nobody_knows_it_has_none_either():
    recalled = in_this_run(CASE, NOW, None)

    assert (recalled.recorded_at, recalled.confirmed_at, recalled.first_seen_at) == (NOW, None, None)
