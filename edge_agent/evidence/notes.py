"""Small notes beside the database, for the next start.

head      where the chain ended, after every commit
forked    where the platform says that it ended: this store is an older copy of itself
running   exists while the store is open, and says why it was stopped where a fault stopped it
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_RUN_BYTES = 1024


@dataclass(frozen=True, slots=True)
class HeadNote:
    """Where a chain ended, as somebody remembers it."""

    epoch: str
    seq: int
    payload_sha256: str


class HeadHint:
    """The last head, written beside the database after every commit, never waited for.

    It survives a killed process, and it shows when the database lost its last commits: a truncated
    log leaves a database that is whole and older. After a power cut the note may be the older one,
    which says nothing.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def write(self, epoch: str, seq: int, payload_sha256: str) -> None:
        """One small overwrite of always the same length."""
        os.pwrite(self._descriptor, _line(HeadNote(epoch, seq, payload_sha256)), 0)

    def read(self) -> HeadNote | None:
        """The note; None when there is none that makes sense."""
        return _parse(os.pread(self._descriptor, 4096, 0))

    def close(self) -> None:
        """Done with the note."""
        os.close(self._descriptor)


def write_fork(path: Path, head: HeadNote) -> None:
    """Leave the platform's head for the next start, durably.

    Raises:
        OSError: it is not on the disk.
    """
    with path.open("wb") as file:
        file.write(_line(head))
        file.flush()
        os.fsync(file.fileno())


def read_fork(path: Path) -> HeadNote | None:
    """What `write_fork` left; None when there is nothing."""
    try:
        return _parse(path.read_bytes())
    except FileNotFoundError:
        return None


class RunNote:
    """Made at the start, gone after an orderly end. Its room is taken at once: a full disk can write it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.previous = _read_run(path)  # None: the last run ended in order; else why it did not, if known
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def begin(self) -> None:
        """What the last run left has been told."""
        with contextlib.suppress(OSError):  # a note, not evidence
            os.pwrite(self._descriptor, bytes(_RUN_BYTES), 0)

    def fault(self, why: str) -> None:
        """Say why this run is stopped, as far as the disk still takes it."""
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, why.encode()[:_RUN_BYTES].ljust(_RUN_BYTES, b"\0"), 0)

    def end(self, *, orderly: bool) -> None:
        """Done with the note."""
        os.close(self._descriptor)
        if orderly:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def _line(head: HeadNote) -> bytes:
    return f"{head.epoch} {head.seq:020d} {head.payload_sha256}\n".encode()


def _parse(data: bytes) -> HeadNote | None:
    parts = data.decode("ascii", "replace").split()
    if len(parts) != 3 or len(parts[0]) != 32 or not parts[1].isdecimal() or len(parts[2]) != 64:
        return None
    return HeadNote(parts[0], int(parts[1]), parts[2])


def _read_run(path: Path) -> str | None:
    try:
        return path.read_bytes().rstrip(b"\0").decode("utf-8", "replace")
    except FileNotFoundError:
        return None
