"""The vehicle from the side and the match's bells: to scale, in their places, texts only texts."""

import re

import pytest

from edge_agent.report.gross_plot import MOST, Dot, draw_gross
from edge_agent.report.line_plot import Axis
from edge_agent.report.match_plot import Bell, Link, Tick, draw_match
from edge_agent.report.plates import masked
from edge_agent.report.vehicle_plot import DrawnAxle, DrawnGroup, draw_vehicle

HOSTILE = """"'><script>alert(1)</script>"""
S = 10**9


def a_vehicle(*offsets, groups=(), to_scale=True, backwards=False, motion="22 km/h"):
    axles = [DrawnAxle(offset, 5_000_000 + n, 200_000, known=True) for n, offset in enumerate(offsets)]
    drawn = [DrawnGroup(first, count, 10_000_000) for first, count in groups]
    return draw_vehicle(axles, drawn, to_scale=to_scale, backwards=backwards, motion=motion, title="t")


def wheels(drawing):
    return [float(x) for x in re.findall(r'<circle cx="([\d.]+)"[^>]* fill="#37424d"', drawing)]


def test_wheels_stand_as_far_apart_as_the_axles_were():
    first, second, third = wheels(a_vehicle(0, 3_000, 9_000))
    assert (third - first) / (second - first) == pytest.approx(3.0, abs=0.01)
    assert "3.00" in a_vehicle(0, 3_000)
    near, far = wheels(a_vehicle(0, 2_000))
    assert far - near < 300  # a car is not drawn as long as a lorry


def test_only_axles_that_stand_together_are_bracketed():
    drawing = a_vehicle(0, 3_000, 4_300, groups=((0, 1), (1, 2)))
    assert drawing.count("轴组 group") == 1
    assert "2 轴组 group 10.00 t" in drawing


def test_without_spacings_no_distance_and_no_scale_is_pretended():
    drawing = a_vehicle(0, 2_500, groups=((0, 2),), to_scale=False)
    assert len(wheels(drawing)) == 2
    assert "1 m" not in drawing
    assert "轴组" not in drawing
    assert "2.50" not in drawing


def test_a_vehicle_that_reversed_has_its_arrow_the_other_way_round():
    assert a_vehicle(0, 3_000) != a_vehicle(0, 3_000, backwards=True)


def test_a_vehicle_without_an_axle_is_not_drawn():
    assert a_vehicle() == ""


BELLS = [Bell("other", "", -0.5, 0.2, own=False), Bell("own", "", 0.0, 0.2, own=True)]
TICKS = [Tick("粤B•••11", (-0.45,)), Tick("沪A12345", (0.1, 0.2))]


def test_the_match_is_the_strongest_line_and_comes_last_so_that_nothing_covers_it():
    links = [Link(1, 1, 0.999, "99.9 %", chosen=True), Link(0, 0, 0.9, "90 %", chosen=False)]
    drawing = draw_match(BELLS, TICKS, links, "t")
    strokes = [
        float(w) for w in re.findall(r'stroke-width="([\d.]+)"(?: stroke-dasharray="4 4")?><title>', drawing)
    ]
    assert len(strokes) == 2
    assert strokes == sorted(strokes)
    assert drawing.index("90 %") < drawing.index("99.9 %")
    assert drawing.count('stroke-width="2"/>') == 3  # three reads of two vehicles


def test_texts_in_drawings_are_only_texts():
    bells = [Bell(HOSTILE, HOSTILE, 0.0, 0.0, own=True)]
    drawing = draw_match(bells, [Tick(HOSTILE, (0.0,))], [Link(0, 0, 1.0, HOSTILE, chosen=True)], HOSTILE)
    drawing += a_vehicle(0, 3_000, motion=HOSTILE)
    dots = [Dot(n * S, 20.0, 1.0, "bad", HOSTILE, HOSTILE) for n in range(2)]
    drawing += draw_gross(dots, [20.0], Axis(0, 2 * S, None), HOSTILE, HOSTILE)
    assert "<script" not in drawing
    assert 'x="nan"' not in drawing


def test_a_day_of_crossings_is_a_small_drawing_that_loses_no_case_and_no_peak():
    count = 3 * MOST
    dots = [
        Dot(n * S, 10.0 + (n == 777) * 40, 0.5, "good", f"n{n}", "case" if n % 3_000 == 5 else "")
        for n in range(count)
    ]
    drawing = draw_gross(dots, [20.0], Axis(0, count * S, None), "t", "t")
    assert len(drawing) < 400_000
    assert "n777" in drawing
    assert drawing.count('href="#case"') == 4


@pytest.mark.parametrize(
    ("text", "shown"), [("粤B12311", "粤B•••11"), ("粤BD12345", "粤B••••45"), ("粤B1", "••••"), ("", "")]
)
def test_a_masked_plate_tells_two_apart_and_names_nobody(text, shown):
    assert masked(text) == shown
