"""What a chain says of itself is found however long it is."""

import contextlib
import json
import sqlite3
import tracemalloc

from edge_agent.evidence.chain_keys import was_recorded
from edge_agent.evidence.statement import Kind


def test_of_many_incidents_one_is_in_memory_at_a_time():
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE packet (kind TEXT, payload BLOB)")
        said = json.dumps({"record": {"what": "a", "detail": "d" * 20_000}}).encode()
        db.executemany("INSERT INTO packet VALUES (?, ?)", [(Kind.INCIDENT, said)] * 500)
        last = json.dumps({"record": {"what": "b", "detail": ""}}).encode()
        db.execute("INSERT INTO packet VALUES (?, ?)", (Kind.INCIDENT, last))
        tracemalloc.start()
        try:
            assert was_recorded(db, Kind.INCIDENT, what="b")
            assert not was_recorded(db, Kind.INCIDENT, what="c")
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 1_000_000
