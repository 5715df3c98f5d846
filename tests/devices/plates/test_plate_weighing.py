"""Candidates weighed with the colour of their ground."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.devices.plate_reader.calibration import Calibration
from edge_agent.devices.plate_reader.colours import HUES
from edge_agent.devices.plate_reader.spelling import Spelling
from edge_agent.devices.plate_reader.weighing import MOST_CONTRADICTED, contradicts, weighed

CURVE = Calibration(offset=0.0, slope=1.0, most=0.99)
COLOURS = ("", "white", "black", "yellow_green", *HUES)
TEXTS = ("沪A12345", "沪AD12345", "沪A12345D", "沪A1234挂", "沪A1234警", "使123456", "沪A1234试")
strips = st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=5).map(
    lambda raw: [Spelling(text, x / max(1.0, sum(raw))) for text, x in zip(TEXTS, raw, strict=False)]
)


@settings(deadline=None)
@given(strips, st.sampled_from(COLOURS))
def test_probabilities_fall_and_are_no_more_than_one_together(plates, colour):
    ranked = weighed(plates, colour, CURVE)
    sure = [share for _, share in ranked]
    assert {one.text for one, _ in ranked} == {one.text for one in plates}
    assert sure == sorted(sure, reverse=True)
    assert min(sure) >= 0
    assert sum(sure) <= 1 + 1e-9


@settings(deadline=None)
@given(strips)
def test_without_a_clear_colour_the_network_s_order_stays(plates):
    ranked = [one.likelihood for one, _ in weighed(plates, "", CURVE)]
    assert ranked == sorted(ranked, reverse=True)


@pytest.mark.parametrize(
    ("text", "fitting"),
    [
        ("沪A12345", {"blue", "yellow", "black", "white"}),
        ("沪AD12345", {"green"}),
        ("沪A12345D", {"green", "yellow_green"}),
        ("沪A1234挂", {"yellow"}),
        ("沪A1234警", {"white"}),
        ("沪A1234试", set(COLOURS) - {""}),  # not known: nothing contradicts it
    ],
)
def test_a_kind_of_plate_has_its_colours(text, fitting):
    assert {colour for colour in COLOURS if colour and not contradicts(colour, text)} == fitting
    assert not contradicts("", text)


def test_of_two_plates_nearly_as_likely_the_one_is_meant_whose_ground_fits():
    two = [Spelling("沪AD1234", 0.5), Spelling("沪AD12345", 0.4)]
    assert weighed(two, "green", CURVE)[0][0].text == "沪AD12345"
    assert weighed(two, "blue", CURVE)[0][0].text == "沪AD1234"


def test_a_plate_that_its_colour_contradicts_is_never_sure():
    [(one, sure)] = weighed([Spelling("沪A1234挂", 0.9999)], "blue", CURVE)
    assert one.text == "沪A1234挂"
    assert sure <= MOST_CONTRADICTED
    assert weighed([Spelling("沪A1234挂", 0.9999)], "yellow", CURVE)[0][1] == pytest.approx(0.99)


def test_nothing_spelled_is_nothing():
    assert weighed([], "blue", CURVE) == ()
