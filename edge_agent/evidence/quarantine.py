"""What cannot be sent as it is: set aside, kept, said in the chain; and the one way back into the line.

    its file is damaged                    ->  incident, then every statement that names the file
    too large, or breaks every connection  ->  incident and statement in one commit
    an operator asks for it again          ->  `sealed` once more, if its files are whole

The caller holds the store's lock.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from edge_agent.errors import VerificationError
from edge_agent.evidence import requeue
from edge_agent.evidence.attachment_files import AttachmentFiles
from edge_agent.evidence.chain import Chain
from edge_agent.evidence.statement_operator import OperatorAction
from edge_agent.evidence.statement_records import Incident


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Of one open store."""

    chain: Chain
    files: AttachmentFiles

    def whole_file(self, sha256: str) -> bytes:
        """A file's bytes from the disk, its digest checked just now.

        Raises:
            VerificationError: missing or damaged; what needs it is set aside.
        """
        try:
            return self.files.get(sha256)
        except VerificationError as error:
            self.damaged(sha256, str(error))
            raise

    def damaged(self, sha256: str, detail: str) -> None:
        """A file is not what was sealed: say so in the chain, then send nothing that leans on it.

        In this order: a crash between the two tells it twice, and never not at all.
        """
        rows = self.chain.rows
        if rows.packets.file_state(sha256) != "kept":
            return
        self.chain.record(Incident(what="attachment_damaged", subject=sha256, detail=detail[:1000]))
        with self.chain.turns.transaction():
            users = rows.packets.damage(sha256)
            for seq in users:
                rows.outbox.set_aside(seq, "quarantined", detail)
        self.chain.room.recount()
        for seq in users:
            rows.outbox.settled(seq)
        rows.outbox.waiting = rows.packets.waiting()

    def put(self, seq: int, reason: str) -> None:
        """Set one aside that waits for its receipt."""
        rows = self.chain.rows

        def aside() -> None:
            rows.outbox.set_aside(seq, "quarantined", reason)

        row = rows.packets.state_and_incident(seq)
        if row is None or row[0] != "sealed":
            return
        if row[1] == "quarantined":  # one more would be too large as well, and so on for ever
            with self.chain.turns.transaction():
                aside()
        else:
            told = Incident(what="quarantined", subject=f"seq {seq}", detail=reason[:1000])
            self.chain.record(told, before_commit=aside)
        rows.outbox.settled(seq)
        rows.outbox.waiting -= 1

    def to_requeue(
        self, asked: OperatorAction, seqs: Collection[int]
    ) -> tuple[OperatorAction, tuple[int, ...]]:
        """The record of what can be put back in line, and which those are."""
        verdicts = {seq: self._why_not_back(seq) for seq in sorted(seqs)}
        back = tuple(seq for seq, why in verdicts.items() if not why)
        return requeue.told(asked, back, {seq: why for seq, why in verdicts.items() if why}), back

    def _why_not_back(self, seq: int) -> str:
        """Why a statement cannot be put back in line; empty when it can. Its files are read for that."""
        packets = self.chain.rows.packets
        row = packets.state_and_incident(seq)
        why = requeue.why_not(row[0] if row else None)
        if why:
            return why
        for sha256, state in packets.files(seq):
            if state == "damaged":
                return f"attachment {sha256:.16} is damaged or gone"
            try:
                self.whole_file(sha256)
            except VerificationError as error:
                return str(error)
        return ""
