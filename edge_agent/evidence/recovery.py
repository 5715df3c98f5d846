"""What a start looks at before the store is trusted again.

    the database opens and is whole (quick_check)
    the newest K statements: digests, links, signatures, and the head is the last of them
    the head is not older than the note that was left beside the database
    every file that a statement names is there, in its size
    files that no statement names are removed once they are an hour old

A database that fails is moved aside with its files, kept, and a new epoch begins whose first
statement names the last head that is known. Nothing is repaired and nothing is deleted.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.attachment_files import AttachmentFiles
from edge_agent.evidence.chain_keys import known_keys
from edge_agent.evidence.disk import DirectoryLock, Disk
from edge_agent.evidence.dsse import EvidenceSigner
from edge_agent.evidence.keys import PublicKey
from edge_agent.evidence.outbox import read_signatures
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.statement_records import Genesis
from edge_agent.evidence.tables import Connect, open_database

DATABASE = "evidence.db"
ATTACHMENTS = "attachments"
QUARANTINE = "quarantine"

_ORPHAN_AGE_S = 3600

Reason = Literal["new_store", "store_corrupt", "store_missing"]


@dataclass(frozen=True, slots=True)
class HeadNote:
    """Where the chain ended, as somebody remembers it."""

    epoch: str
    seq: int
    payload_sha256: str


class HeadHint:
    """The last head, written beside the database after every commit, never waited for.

    It survives a killed process, and it shows when the database lost its last commits: a truncated
    log leaves a database that is whole and older. After a power cut the note may be the older one,
    which says nothing.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def write(self, epoch: str, seq: int, payload_sha256: str) -> None:
        """One small overwrite of always the same length."""
        os.pwrite(self._descriptor, f"{epoch} {seq:020d} {payload_sha256}\n".encode(), 0)

    def read(self) -> HeadNote | None:
        """The note; None when there is none that makes sense."""
        parts = os.pread(self._descriptor, 4096, 0).decode("ascii", "replace").split()
        if len(parts) != 3 or len(parts[0]) != 32 or not parts[1].isdecimal() or len(parts[2]) != 64:
            return None
        return HeadNote(parts[0], int(parts[1]), parts[2])

    def close(self) -> None:
        """Done with the note."""
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class Start:
    """A store that was looked at, and what has to be said in its chain."""

    lock: DirectoryLock
    db: sqlite3.Connection
    files: AttachmentFiles
    hint: HeadHint
    genesis: Genesis | None  # a new epoch is to begin with this
    incidents: tuple[tuple[str, str, str], ...]  # what, subject, detail
    damaged: tuple[tuple[str, str], ...]  # digest of a file that is gone or cut, and how


def prepare(
    settings: StoreSettings, signer: EvidenceSigner, lock: DirectoryLock, disk: Disk, connector: Connect
) -> Start:
    """Look at the store in the directory; move it aside if it cannot be trusted."""
    directory = settings.directory
    hint = HeadHint(directory / "head")
    try:
        noted = hint.read()
        db, trouble = _open_trusted(settings, signer, connector, noted)
        incidents: list[tuple[str, str, str]] = []
        reason: Reason | None = None
        if db is None:
            reason = "new_store" if noted is None and not trouble else "store_missing"
            if trouble:
                reason = "store_corrupt"
                incidents.append(("store_corrupt", DATABASE, trouble))
            if reason != "new_store":
                incidents.append(("store_set_aside", DATABASE, _set_aside(directory, disk)))
            db = open_database(directory / DATABASE, connector)
        elif db.execute("SELECT count(*) FROM head").fetchone() == (0,):
            reason = "new_store"  # a crash came between making the tables and the first commit
        files = AttachmentFiles(directory / ATTACHMENTS, disk)
        disk.sync_directory(directory)
        damaged = _missing_files(db, files)
        _remove_orphans(db, files)
    except BaseException:
        hint.close()
        raise
    genesis = None if reason is None else _genesis(reason, noted, signer)
    return Start(lock, db, files, hint, genesis, tuple(incidents), tuple(damaged))


