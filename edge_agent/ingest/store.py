"""What the platform has taken, durably: statements verbatim, who was frozen, what was refused.

One connection, one thread, `synchronous=FULL`; a batch of messages is one commit, and a receipt is
signed only after it. The chain's rules are enforced here, where the neighbours are known.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from edge_agent.errors import StoreFault, UsageError
from edge_agent.evidence.receipts import Watermark

SELECT = (
    "SELECT device, epoch, seq, packet_id, payload_sha256, kind, use_class, received_utc_us, complete"
    " FROM statement"
)
SCHEMA_VERSION = 1
MAX_ALARMS = 10_000  # newest kept; a hostile box must not fill the disk with them
SCHEMA = """
CREATE TABLE statement (
  device TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
  packet_id TEXT NOT NULL, payload_sha256 TEXT NOT NULL, prev TEXT,
  kind TEXT NOT NULL, use_class TEXT NOT NULL, keyid TEXT NOT NULL,
  envelope BLOB NOT NULL, received_utc_us INTEGER NOT NULL,
  complete INTEGER NOT NULL,
  PRIMARY KEY (device, epoch, seq)
) WITHOUT ROWID;
CREATE INDEX statement_by_packet ON statement (packet_id);
CREATE TABLE need (
  sha256 TEXT NOT NULL, device TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (device, epoch, seq, sha256)
) WITHOUT ROWID;
CREATE INDEX need_by_digest ON need (sha256);
CREATE TABLE watermark (
  device TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, payload_sha256 TEXT NOT NULL,
  PRIMARY KEY (device, epoch)
) WITHOUT ROWID;
CREATE TABLE frozen (device TEXT PRIMARY KEY, reason TEXT NOT NULL, since_utc_us INTEGER NOT NULL);
CREATE TABLE alarm (
  id INTEGER PRIMARY KEY, at_utc_us INTEGER NOT NULL, device TEXT NOT NULL, what TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE TABLE refused (
  id INTEGER PRIMARY KEY, at_utc_us INTEGER NOT NULL, device TEXT NOT NULL, reason TEXT NOT NULL,
  envelope BLOB NOT NULL
);
CREATE INDEX refused_by_device ON refused (device, id);
CREATE TABLE unclaimed (
  sha256 TEXT PRIMARY KEY, device TEXT NOT NULL, size INTEGER NOT NULL, at_utc_us INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands: one box, one epoch of its chain, one seq."""

    device: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class NewStatement:
    """A statement whose signature and form are good."""

    place: Place
    packet_id: str
    payload_sha256: str
    prev: str | None
    kind: str
    use_class: str
    keyid: str
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept of a statement, without its bytes."""

    place: Place
    packet_id: str
    payload_sha256: str
    kind: str
    use_class: str
    received_utc_us: int
    complete: bool


class Admission(StrEnum):
    """Whether a statement fits the chain as far as it is known."""

    NEW = "new"
    DUPLICATE = "duplicate"
    EQUIVOCATION = "equivocation"  # another payload was signed for this very place
    BROKEN_LINK = "broken_link"  # its prev is not the statement before, or it is not the next one's prev


class PlatformStore:
    """The database.

    `serving` is for the one process that takes messages in. Others may look while it runs, and never
    checkpoint: SQLite 3.7.0 to 3.51.2 can lose a WAL reset when two connections do.
    """

    def __init__(self, path: Path, *, serving: bool = True) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA journal_size_limit=16777216")
        if not serving:
            self._db.execute("PRAGMA wal_autocheckpoint=0")
        self._migrate(path)

    def _migrate(self, path: Path) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise UsageError(f"{path}: written by another version of edge-agent (schema {version})")

    def close(self) -> None:
        """Free the file."""
        self._db.close()

    @contextmanager
    def commit(self) -> Iterator[None]:
        """One durable transaction. What it holds counts only once this has ended without an error."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreFault(f"platform store: {error}") from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    # Statements

    def admit(self, new: NewStatement) -> Admission:
        """Whether it may be added; the chain is checked as far as its neighbours have arrived."""
        place = new.place
        known = self._hash_at(place.device, place.epoch, place.seq)
        if known is not None:
            return Admission.DUPLICATE if known == new.payload_sha256 else Admission.EQUIVOCATION
        before = self._hash_at(place.device, place.epoch, place.seq - 1)
        if before is not None and before != new.prev:
            return Admission.BROKEN_LINK
        after = self._one(
            "SELECT prev FROM statement WHERE device=? AND epoch=? AND seq=?",
            (place.device, place.epoch, place.seq + 1),
        )
        if after is not None and after[0] != new.payload_sha256:
            return Admission.BROKEN_LINK
        return Admission.NEW

    def add(self, new: NewStatement, needs: tuple[str, ...], received_utc_us: int) -> None:
        """Keep it; it counts as complete once nothing of `needs` (digests) is missing."""
        place = new.place
        self._db.execute(
            "INSERT INTO statement VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                place.device,
                place.epoch,
                place.seq,
                new.packet_id,
                new.payload_sha256,
                new.prev,
                new.kind,
                new.use_class,
                new.keyid,
                new.envelope,
                received_utc_us,
                not needs,
            ),
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO need VALUES (?,?,?,?)",
            [(sha256, place.device, place.epoch, place.seq) for sha256 in needs],
        )

    def attachment_stored(self, sha256: str) -> list[Stored]:
        """An attachment is here; returns the statements that are complete with it."""
        places = [
            Place(*row)
            for row in self._db.execute("SELECT device, epoch, seq FROM need WHERE sha256=?", (sha256,))
        ]
        self._db.execute("DELETE FROM need WHERE sha256=?", (sha256,))
        completed = []
        for place in places:
            if not self.needs(place):
                self._db.execute(
                    "UPDATE statement SET complete=1 WHERE device=? AND epoch=? AND seq=?",
                    (place.device, place.epoch, place.seq),
                )
                stored = self.get(place)
                assert stored is not None
                completed.append(stored)
        return completed

    def waiting_for(self, sha256: str) -> list[Place]:
        """The statements that lack this attachment."""
        rows = self._db.execute("SELECT device, epoch, seq FROM need WHERE sha256=?", (sha256,))
        return [Place(*row) for row in rows]

    def unclaimed(self, device: str, sha256: str, size: int, at_utc_us: int) -> None:
        """A whole attachment that no statement names yet."""
        self._db.execute(
            "INSERT OR REPLACE INTO unclaimed VALUES (?,?,?,?)", (sha256, device, size, at_utc_us)
        )

    def claim(self, sha256: str) -> None:
        """A statement names it now: it is kept as long as the statement."""
        self._db.execute("DELETE FROM unclaimed WHERE sha256=?", (sha256,))

    def oldest_unclaimed_over(self, device: str, max_bytes: int) -> str | None:
        """The attachment to drop first when a box leaves more unclaimed than it may."""
        row = self._one("SELECT COALESCE(SUM(size), 0) FROM unclaimed WHERE device=?", (device,))
        if row is None or int(row[0]) <= max_bytes:
            return None
        oldest = self._one(
            "SELECT sha256 FROM unclaimed WHERE device=? ORDER BY at_utc_us, sha256 LIMIT 1", (device,)
        )
        return str(oldest[0]) if oldest else None

    def needs(self, place: Place) -> tuple[str, ...]:
        """Digests of the attachments that a statement still lacks."""
        rows = self._db.execute(
            "SELECT sha256 FROM need WHERE device=? AND epoch=? AND seq=? ORDER BY sha256",
            (place.device, place.epoch, place.seq),
        )
        return tuple(sha256 for (sha256,) in rows)

    def get(self, place: Place) -> Stored | None:
        """One statement without its bytes."""
        row = self._one(
            f"{SELECT} WHERE device=? AND epoch=? AND seq=?", (place.device, place.epoch, place.seq)
        )
        return _stored(row) if row else None

    def by_packet_id(self, packet_id: str) -> Stored | None:
        """One statement by the id that its box gave it."""
        row = self._one(f"{SELECT} WHERE packet_id=?", (packet_id,))
        return _stored(row) if row else None

    def above(self, device: str, epoch: str, seq: int, limit: int) -> list[Stored]:
        """Statements with a higher seq, lowest first."""
        rows = self._db.execute(
            f"{SELECT} WHERE device=? AND epoch=? AND seq>? ORDER BY seq LIMIT ?", (device, epoch, seq, limit)
        )
        return [_stored(row) for row in rows]

    def of_device(self, device: str, limit: int) -> list[Stored]:
        """All of one box, in the order of its chains."""
        rows = self._db.execute(f"{SELECT} WHERE device=? ORDER BY epoch, seq LIMIT ?", (device, limit))
        return [_stored(row) for row in rows]

    def newest(self, device: str, limit: int, kind: str = "") -> list[Stored]:
        """The newest of one box and kind, of all where these are empty; newest first."""
        rows = self._db.execute(
            f"{SELECT} WHERE ? IN ('', device) AND ? IN ('', kind)"
            " ORDER BY received_utc_us DESC, device, epoch, seq DESC LIMIT ?",
            (device, kind, limit),
        )
        return [_stored(row) for row in rows]

    def envelope(self, place: Place) -> bytes | None:
        """The exact bytes that were received."""
        row = self._one(
            "SELECT envelope FROM statement WHERE device=? AND epoch=? AND seq=?",
            (place.device, place.epoch, place.seq),
        )
        return row[0] if row else None

    def missing_seqs(self, device: str, epoch: str, limit: int) -> tuple[tuple[int, int], ...]:
        """Holes below the highest seq that is known, lowest first: first and last of each."""
        mark = self.watermark(device, epoch)
        holes: list[tuple[int, int]] = []
        expected = mark.seq + 1 if mark else 0
        rows = self._db.execute(
            "SELECT seq FROM statement WHERE device=? AND epoch=? AND seq>=? ORDER BY seq",
            (device, epoch, expected),
        )
        for (seq,) in rows:
            if seq > expected:
                holes.append((expected, seq - 1))
                if len(holes) == limit:
                    break
            expected = seq + 1
        return tuple(holes)

    # Watermark

    def watermark(self, device: str, epoch: str) -> Watermark | None:
        """Everything up to it is here, linked, with all attachments."""
        row = self._one(
            "SELECT seq, payload_sha256 FROM watermark WHERE device=? AND epoch=?", (device, epoch)
        )
        return Watermark(seq=row[0], payload_sha256=row[1]) if row else None

    def advance(self, device: str, epoch: str) -> Watermark | None:
        """Move the watermark over whatever has become contiguous; returns where it is."""
        mark = self.watermark(device, epoch)
        seq, sha256 = (mark.seq, mark.payload_sha256) if mark else (-1, None)
        rows = self._db.execute(
            "SELECT seq, payload_sha256, prev FROM statement"
            " WHERE device=? AND epoch=? AND seq>? AND complete=1 ORDER BY seq",
            (device, epoch, seq),
        )
        for next_seq, next_sha256, prev in rows:
            if next_seq != seq + 1 or prev != sha256:
                break
            seq, sha256 = next_seq, next_sha256
        if sha256 is None:
            return None
        if mark is None or seq > mark.seq:
            self._db.execute(
                "INSERT OR REPLACE INTO watermark VALUES (?,?,?,?)", (device, epoch, seq, sha256)
            )
        return Watermark(seq=seq, payload_sha256=sha256)

    # What must be looked at by a person

    def freeze(self, device: str, reason: str, at_utc_us: int) -> None:
        """No more receipts for this box until a person says so."""
        self._db.execute("INSERT OR IGNORE INTO frozen VALUES (?,?,?)", (device, reason, at_utc_us))

    def unfreeze(self, device: str) -> bool:
        """Whether it had been frozen."""
        return self._db.execute("DELETE FROM frozen WHERE device=?", (device,)).rowcount > 0

    def is_frozen(self, device: str) -> bool:
        """Whether receipts are withheld."""
        return self._one("SELECT 1 FROM frozen WHERE device=?", (device,)) is not None

    def frozen(self) -> list[tuple[str, str]]:
        """Device and reason."""
        return list(self._db.execute("SELECT device, reason FROM frozen ORDER BY device"))

    def alarm(self, device: str, what: str, detail: str, at_utc_us: int) -> None:
        """Something that a person must see."""
        self._db.execute(
            "INSERT INTO alarm (at_utc_us, device, what, detail) VALUES (?,?,?,?)",
            (at_utc_us, device, what, detail),
        )
        self._db.execute("DELETE FROM alarm WHERE id <= (SELECT MAX(id) FROM alarm) - ?", (MAX_ALARMS,))

    def alarms(self, limit: int = 100) -> list[tuple[int, str, str, str]]:
        """Time, device, what, detail; newest first."""
        return list(
            self._db.execute(
                "SELECT at_utc_us, device, what, detail FROM alarm ORDER BY id DESC LIMIT ?", (limit,)
            )
        )

    def refuse(self, device: str, reason: str, envelope: bytes, at_utc_us: int, keep: int) -> None:
        """Keep a refused message aside, at most `keep` of one device."""
        self._db.execute(
            "INSERT INTO refused (at_utc_us, device, reason, envelope) VALUES (?,?,?,?)",
            (at_utc_us, device, reason, envelope),
        )
        self._db.execute(
            "DELETE FROM refused WHERE device=? AND id <="
            " (SELECT id FROM refused WHERE device=? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (device, device, keep),
        )

    def refusals(self, limit: int = 100) -> list[tuple[int, str, str]]:
        """Time, device, reason; newest first."""
        return list(
            self._db.execute(
                "SELECT at_utc_us, device, reason FROM refused ORDER BY id DESC LIMIT ?", (limit,)
            )
        )

    def counts(self) -> dict[str, int]:
        """Totals for people."""
        (statements, complete) = self._db.execute(
            "SELECT COUNT(*), COALESCE(SUM(complete), 0) FROM statement"
        ).fetchone()
        (refused,) = self._db.execute("SELECT COUNT(*) FROM refused").fetchone()
        (alarms,) = self._db.execute("SELECT COUNT(*) FROM alarm").fetchone()
        return {"statements": statements, "complete": complete, "refused": refused, "alarms": alarms}

    def _hash_at(self, device: str, epoch: str, seq: int) -> str | None:
        row = self._one(
            "SELECT payload_sha256 FROM statement WHERE device=? AND epoch=? AND seq=?", (device, epoch, seq)
        )
        return str(row[0]) if row else None

    def _one(self, sql: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._db.execute(sql, values).fetchone()
        return row


def _stored(row: tuple[Any, ...]) -> Stored:
    device, epoch, seq, packet_id, payload_sha256, kind, use_class, received_utc_us, complete = row
    place = Place(device, epoch, seq)
    return Stored(place, packet_id, payload_sha256, kind, use_class, received_utc_us, bool(complete))
