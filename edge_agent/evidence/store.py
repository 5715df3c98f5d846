"""The store of sealed evidence: one directory, one writer, nothing claimed that is not on the disk.

    seal:  attachments durable  ->  ONE commit: statement, its files' rows, new head  ->  sealed
           (the rows are prepared in the open transaction while the disk writes the files)
    purge: ONE commit: let go   ->  unlink

A crash between two steps leaves files that no row names, never a row without its file, and never a
gap: the head moves in the same commit as the statement. When the disk fails a durable write, nobody
knows what it holds, so the store refuses everything from then on; a restart looks at the disk anew.
No room is no fault: less is kept (`pressure`), and what is not kept at all is counted (`losses`).

`EvidenceStore` is the door: every method takes a turn and lets one part do the work.

    turns          the lock, transactions, faults       quarantine     what cannot be sent as it is
    chain          signs and commits a statement        on_request     records that somebody asked for
    sealing        a case with its pictures             own_words      what the box says unasked
    figures        what there is, in numbers            platform_copy  what the platform has of it
    house          what is old goes                     recovery       what a start looks at
    opening        puts the parts together; begins and ends
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NoReturn, Self

from edge_agent.core.events import ClockStatus
from edge_agent.core.records import JournalSlice, Picture
from edge_agent.errors import EvidenceError, VerificationError
from edge_agent.evidence.chain import Sealed
from edge_agent.evidence.command_log import CommandLog
from edge_agent.evidence.disk import Disk
from edge_agent.evidence.dsse import EvidenceSigner, Signer
from edge_agent.evidence.figures import Glance, Stats
from edge_agent.evidence.identity import Identity
from edge_agent.evidence.intray import Note
from edge_agent.evidence.notes import HeadNote
from edge_agent.evidence.open_cases import MAX_ANSWERED, MAX_OPEN_CASES, OpenCase, answered_orders, open_cases
from edge_agent.evidence.opening import Parts, Signing, open_parts
from edge_agent.evidence.outbox import Applied, Lane, Pending
from edge_agent.evidence.packets import Head
from edge_agent.evidence.questions import Row, Value, answer
from edge_agent.evidence.reading import ReadingStore
from edge_agent.evidence.receipts import Receipt
from edge_agent.evidence.sealable import Sealable
from edge_agent.evidence.set_aside import DATABASE
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.statement_records import CommandResult, Heartbeat, Record
from edge_agent.evidence.tables import Connect, connect
from edge_agent.evidence.turns import CLOSED

__all__ = ["CLOSED", "EvidenceStore", "Glance", "Sealed", "Stats"]


class EvidenceStore:
    """Open with `EvidenceStore.open`. Any thread may call it; calls take turns."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._turns = parts.turns
        self._lock = parts.turns.lock
        self._rows = parts.rows
        self._db = parts.rows.db
        self._chain = parts.chain
        self._room = parts.room
        self.configured_before = parts.configured_before  # digest, as the last run said it
        self._opened = time.monotonic()

    @classmethod
    def open(
        cls,
        settings: StoreSettings,
        signer: EvidenceSigner,
        identity: Identity,
        *,
        successor: EvidenceSigner | None = None,
        cosigners: Sequence[Signer] = (),
        utc_us: Callable[[], int] = lambda: time.time_ns() // 1000,
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
        signing = Signing(signer, successor, tuple(cosigners), identity, utc_us)
        return cls(open_parts(settings, signing, disk or Disk(), connector))

    def close(self) -> None:
        """Finish; a later call is refused, a second `close` does nothing.

        Raises:
            StoreFault: the disk failed the last writes. What was called sealed is in the database's log.
        """
        self._parts.close()

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
        with self._turns.working():
            self._parts.own_words.watch_certificate()
            return self._parts.sealing.seal(seal, attachments, raw, journal)

    def record(self, record: Record, clock: ClockStatus | None = None) -> Sealed:
        """Seal what the box says of itself: a loss, an incident, a step of the clock, ..."""
        with self._turns.working():
            self._parts.own_words.watch_certificate()
            return self._chain.record(record, clock)

    def heartbeat(self, clock: ClockStatus | None = None) -> Sealed:
        """Seal that nothing happened: the chain's end is then never older than the last heartbeat."""
        return self.record(Heartbeat(uptime_s=int(time.monotonic() - self._opened)), clock)

    @contextlib.contextmanager
    def commands(self) -> Iterator[CommandLog]:
        """The memory of commands, for one durable transaction; what was noted counts once it has ended."""
        with self._turns.working(), self._turns.transaction():
            yield self._rows.commands

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

        def noted() -> None:
            note(self._rows.commands)

        with self._turns.working():
            return self._parts.on_request.record(result, clock, files, blobs or {}, noted)

    def record_note(self, note: Note, clock: ClockStatus) -> Sealed | None:
        """Seal what somebody left in the tray; None when this very note was sealed before.

        Raises:
            StoreFull: no room for its files; nothing was sealed.
            StoreFault: the disk failed: stop the process.
        """
        with self._turns.working():
            return self._parts.on_request.note(note, clock)

    @property
    def keyid(self) -> str:
        """Of the key that signs."""
        return self._chain.signer.keyid

    # --- for the start -------------------------------------------------------------------------

    @property
    def forgot_before_utc_us(self) -> int:
        """When this epoch began if there was one before: commands until then are not remembered; else 0."""
        with self._turns.working():
            return self._rows.packets.forgot_before_utc_us()

    def open_cases(
        self, now_utc_us: int, cooldown_us: int, limit: int = MAX_OPEN_CASES
    ) -> tuple[OpenCase, ...]:
        """Street cases that were open, or cleared less than a cooldown ago, when last heard of.

        A case that is not recalled would be confirmed a second time.
        """
        with self._turns.working():
            return open_cases(self._db, now_utc_us, cooldown_us, limit)

    def answered_orders(self, limit: int = MAX_ANSWERED) -> tuple[tuple[str, str], ...]:
        """(order, zone) of the newest inspections that were recorded, oldest first."""
        with self._turns.working():
            return answered_orders(self._db, limit)

    # --- sending -------------------------------------------------------------------------------

    def pending(self, limit_bytes: int, now: int, lane: Lane = Lane.BACKLOG) -> tuple[Pending, ...]:
        """Statements to send now, at least one if any is due, until `limit_bytes` are together.

        `now` and every `next_at` are of the caller's own monotonic clock.
        """
        with self._turns.working():
            return tuple(self._rows.outbox.pending(limit_bytes, now, lane))

    def packet(self, seq: int) -> Pending | None:
        """One statement by its place, whatever its state; for a re-send or an export."""
        with self._turns.working():
            return self._rows.outbox.load(seq)

    def mark_sent(self, seq: int, next_at: int) -> None:
        """It was handed to the broker, or that failed: not offered again before `next_at`."""
        with self._turns.working():
            self._rows.outbox.tried(seq, next_at)

    def resend(self, seqs: Collection[int]) -> None:
        """Offer these at once, receipted ones too: the platform says that it lacks them."""
        with self._turns.working():
            self._rows.outbox.again(sorted(seqs))

    def quarantine(self, seq: int, reason: str) -> None:
        """Keep it, show it, never send it: it is corrupt, too large, or breaks every connection."""
        with self._turns.working():
            self._parts.quarantine.put(seq, reason)

    def just_sealed(self, sha256: str) -> bytes | None:
        """A file's bytes if it was sealed a moment ago and they are still in memory, as hashed then."""
        with self._turns.working():
            return self._parts.recent.get(sha256)

    def kept(self, sha256: str) -> bytes | None:
        """A file's bytes if they were sealed before and are at hand, whole; asking breaks nothing."""
        with self._turns.working():
            data = self._parts.recent.get(sha256)
            if data is None and self._parts.start.files.size(sha256) is not None:
                with contextlib.suppress(VerificationError, OSError):
                    data = self._parts.start.files.get(sha256)
            return data

    def attachment(self, sha256: str) -> bytes:
        """A file's bytes from the disk, its digest checked just now.

        Raises:
            VerificationError: missing or damaged. The incident is sealed, the statements that need the
                file are quarantined, everything else goes on.
        """
        with self._turns.working():
            return self._parts.quarantine.whole_file(sha256)

    # --- the platform's word -------------------------------------------------------------------

    def apply_receipt(self, receipt: Receipt, raw_envelope: bytes) -> Applied:
        """Do what a receipt says. The caller has verified it (`receipts.open_receipt`).

        A receipt of another epoch, or about payloads that this store never sealed, changes nothing.
        """
        with self._turns.working():
            return self._parts.platform.apply(receipt, raw_envelope)

    def receipt_of(self, seq: int) -> bytes | None:
        """The envelope of the receipt that covers a statement."""
        with self._turns.working():
            return self._rows.packets.receipt(seq)

    def newest_receipted(self) -> Pending | None:
        """The newest statement that the platform is known to have."""
        with self._turns.working():
            return self._parts.platform.newest_receipted()

    def to_ask_with(self) -> Pending | None:
        """A statement that contradicts no other copy of this store: the newest with a receipt, or the first.

        None for a store that was made in this life: there is no other copy.
        """
        known = self.newest_receipted()
        return known or (self.packet(0) if self._parts.start.genesis is None else None)

    def asked_for(self, missing: Sequence[tuple[int, int]], limit: int, *, newest: bool) -> list[int]:
        """Which of the places that the platform lacks are here, the lowest `limit` of them.

        Args:
            missing: first and last of each range.
            limit: at most so many.
            newest: nothing newer is known of the platform. Then nothing is let go from the first of them on,
                and if it lacks what it once receipted and was let go since, the chain says so.
        """
        with self._turns.working():
            return self._parts.platform.asked_for(missing, limit, newest=newest)

    def is_fork(self, platform: HeadNote) -> bool:
        """Whether the platform holds another chain of our epoch, or a longer one, than this store."""
        with self._turns.working():
            return self._parts.platform.is_fork(platform)

    def stop_for_fork(self, platform: HeadNote) -> NoReturn:
        """The platform has another chain of this epoch, or a longer one: this disk is an older copy.

        Whatever is sealed here from now on would contradict what was signed before. So nothing is: the
        store stops, the next start keeps it aside and begins a new epoch that names the platform's head.

        Raises:
            StoreFault: always.
        """
        with self._turns.working():
            self._parts.platform.stop(platform, self._parts.settings.directory, self._parts.start.disk)

    # --- keeping house -------------------------------------------------------------------------

    def purge(self, *, early: bool = False) -> int:
        """Remove attachments whose receipt is old enough; with `early`, of any receipt.

        Returns:
            how many files went.
        """
        return self._parts.house.purge(early=early)

    def prune(self, *, early: bool = False) -> int:
        """Let go of one batch of statements whose receipt is old enough; with `early`, of a week's age.

        Returns:
            how many places of the chain it went on; 0 when nothing may go.
        """
        return self._parts.house.prune(early=early)

    def keep_house(self) -> None:
        """What is due every minute or so: what is old goes, losses are told, the ballast is set aside again.

        Raises:
            StoreFull: not even for that was there room.
        """
        self.purge()
        self._parts.house.prune_some()
        with self._turns.working():
            self._parts.sealing.tell_losses()
            self._room.restore_ballast()

    def check_integrity(self) -> None:
        """Look at every page of the database, while sealing goes on.

        Raises:
            StoreFault: it is damaged. The next start sets it aside and begins a new epoch.
        """
        self._turns.check_pages(self._parts.settings.directory / DATABASE)

    # --- looking -------------------------------------------------------------------------------

    def head(self) -> Head:
        """The end of the chain."""
        with self._turns.working():
            return self._rows.packets.head()

    def seqs(self) -> range:
        """Every place of the chain; of the oldest ones the statement may be gone."""
        return range(self.head().seq + 1)

    @property
    def unreceipted(self) -> int:
        """Statements that wait for a receipt."""
        with self._turns.working():
            return self._rows.outbox.waiting

    def stats(self) -> Stats:
        """What the store holds."""
        with self._turns.working():
            return self._parts.figures.stats()

    def glance(self, wait_s: float = 1.0) -> Glance | None:
        """What the store holds, without counting it; None when it is busy for so long.

        For whoever asks often, and must not hang with it; `stats` reads everything.
        """
        with self._turns.taken_within(wait_s) as taken:
            if not taken:
                return None
            with self._turns.working():
                return self._parts.figures.glance()

    def volumes(self) -> tuple[int, int]:
        """Bytes that wait for a receipt, and bytes of all attachments. Reads much: not to be asked often."""
        with self._turns.working():
            return self._parts.figures.volumes()

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
        with self._turns.taken_within(wait_s) as taken:
            if not taken:
                raise EvidenceError(f"the evidence store was busy for {wait_s:g} s")
            with self._turns.working():
                return answer(self._db, question, values)

    def reading(self, wait_s: float = -1) -> ReadingStore:
        """For whoever only looks.

        Args:
            wait_s: longest that a question may wait for the store; negative: for ever.
        """
        return ReadingStore(
            lambda question, values: self.ask(question, values, wait_s), self._parts.settings.directory
        )
