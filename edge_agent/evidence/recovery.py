"""What a start looks at before the store is trusted again.

    the database opens and is whole (quick_check; integrity_check after a run that a fault stopped)
    the newest K statements: digests, links, signatures, and the head is the last of them
    the head is not older than the note that was left beside the database
    the platform has not seen more of this chain, or another one, than this store has sealed
    every file that a statement names is there, in its size
    files that no statement names are removed once they are an hour old

A database that fails is moved aside with its files, kept, and a new epoch begins whose first
statement names the last head that is known. Nothing is repaired and nothing is deleted.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.attachment_files import AttachmentFiles
from edge_agent.evidence.chain_keys import known_keys
from edge_agent.evidence.disk import DirectoryLock, Disk
from edge_agent.evidence.dsse import EvidenceSigner
from edge_agent.evidence.keys import PublicKey
from edge_agent.evidence.losses import Losses
from edge_agent.evidence.notes import HeadHint, HeadNote, RunNote, read_fork
from edge_agent.evidence.outbox import FILE_STATES, STATES, read_signatures
from edge_agent.evidence.pruning import Mark, read_mark
from edge_agent.evidence.set_aside import ATTACHMENTS, DATABASE, Reason, Why, go_on, last_set_aside, set_aside
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.statement_records import Genesis
from edge_agent.evidence.tables import Connect, altered, is_of_the_disk, open_database

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


class _Forked(VerificationError):
    """The chain went on elsewhere."""


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
        _check_pages(db, "integrity_check(1)" if thoroughly else "quick_check(1)")
        _check(db, settings.check_links_at_start, noted, signer.public)
        _check_schema(db)
        _check_states(db)
        Losses(db)  # counts that make no sense would end each start
        _check_not_emptied(db, settings.directory / ATTACHMENTS, noted)
        _check_fork(db, read_fork(settings.directory / FORKED))
    except (sqlite3.Error, VerificationError, ValueError, TypeError) as error:
        if db is not None:
            db.close()
        if is_of_the_disk(error):
            raise  # nothing is known of the content
        reason: Reason = "store_restored" if isinstance(error, _Forked) else "store_corrupt"
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


def _check_pages(db: sqlite3.Connection, check: str) -> None:
    (answer,) = db.execute(f"PRAGMA {check}").fetchone()
    if answer != "ok":
        raise VerificationError(f"{check}: {answer}")


def _check_schema(db: sqlite3.Connection) -> None:
    if name := altered(db):
        raise VerificationError(f"the definition of {name} is damaged")


def _check_states(db: sqlite3.Connection) -> None:
    """A statement in no known state would be kept, and never sent; so would one whose file is in none."""
    for table, place, states in (("packet", "seq", STATES), ("attachment", "sha256", FILE_STATES)):
        known = ", ".join(f"'{state}'" for state in states)
        odd = db.execute(
            f"SELECT {place}, state FROM {table} NOT INDEXED WHERE state NOT IN ({known}) LIMIT 1"  # noqa: S608 - our own names
        )
        if row := odd.fetchone():
            raise VerificationError(f"{table} {row[0]}: in the unknown state {row[1]!r}")


def _check_not_emptied(db: sqlite3.Connection, attachments: Path, noted: HeadNote | None) -> None:
    """A young database is all in its log: without it there is an empty one, and pictures of nobody."""
    empty = db.execute("SELECT count(*) FROM head").fetchone() == (0,)
    if empty and noted is not None and attachments.exists() and any(attachments.iterdir()):
        raise VerificationError(f"the database is empty, but {noted.seq} was sealed")


def _check_fork(db: sqlite3.Connection, platform: HeadNote | None) -> None:
    """Whether the platform has this chain further than it goes here, or otherwise."""
    row = db.execute("SELECT epoch FROM head").fetchone()
    if platform is None or row is None or row[0] != platform.epoch:
        return
    here = db.execute("SELECT payload_sha256 FROM packet WHERE seq = ?", (platform.seq,)).fetchone()
    if here != (platform.payload_sha256,):
        raise _Forked(f"the platform has {platform.seq} of this chain, which is not here: an older copy")


def _check(db: sqlite3.Connection, links: int, noted: HeadNote | None, key: PublicKey) -> None:
    """Whether the database is whole and ends where it should.

    Raises:
        VerificationError: says what is wrong.
    """
    row = db.execute("SELECT epoch, seq, payload_sha256, genesis_sha256 FROM head").fetchone()
    if row is None:
        if db.execute("SELECT count(*) FROM packet").fetchone() != (0,):
            raise VerificationError("statements without a head")
        return
    head, genesis = HeadNote(*row[:3]), row[3]
    gone = read_mark(db)
    rows = db.execute(
        "SELECT seq, payload, signatures, payload_sha256 FROM packet WHERE seq > ? ORDER BY seq DESC LIMIT ?",
        (gone.seq, links),
    ).fetchall()
    if not rows or (rows[0][0], rows[0][3]) != (head.seq, head.payload_sha256):
        raise VerificationError("the head is not the last statement")
    keys = known_keys(db, key)
    chains = [_check_one(seq, payload, signatures, sha256, keys) for seq, payload, signatures, sha256 in rows]
    for chain, newer, older in zip(chains, rows, rows[1:], strict=False):
        if newer[0] != older[0] + 1 or chain.get("prev") != older[3]:
            raise VerificationError(f"the link from {newer[0]} to the statement before it is broken")
    _check_mark(db, gone, keys)
    first = rows[0][3] if head.seq == 0 else chains[0].get("store_genesis")
    if {chain.get("epoch") for chain in chains} != {head.epoch} or first != genesis:
        raise VerificationError("the head is of another chain than the statements")
    if noted is not None and noted.epoch == head.epoch and noted.seq > head.seq:
        raise VerificationError(f"the head is at {head.seq}, but {noted.seq} was sealed: commits were lost")


def _check_mark(db: sqlite3.Connection, gone: Mark, keys: Mapping[str, PublicKey]) -> None:
    """The chain goes on where statements were let go, and no more of them is gone than was."""
    if gone.seq < 0:
        return
    (here,) = db.execute("SELECT count(*) FROM packet WHERE seq <= ?", (gone.seq,)).fetchone()
    if here + gone.statements != gone.seq + 1:
        raise VerificationError(f"{here} statements up to {gone.seq} are here and {gone.statements} let go")
    ends = db.execute(
        "SELECT seq, payload, signatures, payload_sha256 FROM packet WHERE seq IN (?, ?) ORDER BY seq",
        (gone.seq, gone.seq + 1),
    ).fetchall()
    if len(ends) != 2:
        raise VerificationError(
            f"statement {gone.seq} or {gone.seq + 1}, where what was let go ends, is missing"
        )
    _, after = (
        _check_one(seq, payload, signatures, sha256, keys) for seq, payload, signatures, sha256 in ends
    )
    if (ends[0][3], after.get("prev")) != (gone.payload_sha256, gone.payload_sha256):
        raise VerificationError(f"statement {gone.seq + 1} does not follow from what was let go")


def _check_one(
    seq: int, payload: bytes, signatures: str, sha256: str, keys: Mapping[str, PublicKey]
) -> dict[str, Any]:
    """What the statement says of its place in the chain.

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
    return chain


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
