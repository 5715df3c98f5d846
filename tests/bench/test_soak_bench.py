"""A few simulated hours with everything that `bench soak` does to a box in a week."""

import pytest

from edge_agent.bench import soak
from edge_agent.bench.soak_site import HOUR, Time, Week
from edge_agent.bench.torture.run import missing
from edge_agent.core.events import PlateSeen, SerialBytes
from edge_agent.core.units import Ns

GOOD = {
    "came_to_rest": True, "lost": 0, "bad": 0, "refused": 0, "lost_for_room": 0, "rss_slope_mb": 1.0,
    "pictures_growth": 1.0, "journal_mb_max": 8.0,
}  # fmt: skip


def test_the_same_hour_is_the_same_whoever_asks_and_wherever_he_begins():
    def told(begun):
        week = Week(100, 1, Time(Ns(begun)), lambda data: data[:8].hex(), lambda event: event.at < HOUR)
        return [e for e in week.events(lambda: None) if isinstance(e, SerialBytes | PlateSeen)]

    whole = told(0)
    assert len(whole) > 100
    assert told(HOUR // 2) == [event for event in whole if event.at > HOUR // 2]


def test_a_stepped_clock_moves_utc_alone():
    clock = Time(Ns(0), ((2, 90_000_000_000), (3, 0)))
    utc = []
    for hour in range(4):
        clock.now = Ns(hour * HOUR)
        utc.append(clock.utc_us() - hour * HOUR // 1_000)
    assert [u - utc[0] for u in utc] == [0, 0, 90_000_000, 0]


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("lost", 1), ("bad", 1), ("refused", 1), ("lost_for_room", 1), ("came_to_rest", False),
        ("rss_slope_mb", 3.5), ("pictures_growth", 1.3), ("journal_mb_max", 17.0),
    ],
)  # fmt: skip
def test_a_week_is_good_only_if_all_of_it_is(what, value):
    assert soak.good(GOOD) == []
    assert len(soak.good({**GOOD, what: value})) == 1


def test_a_short_one_says_nothing_of_growth():
    assert soak.good({**GOOD, "rss_slope_mb": None, "pictures_growth": None}) == []


@pytest.mark.slow
@pytest.mark.skipif(bool(missing(("mosquitto",))), reason="mosquitto is not installed")
def test_nothing_is_lost_over_outages_kills_and_stepped_clocks():
    result = soak.run(soak.Plan(crossings=2_000, days=0.6))
    assert soak.good(result) == [], soak.text(result)
    assert result["crossings"] > 1_500
    assert result["cases"] > 100
    assert result["done"]["box killed"] == soak.KILLS
    assert result["done"]["broker away"] == result["done"]["broker back"] == len(soak.OUTAGES)
    assert result["rows"][-1]["journal_mb"] > 0
