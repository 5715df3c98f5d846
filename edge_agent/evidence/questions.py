"""The few questions that whoever looks into a store may ask of its database, each by name.

They are answered by the one connection that there is, between two seals, so each reads little: by a place,
or by an index and at most a page.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from edge_agent.errors import UsageError

Value = int | str | bytes | None
Row = tuple[Any, ...]  # typed as the tables are
Ask = Callable[[str, Sequence[Value]], list[Row]]

PAGE = 100

_LISTED = (
    "SELECT seq, packet_id, kind, case_id, zone, sealed_utc_us, payload_sha256, bytes, state, reason,"
    " receipted_utc_us FROM packet"
)
_NEWEST_FIRST = f"ORDER BY seq DESC LIMIT {PAGE}"


class Question(NamedTuple):
    """What is asked of the database, and of what types its parameters are."""

    sql: str
    takes: tuple[type, ...] = ()


QUESTIONS = {
    "head": Question("SELECT epoch, seq, payload_sha256, lost FROM head"),
    "states": Question("SELECT state, count(*) FROM packet GROUP BY state"),
    "held": Question("SELECT coalesce(sum(size), 0) FROM attachment WHERE state = 'kept'"),
    "waiting_bytes": Question("SELECT coalesce(sum(bytes), 0) FROM packet WHERE state = 'sealed'"),
    "untold": Question("SELECT class, reason, count, first_utc_us, last_utc_us FROM untold_loss"),
    "oldest_waiting": Question(f"{_LISTED} WHERE state = 'sealed' ORDER BY seq LIMIT 1"),
    "newest": Question(f"{_LISTED} WHERE seq < ? {_NEWEST_FIRST}", (int,)),
    "newest_of_kind": Question(f"{_LISTED} WHERE seq < ? AND kind = ? {_NEWEST_FIRST}", (int, str)),
    "newest_in_state": Question(f"{_LISTED} WHERE seq < ? AND state = ? {_NEWEST_FIRST}", (int, str)),
    "one": Question(f"{_LISTED} WHERE seq = ?", (int,)),
    "signed": Question(
        "SELECT payload, signatures, envelope FROM packet LEFT JOIN receipt ON receipt.id = packet.receipt"
        " WHERE seq = ?",
        (int,),
    ),
    "files": Question(
        "SELECT sha256, size, attachment.state FROM packet_attachment JOIN attachment USING (sha256)"
        " WHERE seq = ? ORDER BY sha256",
        (int,),
    ),
    "note": Question("SELECT seq FROM told_note WHERE id = ?", (str,)),
}


def answer(db: sqlite3.Connection, name: str, values: Sequence[Value]) -> list[Row]:
    """The rows.

    Raises:
        UsageError: there is no such question, or it is not asked like that.
        sqlite3.Error: the database cannot be read.
    """
    question = QUESTIONS.get(name)
    if question is None:
        raise UsageError(f"no question {name!r}")
    fits = len(values) == len(question.takes) and all(map(isinstance, values, question.takes))
    if not fits or any(isinstance(value, int) and not 0 <= value < 2**63 for value in values):
        raise UsageError(f"question {name!r} is not asked like that")
    return db.execute(question.sql, tuple(values)).fetchall()
