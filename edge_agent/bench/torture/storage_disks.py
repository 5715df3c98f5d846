"""Disks that may be broken: a small ext4 in a file, and a small file system in memory. Both need root."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_agent.errors import DeviceError

MIB = 1024 * 1024
FREEZE, THAW = 0xC0045877, 0xC0045878


class LoopDisk:
    """An ext4 in `image`, mounted beside it while the `with` block runs."""

    def __init__(self, image: Path, size: int = 96 * MIB) -> None:
        self.mount = image.with_suffix(".mount")
        self._image = image
        self._size = size

    def __enter__(self) -> Self:
        self.mount.mkdir()
        with self._image.open("wb") as file:
            file.truncate(self._size)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        self._mount()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        _run("umount", str(self.mount))

    def sync(self) -> None:
        """Everything is on the disk."""
        descriptor = os.open(self.mount, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
                raise DeviceError(f"syncfs: {os.strerror(ctypes.get_errno())}")
        finally:
            os.close(descriptor)

    def remount(self) -> None:
        """Off and on again, as at a boot."""
        _run("umount", str(self.mount))
        self._mount()

    def turn_read_only(self) -> None:
        """What ext4 does by itself when its disk fails: read-only, under everybody's open files."""
        _run("mount", "-o", "remount,abort", str(self.mount))

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Whoever writes waits until the block ends (FIFREEZE)."""
        descriptor = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, FREEZE, 0)
            try:
                yield
            finally:
                fcntl.ioctl(descriptor, THAW, 0)
        finally:
            os.close(descriptor)

    def bytes_written(self) -> int:
        """To the device so far, the file system's own journal included."""
        self.sync()
        source = _run("findmnt", "-n", "-o", "SOURCE", str(self.mount)).strip()
        fields = Path(f"/sys/block/{Path(source).name}/stat").read_text(encoding="ascii").split()
        return int(fields[6]) * 512

    def _mount(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.mount))


class MemoryDisk:
    """A tmpfs of so many bytes."""

    def __init__(self, mount: Path, size: int) -> None:
        self.mount = mount
        self._size = size
        self._filler = mount / "filler"

    def __enter__(self) -> Self:
        self.mount.mkdir()
        _run("mount", "-t", "tmpfs", "-o", f"size={self._size}", "tmpfs", str(self.mount))
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        _run("umount", str(self.mount))

    def leave(self, free: int) -> None:
        """Somebody else's file takes all but so many bytes."""
        self.make_room()
        found = os.statvfs(self.mount)
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - free)

    def make_room(self) -> None:
        """That file goes."""
        self._filler.unlink(missing_ok=True)


@functools.cache
def can_mount() -> bool:
    """Whether this machine lets us mount an ext4 in a file."""
    if os.geteuid() != 0:
        return False
    try:
        with (
            tempfile.TemporaryDirectory(prefix="edge-agent-probe-") as name,
            LoopDisk(Path(name) / "image", 4 * MIB),
        ):
            return True
    except (DeviceError, FileNotFoundError):
        return False


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed commands
    if done.returncode != 0:
        raise DeviceError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
