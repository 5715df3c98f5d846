"""The box's memory of commands, in the evidence store's own database: what was begun, and how it ended.

    begun ──> done | failed | refused         payload kept while it is begun, and while it *stands*

What stands is told to the core again at every start: each shop's last tier, inspections and notices that
no statement has answered yet. Callers hold the store's lock and an open transaction.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass

from edge_agent.errors import VerificationError
from edge_agent.evidence.commands import Command, OrderInspection, Recheck, SetTier, parse

# 4: commands of the platform.
COMMANDS_SCHEMA = """
CREATE TABLE IF NOT EXISTS command (
    payload_sha256 TEXT PRIMARY KEY,
    cmd_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    at_utc_us INTEGER NOT NULL,
    stands TEXT,
    payload BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS command_stands ON command (stands) WHERE stands IS NOT NULL;
CREATE TABLE IF NOT EXISTS command_counter (
    issuer TEXT PRIMARY KEY,
    counter INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS command_refusal (
    id INTEGER PRIMARY KEY,
    payload_sha256 TEXT NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (payload_sha256, reason)
) STRICT
"""

_LOGGED = "SELECT payload, payload_sha256, at_utc_us, stands IS NOT NULL FROM command WHERE "
BEGUN = _LOGGED + "state = 'begun' ORDER BY rowid"
STANDING = _LOGGED + "state = 'done' AND stands IS NOT NULL ORDER BY rowid DESC LIMIT 4096"

# Remembered of what is over; an older one that comes again is stopped by its counter.
KEPT = 4096
# An order without an answer for so long is not told again.
STANDS_US = 30 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Logged:
    """A command as it was begun."""

    command: Command
    payload_sha256: str
    at_utc_us: int
    stands: bool  # False of a begun order: a statement has answered it already


class CommandLog:
    """Of one open store."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def counter(self, issuer: str) -> int:
        """The highest that was accepted of an issuer; 0 before the first."""
        row = self._db.execute("SELECT counter FROM command_counter WHERE issuer = ?", (issuer,)).fetchone()
        return 0 if row is None else int(row[0])

    def known(self, payload_sha256: str) -> bool:
        """Whether this very message was accepted before."""
        return self._has("SELECT 1 FROM command WHERE payload_sha256 = ?", payload_sha256)

    def used(self, cmd_id: str) -> bool:
        """Whether another message had this id."""
        return self._has("SELECT 1 FROM command WHERE cmd_id = ?", cmd_id)

    def begin(self, command: Command, payload: bytes, payload_sha256: str, at_utc_us: int) -> None:
        """Accepted: from here on it is never accepted again, whatever happens."""
        self._db.execute(
            "INSERT INTO command (payload_sha256, cmd_id, state, at_utc_us, stands, payload)"
            " VALUES (?, ?, 'begun', ?, ?, ?)",
            (payload_sha256, command.cmd_id, at_utc_us, standing_as(command), payload),
        )
        self._db.execute(
            "INSERT INTO command_counter VALUES (?, ?)"
            " ON CONFLICT (issuer) DO UPDATE SET counter = excluded.counter",
            (command.issuer, command.counter),
        )

    def settle(self, command: Command, payload_sha256: str, outcome: str) -> None:
        """It has its result. A tier takes the place of the one that stood for its shop."""
        if outcome == "done":
            self._db.execute(
                "UPDATE command SET stands = NULL, payload = NULL"
                " WHERE stands = ? AND payload_sha256 <> ? AND state <> 'begun'",
                (standing_as(command), payload_sha256),
            )
        self._db.execute(
            "UPDATE command SET state = ?1, stands = CASE WHEN ?1 = 'done' THEN stands END,"
            " payload = CASE WHEN ?1 = 'done' AND stands IS NOT NULL THEN payload END"
            " WHERE payload_sha256 = ?2",
            (outcome, payload_sha256),
        )
        self._db.execute(
            "DELETE FROM command WHERE stands IS NULL AND state <> 'begun' AND rowid <= "
            "(SELECT max(rowid) FROM command) - ?",
            (KEPT,),
        )

    def answered(self, cmd_id: str) -> None:
        """A statement answers the order: it stands no more. Its result may still be on its way."""
        self._db.execute(
            "UPDATE command SET stands = NULL, payload = CASE WHEN state = 'begun' THEN payload END"
            " WHERE stands = ?",
            (order(cmd_id),),
        )

    def begun(self) -> tuple[Logged, ...]:
        """Commands without a result, oldest first."""
        return self._logged(BEGUN)

    def standing(self, now_utc_us: int) -> tuple[Logged, ...]:
        """What the core must be told again, oldest first; bounded, for it is told before it listens."""
        self._db.execute(
            "UPDATE command SET stands = NULL, payload = NULL WHERE stands LIKE 'order/%' AND at_utc_us < ?",
            (now_utc_us - STANDS_US,),
        )
        return self._logged(STANDING)[::-1]

    def refused(self, payload_sha256: str, reason: str) -> None:
        """Note that a message was refused for a reason."""
        self._db.execute(
            "INSERT OR IGNORE INTO command_refusal (payload_sha256, reason) VALUES (?, ?)",
            (payload_sha256, reason),
        )
        self._db.execute(
            "DELETE FROM command_refusal WHERE id <= (SELECT max(id) FROM command_refusal) - ?", (KEPT,)
        )

    def was_refused(self, payload_sha256: str, reason: str) -> bool:
        """Whether the chain says so already."""
        query = "SELECT 1 FROM command_refusal WHERE payload_sha256 = ? AND reason = ?"
        return self._db.execute(query, (payload_sha256, reason)).fetchone() is not None

    def _logged(self, query: str) -> tuple[Logged, ...]:
        found = []
        for payload, sha256, at, stands in self._db.execute(query).fetchall():
            # What a later program accepted, before an upgrade was taken back, waits for that program.
            with contextlib.suppress(VerificationError):
                found.append(Logged(parse(payload), sha256, at, bool(stands)))
        return tuple(found)

    def _has(self, query: str, value: str) -> bool:
        return self._db.execute(query, (value,)).fetchone() is not None


def standing_as(command: Command) -> str | None:
    """What a carried-out command goes on standing for; None: it is over when it is done."""
    match command.action:
        case SetTier(shop=shop):
            return f"tier/{shop}"
        case OrderInspection() | Recheck():
            return order(command.cmd_id)
    return None


def order(cmd_id: str) -> str:
    """What an inspection or a notice stands as, until a statement answers it."""
    return f"order/{cmd_id}"
