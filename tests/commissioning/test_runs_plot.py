"""The truck's passes, drawn of the figures that the calibration's record has attached."""

import pytest
import yaml

from edge_agent.commissioning.runs_plot import Pass, draw_passes, passes


def figures(**other):
    runs = [{"number": n, "gross_g": 20_400_000, "speed_mm_s": 5_000, "at_ns": n} for n in range(3)]
    found = {"truck": {"gross_kg": 20_000}, "runs": runs, **other}
    return yaml.safe_dump({"lane": "1", "figures": found}).encode()


def test_each_pass_is_a_point_at_its_speed_and_error():
    found = passes(figures())
    assert [(round(one.kmh), round(one.error_percent, 3)) for one in found] == [(18, 2.0)] * 3
    drawn = draw_passes(found, "<runs>", "km/h", "%")
    assert drawn.count("<circle") == 3
    assert "&lt;runs&gt;" in drawn


def test_an_error_upwards_is_drawn_above_zero():
    heavy, light = (draw_passes([Pass(18, error)], "", "", "") for error in (2.0, -2.0))
    height = [float(drawn.split('cy="')[1].split('"')[0]) for drawn in (heavy, light)]
    assert height[0] < 96 < height[1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[1, 2]",
        b"lane: '1'\nmethod: zero\n",
        figures(truck={"gross_kg": 0}),
        figures(truck="none"),
        figures(runs=[{"number": 1}]),
        figures(runs=7),
    ],
)
def test_what_holds_no_passes_gives_no_drawing(data):
    assert passes(data) == []
    assert draw_passes(passes(data), "", "", "") == ""
