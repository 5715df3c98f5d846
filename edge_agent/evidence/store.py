"""The store of sealed evidence: one directory, one writer, nothing claimed that is not on the disk.

    seal:  attachments durable  ->  ONE commit: statement, its files' rows, new head  ->  sealed
           (the rows are prepared in the open transaction while the disk writes the files)
    purge: ONE commit: let go   ->  unlink

A crash between two steps leaves files that no row names, never a row without its file, and never a
gap: the head moves in the same commit as the statement. When the disk fails a durable write, nobody
knows what it holds, so the store refuses everything from then on; a restart looks at the disk anew.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn, Self

from edge_agent.core.events import ClockStatus
from edge_agent.errors import StoreFault, StoreFull, VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.attachments import CaseFiles, case_files
from edge_agent.evidence.build import Built, Earlier, build, build_record, packet_id
from edge_agent.evidence.disk import Ballast, DirectoryLock, Disk, NoRoom, free_bytes
from edge_agent.evidence.dsse import EvidenceSigner, Signature
from edge_agent.evidence.identity import ChainLink, Identity
from edge_agent.evidence.open_cases import MAX_ANSWERED, MAX_OPEN_CASES, OpenCase, answered_orders, open_cases
from edge_agent.evidence.outbox import Applied, Lane, Outbox, Pending, write_signatures
from edge_agent.evidence.receipts import Receipt
from edge_agent.evidence.recent import RecentBlobs
from edge_agent.evidence.recovery import Start, prepare
from edge_agent.evidence.sealable import OfItself, Sealable, case_of, name_of
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.statement import Health
from edge_agent.evidence.statement_records import Heartbeat, Incident, Loss, Record
from edge_agent.evidence.tables import Connect, connect

UtcUs = Callable[[], int]

# Pictures of the newest few cases stay in memory, so that sending them does not wait for a read.
RECENT_BYTES = 4 * 1024 * 1024

CLOSED = "the store is closed"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain."""

    epoch: str
    seq: int
    payload_sha256: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A statement that is durably in the chain."""

    packet_id: str
    epoch: str
    seq: int
    payload_sha256: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Glance:
    """What can be said at once, however much the store holds."""

    head: Head
    pending: int
    oldest_pending_s: int | None  # since it was sealed, by this box's UTC
    lost: int
    disk_free_bytes: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What the store holds."""

    sealed: int  # statements in this epoch, whatever became of them
    cases: int  # of them, candidate evidence
    sent: int  # offered to the platform since the start, not receipted yet
    receipted: int
    quarantined: int
    rejected: int
    pending: int
    pending_bytes: int
    oldest_pending_utc_us: int | None
    attachment_bytes: int
    lost: int


