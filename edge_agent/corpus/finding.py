"""Which recordings lie below a folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import UsageError

SUFFIX = ".mcap"
GOLDEN = ".golden.json"
JOURNAL = "journal-"  # the black box names its segments so: together they are one recording


@dataclass(frozen=True, slots=True)
class Found:
    """One recording: a file, or the segments of a journal in their order."""

    name: str  # its path below the corpus' folder, with `/`
    files: tuple[Path, ...]
    size: int  # bytes

    @property
    def golden(self) -> Path:
        """Where its golden lies: beside the file, or among the segments."""
        first = self.files[0]
        stem = "journal" if first.name.startswith(JOURNAL) else first.stem
        return first.with_name(stem + GOLDEN)

    def digest(self) -> str:
        """SHA-256 of the file, or of the segments' digests."""
        digests = [_digest(file) for file in self.files]
        return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def find(folder: Path, leave_out: Path | None = None) -> list[Found]:
    """Every recording below `folder`, the largest first: what takes longest must not begin last.

    Args:
        folder: each *.mcap in it is a recording; those of a folder with `journal-*.mcap` are one together.
        leave_out: a folder that is not looked into.

    Raises:
        UsageError: there is no such folder, or no recording in it.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; `corpus` takes one with recordings (*{SUFFIX}) in it")
    found = sorted(_below(folder, leave_out), key=lambda one: (-one.size, one.name))
    if not found:
        raise UsageError(f"{folder}: no *{SUFFIX} in it or in the folders below")
    return found


def _below(folder: Path, leave_out: Path | None) -> Iterator[Found]:
    away = leave_out.resolve() if leave_out is not None else None
    for root, folders, names in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(name for name in folders if (here / name).resolve() != away)
        files = [here / name for name in sorted(names) if name.endswith(SUFFIX)]
        if any(file.name.startswith(JOURNAL) for file in files):
            # The folder itself can be the journal: it then has its own name.
            name = here.relative_to(folder).as_posix() if here != folder else folder.resolve().name
            yield Found(name, tuple(files), sum(map(_size, files)))
        else:
            for file in files:
                yield Found(file.relative_to(folder).as_posix(), (file,), _size(file))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # a link to nowhere: to be a row that says so
        return 0


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
