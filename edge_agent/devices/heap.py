"""How many heaps the C library may make: by itself glibc gives eight a core, and each keeps what it freed.

The daemon's pictures are megabytes that one thread makes and another lets go. Measured with `bench memory`
(a storefront camera and the bridge, six minutes): 277 MB with two heaps, 316 MB without a bound.
"""

from __future__ import annotations

import ctypes

ARENAS = 2
M_ARENA_MAX = -8  # malloc.h


def few_heaps() -> bool:
    """Bound them for this process; before its threads begin. False where the library cannot (not glibc)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(M_ARENA_MAX, ARENAS))