class EvidenceStore:
    """Open with `EvidenceStore.open`. Any thread may call it; calls take turns."""

    def __init__(
        self, start: Start, settings: StoreSettings, signer: EvidenceSigner, identity: Identity, utc_us: UtcUs
    ) -> None:
        self._lock = threading.RLock()
        self._start = start
        self._db = start.db
        self._files = start.files
        self._settings = settings
        self._signer = signer
        self._identity = replace(identity, keyid=signer.keyid)
        self._utc_us = utc_us
        self._outbox = Outbox(start.db)
        self._recent = RecentBlobs(RECENT_BYTES)
        self._ballast = Ballast(settings.directory / "ballast", settings.ballast_bytes)
        self._opened = time.monotonic()
        self._fault = ""
        self._closed = False
        self._pending = 0

    @classmethod
    def open(
        cls,
        settings: StoreSettings,
        signer: EvidenceSigner,
        identity: Identity,
        *,
        utc_us: UtcUs = lambda: time.time_ns() // 1000,
        disk: Disk | None = None,
        connector: Connect = connect,
    ) -> EvidenceStore:
        """Open the store of `settings.directory`, or make it; look at what a crash may have left.

        Raises:
            EvidenceError: another process has it open.
            StoreFault: the disk does not take durable writes.
        """
        settings.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = DirectoryLock(settings.directory)
        try:
            start = prepare(settings, signer, lock, disk or Disk(), connector)
            store = cls(start, settings, signer, identity, utc_us)
            store._begin(start)
        except (OSError, sqlite3.Error) as error:
            lock.release()
            raise StoreFault(f"{settings.directory}: {error}") from error
        except BaseException:
            lock.release()
            raise
        return store

    def close(self) -> None:
        """Finish; a later call is refused, a second `close` does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._fault = self._fault or CLOSED
            self._db.close()
            self._files.close()
            self._start.hint.close()
            self._start.lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- sealing -------------------------------------------------------------------------------

    def seal(self, seal: Sealable, attachments: Mapping[str, bytes], raw: bytes | None = None) -> Sealed:
        """Make what was decided part of the chain. It is sealed when this returns, and only then.

        Args:
            seal: what the core decided.
            attachments: bytes of its pictures by SHA-256; a picture without bytes is named as missing.
            raw: the instrument's bytes of a bridge's `seal.raw`.

        Returns:
            the statement's place; the earlier one when this very decision was sealed before.

        Raises:
            SealRefused: a statement that must not exist.
            StoreFull: no room; the loss itself is sealed.
            StoreFault: the disk failed: stop the process.
        """
        with self._working():
            files = case_files(seal, attachments.keys(), raw)
            blobs = {a.sha256: attachments[a.sha256] for a in files.listed if a.sha256 != files.raw_sha256}
            if raw is not None and files.raw_sha256 is not None:
                blobs[files.raw_sha256] = raw
            self._want_room(seal, blobs)
            try:
                return self._seal(seal, files, blobs)
            except NoRoom as error:
                self._ballast.release()
                self._lose(seal, "disk full", error)

    def record(self, record: Record, clock: ClockStatus | None = None) -> Sealed:
        """Seal what the box says of itself: a loss, an incident, a step of the clock, ..."""
        with self._working():
            return self._record(record, clock)

    def open_cases(
        self, now_utc_us: int, cooldown_us: int, limit: int = MAX_OPEN_CASES
    ) -> tuple[OpenCase, ...]:
        """Street cases that were open, or cleared less than a cooldown ago, when last heard of.

        For the start: a case that is not recalled would be confirmed a second time.
        """
        with self._working():
            return open_cases(self._db, now_utc_us, cooldown_us, limit)

    def answered_orders(self, limit: int = MAX_ANSWERED) -> tuple[tuple[str, str], ...]:
        """(order, zone) of the newest inspections that were recorded, oldest first. For the start too."""
        with self._working():
            return answered_orders(self._db, limit)

    def heartbeat(self, clock: ClockStatus | None = None) -> Sealed:
        """Seal that nothing happened: the chain's end is then never older than the last heartbeat."""
        return self.record(Heartbeat(uptime_s=int(time.monotonic() - self._opened)), clock)

    def head(self) -> Head:
        """The end of the chain."""
        with self._working():
            return self._head()

    # --- sending -------------------------------------------------------------------------------

    def pending(self, limit_bytes: int, now: int, lane: Lane = Lane.BACKLOG) -> tuple[Pending, ...]:
        """Statements to send now, at least one if any is due, until `limit_bytes` are together.

        `now` and every `next_at` are of the caller's own monotonic clock.
        """
        with self._working():
            return tuple(self._outbox.pending(limit_bytes, now, lane))

    def packet(self, seq: int) -> Pending | None:
        """One statement by its place, whatever its state; for a re-send or an export."""
        with self._working():
            return self._outbox.load(seq)

    def just_sealed(self, sha256: str) -> bytes | None:
        """A file's bytes if it was sealed a moment ago and they are still in memory, as hashed then."""
        with self._working():
            return self._recent.get(sha256)

    def kept(self, sha256: str) -> bytes | None:
        """A file's bytes if they were sealed before and are at hand, whole; asking breaks nothing."""
        with self._working():
            data = self._recent.get(sha256)
            if data is None and self._files.size(sha256) is not None:
                with contextlib.suppress(VerificationError):
                    data = self._files.get(sha256)
            return data

    def attachment(self, sha256: str) -> bytes:
        """A file's bytes from the disk, its digest checked just now.

        Raises:
            VerificationError: missing or damaged. The incident is sealed, the statements that need the
                file are quarantined, everything else goes on.
        """
        with self._working():
            try:
                return self._files.get(sha256)
            except VerificationError as error:
                self._damaged(sha256, str(error))
                raise

    def mark_sent(self, seq: int, next_at: int) -> None:
        """It was handed to the broker, or that failed: not offered again before `next_at`."""
        with self._working():
            self._outbox.tried(seq, next_at)

    def resend(self, seqs: Collection[int]) -> None:
        """Offer these at once, receipted ones too: the platform says that it lacks them."""
        with self._working():
            self._outbox.again(sorted(seqs))

    def quarantine(self, seq: int, reason: str) -> None:
        """Keep it, show it, never send it: it is corrupt, too large, or breaks every connection."""
        with self._working():
            with self._transaction():
                changed = self._outbox.set_aside(seq, "quarantined", reason)
            if changed:
                self._pending -= 1
                self._record(Incident(what="quarantined", subject=f"seq {seq}", detail=reason[:1000]))

    def apply_receipt(self, receipt: Receipt, raw_envelope: bytes) -> Applied:
        """Do what a receipt says. The caller has verified it (`receipts.open_receipt`).

        A receipt of another epoch, or about payloads that this store never sealed, changes nothing.
        """
        with self._working():
            if receipt.epoch != self._head().epoch:
                return Applied(unknown=len(receipt.items))
            with self._transaction():
                applied = self._outbox.apply(receipt, raw_envelope, self._utc_us())
            if applied:
                self._pending = self._count_pending()
            return applied

    def receipt_of(self, seq: int) -> bytes | None:
        """The envelope of the receipt that covers a statement."""
        with self._working():
            row = self._db.execute(
                "SELECT envelope FROM packet JOIN receipt ON receipt.id = packet.receipt WHERE seq = ?",
                (seq,),
            ).fetchone()
            return None if row is None else row[0]

    # --- keeping house -------------------------------------------------------------------------

    def purge(self, *, early: bool = False) -> int:
        """Remove attachments whose receipt is old enough; with `early`, of any receipt.

        Returns:
            how many files went. Statements stay for ever.
        """
        with self._working():
            keep_us = 0 if early else self._settings.keep_receipted_hours * 3_600_000_000
            with self._transaction():
                gone = self._outbox.purge(self._utc_us() - keep_us + int(early))
            self._files.remove(gone)
            return len(gone)

    def stats(self) -> Stats:
        """What the store holds."""
        with self._working():
            states = dict(self._db.execute("SELECT state, count(*) FROM packet GROUP BY state").fetchall())
            pending_bytes, oldest = self._db.execute(
                "SELECT coalesce(sum(bytes), 0), min(sealed_utc_us) FROM packet WHERE state = 'sealed'"
            ).fetchone()
            (cases,) = self._db.execute("SELECT count(*) FROM packet WHERE case_id IS NOT NULL").fetchone()
            return Stats(
                sealed=sum(states.values()),
                cases=cases,
                sent=self._outbox.sent,
                receipted=states.get("receipted", 0) + states.get("purged", 0),
                quarantined=states.get("quarantined", 0),
                rejected=states.get("rejected", 0),
                pending=states.get("sealed", 0),
                pending_bytes=pending_bytes,
                oldest_pending_utc_us=oldest,
                attachment_bytes=self._attachment_bytes(),
                lost=self._lost(),
            )

    def glance(self, wait_s: float = 1.0) -> Glance | None:
        """What the store holds, without counting it; None when it is busy for so long.

        For whoever asks often, and must not hang with it; `stats` reads everything.
        """
        if not self._lock.acquire(timeout=wait_s):
            return None
        try:
            return self._glance()
        finally:
            self._lock.release()

    def _glance(self) -> Glance:
        with self._working():
            row = self._db.execute(
                "SELECT sealed_utc_us FROM packet WHERE state = 'sealed' ORDER BY seq LIMIT 1"
            ).fetchone()
            return Glance(
                head=self._head(),
                pending=self._pending,
                oldest_pending_s=None if row is None else max(0, self._utc_us() - row[0]) // 1_000_000,
                lost=self._lost(),
                disk_free_bytes=free_bytes(self._settings.directory),
            )

    def volumes(self) -> tuple[int, int]:
        """Bytes that wait for a receipt, and bytes of all attachments. Reads much: not to be asked often."""
        with self._working():
            (pending,) = self._db.execute(
                "SELECT coalesce(sum(bytes), 0) FROM packet WHERE state = 'sealed'"
            ).fetchone()
            return int(pending), self._attachment_bytes()

    def seqs(self) -> range:
        """Every place of the chain."""
        return range(self.head().seq + 1)

    # --- inside: the caller holds the lock -----------------------------------------------------

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        """Take turns; refuse after a fault; make a fault of any failure of the disk."""
        with self._lock:
            if self._fault:
                raise StoreFault(self._fault)
            try:
                yield
            except (OSError, sqlite3.Error) as error:
                self._fault = f"the evidence store failed and is stopped: {error}"
                if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                    self._ballast.release()  # so that the next start has room to say what happened
                raise StoreFault(self._fault) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def _begin(self, start: Start) -> None:
        """What a start has to say goes into the chain before anything else."""
        self._ballast.restore()
        if start.genesis is not None:
            self._commit(
                build_record(start.genesis, self._identity, _first_link(), self._utc_us()), {}, case=None
            )
        self._pending = self._count_pending()
        for what, subject, detail in start.incidents:
            self._record(Incident(what=what, subject=subject, detail=detail[:1000]))
        for sha256, detail in start.damaged:
            self._damaged(sha256, detail)

    def _seal(self, seal: Sealable, files: CaseFiles, blobs: Mapping[str, bytes]) -> Sealed:
        with self._files.putting(blobs) as finish:
            name = packet_id(seal, self._identity)
            known = self._sealed_as(name)
            if known is not None:
                return known
            built = build(
                seal,
                self._identity,
                self._next_link(),
                self._utc_us(),
                files,
                name=name,
                earlier=self._earlier(seal),
                health=self._health(),
            )
            sealed = self._commit(built, blobs, case=case_of(seal), before_commit=finish)
        self._recent.add(blobs)
        return sealed

    def _record(self, record: Record, clock: ClockStatus | None = None) -> Sealed:
        built = build_record(
            record, self._identity, self._next_link(), self._utc_us(), clock=clock, health=self._health()
        )
        return self._commit(built, {}, case=None)

    def _want_room(self, seal: Sealable, blobs: Mapping[str, bytes]) -> None:
        size = sum(map(len, blobs.values()))
        if self._over_quota(size) and not self._make_room(size):
            self._lose(seal, "quota")

    def _lose(self, seal: Sealable, reason: str, cause: OSError | None = None) -> NoReturn:
        now = self._utc_us()
        lost = name_of(seal) if isinstance(seal, OfItself) else seal.use_class
        loss = Loss(lost_class=lost, count=1, first_utc_us=now, last_utc_us=now, reason=reason)
        self._record(loss)
        raise StoreFull(f"{name_of(seal)}: no room ({reason}); the loss is sealed") from cause

    def _over_quota(self, size: int) -> bool:
        return self._attachment_bytes() + size > self._settings.quota_bytes

    def _make_room(self, size: int) -> bool:
        """Receipted files may go early; what has no receipt never goes."""
        while self._over_quota(size):
            if not self.purge(early=True):
                return False
        return True

    def _commit(
        self,
        built: Built,
        blobs: Mapping[str, bytes],
        case: tuple[str, int] | None,
        before_commit: Callable[[], None] = lambda: None,
    ) -> Sealed:
        """One durable transaction: the statement, its files' rows, the new head.

        `before_commit` makes the files durable; when it fails nothing is committed.
        """
        statement = built.statement
        chain, said = statement.chain, statement.storefront
        message = dsse.pae(dsse.EVIDENCE_TYPE, built.payload)
        signatures = write_signatures([Signature(self._signer.keyid, self._signer.sign(message))])
        size = len(built.payload) + sum(map(len, blobs.values()))
        with self._transaction():
            self._db.execute(
                "INSERT INTO packet (seq, packet_id, kind, case_id, revision, phase, zone, event_type,"
                " sealed_utc_us, payload_sha256, payload, signatures, bytes)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                    size,
                ),
            )
            self._add_files(chain.seq, blobs)
            self._move_head(built)
            before_commit()
        self._pending += 1
        self._start.hint.write(chain.epoch, chain.seq, built.sha256)
        return Sealed(statement.packet_id, chain.epoch, chain.seq, built.sha256, built.payload)

    def _add_files(self, seq: int, blobs: Mapping[str, bytes]) -> None:
        for sha256, data in blobs.items():
            self._db.execute(
                "INSERT INTO attachment (sha256, size) VALUES (?, ?) "
                "ON CONFLICT (sha256) DO UPDATE SET state = 'kept'",
                (sha256, len(data)),
            )
            self._db.execute("INSERT INTO packet_attachment VALUES (?, ?)", (seq, sha256))

    def _move_head(self, built: Built) -> None:
        chain = built.statement.chain
        record = built.statement.record
        lost = record.count if isinstance(record, Loss) else 0
        if chain.seq == 0:
            self._db.execute(
                "INSERT INTO head (one, epoch, seq, payload_sha256, genesis_sha256) VALUES (1, ?, 0, ?, ?)",
                (chain.epoch, built.sha256, built.sha256),
            )
            return
        moved = self._db.execute(
            "UPDATE head SET seq = ?, payload_sha256 = ?, lost = lost + ? WHERE seq = ?",
            (chain.seq, built.sha256, lost, chain.seq - 1),
        ).rowcount
        assert moved == 1, "the head moved under the writer's feet"

    def _head(self) -> Head:
        return Head(*self._db.execute("SELECT epoch, seq, payload_sha256 FROM head").fetchone())

    def _next_link(self) -> ChainLink:
        epoch, seq, prev, genesis = self._db.execute(
            "SELECT epoch, seq, payload_sha256, genesis_sha256 FROM head"
        ).fetchone()
        return ChainLink(epoch, seq + 1, prev, genesis)

    def _sealed_as(self, name: str) -> Sealed | None:
        row = self._db.execute(
            "SELECT seq, payload_sha256, payload FROM packet WHERE packet_id = ?", (name,)
        ).fetchone()
        return None if row is None else Sealed(name, self._head().epoch, *row)

    def _earlier(self, seal: Sealable) -> Earlier | None:
        """The case's first and newest statements of lower revisions, of its newest run of that name."""
        case = case_of(seal)
        query = "SELECT packet_id FROM packet WHERE case_id = ? AND revision < ? ORDER BY"
        newest = None if case is None else self._db.execute(f"{query} seq DESC LIMIT 1", case).fetchone()
        if case is None or newest is None:
            return None
        (first,) = self._db.execute(f"{query} revision, seq DESC LIMIT 1", case).fetchone()
        return Earlier(first, newest[0])

    def _damaged(self, sha256: str, detail: str) -> None:
        """A file is not what was sealed: say so in the chain, then send nothing that leans on it.

        In this order: a crash between the two tells it twice, and never not at all.
        """
        row = self._db.execute("SELECT state FROM attachment WHERE sha256 = ?", (sha256,)).fetchone()
        if row != ("kept",):
            return
        self._record(Incident(what="attachment_damaged", subject=sha256, detail=detail[:1000]))
        with self._transaction():
            self._db.execute("UPDATE attachment SET state = 'damaged' WHERE sha256 = ?", (sha256,))
            users = self._db.execute(
                "SELECT seq FROM packet_attachment WHERE sha256 = ?", (sha256,)
            ).fetchall()
            for (seq,) in users:
                self._outbox.set_aside(seq, "quarantined", detail)
        self._pending = self._count_pending()

    def _health(self) -> Health:
        (oldest,) = self._db.execute(
            "SELECT min(sealed_utc_us) FROM packet WHERE state = 'sealed'"
        ).fetchone()
        age = None if oldest is None else max(0, self._utc_us() - oldest) // 1_000_000
        return Health(
            disk_free_bytes=free_bytes(self._settings.directory),
            unreceipted=self._pending,
            oldest_unreceipted_age_s=age,
            lost=self._lost(),
        )

    def _lost(self) -> int:
        row = self._db.execute("SELECT lost FROM head").fetchone()
        return 0 if row is None else int(row[0])

    def _count_pending(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM packet WHERE state = 'sealed'").fetchone()[0])

    def _attachment_bytes(self) -> int:
        (size,) = self._db.execute(
            "SELECT coalesce(sum(size), 0) FROM attachment WHERE state = 'kept'"
        ).fetchone()
        return int(size)


def _first_link() -> ChainLink:
    """A new epoch: 128 random bits, so that no other store, nor a copy of this one, has the same."""
    return ChainLink(os.urandom(16).hex(), 0, None, None)
