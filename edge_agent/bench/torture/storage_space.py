"""S4 to S6 and S9: no room, no more quota, no more writing, and how much is written at all."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.storage_disks import MIB, LoopDisk, MemoryDisk
from edge_agent.bench.torture.storage_work import compare, open_store, receipt_for, records
from edge_agent.core.records import UseClass
from edge_agent.errors import StoreFault, StoreFull
from edge_agent.evidence.disk import Disk
from edge_agent.evidence.examples import KEY, Clock, a_case, an_identity, store_settings
from edge_agent.evidence.examples_street import a_zone_case
from edge_agent.evidence.outbox import Pending
from edge_agent.evidence.pressure import Step
from edge_agent.evidence.store import EvidenceStore, Sealed

PAGE = 4096
BALLAST = 512 * 1024
PICTURE = 20_000
_LOW: dict[str, Any] = {"use_class": UseClass.REFERENCE, "reasons": ("site_reference",)}


class _Boasting(Disk):
    """Says that there is room, so that the writes themselves hit the wall."""

    def free(self, _directory: Path) -> int:
        return 1 << 40


def no_room(effort: Effort, folder: Path) -> Outcome:
    """S4: a tmpfs with n pages left, for every n from none to more than a case needs."""
    found = Outcome()
    ends: Counter[str] = Counter()
    with MemoryDisk(folder / "disk", 8 * MIB) as disk:
        for ballast in (0, BALLAST):
            for pages in range(0, 60, effort.times(6, 1)):
                found.tried += 1
                ends.update(_with_pages_left(disk, pages, ballast, found))
    found.measured = dict(ends)
    found.expect(ends["refused"] > 0, "nothing was ever refused: the disk was never full")
    found.expect(ends["sealed"] > 0, "nothing was ever sealed: the disk was always full")
    return found


def _with_pages_left(disk: MemoryDisk, pages: int, ballast: int, found: Outcome) -> Iterator[str]:
    disk.make_room()
    here = disk.mount / f"{ballast}-{pages}"
    settings = store_settings(here, ballast_bytes=ballast)
    store = EvidenceStore.open(settings, KEY, an_identity(), utc_us=Clock(), disk=_Boasting())
    claims = [store.seal(*a_case(1, PICTURE), b"raw")]
    disk.leave(pages * PAGE)
    for number in (2, 3, 4):
        try:
            claims.append(store.seal(*a_case(number, PICTURE), b"raw"))
            yield "sealed"
        except StoreFull:
            yield "refused"
        except StoreFault as fault:
            yield "faults"
            found.problems.append(f"{pages} pages left, ballast {ballast}: {fault}")
            store.close()
            return
    parts = [p.name for p in (here / "attachments").iterdir() if p.name.endswith(".part")]
    found.expect(not parts, f"{pages} pages left: {len(parts)} half files")
    refused = store.stats().lost
    disk.make_room()
    store.keep_house()
    claims.append(store.seal(*a_case(5, PICTURE), b"raw"))  # nobody had to help
    store.close()
    compare(here, claims, found, lost_told=refused)
    for path in sorted(here.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def quota(effort: Effort, folder: Path) -> Outcome:
    """S5: filled with what has no receipt, by cases of both classes, until nothing fits."""
    found = Outcome()
    size = effort.times(20_000, 300_000)
    settings = store_settings(folder / "store").model_copy(update={"quota_bytes": 200 * size})
    with EvidenceStore.open(settings, KEY, an_identity(), utc_us=Clock()) as store:
        claims = [sealed for number in range(1, 60) if (sealed := _one_case(store, number, size, found))]
        stats = store.stats()
        found.tried = len(stats.pressed)
        steps = {Step.NO_MARKED, Step.NO_CLIPS, Step.ONE_PICTURE, Step.NO_LOW_CLASS, Step.FULL}
        found.expect(set(stats.pressed) == steps, f"only reached {sorted(s.name for s in stats.pressed)}")
        for item in claims:  # nothing without a receipt is gone
            for file in _packet(store, item).attachments:
                store.attachment(file.sha256)
        store.apply_receipt(receipt_for(store, [c.seq for c in claims[:10]]), b"receipt")
        claims.append(store.seal(*a_case(99, size), b"raw"))
        found.expect(
            store.stats().attachment_bytes < stats.attachment_bytes, "receipted pictures did not go early"
        )
        found.measured = {step.name.lower(): count for step, count in sorted(stats.pressed.items())}
    compare(folder / "store", claims, found, lost_told=stats.lost)
    return found


def _one_case(store: EvidenceStore, number: int, size: int, found: Outcome) -> Sealed | None:
    """Of the bridge or the street, of a high or a low class; what is left out of it must be said in it."""
    at = store.stats().pressure
    low = number % 3 == 0
    other: dict[str, Any] = _LOW if low else {}
    case = a_zone_case(number, size=size, **other) if number % 2 else a_case(number, size, **other)
    try:
        sealed = store.seal(*case)
    except StoreFull:
        found.expect(at >= Step.NO_LOW_CLASS, f"case {number} was refused at {at.name}")
        return None
    said = json.loads(sealed.payload)
    roles = {attachment["role"] for attachment in said["attachments"]}
    found.expect(len(roles) + len(said["missing"]) == len(case[0].pictures), f"case {number} hides a picture")
    found.expect(at < Step.ONE_PICTURE or not low or len(roles) == 1, f"{len(roles)} pictures at {at.name}")
    found.expect(at < Step.NO_LOW_CLASS or not low, f"a low class was sealed at {at.name}")
    found.expect(at < Step.NO_CLIPS or "clip" not in roles, f"a clip at {at.name}")
    marked = any(role.endswith("_marked") for role in roles)
    found.expect(at < Step.NO_MARKED or not marked, f"a marked copy at {at.name}")
    return sealed


def _packet(store: EvidenceStore, sealed: Sealed) -> Pending:
    packet = store.packet(sealed.seq)
    assert packet is not None
    return packet


def read_only(effort: Effort, folder: Path) -> Outcome:
    """S6: ext4 goes read-only under an open store, as it does when its disk fails."""
    found = Outcome()
    with LoopDisk(folder / "disk") as disk:
        here = disk.mount / "store"
        claims: list[Sealed] = []
        for time in range(effort.times(2, 20)):
            found.tried += 1
            store = open_store(here)
            claims.append(store.seal(*a_case(2 * time + 1, PICTURE)))
            disk.turn_read_only()
            with contextlib.suppress(StoreFull, StoreFault):
                store.seal(*a_case(2 * time + 2, PICTURE))
                found.problems.append("sealed on a read-only disk")
            with contextlib.suppress(StoreFault):
                store.heartbeat()
                found.problems.append("the store went on after a fault")
            store.close()
            with contextlib.suppress(StoreFault):
                open_store(here)
                found.problems.append("a store opened on a read-only disk")
            disk.remount()
        with open_store(here) as store:
            claims.append(store.seal(*a_case(999, PICTURE)))
        told = [r["what"] for r in records(here, "incident")]
        found.expect(told == ["store_not_closed"] * found.tried, f"{found.tried} faults, told: {told}")
        compare(here, claims, found)
    return found


def volume(effort: Effort, folder: Path) -> Outcome:
    """S9: what reaches the device, the file system's own journal included."""
    found = Outcome()
    cases, size = effort.times(20, 200), 300_000
    with LoopDisk(folder / "disk", 400 * MIB) as disk:
        store = open_store(disk.mount / "store")
        claims = [store.seal(*a_case(1, size), os.urandom(20_000))]
        before = disk.bytes_written()
        sealed = 0
        for number in range(2, cases + 2):
            seal, blobs = a_case(number, size)
            raw = os.urandom(20_000)
            claims.append(store.seal(seal, blobs, raw))
            sealed += sum(map(len, blobs.values())) + len(raw) + len(claims[-1].payload)
        store.close()
        written = disk.bytes_written() - before
        compare(disk.mount / "store", claims, found)
    found.tried = cases
    found.measured = {"MB sealed": round(sealed / 1e6, 1), "written per sealed": round(written / sealed, 3)}
    found.expect(written <= 1.3 * sealed, f"{written / sealed:.2f} bytes written per byte sealed")
    return found


ROWS = (
    Row(
        "S4",
        "no room: every page of a full disk",
        "a tmpfs with n pages left while cases are sealed, n swept, with and without ballast",
        "sealed whole or refused and counted, no half file; goes on by itself when there is room",
        no_room,
        ("root",),
    ),
    Row(
        "S5",
        "quota crosses 70, 80, 90, 95, 100 %",
        "cases without receipts until none fits",
        "each step, counted; what has no receipt stays; receipted pictures go early",
        quota,
    ),
    Row(
        "S6",
        "the file system turns read-only",
        "an ext4 in a file, aborted under the open store (mount -o remount,abort)",
        "sealing stops, no start succeeds until it is writable, then an incident tells it",
        read_only,
        ("loop",),
    ),
    Row(
        "S9",
        "how much is written (wear of an eMMC)",
        "sectors of the loop device while cases of 3 x 300 KB are sealed",
        "at most 1.3 bytes written per byte sealed",
        volume,
        ("loop",),
    ),
)
