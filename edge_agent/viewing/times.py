"""When recorded things happened on the clock on the wall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge_agent.core.decisions import Decision
from edge_agent.core.events import ClockStatus, Event, Started
from edge_agent.core.timekeeper import Timekeeper
from edge_agent.core.units import Ns, S
from edge_agent.journal.gaps import Gap
from edge_agent.journal.video import VideoPacket

Piece = Event | Decision | VideoPacket | Gap

# The daemon asks its clock right after its start; what came before waits for the answer, but not for ever.
HELD_NS = 10 * S
HELD_PIECES = 20_000


def timed(pieces: Iterable[Piece], step_ms: int) -> Iterator[tuple[Piece, Ns | None]]:
    """Every piece with what its monotonic time must be put forward by to be UTC; None while nobody knows.

    Which UTC is believed is the core's to say: not that of a clock that was set while it was not synced.
    """
    keeper = Timekeeper(step_ms)
    held: list[Piece] = []
    waiting = True
    for piece in pieces:
        if isinstance(piece, Started):  # a run of the daemon begins, maybe after a reboot
            yield from ((one, None) for one in held)
            keeper, held, waiting = Timekeeper(step_ms), [], True
        elif isinstance(piece, ClockStatus):
            keeper.report(piece)
            yield from ((one, _offset(keeper)) for one in held)
            held, waiting = [], False
        if not waiting:
            yield piece, _offset(keeper)
            continue
        held.append(piece)
        if len(held) >= HELD_PIECES or at_of(piece) - at_of(held[0]) > HELD_NS:
            yield from ((one, None) for one in held)
            held, waiting = [], False
    yield from ((one, None) for one in held)


def _offset(keeper: Timekeeper) -> Ns | None:
    return keeper.clock.utc_minus_mono if keeper.clock else None


def at_of(piece: Piece) -> Ns:
    """When it happened, monotonic."""
    match piece:
        case VideoPacket():
            return piece.captured_at
        case Gap():
            return piece.start
        case _:
            return piece.at
