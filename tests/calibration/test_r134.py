import pytest

from edge_agent.calibration.r134 import BEYOND, axle_class, corrected_means, vehicle_class


@pytest.mark.parametrize(
    ("worst", "initial", "expected"),
    [
        (0.1, True, "0.2"),
        (0.11, True, "0.5"),
        (2.5, True, "5"),
        (2.51, True, "10"),
        (5.0, True, "10"),
        (5.01, True, BEYOND),
        (0.2, False, "0.2"),
        (5.0, False, "5"),
        (5.01, False, "10"),
        (10.01, False, BEYOND),
    ],
)
def test_one_run_decides_the_class_of_the_vehicle_mass(worst, initial, expected):
    """The table of SR 941.214: 0.10 0.25 0.50 1.00 2.50 5.00 initial; doubled in service."""
    assert vehicle_class([0.0, -worst, worst / 2], initial=initial) == expected


def test_axles_have_two_columns():
    assert axle_class([7.9], initial=False, two_axle_rigid=True) == "F"
    assert axle_class([7.9], initial=False, two_axle_rigid=False) == "E"
    assert axle_class([8.1], initial=True, two_axle_rigid=False) == BEYOND


def test_the_corrected_mean_adds_up_to_the_true_mass_and_keeps_the_axles_shares():
    runs = [[6100.0, 7150.0, 7050.0], [6000.0, 7050.0, 6950.0]]
    corrected = corrected_means(runs, 20_000.0)
    assert sum(corrected) == pytest.approx(20_000.0)
    assert corrected[0] / corrected[1] == pytest.approx(6050 / 7100)
