"""A platform's database of an older version opens, with everything in it."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import func, select

from edge_agent.errors import UsageError
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.examples_street import a_zone_case
from edge_agent.ingest.store import NewStatement, Place, PlatformStore
from edge_agent.ingest.tables import SCHEMA_VERSION, fresh, statement

# As version 1 of the schema made them.
VERSION_1 = """
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
PRAGMA user_version=1;
"""
DEVICE = "ea-test-0001"


@pytest.fixture
def old(tmp_path):
    """A street's case, a bridge's case and something that is no statement v1, as version 1 kept them."""
    path = tmp_path / "ingest.db"
    with a_store(tmp_path / "box") as box, sqlite3.connect(path) as database:
        box.seal(*a_zone_case())
        box.seal(*a_case())
        database.executescript(VERSION_1)
        for seq in box.seqs():
            packet = box.packet(seq)
            row = (DEVICE, "e", seq, packet.packet_id, packet.payload_sha256, None, "wim", "test", "k")
            database.execute(
                "INSERT INTO statement VALUES (?,?,?,?,?,?,?,?,?,?,?,1)", (*row, packet.envelope, 7)
            )
        database.execute(
            "INSERT INTO statement VALUES (?,'e',9,'p',?,NULL,'wim','test','k',?,7,0)",
            (DEVICE, "f" * 64, b"not a statement"),
        )
        database.execute("INSERT INTO watermark VALUES (?,'e',0,?)", (DEVICE, "a" * 64))
    database.close()
    return path


def test_version_1_opens_and_its_statements_can_be_searched_for(old):
    with closing(sqlite3.connect(old)) as database:
        before = set(database.execute("SELECT seq, envelope FROM statement"))

    store = PlatformStore(old)

    found = {stored.place.seq: stored for stored in store.of_device(DEVICE, 10)}
    assert {(seq, store.envelope(stored.place)) for seq, stored in found.items()} == before
    assert found[1].complete is True
    assert found[9].complete is False
    assert store.watermark(DEVICE, "e").seq == 0
    with store.database.reading() as connection:
        columns = (statement.c.words, statement.c.case_id, statement.c.routes, statement.c.event_utc_us)
        rows = connection.execute(select(*columns).order_by(statement.c.seq)).all()
    assert "door_s1" in rows[1].words
    assert rows[1].routes == " owner officer platform "
    assert rows[2].case_id == "1-1"
    assert rows[2].event_utc_us is not None
    assert rows[3] == ("", "", "", None)
    store.close()
    with sqlite3.connect(old) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    database.close()


def test_a_migration_that_fails_leaves_version_1(old, monkeypatch):
    def fails(_):
        raise RuntimeError("killed")

    monkeypatch.setattr("edge_agent.ingest.tables.search_fields", fails)
    with pytest.raises(RuntimeError):
        PlatformStore(old)

    with sqlite3.connect(old) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        columns = {row[1] for row in database.execute("PRAGMA table_info(statement)")}
    database.close()
    assert "words" not in columns


def test_a_newer_version_s_database_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "ingest.db") as database:
        database.execute("PRAGMA user_version=99")
    database.close()

    with pytest.raises(UsageError, match="another version"):
        PlatformStore(tmp_path / "ingest.db")


@pytest.mark.parametrize("feed", [False, True])
def test_only_a_store_that_feeds_somebody_notes_what_became_complete(tmp_path, feed):
    store = PlatformStore(tmp_path / "ingest.db", feed=feed)
    with a_store(tmp_path / "box") as box, store.commit():
        packet = box.packet(box.seal(*a_case()).seq)
        store.add(as_new(packet, 1), ("d" * 64,), 5)
        assert waiting(store) == 0
        store.attachments_stored(["d" * 64])
        store.add(as_new(packet, 2), (), 5)

    assert waiting(store) == (2 if feed else 0)
    store.close()


def as_new(packet, seq):
    place = Place(DEVICE, "e", seq)
    return NewStatement(place, packet.packet_id, "a" * 64, None, "wim", "test", "k", packet.envelope)


def waiting(store) -> int:
    return store.rows(select(func.count()).select_from(fresh))[0][0]
