"""How the platform writes: in commits, each as few statements of SQL as possible.

What is only to be inserted waits until somebody asks or the commit ends, and goes in many rows at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Executable, Insert, Row, Table, delete
from sqlalchemy.dialects import postgresql, sqlite

from edge_agent.ingest import bulk
from edge_agent.ingest.bulk import Ahead
from edge_agent.ingest.db import Database
from edge_agent.ingest.place import Place
from edge_agent.ingest.tables import need, prepare, statement, unclaimed, watermark


class Transactions:
    """One thread at a time."""

    def __init__(self, where: Path | str | Database, *, serving: bool = True, feed: bool = False) -> None:
        self.database = where if isinstance(where, Database) else Database.at(where, serving=serving)
        self._feed = feed
        self._open: Connection | None = None  # of the commit in progress, as everything below
        self._ahead: Ahead | None = None
        self._later: dict[Table, list[dict[str, Any]]] = {}  # rows to insert
        self._claimed: set[str] = set()  # digests that are `unclaimed` no longer
        prepare(self.database)

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
                self._flush()
            finally:
                self._open, self._ahead = None, None
                self._later.clear()
                self._claimed.clear()

    def look_ahead(self, devices: Collection[str], places: Iterable[Place], digests: Collection[str]) -> None:
        """Begin a batch: what messages of these devices, about these, will want to know.

        On PostgreSQL no other process takes in anything of these devices until the commit.
        """
        if self.database.postgres:
            assert self._open is not None
            self._ahead = bulk.look_ahead(self._open, devices, places, digests)

    def rows(self, query: Executable) -> Sequence[Row[*tuple[Any, ...]]]:
        """Ask, after all that this commit has done so far."""
        if self._open is not None:
            self._flush()
            return self._open.execute(query).all()
        with self.database.reading() as connection:
            return connection.execute(query).all()

    def write(self, change: Executable, rows: Sequence[dict[str, Any]] | None = None) -> int:
        """Change something, for each of `rows` where given; returns how many rows it touched."""
        if self._open is not None:
            self._flush()
            return self._open.execute(change, rows).rowcount
        with self.database.transaction() as connection:
            return connection.execute(change, rows).rowcount

    def _insert(self, table: Table, row: dict[str, Any]) -> None:
        """With the others of its kind, at the commit or before the next question."""
        self._later.setdefault(table, []).append(row)
        if self._open is None:
            with self.commit():
                pass

    def _flush(self) -> None:
        assert self._open is not None
        if self._claimed:
            claimed, self._claimed = self._claimed, set()
            self._open.execute(delete(unclaimed).where(unclaimed.c.sha256.in_(claimed)))
        later, self._later = self._later, {}
        for table, rows in later.items():
            if rows:
                self._open.execute(self._insertion(table), rows)

    def _insertion(self, table: Table) -> Insert:
        """One that says what to do where the key is there already; of `statement` and `need` none may be."""
        # Both dialects have the same words for it; the type is that of one.
        insert = postgresql.insert(table) if self.database.postgres else sqlite.insert(table)
        key = [column.name for column in table.primary_key]
        new = insert.excluded
        if table is watermark:
            later = {"seq": new.seq, "payload_sha256": new.payload_sha256}
            return insert.on_conflict_do_update(
                index_elements=key, set_=later, where=new.seq > watermark.c.seq
            )
        if table is unclaimed:
            of = {"device": new.device, "size": new.size, "at_utc_us": new.at_utc_us}
            return insert.on_conflict_do_update(index_elements=key, set_=of)
        return insert if table in {statement, need} else insert.on_conflict_do_nothing(index_elements=key)

    def _one(self, query: Executable) -> Row[*tuple[Any, ...]] | None:
        rows = self.rows(query)
        return rows[0] if rows else None
