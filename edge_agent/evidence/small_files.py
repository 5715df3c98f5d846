"""Keys, certificates, commanded configurations: whole or not there, after a crash at any moment."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file where none was; nobody else can read it at any moment unless `mode` says so.

    Raises:
        FileExistsError: there is one; it stays as it is.
    """
    part = _written(path, data, mode)
    try:
        os.link(part, path)  # unlike a rename it never takes the place of another file
    finally:
        part.unlink()
    sync_directory(path.parent)


def write_over(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file, or take the place of the one that is there."""
    part = _written(path, data, mode)
    try:
        part.replace(path)
    except OSError:
        part.unlink()
        raise
    sync_directory(path.parent)


def rename(old: Path, new: Path) -> None:
    """Give a file another name in the same folder."""
    old.rename(new)
    sync_directory(new.parent)


def sync_directory(directory: Path) -> None:
    """The names in this directory are on the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(path: Path, data: bytes, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)  # whatever the umask says: the service's leaves nothing to a group
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:  # a full disk is not filled by what did not fit
        part.unlink()
        raise
    return part
