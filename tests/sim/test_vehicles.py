"""Vehicles and plates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.units import KG, TONNE
from edge_agent.sim import plates
from edge_agent.sim.vehicles import MODELS, draw_vehicle, reference_truck

FULL_T = {"truck2": 18, "truck3": 25, "truck4": 31, "semi5": 43, "semi6": 49}


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize(("kind", "tonnes"), FULL_T.items())
def test_a_full_truck_weighs_what_the_axle_count_table_allows(kind, tonnes):
    assert sum(MODELS[kind].full_kg) == tonnes * 1000


def test_the_twin_steer_and_the_tridem_have_the_published_spacings():
    assert MODELS["truck4"].offsets_mm[1] == 1900
    assert np.diff(MODELS["semi6"].offsets_mm)[-2:].tolist() == [1310, 1310]


@given(st.sampled_from(sorted(MODELS)), st.integers(50, 60_000), st.integers(0, 2**32))
def test_axle_loads_always_sum_to_the_gross_weight(kind, gross_kg, seed):
    vehicle = draw_vehicle(rng(seed), kind, gross_kg * KG)
    assert vehicle.gross_g == gross_kg * KG
    assert all(load >= 0 for load in vehicle.axle_loads_g)
    assert len(vehicle.axle_loads_g) == len(vehicle.axle_offsets_mm)
    assert vehicle.axle_offsets_mm[0] == 0
    assert 450 <= vehicle.left_permille <= 550


def test_axle_groups_are_not_stretched_with_the_vehicle():
    for seed in range(20):
        assert np.diff(draw_vehicle(rng(seed), "semi6").axle_offsets_mm)[-2:].tolist() == [1310, 1310]


def test_the_reference_truck_scales_in_proportion():
    assert reference_truck().axle_loads_g == (6 * TONNE, 7 * TONNE, 7 * TONNE)
    assert reference_truck(25 * TONNE).axle_loads_g == (7_500_000, 8_750_000, 8_750_000)


@given(st.sampled_from(sorted(set(MODELS) - {"motorbike", "pedestrian"})), st.integers(0, 2**32))
def test_plates_have_a_form_of_ga36_and_the_colour_of_their_class(kind, seed):
    vehicle = draw_vehicle(rng(seed), kind)
    serial = vehicle.plate[2:]
    assert vehicle.plate[0] in plates.PROVINCES
    assert vehicle.plate[1] in plates.LETTERS
    assert not set(serial) & set("IO")
    if vehicle.plate_colour in {"green", "yellow_green"}:
        large = vehicle.plate_colour == "yellow_green"
        assert len(serial) == 6
        assert serial[-1 if large else 0] in plates.NEW_ENERGY
    else:
        assert len(serial) == 5
        assert vehicle.plate_colour == ("yellow" if MODELS[kind].large else "blue")


def test_a_semi_trailer_carries_another_number_behind():
    vehicle = draw_vehicle(rng(), "semi6")
    assert vehicle.plate_rear.endswith("挂")
    assert vehicle.plate_rear != vehicle.plate


@given(st.integers(0, 2**32))
def test_a_misread_differs_in_exactly_one_character(seed):
    plate = plates.ordinary(rng(seed))
    other = plates.misread(rng(seed), plate)
    assert len(other) == len(plate)
    assert sum(a != b for a, b in zip(plate, other, strict=True)) == (
        1 if set(plate) & set(plates.SIMILAR) else 0
    )
