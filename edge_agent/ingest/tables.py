"""What the platform keeps, as tables; and how a database of an older version becomes one of this.

Readers may select from these freely. Only `PlatformStore` and the attachments' keeper write here.
"""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
    inspect,
    text,
    update,
)

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.statement import parse
from edge_agent.ingest.db import Database, metadata
from edge_agent.ingest.summary import search_fields

SCHEMA_VERSION = 2
# SQLite counts by itself only in a column whose type is INTEGER to the letter.
Id = BigInteger().with_variant(Integer, "sqlite")

statement = Table(
    "statement",
    metadata,
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("packet_id", Text, nullable=False),
    Column("payload_sha256", Text, nullable=False),
    Column("prev", Text),
    Column("kind", Text, nullable=False),
    Column("use_class", Text, nullable=False),
    Column("keyid", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("received_utc_us", BigInteger, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("event_utc_us", BigInteger),  # of the event itself; null in what a box says of itself
    Column("case_id", Text, nullable=False, server_default=""),
    Column("words", Text, nullable=False, server_default=""),  # lower case; what a person searches for
    Column("routes", Text, nullable=False, server_default=""),  # " owner officer ": who is to be told
    sqlite_with_rowid=False,
)
Index("statement_by_packet", statement.c.packet_id)
Index("statement_by_received", statement.c.received_utc_us)
Index(
    "statement_by_case",
    statement.c.case_id,
    sqlite_where=statement.c.case_id != "",
    postgresql_where=statement.c.case_id != "",
)

# Attachments that a statement still lacks.
need = Table(
    "need",
    metadata,
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("sha256", Text, primary_key=True),
    sqlite_with_rowid=False,
)
Index("need_by_digest", need.c.sha256)

watermark = Table(
    "watermark",
    metadata,
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("payload_sha256", Text, nullable=False),
    sqlite_with_rowid=False,
)

frozen = Table(
    "frozen",
    metadata,
    Column("device", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since_utc_us", BigInteger, nullable=False),
)

alarm = Table(
    "alarm",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at_utc_us", BigInteger, nullable=False),
    Column("device", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

refused = Table(
    "refused",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at_utc_us", BigInteger, nullable=False),
    Column("device", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
)
Index("refused_by_device", refused.c.device, refused.c.id)

# Whole attachments that no statement names yet.
unclaimed = Table(
    "unclaimed",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("device", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("at_utc_us", BigInteger, nullable=False),
)

# Statements that became complete and that the consumer has not taken yet. See `IngestSettings.feed`.
fresh = Table(
    "fresh",
    metadata,
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# Of PostgreSQL alone. SQLite keeps attachments in files and counts in `user_version`, which older versions
# of this program look at.
postgres_metadata = MetaData()

attachment = Table(
    "attachment",
    postgres_metadata,
    Column("sha256", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# Of attachments that are still arriving.
chunk_row = Table(
    "chunk",
    postgres_metadata,
    Column("device", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),  # byte
    Column("last", BigInteger, nullable=False),  # the byte after it
    Column("total", BigInteger, nullable=False),
    Column("fed_utc_us", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

schema_version = Table(
    "schema_version", postgres_metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)


def _body_as_it_is(table: Table, connection: Connection, **_: object) -> None:
    """Pictures do not become smaller; trying costs more than storing them."""
    connection.execute(text(f"ALTER TABLE {table.name} ALTER COLUMN body SET STORAGE EXTERNAL"))


for _table in (attachment, chunk_row):
    event.listen(_table, "after_create", _body_as_it_is)


def prepare(database: Database) -> None:
    """Make the tables, or bring those of an older version up to this one, in one transaction.

    Raises:
        UsageError: a newer version of edge-agent made them.
        StoreFault: the database failed.
    """
    with database.transaction() as connection:
        database.lock_tables(connection)
        version = _version(connection)
        if version > SCHEMA_VERSION:
            raise UsageError(
                f"{database.engine.url}: written by another version of edge-agent (schema {version})"
            )
        if version == 1:
            _add_search_columns(connection)
        metadata.create_all(connection)
        if database.postgres:
            postgres_metadata.create_all(connection)
        if version == 1:
            _fill_search_columns(connection)
        if version != SCHEMA_VERSION:
            _set_version(connection)


def _version(connection: Connection) -> int:
    """0 where there is nothing yet."""
    if connection.dialect.name == "sqlite":
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if not inspect(connection).has_table(schema_version.name):
        return 0
    return int(connection.execute(schema_version.select()).scalar_one())


def _set_version(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
    else:
        connection.execute(schema_version.delete())
        connection.execute(schema_version.insert(), {"version": SCHEMA_VERSION})


def _add_search_columns(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE statement ADD COLUMN event_utc_us BIGINT"))
    for name in ("case_id", "words", "routes"):
        connection.execute(text(f"ALTER TABLE statement ADD COLUMN {name} TEXT NOT NULL DEFAULT ''"))
    for index in statement.indexes:
        index.create(connection, checkfirst=True)


def _fill_search_columns(connection: Connection) -> None:
    table = statement
    places = connection.execute(table.select().with_only_columns(table.c.device, table.c.epoch, table.c.seq))
    for device, epoch, seq in places.all():
        here = (table.c.device == device) & (table.c.epoch == epoch) & (table.c.seq == seq)
        envelope = connection.execute(
            table.select().with_only_columns(table.c.envelope).where(here)
        ).scalar_one()
        try:
            found = search_fields(parse(dsse.decode(envelope)[1]))
        except VerificationError:
            continue  # by an older schema of statements: found by its kind and box alone
        connection.execute(update(table).where(here).values(**asdict(found)))
