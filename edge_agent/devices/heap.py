"""Keeps the process small: how many heaps the C library makes, and that they give back what is free.

By itself glibc makes eight heaps a core, and each keeps what it freed. The daemon's pictures are megabytes
that one thread makes and another lets go: a case of four pictures is 50 MB for a second, and they would stay
(measured with `bench memory`: 383 MB instead of 336 from the first such case on).

And that it starts quickly: Python's collector goes through everything again and again while modules are being
imported, a tenth of the daemon's start, and finds nothing.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ARENAS = 2
M_ARENA_MAX = -8  # malloc.h
TRIM_EVERY_S = 30.0


def stay_small() -> bool:
    """Bound the heaps of this process, and have them trimmed; before its threads begin.

    Returns:
        False where the library cannot (not glibc).
    """
    library = ctypes.CDLL(None)
    mallopt, malloc_trim = (getattr(library, name, None) for name in ("mallopt", "malloc_trim"))
    if mallopt is None or malloc_trim is None:
        return False
    pause = threading.Event()

    def trim() -> None:
        while not pause.wait(TRIM_EVERY_S):
            malloc_trim(ctypes.c_size_t(0))

    threading.Thread(target=trim, name="heap", daemon=True).start()
    return bool(mallopt(M_ARENA_MAX, ARENAS))


@contextmanager
def being_filled() -> Iterator[None]:
    """While this is open nothing is collected; what it leaves behind stays, and is not gone through."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
