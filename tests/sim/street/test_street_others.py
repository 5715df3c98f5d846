"""Streets that are not about shops show what their rule looks for, in their zone, nothing else of it."""

from __future__ import annotations

import pytest

from edge_agent.core.units import S
from edge_agent.sim.street import ShopZone, StreetDay
from edge_agent.sim.street.others import bins_day, muck_truck_day, site_gate_day


@pytest.mark.parametrize(
    ("made", "label"),
    [
        (muck_truck_day(covered=False), "muck_truck_open"),
        (muck_truck_day(covered=True), "muck_truck_covered"),
        (site_gate_day(), "muck_truck_open"),
        (bins_day(), "rubbish_bag"),
    ],
)
def test_what_the_rule_looks_for_stands_in_its_zone_for_half_the_time(
    made: tuple[StreetDay, ShopZone], label: str
):
    day, zone = made
    stood = [s for s in day.standing(zone) if s.label == label]
    assert stood
    assert all(s.share_permille >= 500 for s in stood)
    assert max(s.until_ns - s.from_ns for s in stood) >= day.length_ns // 2
    [box, *_] = [b for _, b in day.true_boxes(30 * S) if b.label == label]
    assert box.visible_permille > 600
    assert box.inside_permille > 900
    assert not [b for _, b in day.true_boxes(S) if b.label == label]
