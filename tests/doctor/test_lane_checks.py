"""Where the camera reads, told from vehicles whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.doctor.finding import State
from edge_agent.doctor.lane_checks import lane_findings
from tests.doctor.seen import Seen, a_bridge, matched_traffic

CONFIGURED_M = 5.0


def one(pairs):
    [found] = lane_findings(a_bridge(), Seen(pairs=pairs))
    return found


def test_a_right_distance_is_said_with_what_was_measured():
    found = one(matched_traffic())

    assert (found.key, found.state) == ("lane.ok", State.OK)
    assert found.values["configured_m"] == CONFIGURED_M
    assert found.values["true_m"] == pytest.approx(5, abs=1.5)


@pytest.mark.parametrize("true_mm", [9_000, 15_000])
def test_a_wrong_distance_is_named_with_the_true_one_and_how_sure_that_is(true_mm):
    found = one(matched_traffic(distance_mm=true_mm))

    assert (found.key, found.state) == ("lane.wrong_distance", State.FAULT)
    assert abs(found.values["true_mm"] - true_mm) <= 2 * found.values["interval_mm"]
    assert found.values["interval_m"] < 2


def test_a_wrong_clock_is_not_called_a_wrong_distance():
    found = one(matched_traffic(clock_error_s=0.6))

    assert (found.key, found.state) == ("lane.clock_offset", State.WARNING)
    assert found.values["measured_ms"] == pytest.approx(600, abs=60)


def test_a_wrong_clock_does_not_hide_a_wrong_distance():
    assert one(matched_traffic(distance_mm=12_000, clock_error_s=-1.0)).key == "lane.wrong_distance"


@pytest.mark.parametrize("count", [0, 7])
def test_a_few_vehicles_leave_it_unknown(count):
    found = one(matched_traffic()[:count])

    assert (found.key, found.state, found.values["vehicles"]) == (
        "lane.distance_unknown",
        State.UNKNOWN,
        count,
    )


def test_reads_of_another_camera_or_lane_do_not_count():
    other_camera = tuple(replace(pair, camera="cam2") for pair in matched_traffic())
    other_lane = tuple(replace(pair, crossing=replace(pair.crossing, lane="2")) for pair in matched_traffic())

    assert one(other_camera).values["vehicles"] == one(other_lane).values["vehicles"] == 0
