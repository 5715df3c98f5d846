"""Which recordings lie below a folder."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import UsageError

SUFFIX = ".mcap"
GOLDEN = ".golden.json"
SURROGATE, BYTE = re.compile("[\ud800-\udfff]"), 0xDC00  # a name's odd bytes, as Python reads them
JOURNAL = "journal-"  # the black box names its segments so: together they are one recording


@dataclass(frozen=True, slots=True)
class Found:
    """One recording: a file, or the segments of a journal in their order.

    Or what might have been some: a folder that cannot be looked into, which is a row that says so.
    """

    name: str  # its path below the corpus' folder, with `/`; bytes that are no UTF-8 as `\\xff`
    files: tuple[Path, ...]
    size: int  # bytes

    @property
    def golden(self) -> Path:
        """Where its golden lies: beside the file, or among the segments."""
        first = self.files[0]
        stem = "journal" if first.name.startswith(JOURNAL) else first.stem
        return first.with_name(stem + GOLDEN)

    def digest(self) -> str:
        """SHA-256 of the file, or of the segments' digests.

        Raises:
            OSError: one cannot be read, or is no file (a device never ends).
        """
        digests = [_digest(file) for file in self.files]
        return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def find(folder: Path, leave_out: Path | None = None) -> list[Found]:
    """Every recording below `folder`, the largest first: what takes longest must not begin last.

    Args:
        folder: each *.mcap in it is a recording; those of a folder with `journal-*.mcap` are one together.
        leave_out: a folder that is not looked into.

    Links are followed; a folder to which several lead is looked into once.

    Raises:
        UsageError: there is no such folder, no recording in it, or two that would be called the same.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; `corpus` takes one with recordings (*{SUFFIX}) in it")
    found = sorted(_below(folder, leave_out), key=lambda one: (-one.size, one.name))
    if not found:
        raise UsageError(f"{folder}: no *{SUFFIX} in it or in the folders below")
    [(name, count)] = Counter(one.name for one in found).most_common(1)
    if count > 1:
        raise UsageError(f"{folder}: {count} recordings would be called {name}: rename one of them")
    return found


def _below(folder: Path, leave_out: Path | None) -> Iterator[Found]:
    seen = {one.resolve() for one in (folder, leave_out) if one is not None}
    closed: list[Path] = []

    def cannot(error: OSError) -> None:
        closed.append(Path(error.filename))

    for root, folders, names in os.walk(folder, followlinks=True, onerror=cannot):
        here = Path(root)
        folders.sort(key=lambda name: ((here / name).is_symlink(), name))
        folders[:] = [name for name in folders if not _met(here / name, seen)]
        files = [here / name for name in sorted(names) if name.endswith(SUFFIX)]
        if any(file.name.startswith(JOURNAL) for file in files):
            # The folder itself can be the journal: it then has its own name.
            name = _name(here, folder) if here != folder else as_utf8(folder.resolve().name)
            yield Found(name, tuple(files), sum(map(_size, files)))
        else:
            for file in files:
                yield Found(_name(file, folder), (file,), _size(file))
    yield from (Found(_name(one, folder), (one,), 0) for one in closed)


def _met(folder: Path, seen: set[Path]) -> bool:
    """Whether it was looked into before, by another way."""
    real = folder.resolve()
    met = real in seen
    seen.add(real)
    return met


def _name(path: Path, folder: Path) -> str:
    return as_utf8(path.relative_to(folder).as_posix())


def as_utf8(name: str) -> str:
    """A text with names of files in it; bytes of them that are no UTF-8 as escapes."""
    return SURROGATE.sub(_escape, name)


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code - BYTE:02x}" if BYTE <= code < BYTE + 256 else f"\\u{code:04x}"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # a link to nowhere: to be a row that says so
        return 0


def _digest(file: Path) -> str:
    if not file.is_file() and file.exists():
        raise OSError(errno.EINVAL, "no file", str(file))
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
