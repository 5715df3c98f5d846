"""The end of the chain: the one place where a statement is signed and committed.

    sign  ->  BEGIN  ->  statement, its files' rows, new head  ->  files durable (`before_commit`)  ->  COMMIT
          ->  note of the head beside the database  ->  `Sealed`, and only now it may be called so

Who has files begins to write them before (`sealing`); that they are on the disk is the last thing before the
commit. When they are not nothing is committed: a crash leaves files that no row names, never a row without
its file. The head moves in the same commit, so there is never a gap.

The caller holds the store's lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge_agent.core.events import ClockStatus
from edge_agent.evidence import dsse
from edge_agent.evidence.build import Built, build_record
from edge_agent.evidence.disk import NoRoom
from edge_agent.evidence.dsse import EvidenceSigner, Signature, Signer
from edge_agent.evidence.figures import Figures
from edge_agent.evidence.identity import ChainLink, Identity
from edge_agent.evidence.notes import HeadHint
from edge_agent.evidence.outbox import write_signatures
from edge_agent.evidence.room import Room
from edge_agent.evidence.rotation import rotation
from edge_agent.evidence.rows import Rows
from edge_agent.evidence.statement import Attachment
from edge_agent.evidence.statement_records import Genesis, Loss, Record
from edge_agent.evidence.turns import Turns


@dataclass(frozen=True, slots=True)
class Sealed:
    """A statement that is durably in the chain."""

    packet_id: str
    epoch: str
    seq: int
    payload_sha256: str
    payload: bytes


def _nothing() -> None:
    return


@dataclass(slots=True)
class Chain:
    """Of one open store, and whoever signs there.

    `identity` is of `signer`; `cosigners` sign as well, and nothing depends on them.
    """

    turns: Turns
    rows: Rows
    room: Room
    figures: Figures
    hint: HeadHint
    signer: EvidenceSigner
    cosigners: tuple[Signer, ...]
    identity: Identity
    utc_us: Callable[[], int]

    def commit(
        self,
        built: Built,
        blobs: Mapping[str, bytes],
        case: tuple[str, int] | None,
        before_commit: Callable[[], None] = _nothing,
        also: Sequence[Signer] = (),
    ) -> Sealed:
        """One durable transaction: the statement, its files' rows, the new head.

        `before_commit` makes the files durable; when it fails nothing is committed.
        """
        statement = built.statement
        chain, said = statement.chain, statement.storefront
        message = dsse.pae(dsse.EVIDENCE_TYPE, built.payload)
        signers: tuple[Signer, ...] = (self.signer, *also, *self.cosigners)
        signatures = write_signatures([Signature(s.keyid, s.sign(message)) for s in signers])
        with self.turns.transaction():
            added = self.rows.packets.add(built, signatures, blobs, case)
            if isinstance(statement.record, Loss):
                self.rows.losses.forget(statement.record)
            if said and said.order:
                self.rows.commands.answered(said.order)
            before_commit()
        self.room.added(added)
        self.rows.outbox.waiting += 1
        self.hint.write(chain.epoch, chain.seq, built.sha256)
        return Sealed(statement.packet_id, chain.epoch, chain.seq, built.sha256, built.payload)

    def record(
        self,
        record: Record,
        clock: ClockStatus | None = None,
        also: Sequence[Signer] = (),
        before_commit: Callable[[], None] = _nothing,
    ) -> Sealed:
        """What the box says of itself."""
        built = self.built(record, clock)
        return self.with_ballast(
            lambda: self.commit(built, {}, case=None, before_commit=before_commit, also=also)
        )

    def built(
        self, record: Record, clock: ClockStatus | None, attachments: Sequence[Attachment] = ()
    ) -> Built:
        """A record at the next place, to be committed at once."""
        return build_record(
            record,
            self.identity,
            self.rows.packets.next_link(),
            self.utc_us(),
            clock=clock,
            health=self.figures.health(),
            attachments=attachments,
        )

    def with_ballast(self, commit: Callable[[], Sealed]) -> Sealed:
        """What the box says of itself may take the ballast's room."""
        try:
            return commit()
        except NoRoom:
            self.room.spend_ballast()
            return commit()

    def sealed_as(self, name: str) -> Sealed | None:
        """The statement of this name, if there is one."""
        row = self.rows.packets.sealed_as(name)
        return None if row is None else Sealed(name, self.rows.packets.head().epoch, *row)

    def begin(self, genesis: Genesis) -> None:
        """A new epoch: 128 random bits, so that no other store, nor a copy of this one, has the same."""
        first = ChainLink(os.urandom(16).hex(), 0, None, None)
        self.commit(build_record(genesis, self.identity, first, self.utc_us()), {}, case=None)

    def rotate(self, successor: EvidenceSigner) -> None:
        """One statement, signed by both; every later one by the successor."""
        self.record(rotation(self.signer.public, successor.public), also=(successor,))
        self.signer = successor
        self.identity = replace(self.identity, keyid=successor.keyid)
