"""Where a zone stands, as it is told to people who look."""

from edge_agent.core.scene import Finding, ZoneState
from edge_agent.core.site import Site
from edge_agent.core.units import S
from tests.road import a_scenario, decide, site_settings
from tests.storefront import scenes, start, street_settings


def now_after(*stretches):
    """Of the one zone, after so much was seen."""
    site = Site(street_settings(rule={"stay_s": 300, "hours": {"enforce": []}}))
    decide(site, [*start(), *scenes(*stretches)])
    [(name, zone)] = site.zones.items()
    assert (name, zone.camera, zone.shop, zone.rule) == ("front", "cam1", "a", "shopfront")
    return zone


def test_goods_that_stand_for_two_minutes_are_told_with_their_dwell_and_what_the_rule_asks():
    zone = now_after(("", 30), ("stall", 120))
    assert (zone.state, zone.finding) == (ZoneState.CANDIDATE, Finding.PRESENT)
    assert 100 * S <= zone.dwell <= 120 * S
    assert zone.asked == 300 * S
    assert zone.looked_at == 149 * S


def test_clear_ground_has_no_dwell():
    zone = now_after(("", 60))
    assert (zone.state, zone.finding, zone.dwell) == (ZoneState.CLEAR, Finding.ABSENT, 0)


def test_a_case_stays_open_with_its_dwell():
    zone = now_after(("", 10), ("stall", 400))
    assert zone.state is ZoneState.CONFIRMED
    assert zone.dwell >= 300 * S


def test_a_bridge_has_no_zones():
    assert Site(site_settings(a_scenario())).zones == {}
