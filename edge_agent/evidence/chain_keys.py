"""What a store's own chain says of keys and certificates: who signs now, who signed, what was told."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence import strict_json
from edge_agent.evidence.keys import PublicKey
from edge_agent.evidence.statement import Kind


def key_in_force(db: sqlite3.Connection) -> str:
    """Id of the key that the newest statement leaves in force; empty in a new store."""
    row = db.execute("SELECT payload FROM packet ORDER BY seq DESC LIMIT 1").fetchone()
    if row is None:
        return ""
    says = strict_json.loads(row[0])
    record = _record(row[0])
    if record.get("type") == Kind.KEY_ROTATION:
        return str(record.get("new_keyid", ""))
    return str(says.get("keyid", ""))


def known_keys(db: sqlite3.Connection, own: PublicKey) -> dict[str, PublicKey]:
    """Our key, the one that the genesis names and those that took over since, by id."""
    rows = db.execute("SELECT payload FROM packet WHERE seq = 0 OR kind = ?", (Kind.KEY_ROTATION,))
    found = {own.keyid: own}
    for (payload,) in rows.fetchall():
        key = named_key(payload)
        if key is not None:
            found[key.keyid] = key
    return found


def named_key(payload: bytes) -> PublicKey | None:
    """The key that a genesis or a rotation introduces; None of a kind that another version knows."""
    record = _record(payload)
    spki = record.get("new_public_key_spki") or record.get("public_key_spki")
    try:
        return PublicKey.from_spki(bytes.fromhex(str(spki)))
    except (UsageError, ValueError):
        return None


def was_recorded(db: sqlite3.Connection, kind: Kind, **said: str) -> bool:
    """Whether this epoch has a record of that kind that says so."""
    with contextlib.closing(db.execute("SELECT payload FROM packet WHERE kind = ?", (kind,))) as rows:
        records = (_record(payload) for (payload,) in rows)  # one in memory at a time: there may be many
        return any(all(r.get(name) == value for name, value in said.items()) for r in records)


def _record(payload: bytes) -> dict[str, Any]:
    try:
        record = strict_json.loads(payload).get("record")
    except VerificationError:
        return {}
    return record if isinstance(record, dict) else {}
