"""The store of sealed evidence: one directory, one writer, nothing claimed that is not on the disk.

    seal:  attachments durable  ->  ONE commit: statement, its files' rows, new head  ->  sealed
           (the rows are prepared in the open transaction while the disk writes the files)
    purge: ONE commit: let go   ->  unlink

A crash between two steps leaves files that no row names, never a row without its file, and never a
gap: the head moves in the same commit as the statement. When the disk fails a durable write, nobody
knows what it holds, so the store refuses everything from then on; a restart looks at the disk anew.
No room is no fault: less is kept (`pressure`), and what is not kept at all is counted (`losses`).
"""

from __future__ import annotations

import base64
import contextlib
import errno
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn, Self

from edge_agent.core.events import ClockStatus
from edge_agent.core.records import JournalSlice, Picture
from edge_agent.errors import EvidenceError, StoreFault, StoreFull, VerificationError
from edge_agent.evidence import dsse, requeue
from edge_agent.evidence.attachments import CaseFiles, attachment_of, case_files
from edge_agent.evidence.build import Built, build, build_record, packet_id
from edge_agent.evidence.chain_keys import key_in_force, was_recorded
from edge_agent.evidence.command_log import CommandLog
from edge_agent.evidence.disk import Ballast, DirectoryLock, Disk, NoRoom
from edge_agent.evidence.dsse import EvidenceSigner, Signature, Signer
from edge_agent.evidence.identity import ChainLink, Identity
from edge_agent.evidence.intray import Note
from edge_agent.evidence.losses import Losses
from edge_agent.evidence.notes import HeadNote, write_fork
from edge_agent.evidence.open_cases import MAX_ANSWERED, MAX_OPEN_CASES, OpenCase, answered_orders, open_cases
from edge_agent.evidence.outbox import Applied, Lane, Outbox, Pending, write_signatures
from edge_agent.evidence.packets import Head, Packets
from edge_agent.evidence.pressure import Step
from edge_agent.evidence.pruning import LEAST_DAYS, prune, read_mark
from edge_agent.evidence.questions import Row, Value, answer
from edge_agent.evidence.reading import ReadingStore
from edge_agent.evidence.receipts import Receipt
from edge_agent.evidence.recent import RecentBlobs
from edge_agent.evidence.recovery import FORKED, Start, prepare
from edge_agent.evidence.room import Refused, Room
from edge_agent.evidence.rotation import rotation
from edge_agent.evidence.sealable import OfItself, Sealable, case_of, name_of
from edge_agent.evidence.set_aside import DATABASE
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.statement import Health, Kind
from edge_agent.evidence.statement_operator import OperatorAction
from edge_agent.evidence.statement_records import (
    Certificate,
    CommandResult,
    Heartbeat,
    Incident,
    Loss,
    Record,
)
from edge_agent.evidence.tables import CHECKPOINT_COMMITS, Connect, connect, is_full, is_locked

log = logging.getLogger(__name__)

UtcUs = Callable[[], int]

# Pictures of the newest few cases stay in memory, so that sending them does not wait for a read.
RECENT_BYTES = 4 * 1024 * 1024

FOR_EVER_US = 2**63 - 1
DAY_US = 86_400_000_000
# Batches in one round of keeping house: a day's statements of a busy box, so that a backlog goes in days.
PRUNED_AT_ONCE = 10
CLOSED = "the store is closed"


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
    pressure: Step  # what room is left for
    pressed: Mapping[Step, int]  # as in `Stats`


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
    lost: int  # cases for which there was no room
    pressure: Step  # what room is left for
    pressed: Mapping[Step, int]  # cases since the start that a step took pictures of, or refused


