"""Attachments on the disk: one file each, named by the SHA-256 of its bytes.

    write temp file, fsync it  ->  rename to its digest  ->  fsync the directory  ->  (a row names it)

A crash before the row leaves a file that nobody names; `orphans` finds it later.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from queue import SimpleQueue

from edge_agent.errors import SealRefused, VerificationError
from edge_agent.evidence.disk import Disk, NoRoom, SyncFailed

_TEMP = ".part"

# A case has three pictures and the raw bytes. A disk takes several fsyncs together in little more
# time than one.
_SYNCERS = 4
_CHECKERS = 1

# Any other error is a failing disk, and so is a failing fsync for whatever reason.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

# No descriptor or no memory was left to read with.
_OF_THE_PROCESS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class AttachmentFiles:
    """The directory of attachments."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        self.directory = directory
        self._disk = disk
        self._pool = ThreadPoolExecutor(_SYNCERS + _CHECKERS, "attachments")
        directory.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def putting(self, blobs: Mapping[str, bytes]) -> Iterator[Callable[[], None]]:
        """Keep every blob under its digest, while the caller does something else.

        The bytes are hashed while the files are written, and the files are fsynced side by side while the
        caller works. The function that is handed out waits for the files, gives them their names and
        makes those durable; call it last. Without it, or when anything fails, what was written goes
        again.

        Raises:
            SealRefused: a blob is not what its digest says.
            NoRoom: the disk is full; also from that function.
            OSError: the disk failed; also from that function.
        """
        syncs: dict[str, Future[None]] = {}
        begun: SimpleQueue[None] = SimpleQueue()
        done = False

        def finish() -> None:
            nonlocal done
            with _telling_no_room():
                for sync in syncs.values():
                    sync.result()
                for sha256 in syncs:
                    self._disk.rename(self._temp(sha256), self.path(sha256))
                # Also when all were there already: a crash may have come before the directory's fsync.
                if blobs:
                    self._disk.sync_directory(self.directory)
            done = True

        checking = self._pool.submit(_check, blobs)
        try:
            with _telling_no_room():
                for sha256, data in blobs.items():
                    if not self._holds(sha256, data):
                        written = self._disk.write(self._temp(sha256), data)
                        syncs[sha256] = self._pool.submit(self._sync, written, begun)
            checking.result()
            # A thread that has not begun would wait for the interpreter until the caller lets go of it.
            for _ in range(min(len(syncs), _SYNCERS)):
                begun.get()
            yield finish
        except NoRoom:  # the commit that should have named them was refused, and is not there
            wait(syncs.values())
            self.remove(syncs if done else ())
            raise
        finally:
            wait(syncs.values())
            if not done:
                self._unlink_all(map(self._temp, syncs))

    def close(self) -> None:
        """Let the writing threads go."""
        self._pool.shutdown()

    def get(self, sha256: str) -> bytes:
        """The bytes, their digest checked.

        Raises:
            VerificationError: missing, unreadable or damaged.
            OSError: this process can read nothing now, which says nothing of the file.
        """
        try:
            data = self._disk.read(self.path(sha256))
        except OSError as error:
            if error.errno in _OF_THE_PROCESS:
                raise
            raise VerificationError(f"attachment {sha256}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise VerificationError(f"attachment {sha256}: damaged, its digest differs")
        return data

    def remove(self, digests: Iterable[str]) -> None:
        """Unlink files that no row names any more."""
        self._unlink_all(map(self.path, digests))

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
            found = path.lstat()
            if path.name not in names and stat.S_ISREG(found.st_mode) and found.st_mtime < older_than_s:
                yield path

    def path(self, sha256: str) -> Path:
        """Where the blob lies."""
        return self.directory / sha256

    def _temp(self, sha256: str) -> Path:
        return self.directory / (sha256 + _TEMP)

    def _unlink_all(self, paths: Iterable[Path]) -> None:
        for path in paths:
            self._disk.unlink(path)

    def _sync(self, descriptor: int, begun: SimpleQueue[None]) -> None:
        begun.put(None)
        self._disk.sync_and_close(descriptor)

    def _holds(self, sha256: str, data: bytes) -> bool:
        """Whether these very bytes are in their place already: a file gets its name when it is durable."""
        path = self.path(sha256)
        return path.exists() and self._disk.read(path) == data


def _check(blobs: Mapping[str, bytes]) -> None:
    for sha256, data in blobs.items():
        if hashlib.sha256(data).hexdigest() != sha256:
            raise SealRefused(f"attachment {sha256}: its bytes have another digest")


@contextlib.contextmanager
def _telling_no_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, SyncFailed) or error.errno not in _NO_ROOM:
            raise
        raise NoRoom(error.errno, error.strerror) from error
