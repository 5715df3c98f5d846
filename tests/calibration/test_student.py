import pytest

from edge_agent.calibration.student import cdf, quantile


@pytest.mark.parametrize(
    ("degrees", "t"), [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (29, 2.045), (120, 1.980)]
)
def test_the_usual_table(degrees, t):
    assert quantile(0.975, degrees) == pytest.approx(t, abs=0.0006)
    assert cdf(-t, degrees) == pytest.approx(0.025, abs=0.0001)
    assert cdf(0.0, degrees) == 0.5
