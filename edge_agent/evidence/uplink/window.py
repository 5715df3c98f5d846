"""What was handed to the broker and not acknowledged yet: bounded in bytes and in messages."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Flight(Generic[T]):
    """One message on its way."""

    cargo: T
    size: int
    sent_s: float


class Window(Generic[T]):
    """Flights by token, oldest first."""

    def __init__(self, max_bytes: int, max_count: int) -> None:
        self._max_bytes = max_bytes
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
        return len(self._flights) < self.max_count and self.bytes + size <= self._max_bytes

    def add(self, token: int, cargo: T, size: int, now_s: float) -> None:
        """It went."""
        self._flights[token] = Flight(cargo, size, now_s)
        self.bytes += size

    def pop(self, token: int) -> Flight[T] | None:
        """It was acknowledged; None for a token that is not on its way."""
        flight = self._flights.pop(token, None)
        if flight is not None:
            self.bytes -= flight.size
        return flight

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
