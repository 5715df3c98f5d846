"""The black box's folder: names of recordings, and how much of the disk and of the past they may have.

quota_mb    all together              the oldest go when a new one is begun
keep_days   their age                 the oldest go, once the box knows the time
reserve_mb  what must stay free       the oldest go; where that is not enough, nothing is written
evidence    lacks room for pictures   the same
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from edge_agent.errors import JournalError
from edge_agent.journal.settings import JournalSettings

MB = 1_000_000
DAY_S = 86_400.0
NO_EARLIER_S = 1_735_689_600.0  # 2025: nothing was recorded before
PREFIX = "journal-"


def free_bytes(folder: Path) -> int:
    """Free for programs that are not root's, on the disk of the folder."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


class NoRoom(JournalError):
    """The disk's last space is not the journal's to take."""


class Segments:
    """Of one black box. One thread at a time.

    Args:
        folder: of the recordings.
        settings: how much they may have.
        pressed: whether evidence lacks room while so many bytes of the disk are free.
        free: bytes that are free on the disk of a folder.
        utc_s: the box's own clock.
    """

    def __init__(
        self,
        folder: Path,
        settings: JournalSettings,
        pressed: Callable[[int], bool] = lambda _free: False,
        free: Callable[[Path], int] = free_bytes,
        utc_s: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._pressed = pressed
        self._free = free
        self._utc_s = utc_s
        self._paused = False
        self.held_bytes = 0  # as of the last look

    def next_count(self) -> int:
        """The number of the next recording; copies that somebody put beside them have no say."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return max((count for count, _path in self._recordings()), default=0) + 1

    def path(self, count: int) -> Path:
        """Of a recording. Their order is the order of names."""
        return self._folder / f"{PREFIX}{count:08d}.mcap"

    def make_room(self, writing: Path | None, *, time_known: bool) -> None:
        """Remove the oldest recordings as far as quota, age and the disk ask for; never the one in work.

        Raises:
            NoRoom: that was not enough, nothing may be written now.
            OSError: the disk, or somebody removed the one in work.
        """
        held = list(self._held())
        if writing is not None and all(path != writing for path, _size, _written_s in held):
            raise FileNotFoundError(errno.ENOENT, "it was removed while it was written", str(writing))
        self.held_bytes = sum(size for _path, size, _written_s in held)
        allowed = self._settings.quota_mb * MB
        if writing is None:
            allowed -= self._settings.segment_mb * MB
        aged = self._aged(held) if time_known else set()
        short = self.is_short()
        for path, size, _written_s in held:
            if path != writing and (path in aged or self.held_bytes > allowed or short):
                path.unlink(missing_ok=True)
                self.held_bytes -= size
                short = self.is_short()
        if short:
            self._paused = True
            raise NoRoom("no room on the disk")
        self._paused = False

    def is_short(self) -> bool:
        """The disk's free space is what must stay free. Who has stopped needs a segment's room to go on."""
        free = self._free(self._folder) - (self._settings.segment_mb * MB if self._paused else 0)
        return free < self._settings.reserve_mb * MB or self._pressed(free)

    def _held(self) -> Iterator[tuple[Path, int, float]]:
        """Recordings from the oldest on, their bytes, and when they were last written to."""
        for _count, path in sorted(self._recordings()):
            with contextlib.suppress(FileNotFoundError):  # somebody removed it just now
                status = path.stat()
                yield path, status.st_size, status.st_mtime

    def _aged(self, held: Sequence[tuple[Path, int, float]]) -> set[Path]:
        """Those that are too old.

        What a wrong clock dated is as old as the moment at which the time is known: it would go at once, or
        stay for years.
        """
        aged, now_s, before_s = set(), self._utc_s(), NO_EARLIER_S
        for path, _size, written_s in held:
            if not before_s <= written_s <= now_s:
                with contextlib.suppress(OSError):
                    os.utime(path, (now_s, now_s))
                continue
            before_s = written_s
            if written_s < now_s - self._settings.keep_days * DAY_S:
                aged.add(path)
        return aged

    def _recordings(self) -> Iterator[tuple[int, Path]]:
        for path in self._folder.glob(f"{PREFIX}*.mcap"):
            count = path.stem.removeprefix(PREFIX)
            if count.isascii() and count.isdigit():
                yield int(count), path


class WholeWrites:
    """A file that takes all that is written or says why not. Unbuffered: what failed is ours to know."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        """All of it."""
        rest = memoryview(data)
        while rest:
            written = self._file.write(rest)
            if not written:
                raise OSError(errno.EIO, "The disk takes nothing")
            rest = rest[written:]
        return len(data)

    def tell(self) -> int:
        """Bytes so far."""
        return self._file.tell()

    def flush(self) -> None:
        """It is with the kernel already."""

    def truncate(self, size: int) -> None:
        """Take back what came after."""
        self._file.truncate(size)

    def close(self) -> None:
        """Done."""
        self._file.close()


def open_new(path: Path) -> IO[bytes]:
    """A recording's file; never over another."""
    return path.open("xb", buffering=0)
