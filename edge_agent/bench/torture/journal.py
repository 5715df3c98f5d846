"""J1 to J6: the disk of the journal is full, hangs, fails, goes away, is shared. Evidence does not notice."""

from __future__ import annotations

import errno
import random
import shutil
from collections import Counter
from pathlib import Path

from edge_agent.bench.torture.journal_hang import hanging
from edge_agent.bench.torture.journal_road import Road, read, unaccounted
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.storage_disks import MIB, LoopDisk, MemoryDisk
from edge_agent.bench.torture.storage_sweep import (
    FAIL,
    FAIL_ON,
    KILL_AFTER,
    KILL_BEFORE,
    OTHER,
    RENAME,
    SHORT,
    WRITE,
    Job,
    run,
)
from edge_agent.bench.torture.storage_work import compare
from edge_agent.evidence import pressure
from edge_agent.evidence.examples import KEY, Clock, an_identity, store_settings
from edge_agent.evidence.store import EvidenceStore
from edge_agent.journal.lacking import incomplete

PAGE = 4096
RAW = 20_000  # bytes of a vehicle on the line
PICTURE = 300_000
CALLS = WRITE | RENAME | OTHER


def full(effort: Effort, folder: Path) -> Outcome:
    """J1: a tmpfs with n pages left for the journal, for every n from none to more than six cases need."""
    found = Outcome()
    lost: Counter[str] = Counter()
    noise = random.Random(effort.seed)  # noqa: S311 - no secret
    with MemoryDisk(folder / "disk", 8 * MIB) as disk:
        for pages in range(0, 60, effort.times(15, 1)):
            found.tried += 1
            disk.leave(pages * PAGE)
            with Road(folder / f"evidence-{pages}", disk.mount / f"{pages}") as road:
                for number in range(1, 7):
                    road.case(number, noise.randbytes(RAW))
                    road.settle()
                disk.make_room()
                road.case(7)
                found.expect(road.settle(), f"{pages} pages: does not go on by itself")
            lost["whole" if not road.box.lost_events else "with a gap"] += 1
            lost["events lost"] += road.box.lost_events
            _judge(road, folder / f"evidence-{pages}", found, f"{pages} pages")
            shutil.rmtree(road.journal)
    found.measured = dict(lost)
    found.expect(lost["with a gap"] > 0, "nothing was ever lost: the disk was never full")
    return found


def _judge(road: Road, evidence: Path, found: Outcome, where: str) -> None:
    """The statements, and the journal of a box that could write until its end."""
    compare(evidence, road.claims, found)
    problems = unaccounted(road.journal, road.events, road.events)
    found.problems += [f"{where}: {problem}" for problem in problems]
    told = sum(gap.events for recording in read(road.journal)[0] for gap in recording.gaps)
    found.expect(told == road.box.lost_events, f"{where}: {road.box.lost_events} lost, {told} told")


def fails_once(effort: Effort, folder: Path) -> Outcome:
    """J3: each call of the journal's fails, once."""
    errors = (errno.EIO, errno.ENOSPC)
    job = Job((FAIL,), CALLS, errors, (effort.seed,), stride=effort.times(29, 1), journal=True)
    return run(job, folder)


def fails_from_then_on(effort: Effort, folder: Path) -> Outcome:
    """J3: and every call after it."""
    job = Job((FAIL_ON,), CALLS, (errno.EIO,), (effort.seed,), stride=effort.times(23, 1), journal=True)
    return run(job, folder)


def short_writes(effort: Effort, folder: Path) -> Outcome:
    """J3: half of what was given is written."""
    job = Job((SHORT,), WRITE, seeds=(effort.seed,), stride=effort.times(23, 1), journal=True)
    return run(job, folder)


def kill_at_every_call(effort: Effort, folder: Path) -> Outcome:
    """J5: before and after each call of the journal's."""
    seeds = tuple(range(effort.seed, effort.seed + effort.times(1, 3)))
    job = Job((KILL_BEFORE, KILL_AFTER), CALLS, seeds=seeds, stride=effort.times(29, 1), journal=True)
    return run(job, folder)


def goes_away(effort: Effort, folder: Path) -> Outcome:
    """J4: the file system turns read-only; the folder is removed while it is written; a file has its name."""
    found = Outcome()
    with LoopDisk(folder / "disk") as disk:
        for time in range(effort.times(1, 10)):
            evidence = folder / f"read-only-{time}"
            with Road(evidence, disk.mount / f"journal-{time}") as road:
                found.tried += 1
                road.case(1)
                road.settle()
                disk.sync()
                disk.turn_read_only()
                road.case(2)
                found.expect(not road.tried(), "a read-only disk took it")
                disk.remount()
                road.settle()
                road.case(3)
                found.expect(road.settle(), f"read-only: does not go on by itself: {road.said}")
            _judge(road, evidence, found, "read-only")
    for time in range(effort.times(1, 10)):
        _removed(folder / f"removed-{time}", found)
    return found


