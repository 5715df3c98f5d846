"""What the platform has taken, durably: statements verbatim, who was frozen, what was refused.

A batch of messages is one commit, and a receipt is signed only after it. The chain's rules are
enforced here, where the neighbours are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Executable, Row, Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from edge_agent.evidence.receipts import Watermark
from edge_agent.ingest.db import Database
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.summary import NOTHING_TO_SEARCH, SearchFields, plain
from edge_agent.ingest.tables import (
    alarm,
    fresh,
    frozen,
    need,
    prepare,
    refused,
    statement,
    unclaimed,
    watermark,
)

# Places that a watermark is moved over in one query.
WINDOW = 512
MAX_ALARMS = 10_000  # newest kept; a hostile box must not fill the disk with them


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
    about: SearchFields = NOTHING_TO_SEARCH


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
    """The statements in one database. One thread; others read through `database` or a store of their own.

    Args:
        where: a SQLite file, a `postgresql://` URL, or a database that is open already.
        serving: as for `Database.at`.
        feed: whether what becomes complete is noted in table `fresh` for a consumer.
    """

    def __init__(self, where: Path | str | Database, *, serving: bool = True, feed: bool = False) -> None:
        self.database = where if isinstance(where, Database) else Database.at(where, serving=serving)
        self._feed = feed
        self._open: Connection | None = None  # of the commit in progress
        prepare(self.database)

    @classmethod
    def of(cls, settings: IngestSettings, *, serving: bool = True) -> PlatformStore:
        """The store that a configuration names."""
        return cls(Database.of(settings, serving=serving), feed=settings.feed or bool(settings.webhooks))

    def close(self) -> None:
        """Free the file or the connections."""
        self.database.close()

    @contextmanager
    def commit(self) -> Iterator[None]:
        """One durable transaction. What it holds counts only once this has ended without an error.

        Raises:
            StoreFault: it does not count.
        """
        with self.database.transaction() as connection:
            self._open = connection
            try:
                yield
            finally:
                self._open = None

    # Statements

    def admit(self, new: NewStatement) -> Admission:
        """Whether it may be added; the chain is checked as far as its neighbours have arrived."""
        place = new.place
        columns = (statement.c.seq, statement.c.payload_sha256, statement.c.prev)
        around = (
            (statement.c.device == place.device)
            & (statement.c.epoch == place.epoch)
            & statement.c.seq.between(place.seq - 1, place.seq + 1)
        )
        known = {seq: (sha256, prev) for seq, sha256, prev in self._all(select(*columns).where(around))}
        if place.seq in known:
            same = known[place.seq][0] == new.payload_sha256
            return Admission.DUPLICATE if same else Admission.EQUIVOCATION
        if place.seq - 1 in known and known[place.seq - 1][0] != new.prev:
            return Admission.BROKEN_LINK
        if place.seq + 1 in known and known[place.seq + 1][1] != new.payload_sha256:
            return Admission.BROKEN_LINK
        return Admission.NEW

    def add(self, new: NewStatement, needs: tuple[str, ...], received_utc_us: int) -> None:
        """Keep it; it counts as complete once nothing of `needs` (digests) is missing."""
        fields = asdict(new)
        place = fields.pop("place")
        about = fields.pop("about")
        row = place | fields | about | {"received_utc_us": received_utc_us, "complete": not needs}
        self._do(statement.insert().values(row))
        if needs:
            self._do(need.insert().values([place | {"sha256": sha256} for sha256 in dict.fromkeys(needs)]))
        else:
            self._note_fresh(new.place)

    def attachment_stored(self, sha256: str) -> list[Stored]:
        """An attachment is here; returns the statements that are complete with it."""
        places = self.waiting_for(sha256)
        if not places:
            return []
        self._do(delete(need).where(need.c.sha256 == sha256))
        completed = []
        for place in places:
            if not self.needs(place):
                self._do(update(statement).where(_at(statement, place)).values(complete=True))
                self._note_fresh(place)
                stored = self.get(place)
                assert stored is not None
                completed.append(stored)
        return completed

    def waiting_for(self, sha256: str) -> list[Place]:
        """The statements that lack this attachment."""
        rows = self._all(select(need.c.device, need.c.epoch, need.c.seq).where(need.c.sha256 == sha256))
        return [Place(*row) for row in rows]

    def unclaimed(self, device: str, sha256: str, size: int, at_utc_us: int) -> None:
        """A whole attachment that no statement names yet."""
        row = {"sha256": sha256, "device": device, "size": size, "at_utc_us": at_utc_us}
        self._put(unclaimed, row, instead=("device", "size", "at_utc_us"))

    def claim(self, sha256: str) -> None:
        """A statement names it now: it is kept as long as the statement."""
        self._do(delete(unclaimed).where(unclaimed.c.sha256 == sha256))

    def oldest_unclaimed_over(self, device: str, max_bytes: int) -> str | None:
        """The attachment to drop first when a box leaves more unclaimed than it may."""
        of_device = unclaimed.c.device == device
        held = self._one(select(func.coalesce(func.sum(unclaimed.c.size), 0)).where(of_device))
        if held is None or int(held[0]) <= max_bytes:
            return None
        by_age = (
            select(unclaimed.c.sha256).where(of_device).order_by(unclaimed.c.at_utc_us, unclaimed.c.sha256)
        )
        oldest = self._one(by_age.limit(1))
        return str(oldest[0]) if oldest else None

    def needs(self, place: Place) -> tuple[str, ...]:
        """Digests of the attachments that a statement still lacks."""
        rows = self._all(select(need.c.sha256).where(_at(need, place)).order_by(need.c.sha256))
        return tuple(sha256 for (sha256,) in rows)

    def get(self, place: Place) -> Stored | None:
        """One statement without its bytes."""
        row = self._one(select(*STORED).where(_at(statement, place)))
        return _stored(row) if row else None

    def by_packet_id(self, packet_id: str) -> Stored | None:
        """One statement by the id that its box gave it."""
        row = self._one(select(*STORED).where(statement.c.packet_id == packet_id))
        return _stored(row) if row else None

    def above(self, device: str, epoch: str, seq: int, limit: int) -> list[Stored]:
        """Statements with a higher seq, lowest first."""
        chain = _of_chain(statement, device, epoch) & (statement.c.seq > seq)
        return self._list(select(*STORED).where(chain).order_by(statement.c.seq).limit(limit))

    def of_device(self, device: str, limit: int) -> list[Stored]:
        """All of one box, in the order of its chains."""
        query = select(*STORED).where(statement.c.device == device)
        return self._list(query.order_by(statement.c.epoch, statement.c.seq).limit(limit))

    def newest(self, device: str, limit: int, kind: str = "") -> list[Stored]:
        """The newest of one box and kind, of all where these are empty; newest first."""
        query = select(*STORED)
        if device:
            query = query.where(statement.c.device == device)
        if kind:
            query = query.where(statement.c.kind == kind)
        columns = statement.c
        order = (columns.received_utc_us.desc(), columns.device, columns.epoch, columns.seq.desc())
        return self._list(query.order_by(*order).limit(limit))

    def envelope(self, place: Place) -> bytes | None:
        """The exact bytes that were received."""
        row = self._one(select(statement.c.envelope).where(_at(statement, place)))
        return bytes(row[0]) if row else None

    def missing_seqs(self, device: str, epoch: str, limit: int) -> tuple[tuple[int, int], ...]:
        """Holes below the highest seq that is known, lowest first: first and last of each."""
        mark = self.watermark(device, epoch)
        start = mark.seq if mark else -1
        before = func.lag(statement.c.seq, 1, start).over(order_by=statement.c.seq)
        chain = _of_chain(statement, device, epoch) & (statement.c.seq > start)
        steps = select(statement.c.seq, before.label("before")).where(chain).subquery()
        holes = select(steps.c.before + 1, steps.c.seq - 1).where(steps.c.seq > steps.c.before + 1)
        return tuple((first, last) for first, last in self._all(holes.order_by(steps.c.seq).limit(limit)))

    # Watermark

    def watermark(self, device: str, epoch: str) -> Watermark | None:
        """Everything up to it is here, linked, with all attachments."""
        columns = (watermark.c.seq, watermark.c.payload_sha256)
        row = self._one(select(*columns).where(_of_chain(watermark, device, epoch)))
        return Watermark(seq=row[0], payload_sha256=row[1]) if row else None

    def advance(self, device: str, epoch: str) -> Watermark | None:
        """Move the watermark over whatever has become contiguous; returns where it is."""
        mark = self.watermark(device, epoch)
        seq, sha256 = (mark.seq, mark.payload_sha256) if mark else (-1, None)
        start = seq
        while True:
            begun = seq
            for next_seq, next_sha256, prev in self._next_complete(device, epoch, seq):
                if next_seq != seq + 1 or prev != sha256:
                    break
                seq, sha256 = next_seq, next_sha256
            if seq < begun + WINDOW:
                break
        if sha256 is None:
            return None
        if seq > start:
            row = {"device": device, "epoch": epoch, "seq": seq, "payload_sha256": sha256}
            self._put(watermark, row, instead=("seq", "payload_sha256"))
        return Watermark(seq=seq, payload_sha256=sha256)

    def _next_complete(self, device: str, epoch: str, seq: int) -> Sequence[Row[*tuple[Any, ...]]]:
        columns = (statement.c.seq, statement.c.payload_sha256, statement.c.prev)
        chain = _of_chain(statement, device, epoch) & statement.c.seq.between(seq + 1, seq + WINDOW)
        return self._all(select(*columns).where(chain & statement.c.complete).order_by(statement.c.seq))

    # What must be looked at by a person

    def freeze(self, device: str, reason: str, at_utc_us: int) -> None:
        """No more receipts for this box until a person says so."""
        self._put(frozen, {"device": device, "reason": plain(reason), "since_utc_us": at_utc_us})

    def unfreeze(self, device: str) -> bool:
        """Whether it had been frozen."""
        return self._do(delete(frozen).where(frozen.c.device == device)) > 0

    def is_frozen(self, device: str) -> bool:
        """Whether receipts are withheld."""
        return self._one(select(frozen.c.device).where(frozen.c.device == device)) is not None

    def frozen(self) -> list[tuple[str, str]]:
        """Device and reason."""
        rows = self._all(select(frozen.c.device, frozen.c.reason).order_by(frozen.c.device))
        return [(device, reason) for device, reason in rows]

    def alarm(self, device: str, what: str, detail: str, at_utc_us: int) -> None:
        """Something that a person must see."""
        row = {"at_utc_us": at_utc_us, "device": device, "what": what, "detail": plain(detail)}
        self._do(alarm.insert().values(row))
        newest = select(func.max(alarm.c.id)).scalar_subquery()
        self._do(delete(alarm).where(alarm.c.id <= newest - MAX_ALARMS))

    def alarms(self, limit: int = 100) -> list[tuple[int, str, str, str]]:
        """Time, device, what, detail; newest first."""
        columns = (alarm.c.at_utc_us, alarm.c.device, alarm.c.what, alarm.c.detail)
        rows = self._all(select(*columns).order_by(alarm.c.id.desc()).limit(limit))
        return [(at, device, what, detail) for at, device, what, detail in rows]

    def refuse(self, device: str, reason: str, envelope: bytes, at_utc_us: int, keep: int) -> None:
        """Keep a refused message aside, at most `keep` of one device."""
        row = {"at_utc_us": at_utc_us, "device": device, "reason": plain(reason), "envelope": envelope}
        self._do(refused.insert().values(row))
        of_device = refused.c.device == device
        last = select(refused.c.id).where(of_device).order_by(refused.c.id.desc()).limit(1).offset(keep)
        self._do(delete(refused).where(of_device & (refused.c.id <= last.scalar_subquery())))

    def refusals(self, limit: int = 100) -> list[tuple[int, str, str]]:
        """Time, device, reason; newest first."""
        columns = (refused.c.at_utc_us, refused.c.device, refused.c.reason)
        rows = self._all(select(*columns).order_by(refused.c.id.desc()).limit(limit))
        return [(at, device, reason) for at, device, reason in rows]

    def counts(self) -> dict[str, int]:
        """Totals for people."""
        of = {"statements": statement, "complete": statement, "refused": refused, "alarms": alarm}
        queries = {name: select(func.count()).select_from(table) for name, table in of.items()}
        queries["complete"] = queries["complete"].where(statement.c.complete)
        return {name: int(self._all(query)[0][0]) for name, query in queries.items()}

    # SQL

    def _note_fresh(self, place: Place) -> None:
        if self._feed:
            self._put(fresh, asdict(place))

    def _put(self, table: Table, row: dict[str, Any], instead: tuple[str, ...] = ()) -> None:
        """Insert; where its key is there already, replace the columns `instead`."""
        insert = (postgresql if self.database.postgres else sqlite).insert(table).values(row)
        key = [column.name for column in table.primary_key]
        if instead:
            self._do(
                insert.on_conflict_do_update(index_elements=key, set_={name: row[name] for name in instead})
            )
        else:
            self._do(insert.on_conflict_do_nothing(index_elements=key))

    def _do(self, write: Executable) -> int:
        """Rows that it touched."""
        if self._open is not None:
            return self._open.execute(write).rowcount
        with self.database.transaction() as connection:
            return connection.execute(write).rowcount

    def _all(self, query: Executable) -> Sequence[Row[*tuple[Any, ...]]]:
        if self._open is not None:
            return self._open.execute(query).all()
        with self.database.reading() as connection:
            return connection.execute(query).all()

    def _one(self, query: Executable) -> Row[*tuple[Any, ...]] | None:
        rows = self._all(query)
        return rows[0] if rows else None

    def _list(self, query: Executable) -> list[Stored]:
        return [_stored(row) for row in self._all(query)]


STORED: tuple[Column[Any], ...] = (
    statement.c.device,
    statement.c.epoch,
    statement.c.seq,
    statement.c.packet_id,
    statement.c.payload_sha256,
    statement.c.kind,
    statement.c.use_class,
    statement.c.received_utc_us,
    statement.c.complete,
)


def _stored(row: Row[*tuple[Any, ...]]) -> Stored:
    device, epoch, seq, *rest = row
    return Stored(Place(device, epoch, seq), *rest)


def _of_chain(table: Table, device: str, epoch: str) -> ColumnElement[bool]:
    return (table.c.device == device) & (table.c.epoch == epoch)


def _at(table: Table, place: Place) -> ColumnElement[bool]:
    return _of_chain(table, place.device, place.epoch) & (table.c.seq == place.seq)
