"""What a store holds, in the numbers that the doctor asks for."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.evidence.reading import ReadingStore


@dataclass(frozen=True, slots=True)
class Peek:
    """Times are UTC, microseconds since 1970, by the box's own clock."""

    seq: int  # of the newest statement
    newest_utc_us: int  # when that was sealed
    pending: int  # statements without a receipt
    oldest_pending_utc_us: int | None
    held_bytes: int  # of pictures
    lost: int  # cases for which there was no room, since the store was made
    rejected: int
    quarantined: int
    receipted: tuple[int, int] | None  # the newest statement with a receipt: sealed at, receipted at
    question: bytes = b""  # its envelope, or the first one's: contradicts no other copy of the chain


def peek(store: ReadingStore) -> Peek | None:
    """Ask for all of it; None of a store without a statement.

    Raises:
        UsageError: the store cannot be read now.
    """
    newest = next(store.statements(), None)
    if newest is None:
        return None
    states, oldest = store.states(), store.oldest_waiting()
    receipted = next(iter(store.last_receipted(1)), None)
    known = store.statement(receipted.seq if receipted else 0)
    return Peek(
        seq=newest.seq,
        newest_utc_us=newest.sealed_utc_us,
        pending=states.get("sealed", 0),
        oldest_pending_utc_us=oldest.sealed_utc_us if oldest else None,
        held_bytes=store.held_bytes(),
        lost=store.lost(),
        rejected=states.get("rejected", 0),
        quarantined=states.get("quarantined", 0),
        receipted=(receipted.sealed_utc_us, receipted.receipted_utc_us or 0) if receipted else None,
        question=known.envelope if known else b"",
    )
