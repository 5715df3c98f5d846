"""Attachments on the disk: one file each, named by the SHA-256 of its bytes.

    write temp file, fsync it  ->  rename to its digest  ->  fsync the directory  ->  (a row names it)

A crash before the row leaves a file that nobody names; `orphans` finds it later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from edge_agent.errors import SealRefused, VerificationError
from edge_agent.evidence.disk import Disk

_TEMP = ".part"


class AttachmentFiles:
    """The directory of attachments."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        self.directory = directory
        self._disk = disk
        directory.mkdir(parents=True, exist_ok=True)

    def put(self, blobs: Mapping[str, bytes]) -> None:
        """Keep every blob under its digest, durably, or raise with none of them half written.

        Raises:
            SealRefused: a blob is not what its digest says.
            OSError: the disk did not take it.
        """
        for sha256, data in blobs.items():
            if hashlib.sha256(data).hexdigest() != sha256:
                raise SealRefused(f"attachment {sha256}: its bytes have another digest")
        new = {sha256: data for sha256, data in blobs.items() if not self._has(sha256, data)}
        for sha256, data in new.items():
            self._disk.write(self._temp(sha256), data)
        for sha256 in new:
            self._disk.rename(self._temp(sha256), self.path(sha256))
        if blobs:  # also for one that was there already: a crash may have come before its fsync
            self._disk.sync_directory(self.directory)

    def drop_temps(self, digests: Iterable[str]) -> None:
        """Remove what a failed `put` left; a file that got its name stays as an orphan."""
        for sha256 in digests:
            self._temp(sha256).unlink(missing_ok=True)

    def get(self, sha256: str) -> bytes:
        """The bytes, their digest checked.

        Raises:
            VerificationError: missing, unreadable or damaged.
        """
        try:
            data = self._disk.read(self.path(sha256))
        except OSError as error:
            raise VerificationError(f"attachment {sha256}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise VerificationError(f"attachment {sha256}: damaged, its digest differs")
        return data

    def remove(self, digests: Iterable[str]) -> None:
        """Unlink files that no row names any more."""
        for sha256 in digests:
            self._disk.unlink(self.path(sha256))

    def size(self, sha256: str) -> int | None:
        """Bytes on the disk; None when the file is missing."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def orphans(self, known: Iterable[str], older_than_s: float) -> Iterator[Path]:
        """Files that no row names and that were last written before an instant (of the system clock)."""
        names = set(known)
        for path in sorted(self.directory.iterdir()):
            if path.name not in names and path.stat().st_mtime < older_than_s:
                yield path

    def path(self, sha256: str) -> Path:
        """Where the blob lies."""
        return self.directory / sha256

    def _temp(self, sha256: str) -> Path:
        return self.directory / (sha256 + _TEMP)

    def _has(self, sha256: str, data: bytes) -> bool:
        path = self.path(sha256)
        return path.exists() and self._disk.read(path) == data