class EvidenceStore:
    """Open with `EvidenceStore.open`. Any thread may call it; calls take turns."""

    def __init__(
        self,
        start: Start,
        settings: StoreSettings,
        signer: EvidenceSigner,
        identity: Identity,
        utc_us: UtcUs,
        cosigners: Sequence[Signer] = (),
    ) -> None:
        self._lock = threading.RLock()
        self._start = start
        self._db = start.db
        self._files = start.files
        self._settings = settings
        self._signer = signer
        self._cosigners = tuple(cosigners)
        self._identity = replace(identity, keyid=signer.keyid)
        self._utc_us = utc_us
        self._outbox = Outbox(start.db)
        self._commands = CommandLog(start.db)
        self._packets = Packets(start.db)
        self.configured_before = self._packets.configured()  # digest, as the last run said it
        self._recent = RecentBlobs(RECENT_BYTES)
        self._disk = start.disk
        self._room = Room(start.db, settings, start.disk, self._let_go)
        self._losses = Losses(start.db)
        self._commits = 0  # since the last checkpoint
        self._checking = False
        self._opened = time.monotonic()
        self._fault = ""
        self._closed = False
        self._pending = 0
        self._lacked: int | None = None  # the first one here that the platform has not, by its newest word
        self._told: set[str] = set()  # what was said of the certificate since the start

    @classmethod
    def open(
        cls,
        settings: StoreSettings,
        signer: EvidenceSigner,
        identity: Identity,
        *,
        successor: EvidenceSigner | None = None,
        cosigners: Sequence[Signer] = (),
        utc_us: UtcUs = lambda: time.time_ns() // 1000,
        disk: Disk | None = None,
        connector: Connect = connect,
    ) -> EvidenceStore:
        """Open the store of `settings.directory`, or make it; look at what a crash may have left.

        With a `successor`, that key signs everything from here on: the rotation is sealed unless the chain
        has it already. `cosigners` sign every statement as well (SM2); nothing depends on them.

        Raises:
            EvidenceError: another process has it open.
            StoreFault: the disk does not take durable writes.
        """
        disk = disk or Disk()
        try:
            _make_directory(settings.directory, disk)
            lock = DirectoryLock(settings.directory)
        except OSError as error:
            raise StoreFault(f"{settings.directory}: {error}") from error
        store = None
        try:
            start = prepare(settings, signer, lock, disk, connector)
            in_force = key_in_force(start.db)
            if successor is not None and successor.keyid == in_force:  # a crash came right after
                signer, successor = successor, None
            store = cls(start, settings, signer, identity, utc_us, cosigners)
            store._begin(start, in_force, successor)
        except BaseException as error:
            if store is not None:
                store._fault = str(error)
                if isinstance(error, sqlite3.Error):
                    store._start.run.fault(str(error))  # so that the next start looks at every page
                store.close()
            else:
                lock.release()
            if isinstance(error, (OSError, sqlite3.Error)):
                if is_full(error) or getattr(error, "errno", None) == errno.ENOSPC:
                    Ballast(settings.directory / "ballast", 0).release()  # for the next start
                raise StoreFault(f"{settings.directory}: {error}") from error
            raise
        return store

    def close(self) -> None:
        """Finish; a later call is refused, a second `close` does nothing.

        Raises:
            StoreFault: the disk failed the last writes. What was called sealed is in the database's log.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            fault = None if self._fault else self._last_words()
            self._fault = self._fault or CLOSED
            self._db.close()
            self._files.close()
            self._start.hint.close()
            self._start.run.end(orderly=self._fault == CLOSED)
            self._start.lock.release()
        if fault is not None:
            raise fault

    def _last_words(self) -> StoreFault | None:
        """Losses that no record has told yet, and the log into the database."""
        try:
            with contextlib.suppress(StoreFull), self._working():
                self._tell_losses(all_of_them=True)
                self._checkpoint()
        except StoreFault as fault:
            return fault
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- sealing -------------------------------------------------------------------------------

    def seal(
        self,
        seal: Sealable,
        attachments: Mapping[str, bytes],
        raw: bytes | None = None,
        journal: JournalSlice | None = None,
    ) -> Sealed:
        """Make what was decided part of the chain. It is sealed when this returns, and only then.

        Args:
            seal: what the core decided.
            attachments: bytes of its pictures by SHA-256; a picture without bytes is named as missing.
            raw: the instrument's bytes of a bridge's `seal.raw`.
            journal: the part of the box's own recording that led to it; None: it keeps none.

        Returns:
            the statement's place; the earlier one when this very decision was sealed before.

        Raises:
            SealRefused: a statement that must not exist.
            StoreFull: no room; the loss itself is sealed.
            StoreFault: the disk failed: stop the process.
        """
        with self._working():
            self._watch_certificate()
            try:
                if isinstance(seal, OfItself):
                    nothing = case_files(seal, frozenset(), None)
                    return self._with_ballast(lambda: self._seal(seal, nothing, {}, journal))
                files = case_files(seal, self._room.fitting(seal, attachments, raw), raw)
                blobs = {
                    a.sha256: attachments[a.sha256] for a in files.listed if a.sha256 != files.raw_sha256
                }
                if raw is not None and files.raw_sha256 is not None:
                    blobs[files.raw_sha256] = raw
                return self._seal(seal, files, blobs, journal)
            except Refused as refused:
                known = self._sealed_as(packet_id(seal, self._identity))
                return known or self._lose(seal, str(refused))
            except NoRoom as error:
                self._room.spend_ballast()
                self._lose(seal, "disk full", error)

    def record(self, record: Record, clock: ClockStatus | None = None) -> Sealed:
        """Seal what the box says of itself: a loss, an incident, a step of the clock, ..."""
        with self._working():
            self._watch_certificate()
            return self._record(record, clock)

    @property
    def forgot_before_utc_us(self) -> int:
        """When this epoch began if there was one before: commands until then are not remembered; else 0."""
        with self._working():
            return self._packets.forgot_before_utc_us()

    @contextlib.contextmanager
    def commands(self) -> Iterator[CommandLog]:
        """The memory of commands, for one durable transaction; what was noted counts once it has ended."""
        with self._working(), self._transaction():
            yield self._commands

    def answer_command(
        self,
        result: CommandResult,
        clock: ClockStatus,
        note: Callable[[CommandLog], object],
        files: Sequence[Picture] = (),
        blobs: Mapping[str, bytes] | None = None,
    ) -> Sealed:
        """Seal a command's result and note it in the memory of commands, in one commit.

        Args:
            result: what came of it.
            clock: of now.
            note: what to note.
            files: pictures and clips that were asked for.
            blobs: their bytes by SHA-256.

        Raises:
            StoreFull: no room for the files; nothing was sealed.
            StoreFault: the disk failed: stop the process.
        """
        with self._working():

            def noted() -> None:
                note(self._commands)

            return self._record_with_files(result, clock, files, blobs or {}, noted)

    def record_note(self, note: Note, clock: ClockStatus) -> Sealed | None:
        """Seal what somebody left in the tray; None when this very note was sealed before.

        Raises:
            StoreFull: no room for its files; nothing was sealed.
            StoreFault: the disk failed: stop the process.
        """
        with self._working():
            if self._db.execute("SELECT 1 FROM told_note WHERE id = ?", (note.id,)).fetchone():
                return None
            record: Record = note.record
            back: tuple[int, ...] = ()
            if note.requeue:
                assert isinstance(record, OperatorAction)
                record, back = self._to_requeue(record, note.requeue)
            seq = self._packets.next_link().seq

            def told() -> None:
                self._db.execute("INSERT INTO told_note (id, seq) VALUES (?, ?)", (note.id, seq))
                for one in back:
                    self._outbox.requeue(one)

            pictures, blobs = note.files_of()
            sealed = self._record_with_files(record, clock, pictures, blobs, told)
            for one in back:
                self._outbox.settled(one)
            self._pending += len(back)
            return sealed

    def _to_requeue(
        self, asked: OperatorAction, seqs: Collection[int]
    ) -> tuple[OperatorAction, tuple[int, ...]]:
        """The record of what can be put back in line, and which those are."""
        verdicts = {seq: self._why_not_back(seq) for seq in sorted(seqs)}
        back = tuple(seq for seq, why in verdicts.items() if not why)
        return requeue.told(asked, back, {seq: why for seq, why in verdicts.items() if why}), back

    def _why_not_back(self, seq: int) -> str:
        """Why a statement cannot be put back in line; empty when it can. Its files are read for that."""
        row = self._packets.state_and_incident(seq)
        why = requeue.why_not(row[0] if row else None)
        if why:
            return why
        for sha256, state in self._packets.files(seq):
            if state == "damaged":
                return f"attachment {sha256:.16} is damaged or gone"
            try:
                self._files.get(sha256)
            except VerificationError as error:
                self._damaged(sha256, str(error))
                return str(error)
        return ""

    def _record_with_files(
        self,
        record: Record,
        clock: ClockStatus,
        files: Sequence[Picture],
        blobs: Mapping[str, bytes],
        words: Callable[[], None],
    ) -> Sealed:
        """One commit of a record, its files, and what else is to be noted with it."""
        size = sum(map(len, blobs.values()))
        self._room.make(size)
        # Evidence comes first: what somebody only asked for takes none of the room that is getting short.
        if blobs and not (self._room.fits(size) and self._room.step() is Step.ALL):
            raise StoreFull(f"no room for what was asked for ({self._room.what_is_full()})")
        built = build_record(
            record,
            self._identity,
            self._packets.next_link(),
            self._utc_us(),
            clock=clock,
            health=self._health(),
            attachments=tuple(attachment_of(file, clock.utc_minus_mono) for file in files),
        )
        if not blobs:
            return self._with_ballast(lambda: self._commit(built, {}, case=None, before_commit=words))
        try:
            with self._files.putting(blobs) as finish:

                def last() -> None:
                    words()
                    finish()

                return self._commit(built, blobs, case=None, before_commit=last)
        except NoRoom as error:
            raise StoreFull("no room for what was asked for (disk full)") from error

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

    @property
    def keyid(self) -> str:
        """Of the key that signs."""
        return self._signer.keyid

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

        def aside() -> None:
            self._outbox.set_aside(seq, "quarantined", reason)

        with self._working():
            row = self._packets.state_and_incident(seq)
            if row is None or row[0] != "sealed":
                return
            if row[1] == "quarantined":  # one more would be too large as well, and so on for ever
                with self._transaction():
                    aside()
            else:
                told = Incident(what="quarantined", subject=f"seq {seq}", detail=reason[:1000])
                self._record(told, before_commit=aside)
            self._outbox.settled(seq)
            self._pending -= 1

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
                self._pending = self._packets.waiting()
            return applied

    def receipt_of(self, seq: int) -> bytes | None:
        """The envelope of the receipt that covers a statement."""
        with self._working():
            return self._packets.receipt(seq)

    # --- keeping house -------------------------------------------------------------------------

    def purge(self, *, early: bool = False) -> int:
        """Remove attachments whose receipt is old enough; with `early`, of any receipt.

        Returns:
            how many files went.
        """
        with self._working():
            keep_us = self._settings.keep_receipted_hours * 3_600_000_000
            with self._transaction():
                # Early is whatever the clock says: it may have been set back since the receipt.
                gone = self._outbox.purge(FOR_EVER_US if early else self._utc_us() - keep_us)
            if gone:
                self._room.recount()
            self._files.remove(gone)
            return len(gone)

    def _let_go(self) -> int:
        with contextlib.suppress(StoreFull):  # too full even to let go: the step says so
            return self.purge(early=True)
        return 0

    def prune(self, *, early: bool = False) -> int:
        """Let go of one batch of statements whose receipt is old enough; with `early`, of a week's age.

        Returns:
            how many places of the chain it went on; 0 when nothing may go.
        """
        days = LEAST_DAYS if early else self._settings.keep_statements_days
        with self._working():
            # What a start verifies stays, and one at least that the platform is known to have.
            newest = self._head().seq + 1 - self._settings.check_links_at_start
            before = min(newest, self._packets.newest_receipted() or 0)
            if self._lacked is not None:
                before = min(before, self._lacked)
            with self._transaction():
                return prune(self._db, self._utc_us() - days * DAY_US, before)

    def _prune_some(self) -> None:
        with self._working():
            early = self._room.step() >= Step.NO_LOW_CLASS and self._room.what_is_full() == "disk full"
        for _ in range(PRUNED_AT_ONCE):
            if not self.prune(early=early):
                return

    def keep_house(self) -> None:
        """What is due every minute or so: what is old goes, losses are told, the ballast is set aside again.

        Raises:
            StoreFull: not even for that was there room.
        """
        self.purge()
        self._prune_some()
        with self._working():
            self._tell_losses()
            self._room.restore_ballast()

    def check_integrity(self) -> None:
        """Look at every page of the database, while sealing goes on.

        Right after a checkpoint the database file holds everything, and only a checkpoint writes to it: a
        second connection that is told that the file does not change may read it, and locks nobody out.

        Raises:
            StoreFault: it is damaged. The next start sets it aside and begins a new epoch.
        """
        with self._lock:
            if self._closed:
                return
            with self._working():
                if self._checking or not self._checkpoint():
                    return
                self._checking = True
        try:
            trouble = _integrity(self._settings.directory / DATABASE)
        finally:
            self._checking = False
        with self._lock:
            if trouble and not self._closed:  # closing writes to the file
                with self._working():
                    raise sqlite3.DatabaseError(f"integrity_check: {trouble}")

    def is_fork(self, platform: HeadNote) -> bool:
        """Whether the platform holds another chain of our epoch, or a longer one, than this store."""
        with self._working():
            if platform.epoch != self._head().epoch:
                return False
            here = self._packets.payload_sha256(platform.seq)
            if here is None and platform.seq < read_mark(self._db).seq:
                return False  # receipted once and let go since: a platform that fell back so far lost data
            return here != platform.payload_sha256

    def asked_for(self, missing: Sequence[tuple[int, int]], limit: int, *, newest: bool) -> list[int]:
        """Which of the places that the platform lacks are here, the lowest `limit` of them.

        Args:
            missing: first and last of each range.
            limit: at most so many.
            newest: nothing newer is known of the platform. Then nothing is let go from the first of them on,
                and if it lacks what it once receipted and was let go since, the chain says so.
        """
        with self._working():
            mark = read_mark(self._db).seq
            found: list[int] = []
            gone: list[tuple[int, int]] = []
            for first, last in missing:
                found += self._packets.places(first, last, limit - len(found))
                if first <= mark and self._packets.number(first, min(last, mark)) <= min(last, mark) - first:
                    gone.append((first, min(last, mark)))
            if newest:
                self._lacked = found[0] if found else None
                if gone:
                    self._tell_let_go(gone[0][0], gone[-1][1])
            return found

    def _tell_let_go(self, first: int, last: int) -> None:
        """The platform has lost what it signed for, and here it is gone as well: people must know. Once."""
        what, subject = "asked_for_what_was_let_go", f"seq {first} to {last}"
        if what in self._told:
            return
        if not was_recorded(self._db, Kind.INCIDENT, what=what, subject=subject):
            detail = (
                "the platform asks for statements that it had receipted; the box has let go of those up to "
                f"seq {read_mark(self._db).seq}, {self._settings.keep_statements_days} days after the receipt"
            )
            log.warning("%s: %s", subject, detail)
            try:
                self._record(Incident(what=what, subject=subject, detail=detail))
            except NoRoom:  # it must cost nothing else; the next answer tries again
                return
        self._told.add(what)

    def newest_receipted(self) -> Pending | None:
        """The newest statement that the platform is known to have."""
        with self._working():
            seq = self._packets.newest_receipted()
            return None if seq is None else self._outbox.load(seq)

    def to_ask_with(self) -> Pending | None:
        """A statement that contradicts no other copy of this store: the newest with a receipt, or the first.

        None for a store that was made in this life: there is no other copy.
        """
        known = self.newest_receipted()
        return known or (self.packet(0) if self._start.genesis is None else None)

    def stop_for_fork(self, platform: HeadNote) -> NoReturn:
        """The platform has another chain of this epoch, or a longer one: this disk is an older copy.

        Whatever is sealed here from now on would contradict what was signed before. So nothing is: the
        store stops, the next start keeps it aside and begins a new epoch that names the platform's head.

        Raises:
            StoreFault: always.
        """
        with self._working():
            self._room.spend_ballast()  # without the note the next start would go on with the older copy
            write_fork(self._settings.directory / FORKED, platform)
            self._disk.sync_directory(self._settings.directory)
            here = self._head().seq
            raise OSError(f"an older copy of itself: it ends at {here}, the platform has {platform.seq}")

    def stats(self) -> Stats:
        """What the store holds."""
        with self._working():
            states, gone = self._packets.states(), read_mark(self._db)
            return Stats(
                sealed=sum(states.values()) + gone.statements,
                cases=self._packets.cases() + gone.cases,
                sent=self._outbox.sent,
                receipted=states.get("receipted", 0) + states.get("purged", 0) + gone.statements,
                quarantined=states.get("quarantined", 0),
                rejected=states.get("rejected", 0),
                pending=states.get("sealed", 0),
                pending_bytes=self._packets.waiting_bytes(),
                oldest_pending_utc_us=self._packets.oldest_waiting_utc_us(),
                attachment_bytes=self._room.held,
                lost=self._lost(),
                pressure=self._room.step(),
                pressed=dict(self._room.pressed),
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
            return Glance(
                head=self._head(),
                pending=self._pending,
                oldest_pending_s=self._oldest_pending_s(),
                lost=self._lost(),
                disk_free_bytes=self._room.free,
                pressure=self._room.step(),
                pressed=dict(self._room.pressed),
            )

    @property
    def unreceipted(self) -> int:
        """Statements that wait for a receipt."""
        with self._working():
            return self._pending

    def volumes(self) -> tuple[int, int]:
        """Bytes that wait for a receipt, and bytes of all attachments. Reads much: not to be asked often."""
        with self._working():
            return self._packets.waiting_bytes(), self._room.held

    def seqs(self) -> range:
        """Every place of the chain; of the oldest ones the statement may be gone."""
        return range(self.head().seq + 1)

    def ask(self, question: str, values: Sequence[Value], wait_s: float = -1) -> list[Row]:
        """Answer one of `questions`; nothing changes by it.

        Args:
            question: its name.
            values: its parameters.
            wait_s: for the store to be free; negative: for ever.

        Raises:
            UsageError: there is no such question.
            EvidenceError: the store was busy for so long.
        """
        if not self._lock.acquire(timeout=wait_s):
            raise EvidenceError(f"the evidence store was busy for {wait_s:g} s")
        try:
            with self._working():
                return answer(self._db, question, values)
        finally:
            self._lock.release()

    def reading(self, wait_s: float = -1) -> ReadingStore:
        """For whoever only looks.

        Args:
            wait_s: longest that a question may wait for the store; negative: for ever.
        """
        return ReadingStore(
            lambda question, values: self.ask(question, values, wait_s), self._settings.directory
        )

    # --- inside: the caller holds the lock -----------------------------------------------------

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        """Take turns; refuse after a fault; make a fault of any failure of the disk."""
        with self._lock:
            if self._fault:
                raise StoreFault(self._fault)
            try:
                yield
            except NoRoom as error:  # nothing was promised; the next call has what the ballast gives
                self._room.spend_ballast()
                raise StoreFull(f"no room on the disk: {error}") from error
            except (OSError, sqlite3.Error) as error:
                self._fault = f"the evidence store failed and is stopped: {error}"
                self._start.run.fault(str(error))
                raise StoreFault(self._fault) from error
            except StoreFault as fault:  # the key is away
                self._fault = str(fault)
                raise

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
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
            self._checkpoint()

    def _checkpoint(self) -> bool:
        """The log's pages into the database; False: they stay in it, for want of room or a free moment."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            if is_full(error) or is_locked(error):
                return False
            raise
        self._commits = 0
        return True

    def _begin(self, start: Start, in_force: str, successor: EvidenceSigner | None) -> None:
        """What a start has to say goes into the chain before anything else."""
        if start.genesis is not None:
            self._commit(
                build_record(start.genesis, self._identity, _first_link(), self._utc_us()), {}, case=None
            )
        self._pending = self._packets.waiting()
        for what, subject, detail in start.incidents:
            self._record(Incident(what=what, subject=subject, detail=detail[:1000]))
        for sha256, detail in start.damaged:
            self._damaged(sha256, detail)
        if in_force not in {"", self._signer.keyid}:
            detail = "another key signs from here on, and the old one did not say so: enrol it by hand"
            self._record(Incident(what="key_replaced", subject=in_force, detail=detail))
        if successor is not None:
            self._rotate(successor)
        self._tell_certificate()
        start.run.begin()
        self._tell_losses()
        self._room.restore_ballast()

    def _rotate(self, successor: EvidenceSigner) -> None:
        """One statement, signed by both; every later one by the successor."""
        self._record(rotation(self._signer.public, successor.public), also=(successor,))
        self._signer = successor
        self._identity = replace(self._identity, keyid=successor.keyid)

    def _tell_certificate(self) -> None:
        """Once an epoch: the platform and every verifier find the certificate in the chain itself."""
        held = self._identity.certificate
        if held and not was_recorded(self._db, Kind.CERTIFICATE, cert_sha256=held.sha256):
            chain = [base64.b64encode(der).decode("ascii") for der in held.ders]
            self._record(Certificate(cert_sha256=held.sha256, chain=chain))

    def _watch_certificate(self) -> None:
        """Say once that statements are sealed outside the validity of the key's certificate."""
        held = self._identity.certificate
        problem = held.problem_at(self._utc_us()) if held else ""
        if not held or not problem or problem in self._told:
            return
        what = f"evidence_certificate_{problem}"
        if not was_recorded(self._db, Kind.INCIDENT, what=what, subject=held.sha256):
            valid = f"{held.leaf.not_valid_before_utc:%Y-%m-%d} to {held.leaf.not_valid_after_utc:%Y-%m-%d}"
            try:
                self._record(Incident(what=what, subject=held.sha256, detail=f"valid {valid}"))
            except NoRoom:  # it must cost nothing else; the next statement tries again
                return
        self._told.add(problem)

    def _seal(
        self, seal: Sealable, files: CaseFiles, blobs: Mapping[str, bytes], journal: JournalSlice | None
    ) -> Sealed:
        with self._files.putting(blobs) as finish:
            name = packet_id(seal, self._identity)
            known = self._sealed_as(name)
            if known is not None:
                return known
            built = build(
                seal,
                self._identity,
                self._packets.next_link(),
                self._utc_us(),
                files,
                name=name,
                earlier=self._packets.earlier(case_of(seal)),
                health=self._health(),
                journal=journal,
            )
            sealed = self._commit(built, blobs, case=case_of(seal), before_commit=finish)
        self._recent.add(blobs)
        return sealed

    def _record(
        self,
        record: Record,
        clock: ClockStatus | None = None,
        also: Sequence[Signer] = (),
        before_commit: Callable[[], None] = lambda: None,
    ) -> Sealed:
        built = build_record(
            record,
            self._identity,
            self._packets.next_link(),
            self._utc_us(),
            clock=clock,
            health=self._health(),
        )
        return self._with_ballast(
            lambda: self._commit(built, {}, case=None, before_commit=before_commit, also=also)
        )

    def _with_ballast(self, commit: Callable[[], Sealed]) -> Sealed:
        """What the box says of itself may take the ballast's room."""
        try:
            return commit()
        except NoRoom:
            self._room.spend_ballast()
            return commit()

    def _lose(self, seal: Sealable, reason: str, cause: OSError | None = None) -> NoReturn:
        name = name_of(seal) if isinstance(seal, OfItself) else seal.use_class
        self._losses.add(name, reason, self._utc_us())
        with contextlib.suppress(NoRoom):  # counted in memory until there is some
            with self._transaction():
                self._losses.save()
            self._tell_losses()
        raise StoreFull(f"{name_of(seal)}: no room ({reason}); the loss is counted") from cause

    def _tell_losses(self, *, all_of_them: bool = False) -> None:
        now_s = time.monotonic()
        for loss in self._losses.due(float("inf") if all_of_them else now_s):
            self._record(loss)
            self._losses.told(loss, now_s)

    def _commit(
        self,
        built: Built,
        blobs: Mapping[str, bytes],
        case: tuple[str, int] | None,
        before_commit: Callable[[], None] = lambda: None,
        also: Sequence[Signer] = (),
    ) -> Sealed:
        """One durable transaction: the statement, its files' rows, the new head.

        `before_commit` makes the files durable; when it fails nothing is committed.
        """
        statement = built.statement
        chain, said = statement.chain, statement.storefront
        message = dsse.pae(dsse.EVIDENCE_TYPE, built.payload)
        signers: tuple[Signer, ...] = (self._signer, *also, *self._cosigners)
        signatures = write_signatures([Signature(s.keyid, s.sign(message)) for s in signers])
        with self._transaction():
            added = self._packets.add(built, signatures, blobs, case)
            if isinstance(statement.record, Loss):
                self._losses.forget(statement.record)
            if said and said.order:
                self._commands.answered(said.order)
            before_commit()
        self._room.added(added)
        self._pending += 1
        self._start.hint.write(chain.epoch, chain.seq, built.sha256)
        return Sealed(statement.packet_id, chain.epoch, chain.seq, built.sha256, built.payload)

    def _damaged(self, sha256: str, detail: str) -> None:
        """A file is not what was sealed: say so in the chain, then send nothing that leans on it.

        In this order: a crash between the two tells it twice, and never not at all.
        """
        if self._packets.file_state(sha256) != "kept":
            return
        self._record(Incident(what="attachment_damaged", subject=sha256, detail=detail[:1000]))
        with self._transaction():
            users = self._packets.damage(sha256)
            for seq in users:
                self._outbox.set_aside(seq, "quarantined", detail)
        self._room.recount()
        for seq in users:
            self._outbox.settled(seq)
        self._pending = self._packets.waiting()

    def _health(self) -> Health:
        return Health(
            disk_free_bytes=self._room.free,
            unreceipted=self._pending,
            oldest_unreceipted_age_s=self._oldest_pending_s(),
            lost=self._lost(),
        )

    def _lost(self) -> int:
        return self._losses.count + self._packets.lost()

    def _oldest_pending_s(self) -> int | None:
        """Age of the first statement without a receipt."""
        oldest_us = self._packets.oldest_waiting_utc_us()
        return None if oldest_us is None else max(0, self._utc_us() - oldest_us) // 1_000_000

    def _head(self) -> Head:
        return self._packets.head()

    def _sealed_as(self, name: str) -> Sealed | None:
        row = self._packets.sealed_as(name)
        return None if row is None else Sealed(name, self._head().epoch, *row)


def _make_directory(directory: Path, disk: Disk) -> None:
    """The directory, its own name durable too."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in reversed(missing):
        disk.sync_directory(path.parent)


def _integrity(path: Path) -> str:
    """What is wrong with the database file; empty when nothing is."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
            (answer,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return "" if answer == "ok" else str(answer)


def _first_link() -> ChainLink:
    """A new epoch: 128 random bits, so that no other store, nor a copy of this one, has the same."""
    return ChainLink(os.urandom(16).hex(), 0, None, None)
