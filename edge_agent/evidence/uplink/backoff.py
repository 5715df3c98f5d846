"""How long to wait before the next attempt: full jitter.

A city of boxes loses its broker in the same second. A wait drawn from the whole of zero to a
doubling bound spreads them; doubling alone would bring them all back together.
"""

from __future__ import annotations

from collections.abc import Callable

# Of a thousand boxes, some five hundred then come in the first second after a broker's blip.
FIRST_S = 2.0


class Backoff:
    """Waits between attempts, until `reset`."""

    def __init__(self, ceiling_s: float, uniform: Callable[[], float], first_s: float = FIRST_S) -> None:
        self._ceiling_s = ceiling_s
        self._first_s = min(first_s, ceiling_s)
        self._uniform = uniform  # 0 to 1
        self._bound_s = self._first_s

    def next_s(self) -> float:
        """The next wait."""
        wait_s = self._uniform() * self._bound_s
        self._bound_s = min(self._ceiling_s, 2 * self._bound_s)
        return wait_s

    def reset(self) -> None:
        """It worked: begin small again."""
        self._bound_s = self._first_s
