"""At most so many attempts in so long, for each of many keys, in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque


class Throttle:
    """Counts attempts by key. Any thread.

    Args:
        attempts: allowed within the window.
        window_s: its length.
        keys: remembered at once; the one longest untouched is forgotten first.
    """

    def __init__(self, attempts: int, window_s: float, keys: int = 10_000) -> None:
        self._attempts = attempts
        self._window_s = window_s
        self._keys = keys
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str, now_s: float) -> float:
        """Take one attempt: 0 when it is allowed, else how long to wait for the next."""
        with self._lock:
            seen = self._seen.setdefault(key, deque())
            self._seen.move_to_end(key)
            while len(self._seen) > self._keys:
                self._seen.popitem(last=False)
            while seen and seen[0] <= now_s - self._window_s:
                seen.popleft()
            if len(seen) >= self._attempts:
                return seen[0] + self._window_s - now_s
            seen.append(now_s)
            return 0.0

    def forget(self, key: str) -> None:
        """It succeeded: what failed before does not count any more."""
        with self._lock:
            self._seen.pop(key, None)
