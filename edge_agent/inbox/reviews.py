"""What people said of statements, and whom they sent: rows that are added, never changed or deleted.

A review is of one statement, named by the digest of what was signed. The newest one counts; those before
it stay to be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Table,
    Text,
    exists,
    func,
    select,
    tuple_,
)

from edge_agent.errors import EdgeAgentError, UsageError
from edge_agent.ingest.db import Database, metadata
from edge_agent.ingest.store import Place, Stored
from edge_agent.ingest.summary import plain
from edge_agent.ingest.tables import Id, statement

Verdict = Literal["accept", "reject"]
ACCEPT, REJECT = "accept", "reject"
# Stable keys; the words are in `texts`. With `other` the note says which.
REASONS: dict[str, tuple[str, ...]] = {
    ACCEPT: ("evidence_clear", "confirmed_on_site", "other"),
    REJECT: (
        "plate_wrong",
        "weight_doubtful",
        "not_goods",
        "not_this_shop",
        "permitted",
        "picture_unclear",
        "duplicate",
        "other",
    ),
}
OTHER = "other"
MAX_NOTE = 1000
MAX_NAME = 100

review = Table(
    "review",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("packet_id", Text, nullable=False),
    Column("payload_sha256", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("at_utc_us", BigInteger, nullable=False),
)
Index("review_by_place", review.c.device, review.c.epoch, review.c.seq, review.c.id)

dispatch = Table(
    "dispatch",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("sent_to", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("sent_by", Text, nullable=False),
    Column("at_utc_us", BigInteger, nullable=False),
)
Index("dispatch_by_place", dispatch.c.device, dispatch.c.epoch, dispatch.c.seq, dispatch.c.id)


class Overtaken(EdgeAgentError):
    """Somebody else reviewed it meanwhile: look again."""


@dataclass(frozen=True, slots=True)
class Review:
    """A person's word on one statement."""

    id: int
    verdict: str
    reason: str
    note: str
    reviewer: str
    at_utc_us: int


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Who was sent, and with which words."""

    sent_to: str
    note: str
    sent_by: str
    at_utc_us: int


class Reviews:
    """Over one database. Any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make_tables()

    def of(self, place: Place) -> list[Review]:
        """All of one statement, newest first."""
        with self._database.reading() as connection:
            return _reviews(connection, place)

    def dispatches(self, place: Place) -> list[Dispatch]:
        """All of one statement, newest first."""
        columns = (dispatch.c.sent_to, dispatch.c.note, dispatch.c.sent_by, dispatch.c.at_utc_us)
        query = select(*columns).where(_at(dispatch, place)).order_by(dispatch.c.id.desc())
        with self._database.reading() as connection:
            return [Dispatch(*row) for row in connection.execute(query)]

    def add(
        self, stored: Stored, verdict: str, reason: str, note: str, *, reviewer: str, seen: int, now_us: int
    ) -> None:
        """A person's word; it counts from now on.

        Args:
            stored: the statement.
            verdict: accept or reject.
            reason: one of the verdict's `REASONS`.
            note: free text; needed where the reason is `other`.
            reviewer: the user's name.
            seen: id of the newest review that the reviewer knew of; 0 when there was none.
            now_us: microseconds of UTC.

        Raises:
            UsageError: no such verdict or reason, or no word of why.
            Overtaken: there is a newer review than the reviewer knew of.
        """
        note = _text(note, MAX_NOTE)
        if reason not in REASONS.get(verdict, ()):
            raise UsageError("reason")
        if reason == OTHER and not note:
            raise UsageError("note")
        place = stored.place
        row = _key(place) | {
            "packet_id": stored.packet_id,
            "payload_sha256": stored.payload_sha256,
            "verdict": verdict,
            "reason": reason,
            "note": note,
            "reviewer": reviewer,
            "at_utc_us": now_us,
        }
        with self._database.transaction() as connection:
            _one_at_a_time(connection, place)
            if newest_id(_reviews(connection, place)) != seen:
                raise Overtaken("reviewed meanwhile")
            connection.execute(review.insert().values(row))

    def send(self, place: Place, to: str, note: str, *, by: str, now_us: int) -> None:
        """Note that somebody was sent.

        Raises:
            UsageError: nobody is named, or the statement's newest review is not to accept it.
        """
        to = _text(to, MAX_NAME)
        if not to:
            raise UsageError("to")
        row = _key(place) | {"sent_to": to, "note": _text(note, MAX_NOTE), "sent_by": by, "at_utc_us": now_us}
        with self._database.transaction() as connection:
            _one_at_a_time(connection, place)
            if not accepted(_reviews(connection, place)):
                raise UsageError("not_accepted")
            connection.execute(dispatch.insert().values(row))

    def newest_of_all(self) -> Iterator[dict[str, Any]]:
        """The word that counts on each statement, in the form of `edge-agent model label-export`."""
        newest = select(func.max(review.c.id)).group_by(review.c.device, review.c.epoch, review.c.seq)
        query = select(review).where(review.c.id.in_(newest)).order_by(review.c.id)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                note = f"{row.reason}: {row.note}" if row.note else row.reason
                yield {
                    "packet_id": row.packet_id,
                    "verdict": row.verdict,
                    "reviewer": row.reviewer,
                    "note": note[:MAX_NOTE],
                }


def newest_id(known: list[Review]) -> int:
    """Of reviews as `of` gives them; 0 when there is none."""
    return known[0].id if known else 0


def accepted(known: list[Review]) -> bool:
    """Whether the newest says so."""
    return bool(known) and known[0].verdict == ACCEPT


def verdict_is(verdict: str) -> ColumnElement[bool]:
    """Statements whose newest review says this; empty: that nobody has reviewed."""
    mine = (
        (review.c.device == statement.c.device)
        & (review.c.epoch == statement.c.epoch)
        & (review.c.seq == statement.c.seq)
    )
    if not verdict:
        return ~exists(select(review.c.id).where(mine))
    newest = select(review.c.verdict).where(mine).order_by(review.c.id.desc()).limit(1).correlate(statement)
    return newest.scalar_subquery() == verdict


def verdicts(connection: Connection, places: list[Place]) -> dict[Place, str]:
    """The newest verdict of each statement that has one."""
    key = (review.c.device, review.c.epoch, review.c.seq)
    listed = tuple_(*key).in_([(place.device, place.epoch, place.seq) for place in places])
    newest = select(func.max(review.c.id)).where(listed).group_by(*key)
    found = connection.execute(select(*key, review.c.verdict).where(review.c.id.in_(newest)))
    return {Place(device, epoch, seq): verdict for device, epoch, seq, verdict in found}


def _reviews(connection: Connection, place: Place) -> list[Review]:
    columns = (
        review.c.id,
        review.c.verdict,
        review.c.reason,
        review.c.note,
        review.c.reviewer,
        review.c.at_utc_us,
    )
    rows = connection.execute(select(*columns).where(_at(review, place)).order_by(review.c.id.desc()))
    return [Review(*row) for row in rows]


def _one_at_a_time(connection: Connection, place: Place) -> None:
    """Two people's words on one statement follow each other; SQLite has one writer anyway."""
    connection.execute(select(statement.c.seq).where(_at(statement, place)).with_for_update())


def _key(place: Place) -> dict[str, Any]:
    return {"device": place.device, "epoch": place.epoch, "seq": place.seq}


def _at(table: Table, place: Place) -> ColumnElement[bool]:
    return (table.c.device == place.device) & (table.c.epoch == place.epoch) & (table.c.seq == place.seq)


def _text(said: str, most: int) -> str:
    return plain(said.replace("\r\n", "\n").strip())[:most]
