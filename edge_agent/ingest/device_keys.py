"""Keys that took over from enrolled ones: learnt from rotations in the chains, kept in the database.

A rotated key stands on the key before it. Take that one out of `<device_id>.pem` and the rotated one
goes with it, so barring a key needs no look in here; to keep the newer one, put it in the file itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text, select

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.keys import KeyRing, PublicKey
from edge_agent.ingest.db import metadata
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
    epoch: str
    seq: int
    old_keyid: str
    key: PublicKey


class DeviceKeys:
    """The rotations of the boxes, as last read: `refresh` makes them true for a batch."""

    def __init__(self, store: Transactions) -> None:
        self._store = store
        self._rotations: dict[str, list[_Rotation]] = {}

    def refresh(self, devices: Collection[str]) -> None:
        """Read the rotations of these boxes: one question."""
        columns = device_key.c
        query = select(columns.device, columns.epoch, columns.seq, columns.old_keyid, columns.spki)
        for device in devices:
            self._rotations.pop(device, None)
        for device, epoch, seq, old_keyid, spki in self._store.rows(
            query.where(columns.device.in_(sorted(devices)))
        ):
            found = _Rotation(epoch, seq, old_keyid, PublicKey(bytes(spki)))
            self._rotations.setdefault(device, []).append(found)

    def ring(self, enrolled: KeyRing, device: str) -> KeyRing:
        """The keys of a box's file and those that stand on them."""
        waiting, ring = self._rotations.get(device, []), enrolled
        while waiting:
            known = {key.keyid for key in ring.all()}
            reached = [rotation.key for rotation in waiting if rotation.old_keyid in known]
            if not reached:
                break
            ring = ring.also(dsse.EVIDENCE_TYPE, reached)
            waiting = [rotation for rotation in waiting if rotation.old_keyid not in known]
        return ring

    def judge(
        self, found: Good | Unacceptable | str, envelope: bytes, enrolled: KeyRing, tenant: str, device: str
    ) -> Good | Unacceptable | str:
        """What is to be thought of a statement that was opened before `refresh`, with what was known then.

        One that no key had signed (a text says so) may be of a key that has taken over meanwhile; one of a
        key that was rotated away is refused.
        """
        ring = self.ring(enrolled, device)
        if isinstance(found, Good) and found.statement.keyid not in {key.keyid for key in ring.all()}:
            found = "signature: no trusted key made it"
        if isinstance(found, str) and device in self._rotations:
            try:
                found = open_statement(envelope, ring, tenant, device)
            except VerificationError as error:
                return str(error)
        if not isinstance(found, Good):
            return found
        new = found.statement
        for rotation in self._rotations.get(device, []):
            if (rotation.epoch, rotation.old_keyid) == (new.place.epoch, new.keyid) and (
                new.place.seq > rotation.seq
            ):
                reason = f"signed by key {new.keyid:.16}, which was rotated away at seq {rotation.seq}"
                return Unacceptable(new.place.epoch, new.packet_id, new.payload_sha256, reason)
        return found

    def take_over(self, found: Good, at_utc_us: int) -> None:
        """Note the key that takes over with a rotation that is being stored."""
        assert found.successor is not None
        place, old_keyid, key = found.statement.place, found.statement.keyid, found.successor
        row = {
            "device": place.device,
            "epoch": place.epoch,
            "seq": place.seq,
            "old_keyid": old_keyid,
            "spki": key.spki,
            "at_utc_us": at_utc_us,
        }
        self._store.write(device_key.insert().values(row))
        rotation = _Rotation(place.epoch, place.seq, old_keyid, key)
        self._rotations.setdefault(place.device, []).append(rotation)
