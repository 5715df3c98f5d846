"""The rows of the chain: how one is added, and what they say. Statements and head move in one transaction.

The caller holds the store's lock and runs the transactions. What becomes of a row later is in `outbox`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.evidence.build import Built, Earlier
from edge_agent.evidence.identity import ChainLink
from edge_agent.evidence.statement_records import Loss

INSERT = (
    "INSERT INTO packet (seq, packet_id, kind, case_id, revision, phase, zone, event_type, sealed_utc_us,"
    " payload_sha256, payload, signatures, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
NEWEST_CONFIG = """
SELECT json_extract(CAST(payload AS TEXT), '$.software.config_sha256') FROM packet ORDER BY seq DESC LIMIT 1
"""
EPOCH_BEGAN = """
SELECT json_extract(CAST(payload AS TEXT), '$.time.sealed_utc_us') FROM packet
    WHERE seq = 0 AND json_extract(CAST(payload AS TEXT), '$.record.reason') <> 'new_store'
"""
STATE_AND_INCIDENT = """
SELECT state, json_extract(CAST(payload AS TEXT), '$.record.what') FROM packet WHERE seq = ?
"""
RECEIPT = "SELECT envelope FROM packet JOIN receipt ON receipt.id = packet.receipt WHERE seq = ?"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain."""

    epoch: str
    seq: int
    payload_sha256: str


