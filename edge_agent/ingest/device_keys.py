"""Keys that took over from enrolled ones: learnt from rotations in the chains, kept in the database.

A rotated key stands on the key before it. Take that one out of `<device_id>.pem` and the rotated one
goes with it, so barring a key needs no look in here; to keep the newer one, put it in the file itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, Text, func, select

from edge_agent.evidence import dsse
from edge_agent.evidence.keys import KeyRing, PublicKey
from edge_agent.ingest.db import metadata
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
class DeviceKeys:
    """Within one transaction."""

    connection: Connection

    def ring(self, enrolled: KeyRing, device: str) -> KeyRing:
        """The keys of a box's file and those that stand on them."""
        rows = select(device_key.c.old_keyid, device_key.c.spki).where(device_key.c.device == device)
        waiting = [(old, PublicKey(bytes(spki))) for old, spki in self.connection.execute(rows).all()]
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
        """As `verify.open_statement`, with the keys that took over; a key that was rotated away is refused.

        Raises:
            VerificationError: no key of this box signed it.
        """
        found = open_statement(envelope, self.ring(enrolled, device), tenant, device)
        if not isinstance(found, Good):
            return found
        new = found.statement
        away = self._rotated_away(device, new.place.epoch, new.keyid)
        if away is None or new.place.seq <= away:
            return found
        reason = f"signed by key {new.keyid:.16}, which was rotated away at seq {away}"
        return Unacceptable(new.place.epoch, new.packet_id, new.payload_sha256, reason)

    def take_over(self, found: Good, at_utc_us: int) -> None:
        """Note the key that takes over with a stored rotation; nothing for any other statement."""
        if found.successor is None:
            return
        place = found.statement.place
        row = {
            "device": place.device,
            "epoch": place.epoch,
            "seq": place.seq,
            "old_keyid": found.statement.keyid,
            "spki": found.successor.spki,
            "at_utc_us": at_utc_us,
        }
        self.connection.execute(device_key.insert().values(row))

    def _rotated_away(self, device: str, epoch: str, keyid: str) -> int | None:
        """At which seq of the epoch; None when it was not."""
        of_key = (device_key.c.device == device) & (device_key.c.epoch == epoch)
        query = select(func.min(device_key.c.seq)).where(of_key & (device_key.c.old_keyid == keyid))
        found: int | None = self.connection.execute(query).scalar_one()
        return found
