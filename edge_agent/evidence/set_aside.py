"""Moving a store that cannot be trusted out of the way: whole, kept, and said why.

    quarantine/0001.moving/why  ->  database, its log, pictures  ->  quarantine/0001

The log belongs to the database: one without the other has lost its newest statements. A start that
finds a folder still moving goes on with it, so they always end up in one place.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from edge_agent.evidence.disk import Disk

DATABASE = "evidence.db"
ATTACHMENTS = "attachments"
QUARANTINE = "quarantine"

Reason = Literal["new_store", "store_corrupt", "store_missing", "store_restored"]

_MOVING = ".moving"
_WHY = "why"


@dataclass(frozen=True, slots=True)
class Why:
    """What a new epoch says of the one before it."""

    reason: Reason
    trouble: str
    epoch: str | None  # that the head note named then
    where: str = ""  # below the store's directory


def set_aside(directory: Path, disk: Disk, why: Why) -> Why:
    """Move database, log and pictures into a folder of their own; returns where they are.

    Raises:
        OSError: the disk failed; the next start goes on.
    """
    number = 1 + max((int(path.name[:4]) for path in _folders(directory)), default=0)
    target = directory / QUARANTINE / f"{number:04d}{_MOVING}"
    target.mkdir(parents=True)
    said = asdict(why) | {"where": f"{QUARANTINE}/{number:04d}"}
    disk.sync_and_close(disk.write(target / _WHY, json.dumps(said).encode()))
    for folder in (target, target.parent, directory):
        disk.sync_directory(folder)
    return _move(directory, disk, target)


def go_on(directory: Path, disk: Disk) -> None:
    """Finish what a crash interrupted."""
    for target in _folders(directory):
        if not target.name.endswith(_MOVING):
            continue
        if _read(target) is not None:
            _move(directory, disk, target)
        else:  # the crash came before anything was moved
            disk.unlink(target / _WHY)
            target.rmdir()


def last_set_aside(directory: Path) -> Why | None:
    """Why the newest one was, None when none ever was."""
    for target in reversed(_folders(directory)):
        why = _read(target)
        if why is not None:
            return why
    return None


def _move(directory: Path, disk: Disk, target: Path) -> Why:
    for name in (f"{DATABASE}-wal", f"{DATABASE}-shm", DATABASE, ATTACHMENTS):
        if (directory / name).exists():
            disk.rename(directory / name, target / name)
    disk.sync_directory(target)
    disk.sync_directory(directory)
    final = target.with_suffix("")
    disk.rename(target, final)
    disk.sync_directory(final.parent)
    why = _read(final)
    assert why is not None
    return why


def _read(target: Path) -> Why | None:
    try:
        return Why(**json.loads((target / _WHY).read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):  # of an earlier program, or cut short
        return None


def _folders(directory: Path) -> list[Path]:
    return sorted((directory / QUARANTINE).glob("[0-9][0-9][0-9][0-9]*"))
