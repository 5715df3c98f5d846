"""The drawing of a weighing: whole, bounded, and safe to put into a page."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from edge_agent.report.trace_plot import MAX_POINTS, Line, Mark, draw_trace

HOSTILE = '</title></svg><script>alert("x")</script>&'
SVG = "{http://www.w3.org/2000/svg}"


def a_line(name="pad-1", count=5_000, peak=12.0, start=-1.0, end=3.0):
    seconds = np.linspace(start, end, count)
    return Line(name, seconds, peak * np.exp(-((seconds - 1) ** 2) * 50))


def drawn(lines, marks=(), title="t", seconds="s", tonnes="t"):
    return ET.fromstring(draw_trace(lines, marks, title, seconds, tonnes))


def points_of(svg, index=0):
    text = svg.findall(f"{SVG}polyline")[index].get("points")
    return [tuple(map(float, pair.split(","))) for pair in text.split()]


def test_every_sensor_is_a_line_and_every_axle_a_mark_with_its_load():
    svg = drawn([a_line(), a_line("pad-2")], [Mark(0.0, "6.00"), Mark(1.2, "11.50")])
    texts = [text.text for text in svg.findall(f"{SVG}text")]

    assert len(svg.findall(f"{SVG}polyline")) == 2
    assert len([line for line in svg.findall(f"{SVG}line") if line.get("class") == "axle"]) == 2
    assert {"pad-1", "pad-2", "6.00", "11.50"} <= set(texts)


def test_a_long_trace_is_thinned_and_its_peak_stays():
    line = a_line(count=200_001)
    line.tonnes[123_456] = 40.0  # one sample
    points = points_of(drawn([line]))

    assert len(points) <= 2 * MAX_POINTS
    highest = min(y for _, y in points)
    assert [y for _, y in points].count(highest) == 1


def test_what_it_draws_lies_inside_of_the_picture():
    svg = drawn([a_line(peak=-3.0), a_line(peak=80.0)])
    _, _, width, height = map(float, svg.get("viewBox").split())

    for index in (0, 1):
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points_of(svg, index))


def test_hostile_words_stay_words():
    svg = drawn([a_line(HOSTILE)], [Mark(0.0, HOSTILE)], HOSTILE, HOSTILE, HOSTILE)

    assert [element.tag for element in svg.iter() if element.tag.endswith("script")] == []
    assert sum(text.text == HOSTILE for text in svg.iter()) == 5


@pytest.mark.parametrize("lines", [[], [Line("pad-1", np.empty(0), np.empty(0))]])
def test_nothing_weighed_is_nothing_drawn(lines):
    assert draw_trace(lines, (), "t", "s", "t") == ""


@pytest.mark.parametrize("tonnes", [0.0, 1e-9, 150.0, -5.0])
def test_a_single_sample_is_drawn_whatever_it_says(tonnes):
    assert points_of(drawn([Line("pad-1", np.array([0.0]), np.array([tonnes]))]))
