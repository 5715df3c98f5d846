"""A picture that cannot be judged says why; one that can says nothing."""

from dataclasses import replace

import pytest

from edge_agent.core.scene import View
from edge_agent.core.street.fitness import unfit
from edge_agent.core.street.settings import FitSettings

GOOD = View("a" * 64, luma=110, contrast=50, sharpness=900, shift_mpx=300, registered=True, frozen_ms=0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"reference": ""}, "no_reference"),
        ({"contrast": 7}, "covered"),
        ({"luma": 3, "contrast": 2}, "covered"),
        ({"luma": 7, "contrast": 20}, "dark"),
        ({"luma": 250, "contrast": 3}, "overexposed"),
        ({"sharpness": 349}, "blurred"),
        ({"shift_mpx": 20_000}, ""),
        ({"shift_mpx": 20_001}, "shifted"),
        ({"shift_mpx": 2_000, "registered": False}, ""),
        ({"shift_mpx": 2_001, "registered": False}, "shifted"),
        ({"shift_mpx": 31_000, "sharpness": 0, "registered": False}, "shifted"),
        ({"shift_mpx": 480_000, "sharpness": 0, "registered": False}, "blurred"),
        ({"frozen_ms": 20_001}, "frozen"),
        ({"frozen_ms": 20_000}, ""),
    ],
)
def test_each_way_in_which_a_view_is_unfit_has_its_word(change, reason):
    assert unfit(replace(GOOD, **change), FitSettings()) == reason


def test_without_a_reference_nothing_can_be_blurred_or_shifted_against_it():
    view = replace(GOOD, reference="", sharpness=0, shift_mpx=90_000, registered=False)

    assert unfit(view, FitSettings(needs_reference=False)) == ""
