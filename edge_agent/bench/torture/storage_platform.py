"""A platform without a broker: a box's messages go straight into the real ingest, its receipts come back."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY, an_identity
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.notes import HeadNote
from edge_agent.evidence.outbox import Lane, Pending
from edge_agent.evidence.receipts import Receipt, open_receipt
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.chunks import Chunk, encode_chunk
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings

DEVICE = an_identity().settings.device


class Platform:
    """Never started, so it connects nowhere."""

    def __init__(self, folder: Path) -> None:
        (folder / "devices").mkdir(parents=True)
        (folder / "devices" / f"{DEVICE.device_id}.pem").write_bytes(KEY.public.pem)
        self._database = folder / "data" / "ingest.db"
        self._ingest = Ingest(
            IngestSettings(
                tenant=DEVICE.tenant,
                data_dir=folder / "data",
                devices_dir=folder / "devices",
                receipt_key_file=folder / "receipts.pem",
                need_grace_s=0,
            )
        )
        self._ring = KeyRing({dsse.RECEIPT_TYPE: [self._ingest.receipt_key]})
        self._topics = Topics("ea/v1", DEVICE.tenant, DEVICE.device_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ingest.stop()

    def send(self, store: EvidenceStore, item: Pending) -> None:
        """One statement with its files; the receipt is applied.

        Raises:
            VerificationError: a file is not what was sealed. Nothing of the statement was sent.
        """
        messages = [
            (self._topics.attachment(f.sha256), encode_chunk(Chunk(0, f.size, store.attachment(f.sha256))))
            for f in item.attachments
        ]
        self._take(store, [*messages, (self._topics.statement, item.envelope)])

    def ask(self, store: EvidenceStore, item: Pending) -> HeadNote | None:
        """Show it as the end of the box's chain; where the platform sees the end."""
        receipts = self._take(store, [(self._topics.head, item.envelope)])
        marks = [
            HeadNote(r.epoch, r.watermark.seq, r.watermark.payload_sha256) for r in receipts if r.watermark
        ]
        return marks[-1] if marks else None

    def has(self, epoch: str) -> dict[int, str]:
        """Digests of the statements of an epoch that are complete, by seq."""
        rows = self._rows("SELECT seq, payload_sha256 FROM statement WHERE complete AND epoch = ?", epoch)
        return {int(seq): str(sha256) for seq, sha256 in rows}

    def alarms(self) -> list[str]:
        """Kinds of what it raised."""
        return [str(what) for (what,) in self._rows("SELECT what FROM alarm")]

    def _take(self, store: EvidenceStore, messages: list[tuple[str, bytes]]) -> list[Receipt]:
        receipts = []
        for _, envelope in self._ingest._intake.take(messages, time.monotonic()):  # noqa: SLF001 - the ingest without its broker
            receipt = open_receipt(envelope, self._ring, DEVICE.tenant, DEVICE.device_id)
            store.apply_receipt(receipt, envelope)
            receipts.append(receipt)
        return receipts

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self._database)) as db:
            return db.execute(query, values).fetchall()


def send_all(store: EvidenceStore, platform: Platform) -> None:
    """All that has no receipt yet, in order."""
    for packet in store.pending(10**9, 0, Lane.BACKLOG):
        platform.send(store, packet)