def _open_trusted(
    settings: StoreSettings, signer: EvidenceSigner, connector: Connect, noted: HeadNote | None
) -> tuple[sqlite3.Connection | None, str]:
    """The database if there is one and it is whole; else what is wrong with it, empty when missing."""
    path = settings.directory / DATABASE
    if not path.exists():
        return None, ""
    db = None
    try:
        db = open_database(path, connector)
        _check(db, settings.check_links_at_start, noted, signer.public)
    except (sqlite3.DatabaseError, VerificationError) as error:
        if db is not None:
            db.close()
        if isinstance(error, sqlite3.OperationalError):
            raise  # the disk, not the database: nothing is known of the content
        return None, str(error)
    return db, ""


def _genesis(reason: Reason, last: HeadNote | None, signer: EvidenceSigner) -> Genesis:
    return Genesis(
        reason=reason,
        last_epoch=last.epoch if last else None,
        last_seq=last.seq if last else None,
        last_payload_sha256=last.payload_sha256 if last else None,
        public_key_spki=signer.public.spki.hex(),
    )


def _check(db: sqlite3.Connection, links: int, noted: HeadNote | None, key: PublicKey) -> None:
    """Whether the database is whole and ends where it should.

    Raises:
        VerificationError: says what is wrong.
    """
    (answer,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise VerificationError(f"quick_check: {answer}")
    row = db.execute("SELECT epoch, seq, payload_sha256 FROM head").fetchone()
    if row is None:
        if db.execute("SELECT count(*) FROM packet").fetchone() != (0,):
            raise VerificationError("statements without a head")
        return
    head = HeadNote(*row)
    rows = db.execute(
        "SELECT seq, payload, signatures, payload_sha256 FROM packet ORDER BY seq DESC LIMIT ?", (links,)
    ).fetchall()
    if not rows or (rows[0][0], rows[0][3]) != (head.seq, head.payload_sha256):
        raise VerificationError("the head is not the last statement")
    keys = known_keys(db, key)
    prevs = [_check_one(seq, payload, signatures, sha256, keys) for seq, payload, signatures, sha256 in rows]
    for prev, newer, older in zip(prevs, rows, rows[1:], strict=False):
        if newer[0] != older[0] + 1 or prev != older[3]:
            raise VerificationError(f"the link from {newer[0]} to the statement before it is broken")
    if noted is not None and noted.epoch == head.epoch and noted.seq > head.seq:
        raise VerificationError(f"the head is at {head.seq}, but {noted.seq} was sealed: commits were lost")


def _check_one(
    seq: int, payload: bytes, signatures: str, sha256: str, keys: Mapping[str, PublicKey]
) -> str | None:
    """What the statement names as the one before it.

    Reads the chain alone: a statement of a later version must not make an older program, put back
    after an upgrade, set the store aside.
    """
    if hashlib.sha256(payload).hexdigest() != sha256:
        raise VerificationError(f"statement {seq}: damaged")
    chain = strict_json.loads(payload).get("chain")
    if not isinstance(chain, dict) or chain.get("seq") != seq:
        raise VerificationError(f"statement {seq}: says that it is another")
    message = dsse.pae(dsse.EVIDENCE_TYPE, payload)
    for signature in read_signatures(signatures):
        # A signature of a key that the chain does not introduce stands: SM2's, or one replaced by hand.
        key = keys.get(signature.keyid)
        if key is not None and not key.verifies(signature.sig, message):
            raise VerificationError(f"statement {seq}: its signature is damaged")
    prev = chain.get("prev")
    return prev if isinstance(prev, str) else None


def _set_aside(directory: Path, disk: Disk) -> str:
    """Move the database and its files into a folder of their own; returns where."""
    number = 1 + len(list((directory / QUARANTINE).glob("*")))
    target = directory / QUARANTINE / f"{number:04d}"
    target.mkdir(parents=True)
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", ATTACHMENTS):
        if (directory / name).exists():
            (directory / name).rename(target / name)
    disk.sync_directory(target)
    return f"moved to {QUARANTINE}/{number:04d}"


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
