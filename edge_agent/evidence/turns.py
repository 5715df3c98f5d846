"""Whose turn it is at the one connection, what is durable when a turn ends, and what stops everything.

    working       the only lock; a failed disk becomes a fault, and every later turn is refused
    transaction   BEGIN IMMEDIATE ... COMMIT: on the disk when it ends, or nothing of it
    checkpoint    the log's pages into the database, every so many commits

Any thread comes in by a method of `EvidenceStore`, which takes the turn; the parts run inside it.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from edge_agent.errors import StoreFault, StoreFull
from edge_agent.evidence.disk import Ballast, NoRoom
from edge_agent.evidence.notes import RunNote
from edge_agent.evidence.tables import CHECKPOINT_COMMITS, is_full, is_locked

CLOSED = "the store is closed"


class Turns:
    """Of one open store.

    Args:
        db: the one connection.
        run: the note that tells the next start why this run was stopped.
        ballast: given up when there is no room.
    """

    def __init__(self, db: sqlite3.Connection, run: RunNote, ballast: Ballast) -> None:
        self.lock = threading.RLock()
        self.fault = ""  # why every turn is refused
        self.closed = False
        self._db = db
        self._run = run
        self._ballast = ballast
        self._commits = 0  # since the last checkpoint
        self._checking = False

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Take turns; refuse after a fault; make a fault of any failure of the disk."""
        with self.lock:
            if self.fault:
                raise StoreFault(self.fault)
            try:
                yield
            except NoRoom as error:  # nothing was promised; the next call has what the ballast gives
                self._ballast.release()
                raise StoreFull(f"no room on the disk: {error}") from error
            except (OSError, sqlite3.Error) as error:
                self.fault = f"the evidence store failed and is stopped: {error}"
                self._run.fault(str(error))
                raise StoreFault(self.fault) from error
            except StoreFault as fault:  # the key is away, or a turn inside this one has failed
                if not self.fault:
                    self.fault = str(fault)
                    self._run.fault(self.fault)
                raise

    @contextlib.contextmanager
    def taken_within(self, wait_s: float) -> Iterator[bool]:
        """The lock, for whoever must not hang with it; False: it was not free for so long."""
        taken = self.lock.acquire(timeout=wait_s)
        try:
            yield taken
        finally:
            if taken:
                self.lock.release()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it is durable when this ends, or nothing of it happened.

        Raises:
            NoRoom: SQLite has taken it back for want of room.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and is_full(error):
                raise NoRoom(errno.ENOSPC, str(error)) from error
            raise
        self._commits += 1
        if self._commits >= CHECKPOINT_COMMITS and not self._checking:
            self.checkpoint()

    def checkpoint(self) -> bool:
        """The log's pages into the database; False: they stay in it, for want of room or a free moment."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            if is_full(error) or is_locked(error):
                return False
            raise
        self._commits = 0
        return True

    def check_pages(self, database: Path) -> None:
        """Look at every page of the database, while sealing goes on.

        Right after a checkpoint the database file holds everything, and only a checkpoint writes to it: a
        second connection that is told that the file does not change may read it, and locks nobody out.

        Raises:
            StoreFault: it is damaged.
        """
        with self.lock:
            if self.closed:
                return
            with self.working():
                if self._checking or not self.checkpoint():
                    return
                self._checking = True
        try:
            trouble = _integrity(database)
        finally:
            self._checking = False
        with self.lock:
            if trouble and not self.closed:  # closing writes to the file
                with self.working():
                    raise sqlite3.DatabaseError(f"integrity_check: {trouble}")


def _integrity(path: Path) -> str:
    """What is wrong with the database file; empty when nothing is."""
    name = f"file:{quote(str(path))}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(name, uri=True)) as db:
            (answer,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return "" if answer == "ok" else str(answer)
