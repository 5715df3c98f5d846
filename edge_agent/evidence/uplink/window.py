"""What was handed to the broker and not acknowledged yet: bounded in bytes and in messages.

The bytes are bounded by what the line took in about a second, too: a fresh alarm waits behind them, and a
PUBACK that is late only because much was sent before it must not look like a dead line. So the bound
begins small, grows by every message that is acknowledged quickly, and falls to the measured rate when
one is not.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

SMALLEST_BYTES = 16 * 1024
# An acknowledgement within this time says that the line would take more ...
QUICK_S = 0.5
# ... and a later one than this that it got too much.
SLOW_S = 1.0


@dataclass(frozen=True, slots=True)
class Flight(Generic[T]):
    """One message on its way."""

    cargo: T
    size: int
    sent_s: float
    in_flight: int  # bytes that were unacknowledged once it went, its own included


class Window(Generic[T]):
    """Flights by token, oldest first."""

    def __init__(self, max_bytes: int, max_count: int) -> None:
        self._max_bytes = max_bytes
        self.limit = min(SMALLEST_BYTES, max_bytes)  # bytes that may wait at the moment
        self.max_count = max_count
        self._flights: OrderedDict[int, Flight[T]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        """Messages on their way."""
        return len(self._flights)

    def fits(self, size: int) -> bool:
        """Whether one more may go. A message larger than the window may still go alone."""
        if not self._flights:
            return True
        return len(self._flights) < self.max_count and self.bytes + size <= self.limit

    def add(self, token: int, cargo: T, size: int, now_s: float) -> None:
        """It went."""
        self.bytes += size
        self._flights[token] = Flight(cargo, size, now_s, self.bytes)

    def pop(self, token: int, now_s: float) -> Flight[T] | None:
        """It was acknowledged; None for a token that is not on its way."""
        flight = self._flights.pop(token, None)
        if flight is not None:
            self.bytes -= flight.size
            self._learn(flight, now_s - flight.sent_s)
        return flight

    def _learn(self, flight: Flight[T], took_s: float) -> None:
        if took_s < QUICK_S:
            self.limit = min(self._max_bytes, self.limit + flight.size)
        elif took_s > SLOW_S:
            fits = int(flight.in_flight * SLOW_S / took_s)
            self.limit = min(self.limit, max(fits, SMALLEST_BYTES))

    def cargoes(self) -> list[T]:
        """What is on its way, oldest first."""
        return [flight.cargo for flight in self._flights.values()]

    def clear(self) -> list[Flight[T]]:
        """The connection is gone: everything on its way, oldest first."""
        flights = list(self._flights.values())
        self._flights.clear()
        self.bytes = 0
        return flights

    @property
    def oldest_s(self) -> float | None:
        """When the oldest was sent."""
        return next(iter(self._flights.values())).sent_s if self._flights else None
