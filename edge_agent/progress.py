"""Whether every part still goes round: each notes it, and one look says which stands still.

A part is a thread with a loop, and a loop that has nothing to do goes round too: it waits in pieces. So
whoever has not gone round for longer than his own limit hangs: in a lock, in a driver, on a disk. A
camera that is away hangs nowhere, its loop goes round trying.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

Part = tuple[Callable[[], object], Callable[[], object]]  # how it begins, how it ends

# How long a loop without work waits before it goes round.
IDLE_S = 2.0


class Pulse:
    """One part's sign of life. It is watched from its first beat until it ends on purpose.

    Args:
        part: its name, for people.
        limit_s: longer than the longest honest round.
        clock: seconds of a monotonic clock.
    """

    def __init__(self, part: str, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.part = part
        self.limit_s = limit_s
        self._clock = clock
        self._at: float | None = None

    def beat(self) -> None:
        """I went round."""
        self._at = self._clock()

    def __enter__(self) -> Self:
        self.beat()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A loop that returns has ended on purpose; one that raised is dead, and stands still."""
        if kind is None:
            self._at = None

    @property
    def age_s(self) -> float | None:
        """Since the last beat; None while it is not watched."""
        at = self._at
        return None if at is None else self._clock() - at


@dataclass(frozen=True, slots=True)
class Standing:
    """A part that does not go round."""

    part: str
    for_s: float

    def __str__(self) -> str:
        return f"{self.part} has stood still for {self.for_s:.0f} s"


def standing(pulses: Iterable[Pulse]) -> list[Standing]:
    """The parts whose last round is longer ago than their limit."""
    ages = ((pulse, pulse.age_s) for pulse in pulses)
    return [Standing(pulse.part, age) for pulse, age in ages if age is not None and age > pulse.limit_s]
