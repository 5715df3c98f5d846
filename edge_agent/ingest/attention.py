"""What a person must look at: boxes that are frozen, alarms, messages that were refused."""

from __future__ import annotations

from sqlalchemy import delete, func, select

from edge_agent.evidence import dsse
from edge_agent.ingest.summary import plain
from edge_agent.ingest.tables import alarm, frozen, refused
from edge_agent.ingest.transactions import Transactions

MAX_ALARMS = 10_000  # newest kept; a hostile box must not fill the disk with them


class Attention(Transactions):
    """Part of `PlatformStore`."""

    def freeze(self, device: str, reason: str, at_utc_us: int) -> None:
        """No more receipts for this box until a person says so."""
        if self._ahead:
            self._ahead.frozen.add(device)
        self._insert(frozen, {"device": device, "reason": plain(reason), "since_utc_us": at_utc_us})

    def unfreeze(self, device: str) -> bool:
        """Whether it had been frozen."""
        return self.write(delete(frozen).where(frozen.c.device == device)) > 0

    def is_frozen(self, device: str) -> bool:
        """Whether receipts are withheld."""
        if self._ahead and device in self._ahead.devices:
            return device in self._ahead.frozen
        return self._one(select(frozen.c.device).where(frozen.c.device == device)) is not None

    def frozen(self) -> list[tuple[str, str]]:
        """Device and reason."""
        rows = self.rows(select(frozen.c.device, frozen.c.reason).order_by(frozen.c.device))
        return [(device, reason) for device, reason in rows]

    def alarm(self, device: str, what: str, detail: str, at_utc_us: int) -> None:
        """Something that a person must see."""
        row = {"at_utc_us": at_utc_us, "device": device, "what": what, "detail": plain(detail)}
        self.write(alarm.insert().values(row))
        newest = select(func.max(alarm.c.id)).scalar_subquery()
        self.write(delete(alarm).where(alarm.c.id <= newest - MAX_ALARMS))

    def alarms(self, limit: int = 100) -> list[tuple[int, str, str, str]]:
        """Time, device, what, detail; newest first."""
        columns = (alarm.c.at_utc_us, alarm.c.device, alarm.c.what, alarm.c.detail)
        rows = self.rows(select(*columns).order_by(alarm.c.id.desc()).limit(limit))
        return [(at, device, what, detail) for at, device, what, detail in rows]

    def refuse(self, device: str, reason: str, envelope: bytes, at_utc_us: int, keep: int) -> None:
        """Keep a refused message aside, at most `keep` of one device and an envelope's length of each."""
        kept = envelope[: dsse.MAX_ENVELOPE]
        row = {"at_utc_us": at_utc_us, "device": device, "reason": plain(reason), "envelope": kept}
        self.write(refused.insert().values(row))
        of_device = refused.c.device == device
        last = select(refused.c.id).where(of_device).order_by(refused.c.id.desc()).limit(1).offset(keep)
        self.write(delete(refused).where(of_device & (refused.c.id <= last.scalar_subquery())))

    def refusals(self, limit: int = 100) -> list[tuple[int, str, str]]:
        """Time, device, reason; newest first."""
        columns = (refused.c.at_utc_us, refused.c.device, refused.c.reason)
        rows = self.rows(select(*columns).order_by(refused.c.id.desc()).limit(limit))
        return [(at, device, reason) for at, device, reason in rows]
