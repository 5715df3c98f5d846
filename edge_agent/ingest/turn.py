"""Which of several processes answers the boxes' heads: one, and another when it is gone.

A head is retained, and retained messages do not reach a shared subscription; so heads come by a plain
one, to everybody who subscribes. Two that answer do no harm, they only do the work twice.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from edge_agent.errors import DatabaseAway
from edge_agent.ingest.bulk import lock_key
from edge_agent.ingest.db import Database

# How soon another process takes over, and how soon a holder notices that it is none any more.
LOOK_S = 5.0


class Turn:
    """A lock in PostgreSQL that lives as long as this process's connection. SQLite has one process."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._key = {"key": lock_key("heads", tenant)}
        self._connection: Connection | None = None
        self._held = not database.postgres
        self._look_at_s = 0.0

    def mine(self, now_s: float) -> bool:
        """Whether it is; looks at the database now and then.

        Raises:
            DatabaseAway: it is away, and so may be the lock.
        """
        if self._database.postgres and now_s >= self._look_at_s:
            self._look_at_s = now_s + LOOK_S
            self._look()
        return self._held

    def give_up(self) -> None:
        """Another process's turn."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()  # really ends it, and the lock with it
            connection.close()
            self._held = False
        self._look_at_s = 0.0

    def _look(self) -> None:
        question = text("SELECT 1" if self._held else "SELECT pg_try_advisory_lock(:key)")
        try:
            with self._database.failures():
                if self._connection is None:
                    engine = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")
                    self._connection = engine.connect()
                answer = self._connection.execute(question, {} if self._held else self._key).scalar_one()
        except DatabaseAway:
            self.give_up()
            raise
        self._held = bool(answer)
