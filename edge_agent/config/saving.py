"""Write a configuration file: whole or not at all, and the one before kept beside it.

    site.yaml                             what holds from the next start on
    site.yaml.before-20261201T081500Z     what held before; the newest so many

Mode and owner stay as they were, as far as whoever writes may say so.
"""

from __future__ import annotations

import difflib
import fcntl
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from edge_agent.config.document import MAX_BYTES
from edge_agent.errors import UsageError

KEPT: Final = 20  # files of before
MARK: Final = b"\xef\xbb\xbf"  # with which some editors begin a file


class Overtaken(UsageError):
    """The file is not the one that the change was made on."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A file as it was read: what a change is made on."""

    path: Path
    text: str
    sha256: str  # of the file's bytes


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that was changed."""

    old_sha256: str  # of the files' bytes
    new_sha256: str
    difference: str
    kept: Path  # what was there before


def read(path: Path) -> Draft:
    """The file as it is.

    Raises:
        UsageError: it cannot be read.
    """
    return _draft(path, _bytes(path))


def difference(before: str, after: str, name: str) -> str:
    """What would change, as a unified diff; empty when nothing would."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (new)", lineterm="")
    return "\n".join(found)


def save(draft: Draft, text: str, now: datetime, first: Callable[[], object] = lambda: None) -> Saved:
    """Put a text in the place of the file's; on the disk when this returns.

    Args:
        draft: the file as the change was made on it.
        text: the new one; the caller has validated it.
        now: UTC.
        first: what must be durable before the change is; where it raises, nothing is changed.

    Raises:
        Overtaken: the file was changed since it was read; nothing was written.
        UsageError: it cannot be written; the file is as it was.
    """
    path = draft.path.resolve()  # of a link the file that it leads to
    try:
        with _alone(path.parent):
            before = _bytes(path)
            present = _draft(draft.path, before)
            if present.sha256 != draft.sha256:
                raise Overtaken(f"{draft.path}: was changed since; nothing was written")
            after = (MARK if before.startswith(MARK) else b"") + text.encode()
            kept = _free_name(path, now)
            _write(kept, before, like=path)
            first()
            _write(path, after, like=path)
            _forget_old(path)
    except OSError as error:
        raise UsageError(f"{draft.path}: cannot be written: {error.strerror or error}") from error
    said = difference(present.text, text, path.name)
    return Saved(draft.sha256, hashlib.sha256(after).hexdigest(), said, kept)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES // 1024} KiB")
    return data


def _draft(path: Path, data: bytes) -> Draft:
    try:
        return Draft(path, data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest())
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two who save at once do so one after the other, also from two programs."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes, like: Path) -> None:
    there = like.stat()
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for owner in ((there.st_uid, there.st_gid), (-1, there.st_gid)):
                with suppress(PermissionError):  # only root may give a file away
                    os.fchown(file.fileno(), *owner)
                    break
            os.fchmod(file.fileno(), there.st_mode & 0o777)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _free_name(path: Path, now: datetime) -> Path:
    """Never one that is taken; of names of one second the later one sorts later."""
    name = f"{path.name}.before-{now:%Y%m%dT%H%M%S}"
    for number in range(1000):
        found = path.with_name(f"{name}Z" if not number else f"{name}Z-{number:03d}")
        if not found.exists():
            return found
    raise UsageError(f"{path}: changed a thousand times in one second")


def _forget_old(path: Path) -> None:
    kept = sorted(path.parent.glob(f"{path.name}.before-[0-9]*"))
    for old in kept[:-KEPT]:
        old.unlink(missing_ok=True)
