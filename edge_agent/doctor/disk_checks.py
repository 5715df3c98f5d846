"""The disk that evidence is on: room, kind, wear."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from edge_agent.config.settings import SiteConfig
from edge_agent.doctor.box import box_of
from edge_agent.doctor.disk_seen import DiskSeen, look
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes
from edge_agent.evidence import pressure
from edge_agent.evidence.pressure import RESERVE_BYTES, Step

SUBJECT = "disk"
# Keep what was written through a power cut, and say when they could not.
SOUND = frozenset({"ext4", "xfs", "btrfs", "zfs", "f2fs", "ext3"})
IN_MEMORY = frozenset({"tmpfs", "ramfs"})
FEWEST_INODES = 1_000
GIB = 1024**3
WORN, WEARING = 11, 9  # of `Wear.life_time`
SPARE_GONE, SPARE_SHORT = 3, 2  # of `Wear.pre_eol`


def check(seen: DiskSeen, held_bytes: int, quota_bytes: int, journal_bytes: int = 0) -> Iterator[Finding]:
    """What is to be said of the disk.

    Args:
        seen: the disk.
        held_bytes: of pictures in the store.
        quota_bytes: that they may take.
        journal_bytes: of the black box's recordings on it: they go where evidence needs the room.
    """
    where = {"path": seen.path, "filesystem": seen.filesystem}
    if seen.read_only:
        yield Finding("disk.read_only", SUBJECT, State.FAULT, where)
    yield from _room(seen, held_bytes, quota_bytes, journal_bytes)
    if seen.filesystem in IN_MEMORY:
        yield Finding("disk.in_memory", SUBJECT, State.WARNING, where)
    elif seen.filesystem not in SOUND:
        yield Finding("disk.filesystem", SUBJECT, State.WARNING, where)
    if not seen.own:
        yield Finding("disk.shared", SUBJECT, State.WARNING, where)
    if seen.total_inodes and seen.free_inodes < FEWEST_INODES:
        yield Finding("disk.inodes", SUBJECT, State.FAULT, where | {"free": seen.free_inodes})
    yield from _wear(seen)


def _room(seen: DiskSeen, held: int, quota: int, journal: int) -> Iterator[Finding]:
    step = pressure.step(held, quota, seen.free_bytes)
    values = {
        "free_gb": _gb(seen.free_bytes),
        "held_gb": _gb(held),
        "quota_gb": _gb(quota),
        "filesystem": seen.filesystem,
        "journal_gb": _gb(journal),
        "step": int(step),
    }
    if step >= Step.NO_LOW_CLASS:
        yield Finding("disk.full", SUBJECT, State.FAULT, values)
    elif step is not Step.ALL:
        yield Finding("disk.filling", SUBJECT, State.WARNING, values)
    elif held + seen.free_bytes + journal - RESERVE_BYTES < quota:
        yield Finding("disk.quota_too_large", SUBJECT, State.WARNING, values)
    else:
        yield Finding("disk.ok", SUBJECT, State.OK, values)


def _wear(seen: DiskSeen) -> Iterator[Finding]:
    a_day = seen.written_bytes_a_day
    if a_day is not None:
        yield Finding("disk.writes", SUBJECT, State.OK, {"gb_a_day": _gb(a_day)})
    if seen.wear is None:
        if seen.ssd:
            yield Finding("disk.wear_unknown", SUBJECT, State.UNKNOWN, {"device": seen.ssd})
        return
    values = {"used_percent": seen.wear.life_time * 10, "pre_eol": seen.wear.pre_eol}
    if seen.wear.life_time >= WORN or seen.wear.pre_eol >= SPARE_GONE:
        yield Finding("disk.worn_out", SUBJECT, State.FAULT, values)
    elif seen.wear.life_time >= WEARING or seen.wear.pre_eol >= SPARE_SHORT:
        yield Finding("disk.wearing", SUBJECT, State.WARNING, values)
    else:
        yield Finding("disk.wear", SUBJECT, State.OK, values)


def disk_findings(config: SiteConfig, eyes: Eyes) -> Iterator[Finding]:
    """Look at the disk of the evidence store."""
    chosen = config.evidence.store
    holds = box_of(config, eyes).store().holds
    held = holds.held_bytes if holds else 0
    yield from check(look(chosen.directory), held, chosen.quota_bytes, _journal_beside(config))


def _journal_beside(config: SiteConfig) -> int:
    """Bytes of recordings on the disk of the evidence store."""
    folder, store = config.journal.dir, config.evidence.store.directory
    with contextlib.suppress(OSError):
        if folder is not None and folder.stat().st_dev == store.stat().st_dev:
            return sum(path.stat().st_size for path in folder.glob("*.mcap"))
    return 0


def _gb(number: int) -> float:
    return round(number / GIB, 2)
