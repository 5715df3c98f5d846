"""The platform's database: SQLite in a file, or PostgreSQL by URL. One shape of tables, one SQL.

    SQLite       one process that serves; others may look, and write little, while it runs
    PostgreSQL   any number of serving processes, on any number of machines

A transaction counts once it has ended without an error, and then it is on the disk: SQLite runs with
`synchronous=FULL`, PostgreSQL with `synchronous_commit=on`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from edge_agent.errors import StoreFault

# Every module that keeps something declares its tables here.
metadata = MetaData()


class Database:
    """Open with `Database.at`. SQLite: one connection, so one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def at(cls, where: Path | str, *, serving: bool = True) -> Database:
        """A file's path, or `postgresql://...`.

        `serving` is for the one process that takes messages into a SQLite file. Others never checkpoint:
        SQLite 3.7.0 to 3.51.2 can lose a WAL reset when two connections do.
        """
        return cls(_sqlite(where, serving=serving) if isinstance(where, Path) else _postgres(where))

    @property
    def postgres(self) -> bool:
        """Whether other processes may be serving the same database."""
        return self.engine.dialect.name == "postgresql"

    def make_tables(self) -> None:
        """Whatever is missing. Raises StoreFault."""
        with self.transaction() as connection:
            metadata.create_all(connection)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One durable transaction.

        Raises:
            StoreFault: the database failed; nothing of it counts.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreFault(f"platform database: {error}") from error

    def close(self) -> None:
        """Free the file or the connections."""
        self.engine.dispose()


def _sqlite(path: Path, *, serving: bool) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def settings(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # a sqlite3.Connection
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA journal_size_limit=16777216")
        cursor.execute("PRAGMA busy_timeout=10000")
        if not serving:
            cursor.execute("PRAGMA wal_autocheckpoint=0")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Python's own BEGIN is deferred: two writers would then find out at their first write.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgres(url: str) -> Engine:
    # `postgresql://` alone would ask SQLAlchemy for another driver than the one that is locked.
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return create_engine(url, pool_pre_ping=True)
