"""What is in the database of a box that another release has used, before or after this one."""

import contextlib
import hashlib
import sqlite3

import pytest

from edge_agent.errors import StoreFault
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.tables import OBJECTS

# Of the tables and indexes of the release before statements were first let go. It compares each with its
# own text, and sets a store aside in which one differs: these never change. New ones are added here.
DEFINED = {
    "attachment": "8494dce62757",
    "attachment_kept": "e3d3b53351ca",
    "command": "9942e4ec69ba",
    "command_counter": "c2148678532b",
    "command_refusal": "244b51cee781",
    "command_stands": "85adb14cb5c6",
    "head": "9f06c465f036",
    "packet": "01f806db5424",
    "packet_attachment": "1757f12b93ec",
    "packet_attachment_sha256": "166bfd66c6b3",
    "packet_case": "6b5760b1f1ba",
    "packet_inspection": "47c050f3b902",
    "packet_open": "92d6cc3eaff7",
    "packet_receipted": "b780f90921c9",
    "packet_state": "29f32178f266",
    "packet_street": "1dae31c5fe4a",
    "receipt": "1b8d3c260830",
    "untold_loss": "4411c27c2c0f",
}
ADDED = ("told_note", "pruned", "packet_kind", "packet_of_receipt")


def database(folder):
    return contextlib.closing(sqlite3.connect(folder / "evidence.db"))


def test_the_release_before_finds_every_table_as_it_made_it(tmp_path):
    with a_store(tmp_path):
        pass
    with database(tmp_path) as db:
        found = {name: hashlib.sha256(text.encode()).hexdigest()[:12] for name, text in db.execute(OBJECTS)}
    assert {name: found.get(name) for name in DEFINED} == DEFINED


def test_a_store_of_the_release_before_is_gone_on_with(tmp_path):
    """Without what was added since; and a definition's last line break, which only a script's end decides."""
    with a_store(tmp_path) as store:
        sealed = store.seal(*a_case(1))
    with database(tmp_path) as db, db:
        for name in ADDED:
            (kind,) = db.execute("SELECT type FROM sqlite_master WHERE name = ?", (name,)).fetchone()
            db.execute(f"DROP {kind} {name}")
        db.execute("DROP INDEX packet_state")
        db.execute("CREATE INDEX packet_state ON packet (state) ")
    with a_store(tmp_path) as store:
        assert store.head().epoch == sealed.epoch
        assert store.seal(*a_case(2)).seq == sealed.seq + 1
    assert not (tmp_path / "quarantine").exists()


@pytest.mark.parametrize(
    "at", ["PRAGMA synchronous", "BEGIN IMMEDIATE", "SELECT sha256, size FROM attachment"]
)
def test_a_database_that_cannot_be_set_up_is_closed(tmp_path, at):
    """Else it keeps its lock for as long as anybody holds the error."""
    opened = []

    class Failing(sqlite3.Connection):
        def execute(self, sql, *args):
            if sql.startswith(at):
                raise sqlite3.OperationalError("injected")
            return super().execute(sql, *args)

    def connector(path):
        opened.append(sqlite3.connect(path, isolation_level=None, factory=Failing))
        return opened[-1]

    with pytest.raises(StoreFault, match="injected"):
        a_store(tmp_path, connector=connector)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
