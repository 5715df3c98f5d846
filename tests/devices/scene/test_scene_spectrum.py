"""Packed spectra give what whole complex ones give."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.devices.scene.spectrum import phase_correlation, spectrum


@pytest.mark.parametrize("shape", [(270, 480), (271, 480), (270, 481), (271, 481), (17, 480)], ids=str)
def test_the_phase_correlation_is_that_of_the_whole_spectra(shape):
    rng = np.random.default_rng(1)
    was = rng.normal(0, 1, shape).astype(np.float32)
    now = np.roll(was, (3, -5), (0, 1)) + rng.normal(0, 0.3, shape).astype(np.float32)

    found = phase_correlation(spectrum(now), spectrum(was))

    cross = np.fft.fft2(now) * np.conj(np.fft.fft2(was))
    expected = np.fft.ifft2(cross / np.maximum(np.abs(cross), 1e-9)).real
    assert np.allclose(found, expected, atol=2e-5)
    assert np.unravel_index(found.argmax(), shape) == (3, shape[1] - 5)


def test_pictures_without_anything_in_them_fit_nowhere():
    nothing = spectrum(np.zeros((270, 480), np.float32))

    assert not phase_correlation(nothing, nothing).any()