def _removed(folder: Path, found: Outcome) -> None:
    found.tried += 2
    with Road(folder / "evidence", folder / "journal") as road:
        road.case(1)
        road.settle()
        shutil.rmtree(road.journal)
        road.journal.write_text("a file")
        road.case(2)
        found.expect(not road.settle(), "a file took it")
        road.journal.unlink()
        road.case(3)
        found.expect(road.settle(), "removed: does not go on by itself")
        shutil.rmtree(road.journal)
        road.case(4)
        road.settle()
        road.case(5)
        found.expect(road.settle(), "removed again: does not go on by itself")
    compare(folder / "evidence", road.claims, found)
    recordings, numbers = read(road.journal)
    found.expect(numbers[-1:] == [road.events - 1], f"removed: the last event is {numbers[-1:]}")
    found.expect(bool(incomplete(recordings)), "removed: a replay would be called identical")


def nearly_full(effort: Effort, folder: Path) -> Outcome:
    """J6: evidence without receipts and a journal on one small disk, until evidence leaves something out."""
    found = Outcome()
    noise = random.Random(effort.seed)  # noqa: S311 - no secret
    with MemoryDisk(folder / "disk", effort.times(80, 512) * MIB) as disk:
        evidence = disk.mount / "evidence"
        settings = store_settings(evidence)
        store = EvidenceStore.open(settings, KEY, an_identity(), utc_us=Clock())

        def pressed(free: int) -> bool:
            return pressure.disk_is_short(store.stats().attachment_bytes, settings.quota_bytes, free)

        chosen = {"segment_mb": 1, "quota_mb": 2_000}
        with Road(evidence, disk.mount / "journal", store, pressed, **chosen) as road:
            number = 0
            while _segments(road) < effort.times(20, 300):
                number += 1
                road.case(number, noise.randbytes(800_000), picture=100)
                road.settle()
            began = _segments(road)
            while not store.stats().pressure:
                number += 1
                road.case(number, b"x", PICTURE)
                road.settle()
            left = _segments(road)
            found.tried = began - left
            found.expect(left <= 1, f"evidence lacked room while {left} recordings were there")
        found.measured = {"recordings given up": began - left, "cases sealed whole": number}
        compare(evidence, road.claims, found)
    return found


def _segments(road: Road) -> int:
    return sum(1 for _ in road.journal.glob("*.mcap"))


_HOW = "an LD_PRELOAD shim acts at the n-th file call in the journal's folder, n swept"
_KEPT = "every statement is sealed"
ROWS = (
    Row(
        "J1",
        "the journal's disk is full",
        "a tmpfs with n pages left for the recordings, n swept; then there is room",
        f"{_KEPT}; each event is there or in a gap, once; goes on by itself",
        full,
        ("root",),
    ),
    Row(
        "J2",
        "the journal's disk hangs",
        "an ext4 frozen (FIFREEZE) under a real daemon's journal while vehicles cross, in turns with a "
        "free one; 40 MB of events onto a frozen one",
        f"{_KEPT}, as fast as without; the end waits 5 s; what the queue refused is one exact gap",
        hanging,
        ("loop",),
    ),
    Row(
        "J3a",
        "write, unlink, open, mkdir of the journal fail with EIO and ENOSPC",
        f"{_HOW}: the call fails once",
        f"{_KEPT}; each event is there or in a gap, once",
        fails_once,
        ("gcc",),
    ),
    Row(
        "J3b",
        "a write of the journal is short",
        f"{_HOW}: half is written",
        f"{_KEPT}; every event is there",
        short_writes,
        ("gcc",),
    ),
    Row(
        "J3c",
        "the journal's disk dies",
        f"{_HOW}: that call and all after it fail with EIO",
        f"{_KEPT}; what was with the kernel before is there",
        fails_from_then_on,
        ("gcc",),
    ),
    Row(
        "J4",
        "the journal's folder turns read-only, or vanishes",
        "an ext4 in a file, aborted; the folder removed while it is written, a file in its place",
        f"{_KEPT}; goes on by itself; what is missing is told",
        goes_away,
        ("loop",),
    ),
    Row(
        "J5",
        "kill -9 before and after every file call of the journal",
        _HOW,
        "nothing sealed lost; what was with the kernel is readable, no hole without a word, no recording "
        "written over by the next run",
        kill_at_every_call,
        ("gcc",),
    ),
    Row(
        "J6",
        "evidence and the journal on one disk that fills up",
        "a tmpfs full of recordings; cases of 3 x 300 KB without receipts until something is left out of one",
        "the recordings go first, all of them; every case until then is sealed whole",
        nearly_full,
        ("root",),
    ),
)
