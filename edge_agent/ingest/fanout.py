"""Which hook must be told of which statement, and what became of it: rows, in two short transactions.

    fresh ──pop──> delivery (waiting) ──claim──> an attempt ──> done
                        └──────── later, more and more ────────> given up: an alarm

`fresh` is emptied and the deliveries are made in one transaction, so no crash loses one. An attempt is
claimed by moving its time ahead, in a commit of its own: a process that dies in it leaves a delivery that
is due again, and a receiver may see one delivery id twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.statement import STREET_KINDS, Statement, parse
from edge_agent.ingest.db import Database, metadata
from edge_agent.ingest.place import Place
from edge_agent.ingest.settings_outward import WebhookSettings
from edge_agent.ingest.summary import plain
from edge_agent.ingest.tables import fresh, statement

BATCH = 100
# An attempt that has not been concluded after so long died with its process.
LEASE_US = 300_000_000
WAITING, DONE, GIVEN_UP = "waiting", "done", "given_up"
MAX_ERROR = 300

delivery = Table(
    "delivery",
    metadata,
    Column("id", Text, primary_key=True),  # the same for the same hook and statement, always
    Column("hook", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("made_utc_us", BigInteger, nullable=False),
    Column("due_utc_us", BigInteger, nullable=False),  # of the next attempt
    Column("attempts", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_utc_us", BigInteger),
    Column("said", Text, nullable=False),  # of the last attempt
)
Index("delivery_due", delivery.c.hook, delivery.c.state, delivery.c.due_utc_us)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One statement for one hook."""

    id: str
    hook: str
    place: Place
    made_utc_us: int
    due_utc_us: int
    attempts: int
    state: str
    ended_utc_us: int | None
    said: str


