"""The platform grades shops; the box obeys, counts, and says which grade its counts would mean."""

import pytest

from edge_agent.core.scene import Finding, Phase
from edge_agent.core.street.shops import MAX_COUNTED, Shops
from edge_agent.core.units import S
from tests.storefront import a_report, street_settings

DAY = 86_400 * S


def counted(*records):
    shops = Shops(street_settings().street)
    for record in records:
        shops.count(a_report(**record))
    return dict(shops.counts("a", max((r["judged_at"] for r in records), default=0)))


def confirmed(day):
    return {"phase": Phase.CONFIRMED, "judged_at": day * DAY}


@pytest.mark.parametrize(
    ("records", "tier"),
    [
        ([], "green"),
        ([confirmed(0)], "yellow"),
        ([confirmed(0), confirmed(1)], "yellow"),
        ([confirmed(0), confirmed(1), confirmed(2)], "red"),
        ([confirmed(0), confirmed(6), confirmed(12)], "yellow"),
        ([{"phase": Phase.RECHECK, "judged_at": 0}], "red"),
        ([{"phase": Phase.RECHECK, "finding": Finding.ABSENT, "judged_at": 0}], "green"),
        ([confirmed(0) | {"passable_mm": 1_400}], "red"),
        ([confirmed(0) | {"passable_mm": 1_500}], "yellow"),
    ],
)
def test_counts_of_seven_days_suggest_a_tier(records, tier):
    assert counted(*records)["shop_tier_suggested"] == tier


def test_minutes_are_those_of_the_cases_that_ended():
    cleared = {"phase": Phase.CLEARED, "finding": Finding.ABSENT, "judged_at": 0, "dwell": 1_380 * S}

    assert counted(confirmed(0), cleared, cleared)["shop_minutes_7d"] == "46"


def test_counts_are_bounded_and_nobody_is_counted_for_a_zone_without_a_shop():
    shops = Shops(street_settings().street)
    for _ in range(3 * MAX_COUNTED):
        shops.count(a_report())
        shops.count(a_report(shop=""))

    assert dict(shops.counts("a", 0))["shop_confirmed_7d"] == str(MAX_COUNTED)
    assert shops.counts("", 0) == ()
    assert shops.name("") == ""


def test_an_order_for_a_shop_or_a_tier_that_does_not_exist_changes_nothing():
    shops = Shops(street_settings().street)

    assert shops.set("b", "red") != ""
    assert shops.set("a", "purple") != ""
    assert shops.name("a") == "yellow"
    assert shops.set("a", "red") == ""
    assert (shops.name("a"), shops.tier("a").stay) == ("red", 600)
