"""What still has to reach the platform, and what its receipts allow.

    sealed ──receipt──> receipted ──keep time over──> purged     (attachments gone, statement stays for long:
                                                                  see `pruning`)
       ├──────────────> quarantined   corrupt, oversize, poison: kept, shown, not sent
       └──────────────> rejected      refused by the platform: kept, alarm
    quarantined and rejected become receipted when a receipt says so. One way leads back: an operator may
    put what is quarantined in line again (`requeue`). What has a receipt never goes back.

SENT is no state of the disk: it is a note in memory of when to try again, forgotten at a restart.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.evidence import dsse
from edge_agent.evidence.receipts import Need, Receipt, ReceiptStatus
from edge_agent.evidence.statement import Kind

# Somebody waits for the answer to a command; for a snapshot or clip no alarm may.
_LIVE = """
SELECT seq FROM packet WHERE state = 'sealed' AND (case_id IS NOT NULL OR (kind = 'command_result'
    AND NOT EXISTS (SELECT 1 FROM packet_attachment AS file WHERE file.seq = packet.seq))) ORDER BY seq DESC
"""

STATES = ("sealed", "receipted", "purged", "quarantined", "rejected")
FILE_STATES = ("kept", "purged", "damaged")


class Lane(StrEnum):
    """Two orders of sending: live cases first of all, and the backlog from its start."""

    LIVE = "live"  # cases, and what came of a command if it is small; the newest first
    BACKLOG = "backlog"  # everything, the oldest first


@dataclass(frozen=True, slots=True)
class HeldFile:
    """An attachment that the store holds."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A sealed statement that no receipt covers yet, and the files that go before it."""

    seq: int
    packet_id: str
    kind: Kind | str  # a bare name: of a later program, before an upgrade was taken back
    payload_sha256: str
    sealed_utc_us: int
    envelope: bytes
    attachments: tuple[HeldFile, ...]
    attempts: int

    @property
    def bytes(self) -> int:
        """What sending it costs, without MQTT's own few bytes."""
        return len(self.envelope) + sum(file.size for file in self.attachments)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a receipt changed, and what it asks for."""

    receipted: tuple[int, ...] = ()
    rejected: tuple[int, ...] = ()
    needs: tuple[tuple[int, Need], ...] = ()  # (seq, bytes that the platform lacks)
    unknown: int = 0  # items about nothing that this store ever sealed: ignored

    def __bool__(self) -> bool:
        """Whether anything in the store changed."""
        return bool(self.receipted or self.rejected)


@dataclass(slots=True)
class _Try:
    attempts: int
    next_at: int


class Outbox:
    """The sending side of the packet table. The caller holds the lock and runs the transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.waiting = 0  # statements without a receipt; whoever commits keeps it
        self._db = db
        self._tries: dict[int, _Try] = {}
        self._again: set[int] = set()  # receipted, but the platform asks for it again

    @property
    def sent(self) -> int:
        """Statements tried since the start that no receipt covers yet."""
        return len(self._tries)

    def pending(self, limit_bytes: int, now: int, lane: Lane) -> Iterator[Pending]:
        """Statements to send now, at least one if any is due, until `limit_bytes` are together."""
        total = 0
        with contextlib.closing(self._due(now, lane)) as due:
            for seq in due:
                item = self._load(seq)
                if total and total + item.bytes > limit_bytes:
                    return
                total += item.bytes
                yield item
                if total >= limit_bytes:
                    return

    def load(self, seq: int) -> Pending | None:
        """One statement by its place, whatever its state; None when there is none."""
        return self._load(seq) if self._has(seq) else None

    def tried(self, seq: int, next_at: int) -> None:
        """It was sent, or sending failed: not offered again before `next_at` of the caller's clock."""
        self._again.discard(seq)
        before = self._tries.get(seq)
        self._tries[seq] = _Try(before.attempts + 1 if before else 1, next_at)

    def again(self, seqs: Sequence[int]) -> None:
        """Offer these at once, receipted ones too: the platform says that it lacks them."""
        for seq in seqs:
            self._tries.pop(seq, None)
            self._again.add(seq)

    def set_aside(self, seq: int, state: str, reason: str) -> bool:
        """Quarantine or reject what is still to be sent; False when it is not."""
        changed = self._db.execute(
            "UPDATE packet SET state = ?, reason = ? WHERE seq = ? AND state = 'sealed'", (state, reason, seq)
        ).rowcount
        return changed == 1

    def requeue(self, seq: int) -> None:
        """What was quarantined is to be sent again."""
        self._db.execute(
            "UPDATE packet SET state = 'sealed', reason = '' WHERE seq = ? AND state = 'quarantined'", (seq,)
        )

    def settled(self, seq: int) -> None:
        """It was set aside, durably: its tries are over."""
        self._tries.pop(seq, None)

    def apply(self, receipt: Receipt, raw: bytes, now_utc_us: int) -> Applied:
        """Do what a verified receipt says. The same receipt twice changes nothing the second time."""
        covered: list[int] = []
        rejected: list[int] = []
        needs: list[tuple[int, Need]] = []
        unknown = 0
        for item in receipt.items:
            row = self._db.execute(
                "SELECT seq, state FROM packet WHERE payload_sha256 = ? AND packet_id = ?",
                (item.payload_sha256, item.packet_id),
            ).fetchone()
            if row is None:
                unknown += 1
            elif item.status in {ReceiptStatus.ACCEPTED, ReceiptStatus.DUPLICATE}:
                covered.append(row[0])
            elif item.status is ReceiptStatus.NEED:
                needs.extend((row[0], need) for need in item.need)
            elif self.set_aside(row[0], "rejected", item.reason):
                rejected.append(row[0])
                self.settled(row[0])
        mark = receipt.watermark
        if mark is not None:
            if self._is_ours(mark.seq, mark.payload_sha256):
                covered.extend(self._open_up_to(mark.seq))
            else:
                unknown += 1
        receipted = self._cover(sorted(set(covered)), raw, now_utc_us)
        for seq in covered:  # also those that were receipted before and asked for again
            self._tries.pop(seq, None)
        self._again.difference_update(covered)
        return Applied(tuple(receipted), tuple(rejected), tuple(needs), unknown)

    def purge(self, receipted_before_utc_us: int, limit: int = 500) -> tuple[str, ...]:
        """Let go of the attachments of statements that were receipted before then.

        Returns:
            digests that no statement needs any more, to unlink once this is committed.
        """
        rows = self._db.execute(
            "SELECT seq FROM packet WHERE state = 'receipted' AND receipted_utc_us < ?"
            " AND seq IN (SELECT seq FROM packet_attachment) ORDER BY seq LIMIT ?",
            (receipted_before_utc_us, limit),
        ).fetchall()
        due = [seq for (seq,) in rows if seq not in self._again]
        self._db.executemany("UPDATE packet SET state = 'purged' WHERE seq = ?", [(seq,) for seq in due])
        gone = [
            sha256
            for seq in due
            for (sha256,) in self._db.execute(
                "SELECT sha256 FROM packet_attachment WHERE seq = ? ORDER BY sha256", (seq,)
            ).fetchall()
            if self._unneeded(sha256)
        ]
        self._db.executemany("UPDATE attachment SET state = 'purged' WHERE sha256 = ?", [(s,) for s in gone])
        return tuple(dict.fromkeys(gone))

    def _due(self, now: int, lane: Lane) -> Generator[int, None, None]:
        """Places in the order of the lane, read as far as they are wanted."""
        if lane is Lane.LIVE:
            query = _LIVE
        else:
            query = "SELECT seq FROM packet WHERE state = 'sealed' ORDER BY seq"
            yield from (seq for seq in sorted(self._again) if self._is_due(seq, now) and self._has(seq))
        with contextlib.closing(self._db.execute(query)) as rows:
            for (seq,) in rows:
                if seq not in self._again and self._is_due(seq, now):
                    yield seq

    def _is_due(self, seq: int, now: int) -> bool:
        last = self._tries.get(seq)
        return last is None or last.next_at <= now

    def _has(self, seq: int) -> bool:
        """What was asked for again may have been let go before it was its turn."""
        return self._db.execute("SELECT 1 FROM packet WHERE seq = ?", (seq,)).fetchone() is not None

    def _load(self, seq: int) -> Pending:
        packet_id, kind, sha256, sealed, payload, signatures = self._db.execute(
            "SELECT packet_id, kind, payload_sha256, sealed_utc_us, payload, signatures"
            " FROM packet WHERE seq = ?",
            (seq,),
        ).fetchone()
        files = self._db.execute(
            "SELECT sha256, size FROM packet_attachment JOIN attachment USING (sha256) "
            "WHERE seq = ? AND state = 'kept' ORDER BY sha256",
            (seq,),
        ).fetchall()
        last = self._tries.get(seq)
        return Pending(
            seq=seq,
            packet_id=packet_id,
            kind=_kind(kind),
            payload_sha256=sha256,
            sealed_utc_us=sealed,
            envelope=dsse.envelope(dsse.EVIDENCE_TYPE, payload, read_signatures(signatures)),
            attachments=tuple(HeldFile(*file) for file in files),
            attempts=last.attempts if last else 0,
        )

    def _is_ours(self, seq: int, payload_sha256: str) -> bool:
        row = self._db.execute("SELECT payload_sha256 FROM packet WHERE seq = ?", (seq,)).fetchone()
        return row is not None and row[0] == payload_sha256

    def _open_up_to(self, seq: int) -> list[int]:
        rows = self._db.execute("SELECT seq FROM packet WHERE state = 'sealed' AND seq <= ?", (seq,))
        return [found for (found,) in rows.fetchall()]

    def _cover(self, seqs: Sequence[int], raw: bytes, now_utc_us: int) -> list[int]:
        opened = [
            seq
            for seq in seqs
            if self._db.execute("SELECT state FROM packet WHERE seq = ?", (seq,)).fetchone()[0]
            not in {"receipted", "purged"}
        ]
        if opened:
            receipt = self._db.execute("INSERT INTO receipt (envelope) VALUES (?)", (raw,)).lastrowid
            self._db.executemany(
                "UPDATE packet SET state = 'receipted', receipt = ?, receipted_utc_us = ? WHERE seq = ?",
                [(receipt, now_utc_us, seq) for seq in opened],
            )
        return opened

    def _unneeded(self, sha256: str) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM packet_attachment JOIN packet USING (seq) "
            "WHERE sha256 = ? AND packet.state <> 'purged' LIMIT 1",
            (sha256,),
        ).fetchone()
        return row is None


def _kind(name: str) -> Kind | str:
    try:
        return Kind(name)
    except ValueError:
        return name


def write_signatures(signatures: Sequence[dsse.Signature]) -> str:
    """The column's text."""
    return json.dumps([[s.keyid, s.sig.hex()] for s in signatures])


def read_signatures(text: str) -> tuple[dsse.Signature, ...]:
    """The signatures of the column's text."""
    return tuple(dsse.Signature(keyid, bytes.fromhex(sig)) for keyid, sig in json.loads(text))