class Fanout:
    """The rows of all hooks. Any thread, any number of processes on PostgreSQL."""

    def __init__(self, database: Database, hooks: Sequence[WebhookSettings]) -> None:
        self._database = database
        self._hooks = {hook.name: hook for hook in hooks}
        database.make_tables()

    def take_fresh(self, now_us: int) -> int:
        """Make deliveries of what has become complete; returns how many statements were looked at.

        Raises:
            StoreFault: as `Database.transaction`.
        """
        key = (fresh.c.device, fresh.c.epoch, fresh.c.seq)
        chosen = select(*key).order_by(*key).limit(BATCH).with_for_update(skip_locked=True)
        with self._database.transaction() as connection:
            places = connection.execute(chosen).all()
            if not places:
                return 0
            here = tuple_(statement.c.device, statement.c.epoch, statement.c.seq).in_(places)
            columns = (statement.c.device, statement.c.epoch, statement.c.seq)
            found = connection.execute(
                select(*columns, statement.c.payload_sha256, statement.c.envelope).where(here)
            )
            rows = [
                _row(hook.name, Place(device, epoch, seq), sha256, now_us)
                for device, epoch, seq, sha256, envelope in found
                for hook in self._who_is_told(bytes(envelope))
            ]
            if rows:
                insert = (postgresql if self._database.postgres else sqlite).insert(delivery)
                connection.execute(insert.on_conflict_do_nothing(), rows)
            connection.execute(delete(fresh).where(tuple_(*key).in_(places)))
        return len(places)

    def _who_is_told(self, envelope: bytes) -> list[WebhookSettings]:
        try:
            said = parse(dsse.decode(envelope)[1])
        except VerificationError:
            return []  # by an older schema: seen in the inbox alone
        return [hook for hook in self._hooks.values() if is_told(hook, said)]

    def claim(self, hook: str, now_us: int) -> Delivery | None:
        """A hook's next that is due, for one attempt; None when none is."""
        waiting = (delivery.c.hook == hook) & (delivery.c.state == WAITING)
        due = waiting & (delivery.c.due_utc_us <= now_us)
        query = select(delivery).where(due).order_by(delivery.c.due_utc_us).limit(1)
        with self._database.transaction() as connection:
            row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
            if row is None:
                return None
            claimed = {"due_utc_us": now_us + LEASE_US, "attempts": row.attempts + 1}
            connection.execute(update(delivery).where(delivery.c.id == row.id).values(claimed))
        return replace(_delivery(row), **claimed)

    def delivered(self, attempt: Delivery, said: str, now_us: int) -> None:
        """It was taken."""
        self._conclude(attempt, {"state": DONE, "ended_utc_us": now_us, "said": said})

    def failed(self, attempt: Delivery, said: str, due_utc_us: int) -> None:
        """It was not; again later."""
        self._conclude(attempt, {"due_utc_us": due_utc_us, "said": said})

    def given_up(self, attempt: Delivery, said: str, now_us: int) -> None:
        """It was not, for too long."""
        self._conclude(attempt, {"state": GIVEN_UP, "ended_utc_us": now_us, "said": said})

    def again(self, hook: str, now_us: int) -> int:
        """What was given up of a hook is due now, as if new; returns how many."""
        new = {
            "state": WAITING,
            "due_utc_us": now_us,
            "made_utc_us": now_us,
            "attempts": 0,
            "ended_utc_us": None,
        }
        gone = (delivery.c.hook == hook) & (delivery.c.state == GIVEN_UP)
        with self._database.transaction() as connection:
            return connection.execute(update(delivery).where(gone).values(new)).rowcount

    def newest(self, limit: int, state: str = "") -> list[Delivery]:
        """The newest, of one state where that is said; newest first."""
        query = select(delivery).order_by(delivery.c.made_utc_us.desc(), delivery.c.id).limit(limit)
        if state:
            query = query.where(delivery.c.state == state)
        with self._database.reading() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def of(self, place: Place) -> list[Delivery]:
        """Those of one statement, by hook."""
        here = (
            (delivery.c.device == place.device)
            & (delivery.c.epoch == place.epoch)
            & (delivery.c.seq == place.seq)
        )
        with self._database.reading() as connection:
            rows = connection.execute(select(delivery).where(here).order_by(delivery.c.hook))
            return [_delivery(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Deliveries by state."""
        query = select(delivery.c.state, func.count()).group_by(delivery.c.state)
        with self._database.reading() as connection:
            return {state: count for state, count in connection.execute(query)}  # noqa: C416 - rows are no pairs to mypy

    def _conclude(self, attempt: Delivery, values: dict[str, object]) -> None:
        values["said"] = plain(str(values["said"]))[:MAX_ERROR]
        # Not when its lease ran out and somebody else has tried meanwhile.
        mine = (delivery.c.id == attempt.id) & (delivery.c.attempts == attempt.attempts)
        with self._database.transaction() as connection:
            connection.execute(update(delivery).where(mine).values(values))


def is_told(hook: WebhookSettings, said: Statement) -> bool:
    """Whether a hook must be told of a statement.

    A street's case names its routes; everything else goes to officer and platform.
    """
    street = said.storefront
    routes = street.routes if street is not None else ("officer", "platform")
    if said.kind not in hook.fitting_kinds or hook.route not in routes:
        return False
    if said.legal is not None and said.legal.use_class not in hook.classes:
        return False
    if hook.tiers is not None and (street is None or street.tier not in hook.tiers):
        return False
    return hook.route != "owner" or (said.kind in STREET_KINDS and street is not None and bool(street.shop))


def delivery_id(hook: str, payload_sha256: str) -> str:
    """The same for the same hook and statement, so that a receiver knows what it has."""
    return hashlib.sha256(f"{hook}\0{payload_sha256}".encode()).hexdigest()[:32]


def _row(hook: str, place: Place, payload_sha256: str, now_us: int) -> dict[str, object]:
    return {
        "id": delivery_id(hook, payload_sha256),
        "hook": hook,
        "device": place.device,
        "epoch": place.epoch,
        "seq": place.seq,
        "made_utc_us": now_us,
        "due_utc_us": now_us,
        "attempts": 0,
        "state": WAITING,
        "ended_utc_us": None,
        "said": "",
    }


def _delivery(row: object) -> Delivery:
    fields = row._asdict()  # type: ignore[attr-defined]  # a Row, of this table
    place = Place(fields.pop("device"), fields.pop("epoch"), fields.pop("seq"))
    return Delivery(place=place, **fields)
