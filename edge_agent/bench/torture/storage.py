"""S1 to S3: the process, the power or the disk goes at any file call of a store at work."""

from __future__ import annotations

import errno
from pathlib import Path

from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.storage_sweep import (
    CUT_AFTER,
    CUT_BEFORE,
    FAIL,
    KILL_AFTER,
    KILL_BEFORE,
    OTHER,
    RENAME,
    SYNC,
    WRITE,
    Job,
    run,
)


def kill_at_every_call(effort: Effort, folder: Path) -> Outcome:
    """S1: before and after each call."""
    seeds = tuple(range(effort.seed, effort.seed + effort.times(1, 5)))
    return run(Job((KILL_BEFORE, KILL_AFTER), seeds=seeds, stride=effort.times(97, 1)), folder)


def power_cut(effort: Effort, folder: Path) -> Outcome:
    """S2: what was not synced is gone, too."""
    image = str(folder / "disk")
    seeds = tuple(range(effort.seed, effort.seed + effort.times(1, 3)))
    job = Job((CUT_BEFORE, CUT_AFTER), seeds=seeds, stride=effort.times(397, 19), image=image)
    return run(job, folder)


def failed_sync(effort: Effort, folder: Path) -> Outcome:
    """S3: fail stop, whatever the reason."""
    job = Job((FAIL,), SYNC, (errno.EIO, errno.ENOSPC), (effort.seed,), stride=effort.times(17, 1))
    return run(job, folder)


def failed_write(effort: Effort, folder: Path) -> Outcome:
    """S3: EIO stops, ENOSPC costs the case at most."""
    kinds = WRITE | RENAME | OTHER
    job = Job((FAIL,), kinds, (errno.EIO, errno.ENOSPC), (effort.seed,), stride=effort.times(79, 2))
    return run(job, folder)


_HOW = "an LD_PRELOAD shim acts at the n-th call of a forked child, n swept over 9 works"
ROWS = (
    Row(
        "S1",
        "kill -9 before and after every file and database call",
        f"{_HOW}: first start, seal, receipt and purge, letting go, repairs at a start, upgrade, full",
        "nothing sealed lost, no gap, no half file; the next start goes on",
        kill_at_every_call,
        ("gcc",),
    ),
    Row(
        "S2",
        "power cut before and after file and database calls",
        "FS_IOC_SHUTDOWN without log flush on an ext4 in a file at the n-th call; umount, mount, compare",
        "everything that was called sealed is there",
        power_cut,
        ("gcc", "loop"),
    ),
    Row(
        "S3a",
        "fsync fails with EIO and ENOSPC",
        f"{_HOW}: the sync fails once",
        "the process ends with an error, nothing is called sealed after it, the next start tells it",
        failed_sync,
        ("gcc",),
    ),
    Row(
        "S3b",
        "write, rename, unlink, open fail with EIO and ENOSPC",
        f"{_HOW}: the call fails once",
        "nothing sealed lost; the next start tells what stopped it",
        failed_write,
        ("gcc",),
    ),
)
