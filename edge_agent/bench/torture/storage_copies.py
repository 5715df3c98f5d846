"""K2, K3, L2: disks cloned, put back, cut by an operator, or of another release."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.storage_platform import Platform, send_all
from edge_agent.bench.torture.storage_work import (
    DATABASE,
    PICTURE,
    compare,
    filled,
    open_store,
    records,
    release,
)
from edge_agent.errors import StoreFault
from edge_agent.evidence.examples import a_case
from edge_agent.evidence.store import Sealed
from edge_agent.evidence.tables import VERSION


def copied_disk(effort: Effort, folder: Path) -> Outcome:
    """K2: an older copy of the disk is put back, or runs beside the original."""
    found = Outcome()
    for number in range(effort.times(3, 30)):
        with Platform(folder / f"platform{number}") as platform:
            _restored(folder / f"restored{number}", platform, found)
        with Platform(folder / f"platform-of-clone{number}") as platform:
            _cloned(folder / f"cloned{number}", platform, found)
        found.tried += 2
    return found


def _restored(folder: Path, platform: Platform, found: Outcome) -> None:
    """The box asks first, hears that the platform is ahead, stops, and begins a new epoch."""
    here, backup = folder / "box", folder / "backup"
    claims, _ = filled(here, 3)
    with open_store(here) as store:
        send_all(store, platform)
    shutil.copytree(here, backup)
    with open_store(here) as store:
        claims += [store.seal(*a_case(n, PICTURE)) for n in (20, 21)]
        send_all(store, platform)
        head = store.head()
    shutil.rmtree(here)
    shutil.copytree(backup, here)
    with open_store(here) as store:
        since = store.seal(*a_case(30, PICTURE))  # before it has heard anything
        known = store.newest_receipted()
        assert known is not None
        mark = platform.ask(store, known)
        found.expect(mark is not None and store.is_fork(mark), "the box did not see that it is an older copy")
        if mark is not None:
            with contextlib.suppress(StoreFault):
                store.stop_for_fork(mark)
        with contextlib.suppress(StoreFault):
            store.seal(*a_case(31, PICTURE))
            found.problems.append("sealed into a forked chain")
    with open_store(here) as store:
        send_all(store, platform)
        new = store.head()
        found.expect(new.epoch != head.epoch, "the old chain went on")
    genesis = records(here, "genesis")[0]
    found.expect(genesis["reason"] == "store_restored", f"the genesis says {genesis['reason']}")
    found.expect(genesis["last_seq"] == head.seq, "the genesis does not name the platform's head")
    found.expect(not platform.alarms(), f"the platform raised {platform.alarms()}")
    found.expect(bool(platform.has(new.epoch)), "the new epoch did not arrive")
    _count(found, claims, platform.has(head.epoch))
    with contextlib.closing(sqlite3.connect(here / "quarantine" / "0001" / DATABASE)) as db:
        kept = db.execute("SELECT payload_sha256 FROM packet WHERE seq = ?", (since.seq,)).fetchone()
    found.sealed += 1
    found.lost += kept != (since.payload_sha256,)


def _cloned(folder: Path, platform: Platform, found: Outcome) -> None:
    """Two disks seal different things for one place: the platform takes one, and raises the alarm."""
    here, clone = folder / "box", folder / "clone"
    claims, _ = filled(here, 3)
    shutil.copytree(here, clone)
    with open_store(here) as store, open_store(clone) as other:
        claims.append(store.seal(*a_case(20, PICTURE)))
        other.seal(*a_case(21, PICTURE))
        send_all(store, platform)
        send_all(other, platform)
        has = platform.has(store.head().epoch)
    found.expect("equivocation" in platform.alarms(), "the platform did not see two of one place")
    _count(found, claims, has)


def cut_tail(effort: Effort, folder: Path) -> Outcome:
    """K3: an operator removes the newest 100 statements, and every trace of them beside the database."""
    found = Outcome()
    for number in range(effort.times(1, 5)):
        found.tried += 1
        here = folder / f"box{number}"
        claims, head = filled(here, 104)
        with Platform(folder / f"platform{number}") as platform:
            with open_store(here) as store:
                send_all(store, platform)
            _remove_newest(here, 100)
            with open_store(here) as store:
                found.expect(store.head().seq == head.seq - 100, "the tail is still there")
                beat = store.heartbeat()  # signed for a place that the platform has
                item = store.packet(beat.seq)
                assert item is not None
                platform.ask(store, item)
            found.expect("equivocation" in platform.alarms(), "one heartbeat did not show it")
            _count(found, claims, platform.has(head.epoch))
        untouched = folder / f"again{number}"
        _, old = filled(untouched, 3)
        _remove_newest(untouched, 2, hint=False)
        with open_store(untouched) as store:
            found.expect(store.head().epoch != old.epoch, "a head note that is newer was not noticed")
    return found


def upgrade(effort: Effort, folder: Path) -> Outcome:
    """L2: a store of an older release, the present one, the older one again, the present one."""
    del effort
    found = Outcome()
    for version in range(1, VERSION + 1):
        found.tried += 1
        here = folder / f"version{version}"
        claims, _ = filled(here, 5)
        before = _rows(here)
        release(here, version)
        with open_store(here) as store:
            claims.append(store.seal(*a_case(50, PICTURE)))
        found.differing += before != _rows(here)[: len(before)]
        if version == VERSION:
            _as_a_later_program(here)
            with open_store(here) as store:  # the older program again
                claims.append(store.seal(*a_case(51, PICTURE)))
                found.expect(len(store.pending(10**9, 0)) == store.head().seq + 1, "something cannot be sent")
        compare(here, claims, found)
    return found


def _as_a_later_program(here: Path) -> None:
    """It has a table more, and a kind of statement more."""
    with contextlib.closing(sqlite3.connect(here / DATABASE)) as db:
        db.execute("CREATE TABLE of_the_future (x INTEGER) STRICT")
        db.execute("UPDATE packet SET kind = 'of_the_future' WHERE seq = 2")
        db.commit()


def _count(found: Outcome, claims: list[Sealed], has: dict[int, str]) -> None:
    found.sealed += len(claims)
    found.lost += sum(has.get(c.seq) != c.payload_sha256 for c in claims)


def _remove_newest(here: Path, count: int, *, hint: bool = True) -> None:
    with contextlib.closing(sqlite3.connect(here / DATABASE)) as db:
        (seq,) = db.execute("SELECT seq - ? FROM head", (count,)).fetchone()
        db.execute("DELETE FROM packet_attachment WHERE seq > ?", (seq,))
        db.execute("DELETE FROM packet WHERE seq > ?", (seq,))
        db.execute(
            "UPDATE head SET seq = ?, payload_sha256 = (SELECT payload_sha256 FROM packet WHERE seq = ?)",
            (seq, seq),
        )
        db.commit()
    if hint:
        (here / "head").unlink()


def _rows(here: Path) -> list[tuple[bytes, str]]:
    with contextlib.closing(sqlite3.connect(here / DATABASE)) as db:
        return db.execute("SELECT payload, signatures FROM packet ORDER BY seq").fetchall()


ROWS = (
    Row(
        "K2",
        "disk cloned, or put back from a backup",
        "copies of the directory, real ingest",
        "the clone: equivocation found; the backup: the box stops, then begins a new epoch; nothing lost",
        copied_disk,
    ),
    Row(
        "K3",
        "an operator deletes the newest 100 statements",
        "rows, head and note rewritten by hand, real ingest",
        "one heartbeat shows it, and the platform has them all",
        cut_tail,
    ),
    Row(
        "L2",
        "upgrade, and back",
        "stores of every schema version, and one that a later program has written to",
        "old statements byte for byte, sealing goes on",
        upgrade,
    ),
)
