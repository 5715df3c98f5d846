"""Mains hum in what an empty scale reads, also where the instrument samples too slowly to show it as such.

Sampled below 100 or 200 Hz, hum of 50 or 100 Hz appears at another, lower frequency; where that is next to
nothing it looks like a zero that wanders, and nobody can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_agent.doctor.cell_signals import Floats, Stretch

MAINS_HZ = 50.0  # China; a rectifier's ripple is twice that
LINES_HZ = (MAINS_HZ, 2 * MAINS_HZ)
# The grid and the instrument's clock may be off so far together: 0.2 Hz of 50, and 1 % of an RC clock.
SEARCH_HZ = 0.7
# Nearer to standing still than this, it cannot be told from a wandering zero in a few seconds.
LEAST_ALIAS_HZ = 1.5
# A line stands out of the noise around it when it is so many times its median.
STANDS_OUT = 6.0
AROUND_HZ = 12.0
LEAST_SAMPLES = 48


@dataclass(frozen=True, slots=True)
class Hum:
    """The strongest line of the mains."""

    hz: float  # 50 or 100
    seen_at_hz: float  # where it appears in the samples
    amplitude_g: float


def alias_hz(hz: float, rate_hz: float) -> float:
    """Where a frequency appears when it is sampled at a rate.

    >>> alias_hz(50, 80), alias_hz(50, 1000), alias_hz(50, 25)
    (30.0, 50.0, 0.0)
    """
    return abs(hz - round(hz / rate_hz) * rate_hz)


def hidden(rate_hz: float) -> bool:
    """Hum cannot be told at this rate: both lines appear as next to standing still."""
    return all(alias_hz(hz, rate_hz) < LEAST_ALIAS_HZ for hz in LINES_HZ)


def hum_of(stretch: Stretch, sensor: int) -> Hum | None:
    """Of one sensor's sum, over the longest time that the scale was empty; None where there is none."""
    signal = _longest_free(stretch, sensor)
    rate_hz = stretch.rate_hz
    if signal.size < LEAST_SAMPLES or hidden(rate_hz):
        return None
    frequencies, amplitudes = _spectrum(signal, rate_hz)
    found = [_line(frequencies, amplitudes, hz, rate_hz) for hz in LINES_HZ]
    return max((one for one in found if one), key=lambda one: one.amplitude_g, default=None)


def _longest_free(stretch: Stretch, sensor: int) -> Floats:
    edges = np.flatnonzero(np.diff(stretch.free.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    if not edges.size:
        return np.zeros(0)
    first, behind = edges[int(np.argmax(edges[:, 1] - edges[:, 0]))]
    columns = stretch.layout.sensors[sensor].all
    signal: Floats = stretch.grams[first:behind][:, columns].sum(axis=1).astype(np.float64)
    return signal


def _spectrum(signal: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    """Amplitude of a sine at each frequency; four times as fine as the signal is long."""
    window = np.hanning(signal.size)
    flat = signal - signal.mean()
    size = 4 * signal.size
    amplitudes: Floats = np.abs(np.fft.rfft(flat * window, size)) * 2 / window.sum()
    frequencies: Floats = np.fft.rfftfreq(size, 1 / rate_hz).astype(np.float64)
    return frequencies, amplitudes


def _line(frequencies: Floats, amplitudes: Floats, hz: float, rate_hz: float) -> Hum | None:
    seen_at = alias_hz(hz, rate_hz)
    if seen_at < LEAST_ALIAS_HZ:
        return None
    away = np.abs(frequencies - seen_at)
    near = away <= SEARCH_HZ
    around = (away > 2 * SEARCH_HZ) & (away < AROUND_HZ) & (frequencies > LEAST_ALIAS_HZ / 2)
    if not near.any() or not around.any():
        return None
    peak = int(np.argmax(np.where(near, amplitudes, -1)))
    if amplitudes[peak] < STANDS_OUT * float(np.median(amplitudes[around])):
        return None
    return Hum(hz, round(float(frequencies[peak]), 1), float(amplitudes[peak]))
