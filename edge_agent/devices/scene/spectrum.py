"""Phase correlation on packed spectra: half of a real picture's spectrum only repeats the other half.

OpenCV packs the spectrum of (h, w) real numbers into (h, w) again: real and imaginary part side by side,
except in the first column, and the last where w is even, which hold one spectrum of a column each:

    column 0   columns 1, 2   3, 4   ...   column w-1, w even
    re         re im          re im        re
    re         re im          re im        re
    im         re im          re im        im
"""

from __future__ import annotations

import numpy as np

from edge_agent.devices.scene.pixels import Floats, opencv

TINY = 1e-9


def spectrum(values: Floats) -> Floats:
    """Of (h, w) real numbers; packed."""
    packed: Floats = opencv().dft(values)
    return packed


def phase_correlation(now: Floats, was: Floats) -> Floats:
    """How well two pictures fit at every shift, (h, w), from their packed spectra; sums to one at most."""
    cv2 = opencv()
    cross: Floats = cv2.mulSpectrums(now, was, 0, conjB=True)
    _to_unit_length(cross)
    correlation: Floats = cv2.idft(cross, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
    return correlation


def _to_unit_length(packed: Floats) -> None:
    """Every number of a packed spectrum, in place: only its phase is left."""
    wide = packed.shape[1]
    whole = packed[:, 1 : wide - 1 + wide % 2]
    real, imaginary = whole[:, 0::2], whole[:, 1::2]
    scale = 1 / np.maximum(np.sqrt(real * real + imaginary * imaginary), TINY)
    real *= scale
    imaginary *= scale
    _column_to_unit_length(packed[:, 0])
    if wide % 2 == 0:
        _column_to_unit_length(packed[:, -1])


def _column_to_unit_length(column: Floats) -> None:
    tall = column.shape[0]
    column[0] /= max(abs(float(column[0])), TINY)
    whole = column[1 : tall - 1 + tall % 2].reshape(-1, 2)
    whole /= np.maximum(np.hypot(whole[:, 0], whole[:, 1]), TINY)[:, None]
    column[1 : tall - 1 + tall % 2] = whole.ravel()
    if tall % 2 == 0:
        column[-1] /= max(abs(float(column[-1])), TINY)
