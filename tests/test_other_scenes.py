"""Scenes that are not about shops, by configuration alone: examples of `configs/` before drawn streets.

Rendered pictures, the real stationary-object layer and the real core; boxes are the renderer's truth.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import ZoneChanged
from edge_agent.core.units import S
from edge_agent.devices.detector.detector import Detector
from edge_agent.sim.street import Sky, StreetDay
from edge_agent.sim.street.others import bins_day, muck_truck_day, site_gate_day
from tests.drawn import ROOT, Drawn
from tests.storefront import seals

CASE = ["confirmed", "cleared"]
EXAMPLES = {
    "muck-trucks.yaml": ("exit", muck_truck_day(covered=False)),
    "site-gate.yaml": ("gate", site_gate_day()),
    "rubbish.yaml": ("bins", bins_day()),
}


def the_example(name: str) -> SiteConfig:
    return load(ROOT / "configs" / name)


def without(day: StreetDay, *names: str) -> StreetDay:
    """The same day, and these were not there."""
    assert set(names) <= {actor.name for actor in day.actors}
    return replace(day, actors=tuple(actor for actor in day.actors if actor.name not in names))


def phases(decided) -> list[str]:
    return [str(seal.report.phase) for seal in seals(decided)]


def looks_of(decided) -> set[str]:
    """Every way in which the zone was told to look."""
    return {str(change.finding) for change in decided if isinstance(change, ZoneChanged)}


@pytest.fixture
def watch(tmp_path):
    """`watch(example, day, hour, period_s)`: what the box decides when the day begins at that hour."""

    def watched(example: str, day: StreetDay, hour: float, period_s: int, **faults: str):
        camera, _ = EXAMPLES[example]
        return Drawn(the_example(example), camera, day, tmp_path).decided(hour, period_s, faults)

    return watched


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_zone_of_the_example_lies_where_the_drawn_scene_has_it(example):
    camera, (_, drawn) = EXAMPLES[example]
    [zone] = the_example(example).street.cameras[camera].zones.values()

    assert zone.polygon == tuple((round(x, 3), round(y, 3)) for x, y in drawn.polygon)
    assert (ROOT / "configs" / example).read_text("utf-8").startswith("# ")


# -- muck trucks -----------------------------------------------------------------------------------

TRUCKS = "muck-trucks.yaml"


@pytest.mark.parametrize(
    "sky", [Sky(0), Sky(0, "night"), Sky(0, "dusk", "wet")], ids=["day", "night", "wet dusk"]
)
def test_a_muck_truck_that_waits_with_its_load_uncovered_is_one_case(watch, sky):
    day, _ = muck_truck_day(covered=False, length_s=160)
    decided = watch(TRUCKS, replace(day, skies=(sky,)), 23, 2)

    assert phases(decided) == CASE
    confirmed = seals(decided)[0].report
    assert confirmed.event_type == "uncovered_muck_truck"
    assert [item.label for item in confirmed.items] == ["muck_truck_open"]
    assert confirmed.routes == ("officer", "platform")
    assert confirmed.confirmed_at == pytest.approx((40 + 30) * S, abs=3 * S)


def test_a_covered_muck_truck_is_none_and_the_road_was_watched_all_the_while(watch):
    decided = watch(TRUCKS, muck_truck_day(covered=True, length_s=160)[0], 23, 2)

    assert not seals(decided)
    assert looks_of(decided) == {"absent"}


def test_a_muck_truck_that_only_drives_past_is_none(watch):
    day, _ = muck_truck_day(covered=False, length_s=60)
    [truck] = day.actors
    ahead, gone = truck.track[0], truck.track[-1]
    slowly = (replace(ahead, at_ns=10 * S), replace(gone, at_ns=30 * S))  # 16 km/h
    decided = watch(TRUCKS, replace(day, actors=(replace(truck, track=slowly),)), 10, 1)

    assert not seals(decided)
    assert "present" not in looks_of(decided)


# -- a site's gate ---------------------------------------------------------------------------------

GATE = "site-gate.yaml"


def test_a_lorry_and_people_at_work_before_the_gate_at_night_are_one_case(watch):
    decided = watch(GATE, site_gate_day("night", 1_300)[0], 23, 10)

    assert phases(decided) == CASE
    confirmed = seals(decided)[0].report
    assert confirmed.event_type == "night_work"
    assert dict(confirmed.in_force)["hours"] == "22:00-24:00"
    assert confirmed.stay_ms == 300_000


def test_the_same_work_within_permitted_hours_is_none_though_it_is_seen(watch):
    decided = watch(GATE, site_gate_day("day", 800)[0], 15, 10)

    assert not seals(decided)
    assert "outside_hours" in {c.detail for c in decided if isinstance(c, ZoneChanged)}


def test_a_lorry_left_before_the_gate_overnight_is_no_work(watch):
    day = without(site_gate_day("night", 800)[0], "worker-0", "worker-1")
    decided = watch(GATE, day, 1, 10)

    assert not seals(decided)
    assert "requires" in {c.detail for c in decided if isinstance(c, ZoneChanged)}


# -- bins ------------------------------------------------------------------------------------------

BINS = "rubbish.yaml"


def test_bags_left_beside_the_bins_are_one_case(watch):
    decided = watch(BINS, bins_day(1_400)[0], 10, 10)

    assert phases(decided) == CASE
    confirmed = seals(decided)[0].report
    assert confirmed.event_type == "rubbish_left"
    assert [item.label for item in confirmed.items] == ["rubbish_bag", "rubbish_bag"]
    assert "Seen: rubbish_bag." in confirmed.text_en


def test_the_same_bags_within_the_drop_off_times_may_stand(watch):
    assert not seals(watch(BINS, bins_day(1_400)[0], 7.5, 10))


def test_a_bag_that_is_put_down_for_a_moment_is_none(watch):
    decided = watch(BINS, bins_day(600)[0], 10, 10)

    assert not seals(decided)
    assert "present" in looks_of(decided)


def test_the_bins_themselves_are_none_even_where_they_are_taken_for_bags(watch):
    day = without(bins_day(1_400)[0], "bag-0", "bag-1")
    decided = watch(BINS, day, 10, 10, street_furniture="rubbish_bag")

    assert not seals(decided)
    assert "in_reference" in {c.detail for c in decided if isinstance(c, ZoneChanged)}


# -- the shipped model -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("gone", "phases_of"), [((), CASE), (("bag-0", "bag-1"), [])], ids=["bags", "none"])
def test_the_shipped_model_sees_the_bags_and_takes_no_bin_for_one(tmp_path, gone, phases_of):
    config = the_example(BINS)
    if not Path(config.street.detector.model).exists():
        pytest.skip("models/street-synthetic.onnx is not in this checkout")
    day = without(bins_day(1_300)[0], *gone)
    drawn = Drawn(config, "bins", day, tmp_path, (960, 540), Detector(config.street.detector))

    assert phases(drawn.decided(10, 10)) == phases_of
