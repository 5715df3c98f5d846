"""What the platform has taken, durably: statements verbatim, who was frozen, what was refused.

A batch of messages is one commit, and a receipt is signed only after it. The chain's rules are
enforced here, where the neighbours are known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Row,
    Table,
    delete,
    exists,
    func,
    select,
    tuple_,
    update,
)

from edge_agent.evidence.receipts import Watermark
from edge_agent.ingest import bulk
from edge_agent.ingest.attention import Attention
from edge_agent.ingest.bulk import Chain
from edge_agent.ingest.db import Database
from edge_agent.ingest.place import Place
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.summary import NOTHING_TO_SEARCH, SearchFields
from edge_agent.ingest.tables import (
    alarm,
    fresh,
    need,
    refused,
    statement,
    unclaimed,
    watermark,
)

__all__ = ["Admission", "NewStatement", "Place", "PlatformStore", "Stored"]

# Places that a watermark is moved over in one query.
WINDOW = 512


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


class PlatformStore(Attention):
    """The statements in one database. One thread; others read through `database` or a store of their own.

    Args:
        where: a SQLite file, a `postgresql://` URL, or a database that is open already.
        serving: as for `Database.at`.
        feed: whether what becomes complete is noted in table `fresh` for a consumer.
    """

    @classmethod
    def of(cls, settings: IngestSettings, *, serving: bool = True) -> PlatformStore:
        """The store that a configuration names."""
        return cls(Database.of(settings, serving=serving), feed=settings.feed or bool(settings.webhooks))

    # Statements

    def admit(self, new: NewStatement) -> Admission:
        """Whether it may be added; the chain is checked as far as its neighbours have arrived."""
        place = new.place
        known = self._around(place)
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
        self._insert(
            statement, place | fields | about | {"received_utc_us": received_utc_us, "complete": not needs}
        )
        for sha256 in dict.fromkeys(needs):
            self._insert(need, place | {"sha256": sha256})
            if self._ahead:
                self._ahead.waiting.setdefault(sha256, []).append(new.place)
        if self._ahead:
            self._ahead.around[new.place] = (new.payload_sha256, new.prev)
        if not needs and self._feed:
            self._insert(fresh, place)

    def attachments_stored(self, digests: Collection[str]) -> list[Stored]:
        """These attachments are here; returns the statements that are complete with them.

        On PostgreSQL only statements of devices that this batch has locked: another process may be about
        to complete the others. Their time to be asked for comes, and then they are settled.
        """
        if self._ahead:
            # What is not in it was of no statement when the batch began, and of none since.
            digests = [d for d in digests if d not in self._ahead.digests or d in self._ahead.waiting]
        if not digests:
            return []
        met = delete(need).where(need.c.sha256.in_(digests))
        if self._ahead:
            met = met.where(need.c.device.in_(self._ahead.devices))
            for sha256 in digests:
                self._ahead.waiting.pop(sha256, None)
        places = set(self.rows(met.returning(need.c.device, need.c.epoch, need.c.seq)))
        if not places:
            return []
        lacking = exists().where(
            (need.c.device == statement.c.device)
            & (need.c.epoch == statement.c.epoch)
            & (need.c.seq == statement.c.seq)
        )
        key = tuple_(statement.c.device, statement.c.epoch, statement.c.seq)
        now_whole = update(statement).where(key.in_([tuple(place) for place in places]) & ~lacking)
        completed = [_stored(row) for row in self.rows(now_whole.values(complete=True).returning(*STORED))]
        if self._feed:
            for stored in completed:
                self._insert(fresh, asdict(stored.place))
        return completed

    def waiting_for(self, sha256: str) -> list[Place]:
        """The statements that lack this attachment."""
        if self._ahead and sha256 in self._ahead.digests:
            return list(self._ahead.waiting.get(sha256, ()))
        rows = self.rows(select(need.c.device, need.c.epoch, need.c.seq).where(need.c.sha256 == sha256))
        return [Place(*row) for row in rows]

    def unclaimed(self, device: str, sha256: str, size: int, at_utc_us: int) -> None:
        """A whole attachment that no statement names yet."""
        row = {"sha256": sha256, "device": device, "size": size, "at_utc_us": at_utc_us}
        self._claimed.discard(sha256)
        self._insert(unclaimed, row)

    def claim(self, sha256: str) -> None:
        """A statement names it now: it is kept as long as the statement."""
        self._later[unclaimed] = [row for row in self._later.get(unclaimed, []) if row["sha256"] != sha256]
        self._claimed.add(sha256)

    def unclaimed_over(self, devices: Collection[str], max_bytes: int) -> list[str]:
        """The attachments to drop, oldest first, where a box has left more unclaimed than it may."""
        newer = func.sum(unclaimed.c.size).over(
            partition_by=unclaimed.c.device,
            order_by=(unclaimed.c.at_utc_us.desc(), unclaimed.c.sha256.desc()),
        )
        columns = (unclaimed.c.sha256, unclaimed.c.at_utc_us, newer.label("held"))
        held = select(*columns).where(unclaimed.c.device.in_(devices)).subquery()
        over = select(held.c.sha256).where(held.c.held > max_bytes)
        return [sha256 for (sha256,) in self.rows(over.order_by(held.c.at_utc_us, held.c.sha256))]

    def needs(self, place: Place) -> tuple[str, ...]:
        """Digests of the attachments that a statement still lacks."""
        rows = self.rows(select(need.c.sha256).where(_at(need, place)).order_by(need.c.sha256))
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
        return tuple((first, last) for first, last in self.rows(holes.order_by(steps.c.seq).limit(limit)))

    # Watermark

    def watermark(self, device: str, epoch: str) -> Watermark | None:
        """Everything up to it is here, linked, with all attachments."""
        columns = (watermark.c.seq, watermark.c.payload_sha256)
        row = self._one(select(*columns).where(_of_chain(watermark, device, epoch)))
        return Watermark(seq=row[0], payload_sha256=row[1]) if row else None

    def advance(self, chains: Collection[Chain]) -> dict[Chain, Watermark | None]:
        """Move the watermarks over whatever has become contiguous; returns where they are."""
        before = self._marks(chains)
        now: dict[Chain, tuple[int, str | None]] = {chain: before.get(chain, (-1, None)) for chain in chains}
        climbing = dict(now)
        while climbing:
            for chain, next_seq, next_sha256, prev in self._above(climbing):
                seq, sha256 = now[chain]
                if next_seq == seq + 1 and prev == sha256:
                    now[chain] = (next_seq, next_sha256)
            climbing = {c: now[c] for c, (seq, _) in climbing.items() if now[c][0] == seq + WINDOW}
        for (device, epoch), (seq, sha256) in now.items():
            if sha256 is not None and now[device, epoch] != before.get((device, epoch)):
                row = {"device": device, "epoch": epoch, "seq": seq, "payload_sha256": sha256}
                self._insert(watermark, row)
        return {
            chain: Watermark(seq=seq, payload_sha256=sha256) if sha256 is not None else None
            for chain, (seq, sha256) in now.items()
        }

    def _marks(self, chains: Collection[Chain]) -> dict[Chain, tuple[int, str]]:
        if self.database.postgres and self._open is not None:
            return bulk.marks(self._open, chains)
        found = {chain: self.watermark(*chain) for chain in chains}
        return {chain: (mark.seq, mark.payload_sha256) for chain, mark in found.items() if mark}

    def _above(self, climbing: dict[Chain, tuple[int, str | None]]) -> Iterator[tuple[Chain, int, str, str]]:
        """What is complete within WINDOW places above each."""
        self._flush()
        seqs = {chain: seq for chain, (seq, _) in climbing.items()}
        if self.database.postgres and self._open is not None:
            for device, epoch, *rest in bulk.above_marks(self._open, seqs, WINDOW):
                yield (device, epoch), *rest
            return
        columns = (statement.c.seq, statement.c.payload_sha256, statement.c.prev)
        for chain, seq in seqs.items():
            within = _of_chain(statement, *chain) & statement.c.seq.between(seq + 1, seq + WINDOW)
            rows = self.rows(select(*columns).where(within & statement.c.complete).order_by(statement.c.seq))
            for row in rows:
                yield chain, *row

    def counts(self) -> dict[str, int]:
        """Totals for people."""
        of = {"statements": statement, "complete": statement, "refused": refused, "alarms": alarm}
        queries = {name: select(func.count()).select_from(table) for name, table in of.items()}
        queries["complete"] = queries["complete"].where(statement.c.complete)
        return {name: int(self.rows(query)[0][0]) for name, query in queries.items()}

    def _around(self, place: Place) -> dict[int, tuple[str, str | None]]:
        """Payload digest and prev of the statement at this place and those beside it, by seq."""
        if self._ahead and place in self._ahead.places:
            around = self._ahead.around
            beside = (Place(place.device, place.epoch, place.seq + n) for n in (-1, 0, 1))
            return {p.seq: around[p] for p in beside if p in around}
        columns = (statement.c.seq, statement.c.payload_sha256, statement.c.prev)
        here = _of_chain(statement, place.device, place.epoch)
        here &= statement.c.seq.between(place.seq - 1, place.seq + 1)
        return {seq: (sha256, prev) for seq, sha256, prev in self.rows(select(*columns).where(here))}

    def _list(self, query: Executable) -> list[Stored]:
        return [_stored(row) for row in self.rows(query)]


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
