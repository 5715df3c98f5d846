"""Records that somebody asked for, with their files: a command's result, a note out of the tray.

Evidence comes first: they take none of the room that is getting short, and their files go the way of a case's
(`sealing`). What is to be noted with one (that the command is answered, that the note was told) is part of
its commit, so that neither is ever done twice.

The caller holds the store's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge_agent.core.events import ClockStatus
from edge_agent.core.records import Picture
from edge_agent.errors import StoreFull
from edge_agent.evidence.attachment_files import AttachmentFiles
from edge_agent.evidence.attachments import attachment_of
from edge_agent.evidence.chain import Chain, Sealed
from edge_agent.evidence.disk import NoRoom
from edge_agent.evidence.intray import Note
from edge_agent.evidence.pressure import Step
from edge_agent.evidence.quarantine import Quarantine
from edge_agent.evidence.statement_operator import OperatorAction
from edge_agent.evidence.statement_records import Record


@dataclass(frozen=True, slots=True)
class OnRequest:
    """Of one open store."""

    chain: Chain
    files: AttachmentFiles
    quarantine: Quarantine

    def record(
        self,
        record: Record,
        clock: ClockStatus,
        files: Sequence[Picture],
        blobs: Mapping[str, bytes],
        words: Callable[[], None],
    ) -> Sealed:
        """One commit of a record, its files, and what else is to be noted with it: `words`."""
        chain, room = self.chain, self.chain.room
        size = sum(map(len, blobs.values()))
        room.make(size)
        if blobs and not (room.fits(size) and room.step() is Step.ALL):
            raise StoreFull(f"no room for what was asked for ({room.what_is_full()})")
        offset = clock.utc_minus_mono
        built = chain.built(record, clock, tuple(attachment_of(file, offset) for file in files))
        if not blobs:
            return chain.with_ballast(lambda: chain.commit(built, {}, case=None, before_commit=words))
        try:
            with self.files.putting(blobs) as finish:

                def last() -> None:
                    words()
                    finish()

                return chain.commit(built, blobs, case=None, before_commit=last)
        except NoRoom as error:
            raise StoreFull("no room for what was asked for (disk full)") from error

    def note(self, note: Note, clock: ClockStatus) -> Sealed | None:
        """What somebody left in the tray; None when this very note was sealed before."""
        rows = self.chain.rows
        if rows.db.execute("SELECT 1 FROM told_note WHERE id = ?", (note.id,)).fetchone():
            return None
        record: Record = note.record
        back: tuple[int, ...] = ()
        if note.requeue:
            assert isinstance(record, OperatorAction)
            record, back = self.quarantine.to_requeue(record, note.requeue)
        seq = rows.packets.next_link().seq

        def told() -> None:
            rows.db.execute("INSERT INTO told_note (id, seq) VALUES (?, ?)", (note.id, seq))
            for one in back:
                rows.outbox.requeue(one)

        pictures, blobs = note.files_of()
        sealed = self.record(record, clock, pictures, blobs, told)
        for one in back:
            rows.outbox.settled(one)
        rows.outbox.waiting += len(back)
        return sealed
