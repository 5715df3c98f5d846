"""The database of sealed statements: tables, pragmas, and the one connection.

`payload` and `signatures` are written once and never updated. A packet's `state` only moves forward
(see `outbox`). SQLite in WAL mode with `synchronous=FULL` keeps every commit through a power cut;
NORMAL loses the last ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import EvidenceError

VERSION = 3

_SCHEMA = """
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    payload_sha256 TEXT NOT NULL,
    genesis_sha256 TEXT NOT NULL,
    lost INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE packet (
    seq INTEGER PRIMARY KEY,
    packet_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    case_id TEXT,
    revision INTEGER,
    sealed_utc_us INTEGER NOT NULL,
    payload_sha256 TEXT NOT NULL UNIQUE,
    payload BLOB NOT NULL,
    signatures TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'sealed',
    reason TEXT NOT NULL DEFAULT '',
    receipt INTEGER REFERENCES receipt (id),
    receipted_utc_us INTEGER
) STRICT;
CREATE INDEX packet_open ON packet (seq) WHERE state = 'sealed';
CREATE INDEX packet_receipted ON packet (receipted_utc_us) WHERE state = 'receipted';
CREATE INDEX packet_case ON packet (case_id, seq) WHERE case_id IS NOT NULL;
CREATE TABLE attachment (
    sha256 TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'kept'
) STRICT, WITHOUT ROWID;
CREATE TABLE packet_attachment (
    seq INTEGER NOT NULL REFERENCES packet (seq),
    sha256 TEXT NOT NULL REFERENCES attachment (sha256),
    PRIMARY KEY (seq, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX packet_attachment_sha256 ON packet_attachment (sha256);
CREATE TABLE receipt (
    id INTEGER PRIMARY KEY,
    envelope BLOB NOT NULL
) STRICT;
"""

# 2: the street. Which phase of its case a statement records, and where the newest of each case stands.
_STREET = """
ALTER TABLE packet ADD COLUMN phase TEXT;
CREATE INDEX packet_street ON packet (kind, case_id, seq, phase, sealed_utc_us)
    WHERE kind = 'storefront'
"""

# 3: where the newest case of each zone stands, and which inspections were made.
_ZONES = """
ALTER TABLE packet ADD COLUMN zone TEXT;
ALTER TABLE packet ADD COLUMN event_type TEXT;
UPDATE packet SET zone = json_extract(CAST(payload AS TEXT), '$.storefront.zone'),
    event_type = json_extract(CAST(payload AS TEXT), '$.storefront.event_type') WHERE phase IS NOT NULL;
DROP INDEX packet_street;
CREATE INDEX packet_street ON packet (kind, zone, event_type, seq, case_id, phase, sealed_utc_us)
    WHERE kind = 'storefront';
CREATE INDEX packet_inspection ON packet (seq) WHERE kind = 'inspection'
"""
_STEPS = (_SCHEMA, _STREET, _ZONES)  # from version 0 on

# What every seal and every look at the store asks, answered without reading all that was ever sealed. An
# index is no part of a version: a program that does not know it keeps it up all the same.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS attachment_kept ON attachment (size) WHERE state = 'kept'",
    "CREATE INDEX IF NOT EXISTS packet_state ON packet (state)",
)

Connect = Callable[[str], sqlite3.Connection]


def connect(path: str) -> sqlite3.Connection:
    """The real connection; tests hand in one that fails."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def open_database(path: Path, connector: Connect = connect) -> sqlite3.Connection:
    """Open or make the database.

    Raises:
        EvidenceError: it belongs to another version of the program.
    """
    db = connector(str(path))
    # One connection writes, reads and checkpoints, and no second one can: SQLite 3.7.0 to 3.51.2 can
    # lose a WAL reset when two do (fixed in 3.51.3; Debian 12 ships 3.40.1).
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA wal_autocheckpoint = 512")  # 2 MiB: a bounded file and a short restart
    db.execute("PRAGMA journal_size_limit = 4194304")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if not 0 <= version <= VERSION:
        db.close()
        raise EvidenceError(f"{path}: store version {version}, this program knows version {VERSION}")
    if version < VERSION:
        db.execute("BEGIN IMMEDIATE")
        for step in _STEPS[version:]:
            for statement in step.split(";"):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    for index in _INDEXES:
        db.execute(index)
    return db
