"""Plates that the journal does not keep: `journal.plates: drop`.

The journal is written before the core knows whose plate matters. So every read is written without the plate,
in its place and with its time, and held in memory. A statement gives back the reads around its vehicle: they
are written a second time, whole, and a reader puts them in their places. All others are forgotten.

    read ──> /withheld (no plate) ──held──┬── a statement's window ──> /kept (whole, the same number)
                                          └── HOLD is over ──> forgotten
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from edge_agent.core.decisions import Decision, Fault, FaultKind, Seal
from edge_agent.core.events import PlateSeen
from edge_agent.core.units import Ns, Permille, S

# A case is amended for two minutes after its crossing, and a camera 100 m before the scale sees a vehicle at
# walking pace a minute and a half earlier.
HOLD = 300 * S
MAX_HELD = 4096
# Reads that compete for the vehicle, before and after it and a little late.
WINDOW_MARGIN = 10 * S


class WithheldPlates:
    """Reads that were written without their plate, for as long as a statement may ask for them."""

    def __init__(self) -> None:
        self._held: deque[tuple[int, PlateSeen]] = deque(maxlen=MAX_HELD)
        self._whole_until = Ns(0)

    def clear(self) -> None:
        """Another run begins."""
        self._held.clear()
        self._whole_until = Ns(0)

    def withhold(self, number: int, event: PlateSeen) -> PlateSeen | None:
        """The read without its plate; None: it is to be written whole, a statement has just been made."""
        if event.at <= self._whole_until:
            return None
        while self._held and self._held[0][1].at < event.at - HOLD:
            self._held.popleft()
        self._held.append((number, event))
        return replace(event, text="", confidence=Permille(0), alternatives=(), pictures=(), event_id="")

    def given_back(self, decision: Decision) -> Iterator[tuple[int, PlateSeen]]:
        """The reads that a decision needs; none where it is no statement of a vehicle."""
        if not isinstance(decision, Seal):
            return
        read = (candidate.read.at for candidate in decision.match.candidates)
        first = min(decision.crossing.first_axle_at, decision.match.predicted_at, *read) - WINDOW_MARGIN
        self._whole_until = Ns(decision.at + WINDOW_MARGIN)
        kept, self._held = self._held, deque(maxlen=MAX_HELD)
        for number, event in kept:
            if event.at >= first:
                yield number, event
            else:
                self._held.append((number, event))


def without_plate(decision: Decision) -> Decision:
    """What is said of a text that is no plate, without the text."""
    if isinstance(decision, Fault) and decision.kind is FaultKind.PLATE_OUTSIDE_GRAMMAR:
        return replace(decision, detail="no plate: (not kept)")
    return decision
