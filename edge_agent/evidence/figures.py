"""What a store says of itself in numbers: in every statement, at a glance, and counted in full.

The caller holds the store's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.evidence.packets import Head
from edge_agent.evidence.pressure import Step
from edge_agent.evidence.pruning import read_mark
from edge_agent.evidence.room import Room
from edge_agent.evidence.rows import Rows
from edge_agent.evidence.statement import Health


@dataclass(frozen=True, slots=True)
class Glance:
    """What can be said at once, however much the store holds."""

    head: Head
    pending: int
    oldest_pending_s: int | None  # since it was sealed, by this box's UTC
    lost: int
    disk_free_bytes: int
    pressure: Step  # what room is left for
    pressed: Mapping[Step, int]  # as in `Stats`


@dataclass(frozen=True, slots=True)
class Stats:
    """What the store holds."""

    sealed: int  # statements in this epoch, whatever became of them
    cases: int  # of them, candidate evidence
    sent: int  # offered to the platform since the start, not receipted yet
    receipted: int
    quarantined: int
    rejected: int
    pending: int
    pending_bytes: int
    oldest_pending_utc_us: int | None
    attachment_bytes: int
    lost: int  # cases for which there was no room
    pressure: Step  # what room is left for
    pressed: Mapping[Step, int]  # cases since the start that a step took pictures of, or refused


class Figures:
    """Of one open store."""

    def __init__(self, rows: Rows, room: Room, utc_us: Callable[[], int]) -> None:
        self._rows = rows
        self._room = room
        self._utc_us = utc_us

    def health(self) -> Health:
        """As each statement carries it."""
        return Health(
            disk_free_bytes=self._room.free,
            unreceipted=self._rows.outbox.waiting,
            oldest_unreceipted_age_s=self._oldest_waiting_s(),
            lost=self._lost(),
        )

    def glance(self) -> Glance:
        """Counts nothing."""
        return Glance(
            head=self._rows.packets.head(),
            pending=self._rows.outbox.waiting,
            oldest_pending_s=self._oldest_waiting_s(),
            lost=self._lost(),
            disk_free_bytes=self._room.free,
            pressure=self._room.step(),
            pressed=dict(self._room.pressed),
        )

    def stats(self) -> Stats:
        """Reads all of it."""
        packets = self._rows.packets
        states, gone = packets.states(), read_mark(self._rows.db)
        return Stats(
            sealed=sum(states.values()) + gone.statements,
            cases=packets.cases() + gone.cases,
            sent=self._rows.outbox.sent,
            receipted=states.get("receipted", 0) + states.get("purged", 0) + gone.statements,
            quarantined=states.get("quarantined", 0),
            rejected=states.get("rejected", 0),
            pending=states.get("sealed", 0),
            pending_bytes=packets.waiting_bytes(),
            oldest_pending_utc_us=packets.oldest_waiting_utc_us(),
            attachment_bytes=self._room.held,
            lost=self._lost(),
            pressure=self._room.step(),
            pressed=dict(self._room.pressed),
        )

    def volumes(self) -> tuple[int, int]:
        """Bytes that wait for a receipt, and bytes of all attachments."""
        return self._rows.packets.waiting_bytes(), self._room.held

    def _lost(self) -> int:
        return self._rows.losses.count + self._rows.packets.lost()

    def _oldest_waiting_s(self) -> int | None:
        """Age of the first statement without a receipt."""
        oldest_us = self._rows.packets.oldest_waiting_utc_us()
        return None if oldest_us is None else max(0, self._utc_us() - oldest_us) // 1_000_000
