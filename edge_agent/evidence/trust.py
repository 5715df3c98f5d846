"""Whether a database may be trusted: each check of a start, which raises what is wrong.

pages      quick_check; integrity_check after a run that a fault stopped
chain      the newest K statements: digests, links, signatures; the head is the last of them, and is not
           older than the note beside the database
tables     as this program makes them
states     of statements and files; counts of losses
emptied    pictures, a note, and no statement
fork       the platform has seen more of this chain, or another one
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.chain_keys import known_keys
from edge_agent.evidence.keys import PublicKey
from edge_agent.evidence.losses import Losses
from edge_agent.evidence.notes import HeadNote
from edge_agent.evidence.outbox import FILE_STATES, STATES, read_signatures
from edge_agent.evidence.pruning import Mark, read_mark
from edge_agent.evidence.set_aside import ATTACHMENTS
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.tables import altered


class Forked(VerificationError):
    """The chain went on elsewhere."""


def check_database(
    db: sqlite3.Connection,
    settings: StoreSettings,
    noted: HeadNote | None,
    key: PublicKey,
    *,
    thoroughly: bool,
) -> None:
    """Whether it is whole and ends where it should.

    Args:
        db: just opened.
        settings: of the store.
        noted: where the chain ended, as the note beside it says.
        key: of the box.
        thoroughly: look at what only a full check sees.

    Raises:
        VerificationError: says what is wrong; so do sqlite3.Error, ValueError and TypeError.
    """
    _check_pages(db, "integrity_check(1)" if thoroughly else "quick_check(1)")
    _check_chain(db, settings.check_links_at_start, noted, key)
    _check_schema(db)
    _check_states(db)
    Losses(db)  # counts that make no sense would end each start
    _check_not_emptied(db, settings.directory / ATTACHMENTS, noted)


def _check_pages(db: sqlite3.Connection, check: str) -> None:
    (answer,) = db.execute(f"PRAGMA {check}").fetchone()
    if answer != "ok":
        raise VerificationError(f"{check}: {answer}")


def _check_schema(db: sqlite3.Connection) -> None:
    if name := altered(db):
        raise VerificationError(f"the definition of {name} is damaged")


def _check_states(db: sqlite3.Connection) -> None:
    """A statement in no known state would be kept, and never sent; a file in none would not go with it."""
    for what, place, table, states in (
        ("statement", "seq", "packet", STATES),
        ("attachment", "sha256", "attachment", FILE_STATES),
    ):
        known = ", ".join(f"'{state}'" for state in states)
        query = f"SELECT {place}, state FROM {table} NOT INDEXED WHERE state NOT IN ({known}) LIMIT 1"  # noqa: S608 - our own names
        if row := db.execute(query).fetchone():
            raise VerificationError(f"{what} {row[0]}: in the unknown state {row[1]!r}")


def _check_not_emptied(db: sqlite3.Connection, attachments: Path, noted: HeadNote | None) -> None:
    """A young database is all in its log: without it there is an empty one, and pictures of nobody."""
    empty = db.execute("SELECT count(*) FROM head").fetchone() == (0,)
    if empty and noted is not None and attachments.exists() and any(attachments.iterdir()):
        raise VerificationError(f"the database is empty, but {noted.seq} was sealed")


def check_fork(db: sqlite3.Connection, platform: HeadNote | None) -> None:
    """Whether the platform has this chain further than it goes here, or otherwise."""
    row = db.execute("SELECT epoch FROM head").fetchone()
    if platform is None or row is None or row[0] != platform.epoch:
        return
    here = db.execute("SELECT payload_sha256 FROM packet WHERE seq = ?", (platform.seq,)).fetchone()
    if here != (platform.payload_sha256,):
        raise Forked(f"the platform has {platform.seq} of this chain, which is not here: an older copy")


def _check_chain(db: sqlite3.Connection, links: int, noted: HeadNote | None, key: PublicKey) -> None:
    """The newest so many links, and the head."""
    row = db.execute("SELECT epoch, seq, payload_sha256, genesis_sha256 FROM head").fetchone()
    if row is None:
        if db.execute("SELECT count(*) FROM packet").fetchone() != (0,):
            raise VerificationError("statements without a head")
        return
    head, genesis = HeadNote(*row[:3]), row[3]
    gone = read_mark(db)
    rows = db.execute(
        "SELECT seq, payload, signatures, payload_sha256 FROM packet WHERE seq > ? ORDER BY seq DESC LIMIT ?",
        (gone.seq, links),
    ).fetchall()
    if not rows or (rows[0][0], rows[0][3]) != (head.seq, head.payload_sha256):
        raise VerificationError("the head is not the last statement")
    keys = known_keys(db, key)
    chains = [_check_one(seq, payload, signatures, sha256, keys) for seq, payload, signatures, sha256 in rows]
    for chain, newer, older in zip(chains, rows, rows[1:], strict=False):
        if newer[0] != older[0] + 1 or chain.get("prev") != older[3]:
            raise VerificationError(f"the link from {newer[0]} to the statement before it is broken")
    _check_mark(db, gone, keys)
    first = rows[0][3] if head.seq == 0 else chains[0].get("store_genesis")
    if {chain.get("epoch") for chain in chains} != {head.epoch} or first != genesis:
        raise VerificationError("the head is of another chain than the statements")
    if noted is not None and noted.epoch == head.epoch and noted.seq > head.seq:
        raise VerificationError(f"the head is at {head.seq}, but {noted.seq} was sealed: commits were lost")


def _check_mark(db: sqlite3.Connection, gone: Mark, keys: Mapping[str, PublicKey]) -> None:
    """The chain goes on where statements were let go, and no more of them is gone than was."""
    if gone.seq < 0:
        return
    (here,) = db.execute("SELECT count(*) FROM packet WHERE seq <= ?", (gone.seq,)).fetchone()
    if here + gone.statements != gone.seq + 1:
        raise VerificationError(f"{here} statements up to {gone.seq} are here and {gone.statements} let go")
    ends = db.execute(
        "SELECT seq, payload, signatures, payload_sha256 FROM packet WHERE seq IN (?, ?) ORDER BY seq",
        (gone.seq, gone.seq + 1),
    ).fetchall()
    if len(ends) != 2:
        raise VerificationError(
            f"statement {gone.seq} or {gone.seq + 1}, where what was let go ends, is missing"
        )
    _, after = (
        _check_one(seq, payload, signatures, sha256, keys) for seq, payload, signatures, sha256 in ends
    )
    if (ends[0][3], after.get("prev")) != (gone.payload_sha256, gone.payload_sha256):
        raise VerificationError(f"statement {gone.seq + 1} does not follow from what was let go")


def _check_one(
    seq: int, payload: bytes, signatures: str, sha256: str, keys: Mapping[str, PublicKey]
) -> dict[str, Any]:
    """What the statement says of its place in the chain.

    Reads the chain alone: a statement of a later version must not make an older program, put back
    after an upgrade, set the store aside.
    """
    if hashlib.sha256(payload).hexdigest() != sha256:
        raise VerificationError(f"statement {seq}: damaged")
    chain = strict_json.loads(payload).get("chain")
    if not isinstance(chain, dict) or chain.get("seq") != seq:
        raise VerificationError(f"statement {seq}: says that it is another")
    message = dsse.pae(dsse.EVIDENCE_TYPE, payload)
    for signature in read_signatures(signatures):
        # A signature of a key that the chain does not introduce stands: SM2's, or one replaced by hand.
        key = keys.get(signature.keyid)
        if key is not None and not key.verifies(signature.sig, message):
            raise VerificationError(f"statement {seq}: its signature is damaged")
    return chain
