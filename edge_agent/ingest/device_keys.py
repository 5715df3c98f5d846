"""Keys that took over from enrolled ones: learnt from rotations in the chains, kept in the database.

A rotated key stands on the key before it. Take that one out of `<device_id>.pem` and the rotated one
goes with it, so barring a key needs no look in here; to keep the newer one, put it in the file itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text, insert, select

from edge_agent.evidence import dsse
from edge_agent.evidence.keys import KeyRing, PublicKey
from edge_agent.ingest.db import metadata
from edge_agent.ingest.place import Place
from edge_agent.ingest.transactions import Transactions
from edge_agent.ingest.verify import Good, Unacceptable, open_statement

device_key = Table(
    "device_key",
    metadata,
    # Where the rotation stands.
    Column("device", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("old_keyid", Text, nullable=False),
    Column("spki", LargeBinary, nullable=False),  # of the key that took over
    Column("at_utc_us", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class _Rotation:
    place: Place
    old_keyid: str
    successor: PublicKey


class DeviceKeys:
    """What a batch must know of the keys of some boxes: read once, with what the batch itself brings."""

    def __init__(self, store: Transactions, devices: Collection[str]) -> None:
        self._store = store
        columns = (device_key.c.device, device_key.c.epoch, device_key.c.seq)
        query = select(*columns, device_key.c.old_keyid, device_key.c.spki)
        rows = store.rows(query.where(device_key.c.device.in_(devices)))
        self._rotations = [
            _Rotation(Place(device, epoch, seq), old, PublicKey(bytes(spki)))
            for device, epoch, seq, old, spki in rows
        ]

    def ring(self, enrolled: KeyRing, device: str) -> KeyRing:
        """The keys of a box's file and those that stand on them."""
        waiting = [(r.old_keyid, r.successor) for r in self._rotations if r.place.device == device]
        ring = enrolled
        while waiting:
            known = {key.keyid for key in ring.all()}
            reached = [key for old, key in waiting if old in known]
            if not reached:
                break
            ring = ring.also(dsse.EVIDENCE_TYPE, reached)
            waiting = [(old, key) for old, key in waiting if old not in known]
        return ring

    def open_statement(
        self, envelope: bytes, enrolled: KeyRing, tenant: str, device: str
    ) -> Good | Unacceptable:
        """As `verify.open_statement`, with the keys that took over.

        Raises:
            VerificationError: no key of this box signed it.
        """
        return open_statement(envelope, self.ring(enrolled, device), tenant, device)

    def in_force(self, found: Good) -> Good | Unacceptable:
        """The statement; refused when its key was rotated away before its place."""
        new = found.statement
        away = [
            r.place.seq
            for r in self._rotations
            if r.old_keyid == new.keyid
            and (r.place.device, r.place.epoch) == (new.place.device, new.place.epoch)
        ]
        if not away or new.place.seq <= min(away):
            return found
        reason = f"signed by key {new.keyid:.16}, which was rotated away at seq {min(away)}"
        return Unacceptable(new.place.epoch, new.packet_id, new.payload_sha256, reason)

    def take_over(self, found: Good, at_utc_us: int) -> bool:
        """Note the key that takes over with a stored rotation; False for any other statement."""
        if found.successor is None:
            return False
        place, old = found.statement.place, found.statement.keyid
        self._rotations.append(_Rotation(place, old, found.successor))
        row = {
            "device": place.device,
            "epoch": place.epoch,
            "seq": place.seq,
            "old_keyid": old,
            "spki": found.successor.spki,
            "at_utc_us": at_utc_us,
        }
        self._store.write(insert(device_key), [row])
        return True
