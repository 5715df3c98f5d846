"""A box's chain, read from a copy while the daemon goes on sealing.

    header of the log  ->  copy the database  ->  copy the log  ->  the log has that header still

The daemon's connection is the only one there may be (`tables.open_database`), so nobody opens the database
beside it: its two files are copied, and SQLite reads the copy. A copy made while pages are written into the
database is torn, but each such page is in the log as well, until the log is begun anew; then its header
has other salts, and both are copied once more.

Never in the daemon's own process: to close a file there gives up the locks that SQLite has on it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence.set_aside import ATTACHMENTS, DATABASE
from edge_agent.evidence.statement import Statement, parse

TRIES = 5
LOG_HEADER = 32  # bytes; the salts are in it
RECEIPTED = frozenset({"receipted", "purged"})

_SINCE = """
SELECT seq, payload_sha256, payload, state, reason, sealed_utc_us, receipted_utc_us FROM packet
    WHERE sealed_utc_us >= ? AND kind IN (SELECT value FROM json_each(?)) ORDER BY seq
"""
_OF_NOTE = """
SELECT packet.seq, payload_sha256, payload, state, reason, sealed_utc_us, receipted_utc_us FROM packet
    JOIN told_note ON told_note.seq = packet.seq WHERE told_note.id = ?
"""


@dataclass(frozen=True, slots=True)
class Read:
    """One statement of the chain and what became of it."""

    seq: int
    sha256: str
    statement: Statement
    state: str  # as in `outbox`
    reason: str  # why it was set aside; empty where it was not
    sealed_utc_us: int
    receipted_utc_us: int | None  # when the receipt came, by the box's clock

    @property
    def receipted(self) -> bool:
        """The platform has it, and signed that it has."""
        return self.state in RECEIPTED


class ChainReader:
    """The chain as it was when it was copied. Open with `ChainReader.of`; one thread."""

    def __init__(self, db: sqlite3.Connection, attachments: Path) -> None:
        self._db = db
        self._attachments = attachments

    @classmethod
    @contextlib.contextmanager
    def of(cls, store_directory: Path) -> Iterator[Self]:
        """Copy the chain of a store, whether a daemon has it open or not.

        Raises:
            UsageError: there is none, or it is not readable for this user, or was written all the time.
        """
        if not (store_directory / DATABASE).exists():
            raise UsageError(
                f"{store_directory}: no evidence store; has the daemon run with this configuration?"
            )
        with tempfile.TemporaryDirectory(prefix="edge-agent-read-") as temporary:
            copy = _copied(store_directory / DATABASE, Path(temporary))
            with contextlib.closing(sqlite3.connect(copy)) as db:
                yield cls(db, store_directory / ATTACHMENTS)

    def since(self, utc_us: int, *kinds: str) -> Iterator[Read]:
        """Statements of these kinds sealed at that time or later, oldest first."""
        yield from map(_read, self._db.execute(_SINCE, (utc_us, json.dumps(kinds))))

    def of_note(self, note: str) -> Read | None:
        """What a note was sealed as; None where it was not yet."""
        row = self._db.execute(_OF_NOTE, (note,)).fetchone()
        return None if row is None else _read(row)

    def attachment(self, sha256: str) -> Path | None:
        """The file of a digest; None where it is not there any more."""
        path = self._attachments / sha256
        return path if path.is_file() else None

    def keyid(self) -> str:
        """Who signs: the key of the newest statement."""
        row = self._db.execute("SELECT payload FROM packet ORDER BY seq DESC LIMIT 1").fetchone()
        return "" if row is None else parse(row[0]).keyid


def _read(row: tuple[int, str, bytes, str, str, int, int | None]) -> Read:
    seq, sha256, payload, state, reason, sealed, receipted = row
    try:
        statement = parse(payload)
    except VerificationError as error:
        raise VerificationError(f"seq {seq}: {error}") from error
    return Read(seq, sha256, statement, state, reason, sealed, receipted)


def _copied(database: Path, folder: Path) -> Path:
    log, copy = Path(f"{database}-wal"), folder / DATABASE
    for _ in range(TRIES):
        try:
            before = _header(log)
            shutil.copyfile(database, copy)
            Path(f"{copy}-wal").unlink(missing_ok=True)
            if before:
                shutil.copyfile(log, f"{copy}-wal")
            if _header(log) == before:
                return copy
        except FileNotFoundError:  # a daemon that ends takes its log with it
            continue
        except PermissionError as error:
            raise UsageError(
                f"{database}: not readable for you; use sudo, or the daemon's own user"
            ) from error
    raise UsageError(f"{database}: written all the time, {TRIES} tries; try again")


def _header(log: Path) -> bytes:
    """Empty where there is no log."""
    try:
        with log.open("rb") as file:
            return file.read(LOG_HEADER)
    except FileNotFoundError:
        return b""
