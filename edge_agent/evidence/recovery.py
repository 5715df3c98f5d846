"""What a start looks at before the store is trusted again.

    the database opens and may be trusted (`trust` has the checks)
    every file that a statement names is there, in its size
    files that no statement names are removed once they are an hour old

A database that fails is moved aside with its files, kept, and a new epoch begins whose first
statement names the last head that is known. Nothing is repaired and nothing is deleted.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import VerificationError
from edge_agent.evidence.attachment_files import AttachmentFiles
from edge_agent.evidence.disk import DirectoryLock, Disk
from edge_agent.evidence.dsse import EvidenceSigner
from edge_agent.evidence.notes import HeadHint, HeadNote, RunNote, read_fork
from edge_agent.evidence.set_aside import ATTACHMENTS, DATABASE, Reason, Why, go_on, last_set_aside, set_aside
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.statement_records import Genesis
from edge_agent.evidence.tables import Connect, is_of_the_disk, open_database
from edge_agent.evidence.trust import Forked, check_database, check_fork

FORKED = "forked"

_ORPHAN_AGE_S = 3600


@dataclass(frozen=True, slots=True)
class Start:
    """A store that was looked at, and what has to be said in its chain."""

    lock: DirectoryLock
    db: sqlite3.Connection
    files: AttachmentFiles
    disk: Disk
    hint: HeadHint
    run: RunNote
    genesis: Genesis | None  # a new epoch is to begin with this
    incidents: tuple[tuple[str, str, str], ...]  # what, subject, detail
    damaged: tuple[tuple[str, str], ...]  # digest of a file that is gone or cut, and how

    def close(self, *, orderly: bool) -> None:
        """Let everything go that it opened; the lock last."""
        self.db.close()
        self.files.close()
        self.hint.close()
        self.run.end(orderly=orderly)
        self.lock.release()


def prepare(
    settings: StoreSettings, signer: EvidenceSigner, lock: DirectoryLock, disk: Disk, connector: Connect
) -> Start:
    """Look at the store in the directory; move it aside if it cannot be trusted."""
    directory = settings.directory
    go_on(directory, disk)
    hint = HeadHint(directory / "head")
    run: RunNote | None = None
    db: sqlite3.Connection | None = None
    try:
        run = RunNote(directory / "running")
        noted = hint.read()
        db, why = _open_trusted(settings, signer, connector, noted, thoroughly=bool(run.previous))
        if db is None:
            if why is None and noted is not None and _set_aside_as(directory, noted) is None:
                why = Why("store_missing", "the database is gone", noted.epoch)
            if why is not None:
                set_aside(directory, disk, why)
            db = open_database(directory / DATABASE, connector)
        fresh = db.execute("SELECT count(*) FROM head").fetchone() == (0,)
        files = AttachmentFiles(directory / ATTACHMENTS, disk)
        disk.sync_directory(directory)
        damaged = _missing_files(db, files)
        _remove_orphans(db, files)
        # What was set aside for this genesis, in this start or in one that a crash ended.
        why = _set_aside_as(directory, noted) if fresh else None
        genesis = _genesis(directory, why, noted, signer) if fresh else None
    except BaseException as error:
        hint.close()
        if db is not None:
            db.close()
        if run is not None:
            failed = isinstance(error, (OSError, sqlite3.Error))
            if failed:
                run.fault(str(error))
            run.end(orderly=not failed and run.previous is None)
        raise
    return Start(lock, db, files, disk, hint, run, genesis, tuple(_incidents(run, why)), tuple(damaged))


def _set_aside_as(directory: Path, noted: HeadNote | None) -> Why | None:
    """Why the chain that the note is about was set aside, if it was; without a note, of no known chain."""
    why = last_set_aside(directory)
    return why if why is not None and why.epoch == (noted.epoch if noted else None) else None


def _incidents(run: RunNote, why: Why | None) -> Iterator[tuple[str, str, str]]:
    if why is not None:
        yield why.reason, DATABASE, f"{why.trouble}; moved to {why.where}"
    if run.previous is not None:
        yield "store_not_closed", DATABASE, run.previous or "the process was killed, or the power failed"


def _open_trusted(
    settings: StoreSettings,
    signer: EvidenceSigner,
    connector: Connect,
    noted: HeadNote | None,
    *,
    thoroughly: bool,
) -> tuple[sqlite3.Connection | None, Why | None]:
    """The database if there is one and it is whole; else what is wrong with it, None when missing."""
    path = settings.directory / DATABASE
    if not path.exists():
        return None, None
    db = None
    try:
        db = open_database(path, connector)
        check_database(db, settings, noted, signer.public, thoroughly=thoroughly)
        check_fork(db, read_fork(settings.directory / FORKED))
    except (sqlite3.Error, VerificationError, ValueError, TypeError) as error:
        if db is not None:
            db.close()
        if is_of_the_disk(error):
            raise  # nothing is known of the content
        reason: Reason = "store_restored" if isinstance(error, Forked) else "store_corrupt"
        return None, Why(reason, str(error), noted.epoch if noted else None)
    return db, None


def _genesis(directory: Path, why: Why | None, noted: HeadNote | None, signer: EvidenceSigner) -> Genesis:
    reason: Reason = "new_store" if noted is None else "store_missing"
    if why is not None:
        reason = why.reason
    last = noted
    if reason == "store_restored":
        last = read_fork(directory / FORKED) or noted
    return Genesis(
        reason=reason,
        last_epoch=last.epoch if last else None,
        last_seq=last.seq if last else None,
        last_payload_sha256=last.payload_sha256 if last else None,
        public_key_spki=signer.public.spki.hex(),
    )


def _missing_files(db: sqlite3.Connection, files: AttachmentFiles) -> list[tuple[str, str]]:
    """Files that statements name and that are gone or cut. Digests are checked before each send."""
    rows = db.execute("SELECT sha256, size FROM attachment WHERE state = 'kept' ORDER BY sha256").fetchall()
    found = [(sha256, size, files.size(sha256)) for sha256, size in rows]
    return [
        (sha256, "missing" if have is None else f"{have} of {size} bytes")
        for sha256, size, have in found
        if have != size
    ]


def _remove_orphans(db: sqlite3.Connection, files: AttachmentFiles) -> None:
    """Only files of no row at all: a damaged one stays for who looks into it."""
    known = (row[0] for row in db.execute("SELECT sha256 FROM attachment WHERE state <> 'purged'").fetchall())
    for path in list(files.orphans(known, time.time() - _ORPHAN_AGE_S)):
        path.unlink()
