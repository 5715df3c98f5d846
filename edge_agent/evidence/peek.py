"""What a store holds, read without taking part: no lock, no write, nothing in it changes.

The doctor reads a stopped box's store like this. The last commits may still lie in SQLite's log, which a
reader without a lock must leave alone: numbers may then be up to `CHECKPOINT_COMMITS` statements old.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from edge_agent.errors import EvidenceError
from edge_agent.evidence import dsse
from edge_agent.evidence.outbox import read_signatures
from edge_agent.evidence.set_aside import DATABASE

_ENVELOPE = "SELECT payload, signatures FROM packet"


@dataclass(frozen=True, slots=True)
class Peek:
    """Times are UTC, microseconds since 1970, by the box's own clock."""

    seq: int  # of the newest statement
    newest_utc_us: int  # when that was sealed
    pending: int  # statements without a receipt
    pending_bytes: int
    oldest_pending_utc_us: int | None
    held_bytes: int  # of pictures
    lost: int  # cases for which there was no room, since the store was made
    rejected: int
    quarantined: int
    receipted: tuple[int, int] | None  # the newest statement with a receipt: sealed at, receipted at
    question: bytes = b""  # its envelope, or the first one's: contradicts no other copy of the chain


def peek(db: sqlite3.Connection) -> Peek:
    """Of an open database. Reads much of it. Raises sqlite3.Error."""

    def one(query: str) -> tuple[int, ...]:
        row: tuple[int, ...] = db.execute(query).fetchone()
        return row

    seq, lost = one("SELECT seq, lost FROM head")
    states = dict(db.execute("SELECT state, count(*) FROM packet GROUP BY state").fetchall())
    (pending_bytes,) = one("SELECT coalesce(sum(bytes), 0) FROM packet WHERE state = 'sealed'")
    oldest = one("SELECT sealed_utc_us FROM packet WHERE state = 'sealed' ORDER BY seq LIMIT 1")
    (newest,) = one("SELECT sealed_utc_us FROM packet ORDER BY seq DESC LIMIT 1")
    receipted = one(
        "SELECT sealed_utc_us, receipted_utc_us FROM packet WHERE receipted_utc_us IS NOT NULL "
        "ORDER BY seq DESC LIMIT 1"
    )
    asked = "receipt IS NOT NULL" if receipted else "seq = 0"
    known = db.execute(f"{_ENVELOPE} WHERE {asked} ORDER BY seq DESC LIMIT 1").fetchone()
    (held,) = one("SELECT coalesce(sum(size), 0) FROM attachment WHERE state = 'kept'")
    return Peek(
        seq=seq,
        newest_utc_us=newest,
        pending=states.get("sealed", 0),
        pending_bytes=pending_bytes,
        oldest_pending_utc_us=oldest[0] if oldest else None,
        held_bytes=held,
        lost=lost,
        rejected=states.get("rejected", 0),
        quarantined=states.get("quarantined", 0),
        receipted=(receipted[0], receipted[1]) if receipted else None,
        question=dsse.envelope(dsse.EVIDENCE_TYPE, known[0], read_signatures(known[1])) if known else b"",
    )


def peek_at(directory: Path) -> Peek | None:
    """Of a store that this process has not open; None where no store was made yet.

    Raises:
        EvidenceError: it cannot be read.
    """
    path = directory / DATABASE
    try:
        if not path.exists():
            return None
        db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
    except (OSError, sqlite3.Error) as error:
        raise EvidenceError(f"{path}: {error}") from error
    try:
        return peek(db)
    except (TypeError, ValueError, sqlite3.Error) as error:  # half written just now, or damaged
        raise EvidenceError(f"{path}: {error}") from error
    finally:
        db.close()


def is_open(directory: Path) -> bool:
    """Whether a process has the store of `directory` open, as far as this process can see."""
    try:
        inode = (directory / "lock").stat().st_ino
        held = Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return False
    return any(_holds(line.split(), inode) for line in held.splitlines())


def _holds(words: list[str], inode: int) -> bool:
    """`1: FLOCK  ADVISORY  WRITE 4711 fe:01:131587 0 EOF`."""
    return len(words) > 5 and words[1] == "FLOCK" and words[5].endswith(f":{inode}")
