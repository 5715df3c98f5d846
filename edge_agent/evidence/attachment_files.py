"""Attachments on the disk: one file each, named by the SHA-256 of its bytes.

    write temp file, fsync it  ->  rename to its digest  ->  fsync the directory  ->  (a row names it)

A crash before the row leaves a file that nobody names; `orphans` finds it later.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from edge_agent.errors import SealRefused, VerificationError
from edge_agent.evidence.disk import Disk

_TEMP = ".part"

# A case has three pictures and the raw bytes.
_WRITERS = 4


class AttachmentFiles:
    """The directory of attachments."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        self.directory = directory
        self._disk = disk
        self._pool = ThreadPoolExecutor(_WRITERS, "attachments")
        directory.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def putting(self, blobs: Mapping[str, bytes]) -> Iterator[Callable[[], None]]:
        """Keep every blob under its digest, while the caller does something else.

        The files are hashed and written side by side, in threads. The function that is handed out waits
        for them, gives them their names and makes those durable; call it last. Without it, or when
        anything fails, what was written goes again.

        Raises:
            SealRefused: from that function: a blob is not what its digest says.
            OSError: from that function: the disk did not take it.
        """
        writes = {sha256: self._pool.submit(self._write_temp, sha256, data) for sha256, data in blobs.items()}
        done = False

        def finish() -> None:
            nonlocal done
            wait(writes.values())
            for sha256 in [sha256 for sha256, write in writes.items() if write.result()]:
                self._disk.rename(self._temp(sha256), self.path(sha256))
            # Also when all were there already: a crash may have come before the directory's fsync.
            if writes:
                self._disk.sync_directory(self.directory)
            done = True

        try:
            yield finish
        finally:
            wait(writes.values())
            if not done:
                for sha256 in writes:
                    self._disk.unlink(self._temp(sha256))

    def close(self) -> None:
        """Let the writing threads go."""
        self._pool.shutdown()

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

    def _write_temp(self, sha256: str, data: bytes) -> bool:
        """Write one file beside its place; False when it is in its place already."""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise SealRefused(f"attachment {sha256}: its bytes have another digest")
        path = self.path(sha256)
        if path.exists() and self._disk.read(path) == data:
            return False
        self._disk.write(self._temp(sha256), data)
        return True
