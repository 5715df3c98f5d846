"""The floor of `bench platform`: the same bytes inserted, in the same batches, and nothing else."""

from __future__ import annotations

import threading
import time
from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text, insert

from edge_agent.bench.platform_boxes import Box
from edge_agent.ingest.db import Database

_metadata = MetaData()
BARE = Table(
    "bench_bare",
    _metadata,
    Column("device", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)


def statements(
    boxes: int, seed: int, picture_bytes: int, with_picture_permille: int
) -> list[list[dict[str, Any]]]:
    """Rows of signed statements, one list a statement: its envelope and, where it has one, its picture."""
    found = []
    for number in range(boxes):
        box = Box(number, seed, picture_bytes, with_picture_permille)
        for _ in range(2):
            signed = box.sign_next()
            found.append(
                [
                    {"device": box.device, "seq": signed.seq, "kind": topic[-60:], "body": payload}
                    for topic, payload in box.messages(signed)
                ]
            )
    return found


def inserts(url: str, rows: list[list[dict[str, Any]]], batch: int, writers: int, seconds: float) -> float:
    """Statements a second that PostgreSQL takes, one commit a batch; the rows are taken again and again."""
    database = Database.at(url)
    with database.transaction() as connection:
        _metadata.create_all(connection)
    until_s = time.monotonic() + seconds
    counts = [0] * writers

    def write(writer: int) -> None:
        at = writer * len(rows) // writers
        while time.monotonic() < until_s:
            chosen = [rows[(at + n) % len(rows)] for n in range(batch)]
            flat = [
                {**row, "seq": counts[writer] + n, "device": f"{writer} {row['device']}"}
                for n, statement in enumerate(chosen)
                for row in statement
            ]
            with database.transaction() as connection:
                connection.execute(insert(BARE), flat)
            counts[writer] += batch
            at += batch

    started_s = time.monotonic()
    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed_s = time.monotonic() - started_s
    with database.transaction() as connection:
        _metadata.drop_all(connection)
    database.close()
    return sum(counts) / elapsed_s
