"""What a truck's passes come to: whose they are, and which class of R 134 their axles reach."""

from dataclasses import replace

import pytest

from edge_agent.calibration.assess import Test, assess
from edge_agent.calibration.report import proposal
from edge_agent.calibration.truck import TestTruck, passes
from edge_agent.core.weigh.settings import CalibrationSettings, ScaleSettings
from edge_agent.errors import UsageError
from edge_agent.evidence.examples import a_crossing

ENDS = (3_000, 6_000)
USED = CalibrationSettings()


def a_pass(number, loads_kg, speed=5_000):
    first = a_crossing(number)
    axles = tuple(replace(first.axles[0], load=kg * 1000, offset=4_000 * k) for k, kg in enumerate(loads_kg))
    gross = sum(loads_kg) * 1000
    return replace(first, axles=axles, groups=(), gross=gross, speed=speed)


def a_truck(axles, **other):
    return TestTruck(name="A", gross_kg=20_000, spacings_mm=(4_000,) * (axles - 1), **other)


def judged(crossings, truck):
    return assess(crossings, truck, USED, ENDS, "cal-2", "2026-11-30", Test())


def test_three_axles_are_compared_with_their_own_means_and_two_with_the_slip():
    """The slip of three axles says 6 7 7 t; the road, not level, makes it 6.6 6.7 6.7."""
    three = [a_pass(n, (6_600, 6_700, 6_700)) for n in range(5)]
    assert judged(three, a_truck(3, axles_kg=(6_000, 7_000, 7_000))).r134_axle == "A"
    assert judged(three, a_truck(3)).r134_axle == "A"

    two = [a_pass(n, (6_600, 13_400)) for n in range(5)]
    assert judged(two, a_truck(2, axles_kg=(6_500, 13_500))).r134_axle == "E"  # 1.54 %, initial
    assert judged(two, a_truck(2)).r134_axle == ""


def test_a_pass_that_may_be_another_lorry_s_stops_it_until_a_person_leaves_it_out():
    truck = a_truck(2)
    road = [*(a_pass(n, (6_500, 13_500)) for n in range(6)), a_pass(6, (5_000, 11_000))]
    with pytest.raises(UsageError, match=r"6 \(-20\.0 %\).*\n.*--without NUMBER"):
        judged(passes(road, truck, "1").used, truck)
    found = passes(road, truck, "1", without=[6])
    assert [(one.number, reason) for one, reason in found.left_out] == [(6, "--without")]
    result = judged(found.used, truck)
    assert result.proposed.factor_ppm == 0
    record = proposal("1", ScaleSettings(), result, truck, found).record
    assert (record.runs_left_out, record.detail) == (1, "left out by hand: passes 6")
