"""One statement on its way to the platform, and what of it is still to be sent.

    first time        every attachment in pieces, then the statement
    sent again        the statement alone: the platform answers with what it lacks
    asked for         the bytes that the platform named

A transfer is over when all of that is acknowledged. Then the outbox waits for the receipt.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from edge_agent.evidence.outbox import HeldFile, Lane, Pending
from edge_agent.evidence.receipts import Need
from edge_agent.evidence.uplink.chunks import SMALLEST_BODY_BYTES


@dataclass(frozen=True, slots=True)
class StatementPiece:
    """The envelope; never cut."""


@dataclass(frozen=True, slots=True)
class RangePiece:
    """Bytes of an attachment; cut to the chunk limit of the moment when it goes."""

    sha256: str
    total: int
    start: int
    end: int


Piece = StatementPiece | RangePiece


@dataclass(slots=True)
class Transfer:
    """What of one statement is still to be sent."""

    item: Pending
    lane: Lane
    todo: deque[Piece] = field(default_factory=deque)
    flying: int = 0
    strikes: int = 0  # connections that ended right after a piece of this went
    was_aside: bool = False  # for that
    aside_until_s: float = 0.0
    aside_at: int = 0  # how much else had arrived then
    halvings: int = 0  # of its chunks, since larger ones got lost

    @property
    def sending(self) -> bool:
        """Something is still to go or unacknowledged."""
        return bool(self.todo) or self.flying > 0

    @property
    def todo_bytes(self) -> int:
        """About what is still to go."""
        return sum(
            piece.end - piece.start if isinstance(piece, RangePiece) else len(self.item.envelope)
            for piece in self.todo
        )

    def put_back(self, piece: Piece) -> None:
        """It did not arrive: it goes first next time."""
        self.todo.appendleft(piece)

    def next_piece(self, body_bytes: int) -> Piece:
        """Take the next piece, at most a chunk of it."""
        piece = self.todo.popleft()
        body_bytes = max(SMALLEST_BODY_BYTES, body_bytes >> self.halvings)
        if isinstance(piece, RangePiece) and piece.end - piece.start > body_bytes:
            cut = piece.start + body_bytes
            self.todo.appendleft(RangePiece(piece.sha256, piece.total, cut, piece.end))
            piece = RangePiece(piece.sha256, piece.total, piece.start, cut)
        return piece


def to_send(item: Pending, lane: Lane) -> Transfer:
    """A statement that the outbox offers."""
    transfer = Transfer(item, lane)
    if not item.attempts:
        transfer.todo.extend(RangePiece(f.sha256, f.size, 0, f.size) for f in item.attachments if f.size)
    transfer.todo.append(StatementPiece())
    return transfer


def asked_for(item: Pending, needs: Sequence[Need]) -> Transfer:
    """What the platform lacks of a statement; nothing for files that it does not name or we let go."""
    transfer = Transfer(item, Lane.BACKLOG)
    for need in needs:
        held = next((file for file in item.attachments if file.sha256 == need.sha256), None)
        if held is not None:
            transfer.todo.extend(_within(held, need.ranges or ((0, held.size),)))
    return transfer


def _within(held: HeldFile, ranges: Sequence[tuple[int, int]]) -> list[RangePiece]:
    bounded = [(max(0, start), min(end, held.size)) for start, end in ranges]
    return [RangePiece(held.sha256, held.size, start, end) for start, end in bounded if start < end]