class Packets:
    """Of one open database."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    # -- adding ------------------------------------------------------------------------------------

    def add(
        self, built: Built, signatures: str, blobs: Mapping[str, bytes], case: tuple[str, int] | None
    ) -> int:
        """A statement, its files' rows, the new head: part of the transaction that seals it.

        Returns:
            bytes of files that were not kept before.
        """
        statement = built.statement
        chain, said = statement.chain, statement.storefront
        new = sum(len(data) for sha256, data in blobs.items() if self.file_state(sha256) != "kept")
        self._db.execute(
            INSERT,
            (
                chain.seq,
                statement.packet_id,
                statement.kind,
                *(case or (None, None)),
                *((said.phase, said.zone, said.event_type) if said else (None, None, None)),
                statement.time.sealed_utc_us,
                built.sha256,
                built.payload,
                signatures,
                len(built.payload) + sum(map(len, blobs.values())),
            ),
        )
        for sha256, data in blobs.items():
            self._db.execute(
                "INSERT INTO attachment (sha256, size) VALUES (?, ?) "
                "ON CONFLICT (sha256) DO UPDATE SET state = 'kept'",
                (sha256, len(data)),
            )
            self._db.execute("INSERT INTO packet_attachment VALUES (?, ?)", (chain.seq, sha256))
        self._move_head(built)
        return new

    def _move_head(self, built: Built) -> None:
        chain, record = built.statement.chain, built.statement.record
        if chain.seq == 0:
            self._db.execute(
                "INSERT INTO head (one, epoch, seq, payload_sha256, genesis_sha256) VALUES (1, ?, 0, ?, ?)",
                (chain.epoch, built.sha256, built.sha256),
            )
            return
        lost = record.count if isinstance(record, Loss) else 0
        moved = self._db.execute(
            "UPDATE head SET seq = ?, payload_sha256 = ?, lost = lost + ? WHERE seq = ?",
            (chain.seq, built.sha256, lost, chain.seq - 1),
        ).rowcount
        assert moved == 1, "the head moved under the writer's feet"

    def damage(self, sha256: str) -> list[int]:
        """Note that a file is not what was sealed; returns the statements that name it."""
        self._db.execute("UPDATE attachment SET state = 'damaged' WHERE sha256 = ?", (sha256,))
        users = self._db.execute("SELECT seq FROM packet_attachment WHERE sha256 = ?", (sha256,))
        return [seq for (seq,) in users.fetchall()]

    # -- the chain ---------------------------------------------------------------------------------

    def head(self) -> Head:
        """The end."""
        return Head(*self._db.execute("SELECT epoch, seq, payload_sha256 FROM head").fetchone())

    def forgot_before_utc_us(self) -> int:
        """When this epoch began if there was one before, else 0."""
        row = self._db.execute(EPOCH_BEGAN).fetchone()
        return 0 if row is None else int(row[0])

    def next_link(self) -> ChainLink:
        """The place of the next statement."""
        epoch, seq, prev, genesis = self._db.execute(
            "SELECT epoch, seq, payload_sha256, genesis_sha256 FROM head"
        ).fetchone()
        return ChainLink(epoch, seq + 1, prev, genesis)

    def lost(self) -> int:
        """Cases that loss records tell of."""
        row = self._db.execute("SELECT lost FROM head").fetchone()
        return 0 if row is None else int(row[0])

    def configured(self) -> str:
        """Digest of the configuration that sealed the newest statement; empty when there is none."""
        row = self._db.execute(NEWEST_CONFIG).fetchone()
        return "" if row is None else str(row[0])

    # -- single statements -------------------------------------------------------------------------

    def sealed_as(self, packet_id: str) -> tuple[int, str, bytes] | None:
        """Seq, digest and payload of the statement with this id."""
        row: tuple[int, str, bytes] | None = self._db.execute(
            "SELECT seq, payload_sha256, payload FROM packet WHERE packet_id = ?", (packet_id,)
        ).fetchone()
        return row

    def earlier(self, case: tuple[str, int] | None) -> Earlier | None:
        """The case's first and newest statements of lower revisions, of its newest run of that name."""
        query = "SELECT packet_id FROM packet WHERE case_id = ? AND revision < ? ORDER BY"
        newest = None if case is None else self._db.execute(f"{query} seq DESC LIMIT 1", case).fetchone()
        if case is None or newest is None:
            return None
        (first,) = self._db.execute(f"{query} revision, seq DESC LIMIT 1", case).fetchone()
        return Earlier(first, newest[0])

    def payload_sha256(self, seq: int) -> str | None:
        """None: there is no such statement."""
        row = self._db.execute("SELECT payload_sha256 FROM packet WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else str(row[0])

    def state_and_incident(self, seq: int) -> tuple[str, str | None] | None:
        """Its state, and of an incident what it was."""
        row: tuple[str, str | None] | None = self._db.execute(STATE_AND_INCIDENT, (seq,)).fetchone()
        return row

    def receipt(self, seq: int) -> bytes | None:
        """The envelope of the receipt that covers it."""
        row = self._db.execute(RECEIPT, (seq,)).fetchone()
        return None if row is None else bytes(row[0])

    def newest_receipted(self) -> int | None:
        """Seq of the newest statement with a receipt."""
        query = "SELECT seq FROM packet WHERE receipt IS NOT NULL ORDER BY seq DESC LIMIT 1"
        row = self._db.execute(query).fetchone()
        return None if row is None else int(row[0])

    def files(self, seq: int) -> list[tuple[str, str]]:
        """Digest and state of the files that it names and whose bytes were sealed with it."""
        query = "SELECT sha256, state FROM packet_attachment JOIN attachment USING (sha256) WHERE seq = ?"
        return self._db.execute(f"{query} ORDER BY sha256", (seq,)).fetchall()

    def file_state(self, sha256: str) -> str | None:
        """Of an attachment; None: no statement names it."""
        row = self._db.execute("SELECT state FROM attachment WHERE sha256 = ?", (sha256,)).fetchone()
        return None if row is None else str(row[0])

    # -- what waits for a receipt --------------------------------------------------------------------

    def waiting(self) -> int:
        """How many statements."""
        return int(self._db.execute("SELECT count(*) FROM packet WHERE state = 'sealed'").fetchone()[0])

    def waiting_bytes(self) -> int:
        """Of them, files included. Reads all of them."""
        query = "SELECT coalesce(sum(bytes), 0) FROM packet WHERE state = 'sealed'"
        return int(self._db.execute(query).fetchone()[0])

    def oldest_waiting_utc_us(self) -> int | None:
        """When the first of them was sealed; not a scan."""
        query = "SELECT sealed_utc_us FROM packet WHERE state = 'sealed' ORDER BY seq LIMIT 1"
        row = self._db.execute(query).fetchone()
        return None if row is None else int(row[0])

    def states(self) -> dict[str, int]:
        """How many statements are in each. Reads all of them."""
        return dict(self._db.execute("SELECT state, count(*) FROM packet GROUP BY state").fetchall())

    def cases(self) -> int:
        """How many statements are candidate evidence. Reads all of them."""
        query = "SELECT count(*) FROM packet WHERE case_id IS NOT NULL"
        return int(self._db.execute(query).fetchone()[0])
