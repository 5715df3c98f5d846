"""Attachments that are still arriving: pieces on disk, bounded per device.

A piece is written where it belongs in a sparse file; nothing is believed until the digest of the
whole is right. Incomplete files do not survive a restart: the box is simply asked again, which is
cheaper than making every chunk durable.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.errors import StoreFault
from edge_agent.evidence.small_files import sync_directory
from edge_agent.evidence.uplink.chunks import Chunk, Range, add_range, missing_ranges
from edge_agent.ingest.attachments import Fate, Piece
from edge_agent.ingest.settings import AssemblySettings

WHOLE = "attachments"


@dataclass(slots=True)
class _Partial:
    path: Path
    total: int
    ranges: list[Range] = field(default_factory=list)

    @property
    def held(self) -> int:
        """Bytes on disk, about."""
        return sum(last - first for first, last in self.ranges)


class WholeFiles:
    """Whole attachments under a data directory, by their digest. Reading holds nobody up."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, sha256: str) -> Path:
        """Where one is, or would be."""
        return self._directory / WHOLE / sha256[:2] / sha256

    def size(self, sha256: str) -> int | None:
        """Bytes of a whole attachment; None while it is not."""
        try:
            return self.path(sha256).stat().st_size
        except OSError:
            return None

    def read(self, sha256: str) -> bytes | None:
        """Its bytes; None while it is not whole."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            return None


class Assembly(WholeFiles):
    """The attachments of all devices, those that are arriving too. One process may use a directory so."""

    def __init__(self, directory: Path, settings: AssemblySettings) -> None:
        super().__init__(directory)
        self._settings = settings
        self._partial_dir = directory / "partial"
        self._whole_dir = directory / WHOLE
        shutil.rmtree(self._partial_dir, ignore_errors=True)
        self._partial_dir.mkdir(parents=True)
        self._whole_dir.mkdir(parents=True, exist_ok=True)
        self._partials: dict[str, OrderedDict[str, _Partial]] = {}
        self._unsynced: set[Path] = set()  # directories with names that a power cut could still take
        self.evicted = 0

    def begin(self, pieces: Collection[Piece], digests: Collection[str]) -> None:
        """Nothing is worth asking for ahead: the answers are in memory and in the file system."""

    def missing(self, device: str, sha256: str) -> tuple[Range, ...]:
        """What is still to come; empty when nothing has come yet, since then even the size is unknown."""
        of_device = self._partials.get(device)
        partial = of_device.get(sha256) if of_device else None
        return tuple(missing_ranges(partial.ranges, partial.total)) if partial else ()

    def add(self, device: str, sha256: str, chunk: Chunk) -> Fate:
        """Take one chunk.

        Raises:
            StoreFault: the disk would not have it.
        """
        if self.size(sha256) is not None:
            return Fate.HAVE
        if chunk.total > self._settings.max_attachment_bytes:
            return Fate.TOO_LARGE
        partials = self._partials.setdefault(device, OrderedDict())
        partial = partials.get(sha256)
        if partial is None:
            partial = _Partial(self._partial_dir / f"{device}-{sha256}", chunk.total)
            partials[sha256] = partial
        elif partial.total != chunk.total:
            self._drop(device, sha256)
            return Fate.CONTRADICTS
        partials.move_to_end(sha256)
        ranges = add_range(partial.ranges, (chunk.offset, chunk.end))
        if len(ranges) > self._settings.ranges:
            return Fate.FRAGMENTED
        try:
            _write_at(partial.path, chunk)
            partial.ranges = ranges
            fate = self._finish(device, sha256, partial)
        except OSError as error:
            raise StoreFault(f"attachment {sha256}: {error}") from error
        self._evict(device)
        return fate

    def drop(self, sha256: str) -> None:
        """Forget a whole attachment that no statement names."""
        self.path(sha256).unlink(missing_ok=True)

    def sync(self) -> None:
        """Make the names of whole attachments durable: once for a batch, before its commit.

        Raises:
            StoreFault: the disk would not have it.
        """
        try:
            for directory in sorted(self._unsynced):
                sync_directory(directory)
        except OSError as error:
            raise StoreFault(f"attachments: {error}") from error
        self._unsynced.clear()

    def _finish(self, device: str, sha256: str, partial: _Partial) -> Fate:
        if missing_ranges(partial.ranges, partial.total):
            return Fate.KEPT
        with partial.path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                self._drop(device, sha256)
                return Fate.WRONG_DIGEST
            os.fsync(file.fileno())
        target = self.path(sha256)
        if not target.parent.exists():
            target.parent.mkdir()
            self._unsynced.add(self._whole_dir)
        partial.path.replace(target)
        self._unsynced.add(target.parent)
        del self._partials[device][sha256]
        return Fate.COMPLETE

    def _evict(self, device: str) -> None:
        """Least recently fed first, but never the one that was just fed."""
        partials = self._partials[device]
        while len(partials) > 1 and (
            len(partials) > self._settings.per_device_count
            or sum(p.held for p in partials.values()) > self._settings.per_device_bytes
        ):
            self._drop(device, next(iter(partials)))
            self.evicted += 1

    def _drop(self, device: str, sha256: str) -> None:
        self._partials[device].pop(sha256).path.unlink(missing_ok=True)


def _write_at(path: Path, chunk: Chunk) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o640)
    try:
        view = memoryview(chunk.body)
        offset = chunk.offset
        while view:
            written = os.pwrite(descriptor, view, offset)
            view = view[written:]
            offset += written
    finally:
        os.close(descriptor)
