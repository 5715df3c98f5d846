"""Statements that the platform has had for long go, from the oldest end of the chain; a mark says how far.

    seq   0 ......... mark-1 | mark ......... head
          gone, but for      | whole
          what is needed     |

Nothing goes that has no receipt, nothing out of order: the first statement that may not go, or is not there,
ends the search. The statement at the mark stays until the mark moves on: a platform that has nothing newer
(what follows may be quarantined) names it, and a program that knows of no mark would take that for a fork.
What is needed of the past stays in its place: who signs (genesis, rotations, certificates), how the box was
calibrated and commissioned, and the newest case of each zone with all its records. The mark moves in the
transaction that deletes.

The caller holds the store's lock and runs the transaction.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge_agent.evidence.statement import Kind

# A transaction of so many holds sealing up for no longer than a case's pictures do.
BATCH = 100
# However full the disk is, statements stay for so long: what a restart, a command or a note may ask for.
LEAST_DAYS = 7

PRUNED_SCHEMA = """
CREATE TABLE IF NOT EXISTS pruned (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    payload_sha256 TEXT NOT NULL,
    receipted_utc_us INTEGER NOT NULL,
    statements INTEGER NOT NULL,
    cases INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS packet_of_receipt ON packet (receipt)
"""
MARK = "SELECT seq, payload_sha256, receipted_utc_us, statements, cases FROM pruned"

_KEPT_KINDS = (Kind.GENESIS, Kind.KEY_ROTATION, Kind.CERTIFICATE, Kind.CALIBRATION, Kind.COMMISSIONING)
_NEWEST_CASES = """
SELECT case_id FROM (SELECT max(seq), case_id FROM packet WHERE kind = 'storefront' GROUP BY zone, event_type)
"""
_OLDEST = """
SELECT seq, payload_sha256, state, receipted_utc_us,
    state = 'receipted' AND EXISTS (SELECT 1 FROM packet_attachment AS file WHERE file.seq = packet.seq)
    FROM packet WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to where statements were let go; the one at that place itself is there."""

    seq: int
    payload_sha256: str
    receipted_utc_us: int  # when it was receipted, by this box's clock
    statements: int  # that are gone
    cases: int  # of them, candidate evidence


NOTHING_GONE = Mark(-1, "", 0, 0, 0)


def read_mark(db: sqlite3.Connection) -> Mark:
    """Up to where; `NOTHING_GONE` where nothing was ever let go."""
    row = db.execute(MARK).fetchone()
    return NOTHING_GONE if row is None else Mark(*row)


def prune(db: sqlite3.Connection, receipted_before_utc_us: int, before_seq: int) -> int:
    """Let go of one batch.

    Args:
        db: of the store, in a transaction.
        receipted_before_utc_us: only what was receipted before then.
        before_seq: only what lies before it.

    Returns:
        how many places the mark moved on: 0 when nothing may go.
    """
    old = read_mark(db)
    end: tuple[int, str, int] | None = None
    for seq, sha256, state, receipted, has_pictures in db.execute(
        _OLDEST, (old.seq, before_seq, BATCH)
    ).fetchall():
        covered = state in {"receipted", "purged"} and receipted is not None
        if not covered or has_pictures or receipted >= receipted_before_utc_us:
            break
        if seq != (end[0] if end else old.seq) + 1:
            break  # it was lost, not let go: nothing may hide that
        end = (seq, sha256, receipted)
    if end is None:
        return 0
    statements, cases = _delete(db, _not_needed(db, end[0]))
    mark = Mark(*end, old.statements + statements, old.cases + cases)
    db.execute(
        "INSERT OR REPLACE INTO pruned VALUES (1, ?, ?, ?, ?, ?)",
        (mark.seq, mark.payload_sha256, mark.receipted_utc_us, mark.statements, mark.cases),
    )
    return mark.seq - old.seq


def _not_needed(db: sqlite3.Connection, end: int) -> list[tuple[int, int | None, bool]]:
    """Place, receipt, and whether it is a case, of what goes; what was needed until now may be among it."""
    needed = {case for (case,) in db.execute(_NEWEST_CASES).fetchall()}
    rows = db.execute(
        "SELECT seq, kind, case_id, receipt FROM packet WHERE seq < ? ORDER BY seq", (end,)
    ).fetchall()
    return [
        (seq, receipt, case is not None)
        for seq, kind, case, receipt in rows
        if kind not in _KEPT_KINDS and case not in needed
    ]


def _delete(db: sqlite3.Connection, going: list[tuple[int, int | None, bool]]) -> tuple[int, int]:
    """Rows of statements and all that only they name; returns how many statements and cases."""
    seqs = [(seq,) for seq, _, _ in going]
    files = {
        file
        for seq in seqs
        for file in db.execute("SELECT sha256 FROM packet_attachment WHERE seq = ?", seq).fetchall()
    }
    db.executemany("DELETE FROM packet_attachment WHERE seq = ?", seqs)
    db.executemany(
        "DELETE FROM attachment WHERE sha256 = ?1 AND state = 'purged'"
        " AND NOT EXISTS (SELECT 1 FROM packet_attachment WHERE sha256 = ?1)",
        sorted(files),
    )
    db.executemany("DELETE FROM told_note WHERE seq = ?", seqs)
    db.executemany("DELETE FROM packet WHERE seq = ?", seqs)
    db.executemany(
        "DELETE FROM receipt WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM packet WHERE receipt = ?1)",
        sorted({(receipt,) for _, receipt, _ in going}),
    )
    return len(going), sum(case for _, _, case in going)
