"""The simulated dynamics reproduce the published bounds for a perfect plateau mean.

P95 of the gross weight's error in percent: the 20 t reference truck, constant speed, perfect zero
and gain, 20 kg noise a sample.
"""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.sim.bound import plateau_mean_errors
from edge_agent.sim.dynamics import bounce_amplitude, draw_dynamics

# layout, km/h: in phase, independent
PUBLISHED = {
    ("one-pad", 5): (0.2, 0.2),
    ("one-pad", 10): (0.9, 0.7),
    ("one-pad", 20): (2.9, 3.3),
    ("one-pad", 40): (7.4, 9.0),
    ("two-pads", 10): (0.6, 0.6),
    ("two-pads", 20): (1.6, 2.8),
    ("two-pads", 30): (2.4, 5.0),
    ("two-pads", 60): (4.8, 6.2),
}
PASSES = 500


@pytest.mark.parametrize(("layout", "speed_kmh"), PUBLISHED)
def test_a_perfect_plateau_mean_errs_as_published(layout, speed_kmh):
    for phases, published in zip(("in_phase", "independent"), PUBLISHED[layout, speed_kmh], strict=True):
        errors = plateau_mean_errors(layout, speed_kmh, phases, PASSES, seed=11)
        p95 = float(np.quantile(np.abs(errors), 0.95)) * 100
        # 500 passes know a P95 to about 8 %; the table itself is rounded to 0.1.
        assert p95 == pytest.approx(published, rel=0.12, abs=0.12)


def test_amplitude_grows_with_speed_between_floor_and_ceiling():
    assert bounce_amplitude(5) == 0.01
    assert bounce_amplitude(20) == pytest.approx(0.0482)
    assert bounce_amplitude(120) == 0.25


def test_axles_share_one_phase_or_have_each_their_own():
    rng = np.random.Generator(np.random.PCG64(1))
    together = draw_dynamics(rng, 3, 20, "in_phase")
    apart = draw_dynamics(rng, 3, 20, "independent")
    assert len(set(together.bounce_phases)) == len(set(together.hop_phases)) == 1
    assert len(set(apart.bounce_phases)) == len(set(apart.hop_phases)) == 3
