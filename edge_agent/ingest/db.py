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
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, make_url, text
from sqlalchemy.exc import DatabaseError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError

from edge_agent.errors import DatabaseAway, StoreFault, UsageError

if TYPE_CHECKING:
    from edge_agent.ingest.settings import IngestSettings

FILE_NAME = "ingest.db"
# Whoever makes or changes tables holds this PostgreSQL lock, so that processes may start at once.
TABLES_LOCK = 0x6561_0000
CONNECT_TIMEOUT_S = 10
# A connection whose peer vanished without a word is given up after about so long.
SILENT_PEER_MS = 30_000
# So is, on the server's side, a process that vanished or stands still: its locks must not hold up the others.
SESSION = {
    "synchronous_commit": "on",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
READING = "edge_agent_reading"

# Every module that keeps something declares its tables here.
metadata = MetaData()


class Database:
    """Open with `Database.at` or `Database.of`; any thread may use it.

    SQLite: one transaction at a time in the serving process; another thread's waits.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reading = engine.execution_options(**{READING: True})

    @classmethod
    def at(cls, where: Path | str | URL, *, serving: bool = True) -> Database:
        """A file's path, or `postgresql://...`.

        `serving` is for the one process that takes messages into a SQLite file. Others never checkpoint:
        SQLite 3.7.0 to 3.51.2 can lose a WAL reset when two connections do.
        """
        return cls(_sqlite(where, serving=serving) if isinstance(where, Path) else _postgres(make_url(where)))

    @classmethod
    def of(cls, settings: IngestSettings, *, serving: bool = True) -> Database:
        """The one that a configuration names. Raises UsageError when its password cannot be read."""
        if not settings.database:
            return cls.at(settings.data_dir / FILE_NAME, serving=serving)
        url = make_url(settings.database)
        if settings.database_password_file is not None:
            try:
                password = settings.database_password_file.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise UsageError(f"database_password_file: {error}") from error
            url = url.set(password=password)
        return cls.at(url)

    @property
    def postgres(self) -> bool:
        """Whether other processes may be serving the same database."""
        return self.engine.dialect.name == "postgresql"

    def make_tables(self) -> None:
        """Whatever is missing. Raises StoreFault."""
        with self.transaction() as connection:
            self.lock_tables(connection)
            metadata.create_all(connection)

    def lock_tables(self, connection: Connection) -> None:
        """Nobody else makes or changes tables until this transaction ends."""
        if self.postgres:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TABLES_LOCK})

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One durable transaction.

        Raises:
            DatabaseAway: PostgreSQL is away or would not have it now; nothing of it counts.
            StoreFault: the database failed; nothing of it counts.
        """
        with self.failures(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A view that holds nobody up; what is written through it is lost.

        Raises:
            DatabaseAway, StoreFault: as `transaction`.
        """
        with self.failures(), self._reading.connect() as connection:
            yield connection

    def check_durable(self) -> None:
        """That a commit is on the disk when it returns, as far as a server says.

        Raises:
            UsageError: it says that it is not.
            DatabaseAway: it says nothing.
        """
        if self.postgres:
            with self.reading() as connection:
                if connection.execute(text("SHOW fsync")).scalar_one() != "on":
                    raise UsageError("PostgreSQL runs with fsync off: no receipt could be signed")

    def close(self) -> None:
        """Free the file or the connections."""
        self.engine.dispose()

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turn what the driver raises into DatabaseAway or StoreFault."""
        try:
            yield
        except SQLAlchemyError as error:
            # Without the statement and its values: they hold envelopes and pictures.
            said = str(error.orig) if isinstance(error, DatabaseError | InterfaceError) else str(error)
            if self.postgres and isinstance(error, OperationalError | InterfaceError | IntegrityError):
                raise DatabaseAway(f"platform database: {said.strip()}") from error
            raise StoreFault(f"platform database: {said.strip()}") from error


def _sqlite(path: Path, *, serving: bool) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}",
        pool_size=1 if serving else 5,
        max_overflow=0 if serving else 10,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def settings(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # a sqlite3.Connection
        cursor.execute("PRAGMA busy_timeout=10000")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA journal_size_limit=16777216")
        if not serving:
            cursor.execute("PRAGMA wal_autocheckpoint=0")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Python's own BEGIN is deferred: two writers would then find out at their first write.
        reading = connection.get_execution_options().get(READING)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgres(url: URL) -> Engine:
    # `postgresql://` alone would ask SQLAlchemy for another driver than the one that is locked.
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        # A transaction that has waited for a lock must see what the others have committed meanwhile.
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "tcp_user_timeout": SILENT_PEER_MS,
            "options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()),
        },
    )
