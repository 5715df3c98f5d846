"""Waiting for what another thread or process does: a deadline, not a measure."""

from __future__ import annotations

import time
from collections.abc import Callable


def came_true(true: Callable[[], object], within_s: float, look_s: float = 0.01) -> bool:
    """Look again and again; whether it was true in time."""
    until_s = time.monotonic() + within_s
    while not true():
        if time.monotonic() > until_s:
            return False
        time.sleep(look_s)
    return True
