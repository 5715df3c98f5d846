"""Writes that are on the disk when they return. The only file calls that sealing makes.

One small class, so that a test can make the n-th call fail and see what is left.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from edge_agent.errors import EvidenceError


class SyncFailed(OSError):
    """An fsync failed. The kernel may have dropped the pages: a second fsync would lie."""


class NoRoom(OSError):
    """The disk is full: the write was refused before anything was promised. Nothing is broken."""


class Disk:
    """The calls, each one thing that can fail."""

    def write(self, path: Path, data: bytes) -> int:
        """Write a new file, durable only after `sync_and_close`. A failed write leaves no file behind.

        Returns:
            its descriptor.
        """
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self._write_all(descriptor, data)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        return descriptor

    def sync_and_close(self, descriptor: int) -> None:
        """The second half of `write`."""
        try:
            self.sync(descriptor)
        finally:
            os.close(descriptor)

    def sync(self, descriptor: int) -> None:
        """What was written to this file is on the disk."""
        try:
            os.fsync(descriptor)
        except OSError as error:
            raise SyncFailed(error.errno, error.strerror) from error

    def rename(self, old: Path, new: Path) -> None:
        """Give a file its name, atomically."""
        old.rename(new)

    def sync_directory(self, directory: Path) -> None:
        """The names in this directory are on the disk."""
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            self.sync(descriptor)
        finally:
            os.close(descriptor)

    def unlink(self, path: Path) -> None:
        """Remove a file that may be gone already."""
        path.unlink(missing_ok=True)

    def read(self, path: Path) -> bytes:
        """The whole file."""
        return path.read_bytes()

    def free(self, directory: Path) -> int:
        """Bytes that this user may still write to the file system of `directory`."""
        return free_bytes(directory)

    def write_part(self, descriptor: int, data: memoryview) -> int:
        """One write call; may take less than it was given."""
        return os.write(descriptor, data)

    def _write_all(self, descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self.write_part(descriptor, view) :]


class DirectoryLock:
    """One process owns the directory, until it ends however it ends."""

    def __init__(self, directory: Path) -> None:
        self._descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise EvidenceError(f"{directory}: another process has this store open") from error

    def release(self) -> None:
        """Let the next process in."""
        os.close(self._descriptor)


class Ballast:
    """Real blocks that are given up when the disk is full: then a signed record of that still fits."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    def restore(self) -> bool:
        """Set the blocks aside if they are not; False when the disk has none to spare."""
        if self._path.exists() and self._path.stat().st_size == self._size:
            return True
        try:
            with self._path.open("wb") as file:
                if self._size:
                    os.posix_fallocate(file.fileno(), 0, self._size)
        except OSError:
            self._path.unlink(missing_ok=True)
            return False
        return True

    def release(self) -> None:
        """Give the blocks back to the file system."""
        self._path.unlink(missing_ok=True)


def free_bytes(directory: Path) -> int:
    """Bytes that this user may still write to the file system of `directory`."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize
