"""Random streams: one for each purpose, so that a change in one does not shift another."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, *purpose: str) -> np.random.Generator:
    """The generator of this seed for this purpose; the same on every machine and NumPy version."""
    names = [zlib.crc32(name.encode()) for name in purpose]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *names])))
