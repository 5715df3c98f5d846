"""Attachments in PostgreSQL, arriving and whole.

A shared subscription spreads the chunks of one over all processes, and none sees another's files. What
arrives is kept in rows until the whole is there; an attachment of one chunk never is in pieces. The bounds
are those of `AssemblySettings`, and hold for all processes together.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from edge_agent.evidence.uplink.chunks import Chunk, Range, add_range, missing_ranges
from edge_agent.ingest.attachments import Fate, Piece
from edge_agent.ingest.settings import AssemblySettings
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.tables import attachment, chunk_row

# Pieces that nothing was added to for so long go at the next start; the box is asked again.
ABANDONED_US = 24 * 3600 * 1_000_000


class WholeRows:
    """Whole attachments, for reading."""

    def __init__(self, store: PlatformStore) -> None:
        self._store = store

    def size(self, sha256: str) -> int | None:
        """Bytes of a whole attachment; None while it is not."""
        rows = self._store.rows(select(attachment.c.size).where(attachment.c.sha256 == sha256))
        return int(rows[0][0]) if rows else None

    def read(self, sha256: str) -> bytes | None:
        """Its bytes; None while it is not whole."""
        rows = self._store.rows(select(attachment.c.body).where(attachment.c.sha256 == sha256))
        return bytes(rows[0][0]) if rows else None


@dataclass(slots=True)
class _Partial:
    """What has come of an attachment."""

    total: int
    ranges: list[Range] = field(default_factory=list)


class AttachmentRows(WholeRows):
    """Use inside `PlatformStore.commit`, after its `look_ahead`: that keeps other processes off."""

    def __init__(self, store: PlatformStore, settings: AssemblySettings) -> None:
        super().__init__(store)
        self._settings = settings
        self._sizes: dict[str, int | None] = {}  # what this batch knows of whole ones
        self._partials: dict[Piece, _Partial | None] = {}
        self._whole: list[dict[str, Any]] = []  # rows to insert, as the next
        self._chunks: list[dict[str, Any]] = []
        self._fed: set[str] = set()  # devices whose bounds must be looked at
        self.evicted = 0
        store.write(delete(chunk_row).where(chunk_row.c.fed_utc_us < _utc_us() - ABANDONED_US))

    def begin(self, pieces: Collection[Piece], digests: Collection[str]) -> None:
        """Ask for all of it at once."""
        self._whole, self._chunks = [], []
        self._fed = set()
        asked = {*digests, *(sha256 for _, sha256 in pieces)}
        self._sizes = dict.fromkeys(asked)
        self._partials = dict.fromkeys(pieces)
        if asked:
            known = select(attachment.c.sha256, attachment.c.size).where(attachment.c.sha256.in_(asked))
            self._sizes.update((sha256, size) for sha256, size in self._store.rows(known))
        if pieces:
            self._partials.update(self._ask(pieces))

    def size(self, sha256: str) -> int | None:
        """Bytes of a whole attachment; None while it is not."""
        if sha256 not in self._sizes:
            self._sizes[sha256] = super().size(sha256)
        return self._sizes[sha256]

    def missing(self, device: str, sha256: str) -> tuple[Range, ...]:
        """What is still to come; empty when nothing has come yet, since then even the size is unknown."""
        partial = self._partial(device, sha256)
        return tuple(missing_ranges(partial.ranges, partial.total)) if partial else ()

    def add(self, device: str, sha256: str, chunk: Chunk) -> Fate:
        """Take one chunk."""
        if self.size(sha256) is not None:
            return Fate.HAVE
        if chunk.total > self._settings.max_attachment_bytes:
            return Fate.TOO_LARGE
        if chunk.end - chunk.offset == chunk.total:
            return self._finish(device, sha256, chunk.body)
        return self._add_piece(device, sha256, chunk)

    def _add_piece(self, device: str, sha256: str, chunk: Chunk) -> Fate:
        partial = self._partial(device, sha256) or _Partial(chunk.total)
        if partial.total != chunk.total:
            self._drop_partial(device, sha256)
            return Fate.CONTRADICTS
        ranges = add_range(partial.ranges, (chunk.offset, chunk.end))
        if len(ranges) > self._settings.ranges:
            return Fate.FRAGMENTED
        if ranges != partial.ranges:
            self._keep(device, sha256, chunk)
        self._partials[device, sha256] = _Partial(chunk.total, ranges)
        if missing_ranges(ranges, chunk.total):
            return Fate.KEPT
        return self._finish(device, sha256, self._joined(device, sha256, chunk.total))

    def drop(self, sha256: str) -> None:
        """Forget a whole attachment that no statement names."""
        self._flush()
        self._store.write(delete(attachment).where(attachment.c.sha256 == sha256))
        self._sizes[sha256] = None

    def sync(self) -> None:
        """What is still to be inserted, and the bounds."""
        self._flush()
        for device in self._fed:
            self._evict(device)
        self._fed.clear()

    def _finish(self, device: str, sha256: str, body: bytes) -> Fate:
        if self._partial(device, sha256) is not None:
            self._drop_partial(device, sha256)
        if hashlib.sha256(body).hexdigest() != sha256:
            return Fate.WRONG_DIGEST
        self._whole.append({"sha256": sha256, "size": len(body), "body": body})
        self._sizes[sha256] = len(body)
        return Fate.COMPLETE

    def _keep(self, device: str, sha256: str, chunk: Chunk) -> None:
        self._fed.add(device)
        self._chunks.append(
            {
                "device": device,
                "sha256": sha256,
                "first": chunk.offset,
                "last": chunk.end,
                "total": chunk.total,
                "fed_utc_us": _utc_us(),
                "body": chunk.body,
            }
        )

    def _joined(self, device: str, sha256: str, total: int) -> bytes:
        self._flush()
        columns = (chunk_row.c.first, chunk_row.c.body)
        whole = bytearray(total)
        for first, body in self._store.rows(select(*columns).where(_of(device, sha256))):
            whole[first : first + len(body)] = body
        return bytes(whole)

    def _partial(self, device: str, sha256: str) -> _Partial | None:
        if (device, sha256) not in self._partials:
            self._partials[device, sha256] = self._ask([(device, sha256)]).get((device, sha256))
        return self._partials[device, sha256]

    def _ask(self, pieces: Collection[Piece]) -> dict[Piece, _Partial]:
        columns = chunk_row.c
        query = select(columns.device, columns.sha256, columns.first, columns.last, columns.total)
        found: dict[Piece, _Partial] = {}
        for device, sha256, first, last, total in self._store.rows(
            query.where(tuple_(columns.device, columns.sha256).in_(list(pieces)))
        ):
            partial = found.setdefault((device, sha256), _Partial(total))
            partial.ranges = add_range(partial.ranges, (first, last))
        return found

    def _drop_partial(self, device: str, sha256: str) -> None:
        self._flush()
        self._store.write(delete(chunk_row).where(_of(device, sha256)))
        self._partials[device, sha256] = None

    def _flush(self) -> None:
        if self._chunks:
            new = insert(chunk_row)
            longer = {name: new.excluded[name] for name in ("last", "total", "fed_utc_us", "body")}
            key = ["device", "sha256", "first"]
            self._store.write(new.on_conflict_do_update(index_elements=key, set_=longer), self._chunks)
            self._chunks = []
        if self._whole:
            # Another box may have sent the same bytes to another process just now.
            self._store.write(insert(attachment).on_conflict_do_nothing(), self._whole)
            self._whole = []

    def _evict(self, device: str) -> None:
        """Least recently fed first, but never the one that was fed last."""
        columns = chunk_row.c
        held = func.sum(columns.last - columns.first)
        of_device = select(columns.sha256, held).where(columns.device == device).group_by(columns.sha256)
        kept = [
            (sha256, int(size))
            for sha256, size in self._store.rows(of_device.order_by(func.max(columns.fed_utc_us)))
        ]
        while len(kept) > 1 and (
            len(kept) > self._settings.per_device_count
            or sum(size for _, size in kept) > self._settings.per_device_bytes
        ):
            self._drop_partial(device, kept.pop(0)[0])
            self.evicted += 1


def _of(device: str, sha256: str) -> ColumnElement[bool]:
    return (chunk_row.c.device == device) & (chunk_row.c.sha256 == sha256)


def _utc_us() -> int:
    return time.time_ns() // 1000
