"""The database of sealed statements: tables, pragmas, and the one connection.

`payload` and `signatures` are written once and never updated. A packet's `state` moves
forward, and back only from a quarantine (see `outbox`). SQLite in WAL mode with `synchronous=FULL` keeps
every commit through a power cut; NORMAL loses the last ones.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import EvidenceError
from edge_agent.evidence.command_log import COMMANDS_SCHEMA
from edge_agent.evidence.pruning import PRUNED_SCHEMA

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

# Tables and indexes that a program can leave alone which does not know them. They do not raise the version,
# so that an older program still opens the store after an upgrade is taken back. It compares each one that it
# knows with its own text, the line break at a script's end included: what a release had is never touched
# again, and what is new gets a script of its own.
_ADDITIONS = """
CREATE TABLE IF NOT EXISTS untold_loss (
    class TEXT NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_utc_us INTEGER NOT NULL,
    last_utc_us INTEGER NOT NULL,
    PRIMARY KEY (class, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS attachment_kept ON attachment (size) WHERE state = 'kept';
CREATE INDEX IF NOT EXISTS packet_state ON packet (state)
"""
_NOTES = """
CREATE TABLE IF NOT EXISTS told_note (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS packet_kind ON packet (kind)
"""

# A checkpoint writes the log's pages into the database. SQLite's own one, at the end of a commit, swallows
# the errors of the disk; the store makes its own (`Turns.checkpoint`), and sees them.
CHECKPOINT_COMMITS = 64

OBJECTS = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"

Connect = Callable[[str], sqlite3.Connection]


def connect(path: str) -> sqlite3.Connection:
    """The real connection; tests hand in one that fails."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


_OF_THE_DISK = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


def is_of_the_disk(error: Exception) -> bool:
    """Whether the disk failed, which says nothing about what the database holds."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK


def is_full(error: Exception) -> bool:
    """Whether there was no room: SQLite has taken the transaction back, and nothing is broken."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def is_locked(error: Exception) -> bool:
    """Whether a query of this very connection was still being read."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_LOCKED


def open_database(path: Path, connector: Connect = connect) -> sqlite3.Connection:
    """Open or make the database; what is made nobody else may read.

    Raises:
        EvidenceError: it belongs to another version of the program.
    """
    if not path.exists():
        # SQLite would make it as the umask says, and gives its log the mode of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = connector(str(path))
    try:
        _set_up(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _set_up(db: sqlite3.Connection, path: Path) -> None:
    # One connection writes, reads and checkpoints, and no second one can: SQLite 3.7.0 to 3.51.2 can
    # lose a WAL reset when two do (fixed in 3.51.3; Debian 12 ships 3.40.1).
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":  # SQLite says so, and raises nothing, when the disk failed it
        raise OSError(f"{path}: no write-ahead log, but journal mode {mode}")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA wal_autocheckpoint = 0")  # see CHECKPOINT_COMMITS
    db.execute("PRAGMA journal_size_limit = 4194304")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if not 0 <= version <= VERSION:
        raise EvidenceError(f"{path}: store version {version}, this program knows version {VERSION}")
    _upgrade(db, version)


def altered(db: sqlite3.Connection) -> str:
    """Name of a table or index that is not as this program makes it; empty when all are.

    SQLite keeps them as text, and a flipped bit there makes good SQL of another meaning: no check of pages
    sees it. What a later program added beside ours is its own matter.
    """
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as ours:
        _upgrade(ours, 0)
        expected = _definitions(ours)
    found = _definitions(db)
    return next((name for name, text in expected.items() if found.get(name) != text), "")


def _definitions(db: sqlite3.Connection) -> dict[str, str]:
    """By name. Where a script of another release ended says nothing of what its last statement means."""
    return {name: text.rstrip() for name, text in db.execute(OBJECTS).fetchall()}


def make_version(db: sqlite3.Connection, version: int) -> None:
    """The tables as a program of that version made them: for tests of the upgrade."""
    for step in _STEPS[:version]:
        _run(db, step)
    db.execute(f"PRAGMA user_version = {version}")


def _upgrade(db: sqlite3.Connection, version: int) -> None:
    """All of it or nothing: a process that dies here leaves the version that it found."""
    db.execute("BEGIN IMMEDIATE")
    for step in _STEPS[version:]:
        _run(db, step)
    for addition in (_ADDITIONS, COMMANDS_SCHEMA, _NOTES, PRUNED_SCHEMA):
        _run(db, addition)
    if version < VERSION:
        db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute("COMMIT")


def _run(db: sqlite3.Connection, script: str) -> None:
    for statement in script.split(";"):
        db.execute(statement)
