"""What a whole batch asks of PostgreSQL, one question each: a round trip costs more than the answer.

SQLite is in this process and is asked as things come up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, text

from edge_agent.ingest.place import Place

Chain = tuple[str, str]  # device, epoch
Rows = Sequence[Row[*tuple[Any, ...]]]

LOCK = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
FROZEN = text("SELECT device FROM frozen WHERE device = ANY(CAST(:devices AS text[]))")
AROUND = text(
    "SELECT s.device, s.epoch, s.seq, s.payload_sha256, s.prev"
    " FROM unnest(CAST(:devices AS text[]), CAST(:epochs AS text[]), CAST(:seqs AS bigint[]))"
    " AS k (device, epoch, seq) JOIN statement s USING (device, epoch, seq)"
)
WAITING = text(
    "SELECT sha256, device, epoch, seq FROM need"
    " WHERE sha256 = ANY(CAST(:digests AS text[])) AND device = ANY(CAST(:devices AS text[]))"
)
MARKS = text(
    "SELECT w.device, w.epoch, w.seq, w.payload_sha256"
    " FROM unnest(CAST(:devices AS text[]), CAST(:epochs AS text[])) AS k (device, epoch)"
    " JOIN watermark w USING (device, epoch)"
)
ABOVE_MARKS = text(
    "SELECT s.device, s.epoch, s.seq, s.payload_sha256, s.prev"
    " FROM unnest(CAST(:devices AS text[]), CAST(:epochs AS text[]), CAST(:seqs AS bigint[]))"
    " AS k (device, epoch, seq) JOIN statement s ON s.device = k.device AND s.epoch = k.epoch"
    " AND s.seq BETWEEN k.seq + 1 AND k.seq + :window WHERE s.complete ORDER BY s.device, s.epoch, s.seq"
)


@dataclass(slots=True)
class Ahead:
    """What was asked for at the begin of a batch, kept true to what the batch does."""

    devices: frozenset[str]  # locked: nobody else takes in anything of theirs until the commit
    places: frozenset[Place]
    digests: frozenset[str]
    frozen: set[str]
    around: dict[Place, tuple[str, str | None]] = field(default_factory=dict)  # payload digest, prev
    waiting: dict[str, list[Place]] = field(default_factory=dict)  # by attachment's digest


def look_ahead(
    connection: Connection, devices: Collection[str], places: Iterable[Place], digests: Collection[str]
) -> Ahead:
    """Lock the devices for this transaction, then ask what messages about these will want to know."""
    places = frozenset(places)
    beside = {Place(p.device, p.epoch, p.seq + n) for p in places for n in (-1, 0, 1)}
    # Everybody locks in the same order, so nobody waits for somebody who waits for him.
    connection.execute(LOCK, {"keys": sorted({lock_key("device", device) for device in devices})})
    in_hand = list(devices)
    ahead = Ahead(
        frozenset(devices),
        places,
        frozenset(digests),
        {device for (device,) in connection.execute(FROZEN, {"devices": in_hand})},
    )
    if beside:
        for device, epoch, seq, sha256, prev in connection.execute(AROUND, _columns(beside)):
            ahead.around[Place(device, epoch, seq)] = (sha256, prev)
    if digests:
        asked = {"digests": list(digests), "devices": in_hand}
        for sha256, *place in connection.execute(WAITING, asked):
            ahead.waiting.setdefault(sha256, []).append(Place(*place))
    return ahead


def marks(connection: Connection, chains: Collection[Chain]) -> dict[Chain, tuple[int, str]]:
    """The watermarks of these chains."""
    asked = {"devices": [device for device, _ in chains], "epochs": [epoch for _, epoch in chains]}
    rows = connection.execute(MARKS, asked)
    return {(device, epoch): (seq, sha256) for device, epoch, seq, sha256 in rows}


def above_marks(connection: Connection, seqs: dict[Chain, int], window: int) -> Rows:
    """What is complete within `window` places above each seq: device, epoch, seq, payload digest, prev."""
    places = [Place(device, epoch, seq) for (device, epoch), seq in seqs.items()]
    return connection.execute(ABOVE_MARKS, {**_columns(places), "window": window}).all()


def lock_key(what: str, name: str) -> int:
    """A PostgreSQL advisory lock's number. Two names may share one: they then wait for each other."""
    return int.from_bytes(hashlib.sha256(f"edge-agent {what} {name}".encode()).digest()[:8], signed=True)


def _columns(places: Collection[Place]) -> dict[str, list[Any]]:
    return {
        "devices": [place.device for place in places],
        "epochs": [place.epoch for place in places],
        "seqs": [place.seq for place in places],
    }
