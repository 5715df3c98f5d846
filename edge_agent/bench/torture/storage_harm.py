"""S7, S8, K2, K3, L2: somebody or something changed the disk; what the box and the platform see of it."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.storage_platform import Platform
from edge_agent.bench.torture.storage_work import compare, open_store, records, release
from edge_agent.errors import EvidenceError, StoreFault, VerificationError
from edge_agent.evidence.examples import a_case
from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.store import EvidenceStore, Head, Sealed
from edge_agent.evidence.tables import VERSION

PICTURE = 2_000
DATABASE = "evidence.db"


def damaged_database(effort: Effort, folder: Path) -> Outcome:
    """S7: a flipped bit anywhere in the database; a log cut anywhere."""
    found = Outcome()
    fates: Counter[str] = Counter()
    base = folder / "base"
    claims, head = _filled(base, 12)
    size = (base / DATABASE).stat().st_size
    chance = random.Random(effort.seed)  # noqa: S311 - chooses where to harm
    for place in chance.sample(range(size), effort.times(40, 1500)):
        fates[_harmed(base, partial(_flip_in, DATABASE, place), claims, head, found)] += 1
    crashed = folder / "crashed"  # its log holds everything: the process was killed
    log = f"{DATABASE}-wal"
    claims, head = _filled(crashed, 6, killed=True)
    size = (crashed / log).stat().st_size
    for length in chance.sample(range(size), effort.times(20, 500)):
        fates[_harmed(crashed, partial(_cut_in, log, length), claims, head, found)] += 1
    found.measured = dict(fates)
    found.expect(fates["new epoch"] > 0, "no damage was ever found")
    return found


def _harmed(
    base: Path, harm: Callable[[Path], None], claims: list[Sealed], head: Head, found: Outcome
) -> str:
    """Harm a copy, start it: it is as it was, or it is set aside and the new epoch names the old head."""
    here = base.with_name("here")
    shutil.copytree(base, here)
    harm(here)
    found.tried += 1
    found.sealed += len(claims)
    try:
        now = _started(here, found)
    except StoreFault:  # found after the start: the next one looks as closely
        now = _started(here, found)
    except EvidenceError as error:  # a version of another program: a person must look
        found.expect("store version" in str(error), str(error))
        shutil.rmtree(here)
        return "refused"
    fate = "new epoch"
    if now.epoch == head.epoch:
        fate = "unharmed"
        found.sealed -= len(claims)
        compare(here, claims, found)
    else:
        genesis = records(here, "genesis")[0]
        found.expect(
            (genesis["last_epoch"], genesis["last_seq"]) == (head.epoch, head.seq),
            f"the new epoch names {genesis['last_seq']}, not {head.seq}",
        )
        found.expect((here / "quarantine" / "0001" / DATABASE).exists(), "nothing was kept aside")
        files = list((here / "quarantine" / "0001" / "attachments").iterdir())
        found.lost += max(0, 3 * len(claims) - len(files)) // 3
    shutil.rmtree(here)
    return fate


def _started(here: Path, found: Outcome) -> Head:
    """A start, the check that follows it, something sealed; everything that is there would be sent."""
    with open_store(here) as store:
        store.check_integrity()
        # A row that no longer fits its file has its statement set aside, which an incident tells.
        waiting, stats = len(store.pending(10**9, 0)), store.stats()
        found.expect(
            waiting + stats.quarantined == stats.sealed, f"only {waiting} of {stats.sealed} would be sent"
        )
        store.seal(*a_case(99, PICTURE))
        return store.head()


def damaged_at_the_platform(effort: Effort, folder: Path) -> Outcome:
    """S7: a box that begins anew shows a gap where the platform lacks the end of the old chain."""
    del effort
    found = Outcome(tried=1)
    here = folder / "box"
    claims, head = _filled(here, 6)
    found.sealed = len(claims)
    with Platform(folder / "platform") as platform:
        with open_store(here) as store:
            for item in store.pending(1, 0, Lane.BACKLOG), store.pending(10**9, 0, Lane.BACKLOG)[1:4]:
                for packet in item:
                    platform.send(store, packet)
        _flip(here / DATABASE, _of(here / DATABASE, b'"reason":"new_store"'))
        with open_store(here) as store:
            for packet in store.pending(10**9, 0, Lane.BACKLOG):
                platform.send(store, packet)
            new = store.head()
        had = platform.has(head.epoch)
        genesis = records(here, "genesis")[0]
        found.expect(genesis["last_seq"] == head.seq, "the genesis does not name the old head")
        found.expect(head.seq not in had and platform.has(new.epoch) != {}, "the platform sees no gap")
        found.measured = {"platform has of the old chain": len(had), "the genesis names": head.seq}
    return found


def damaged_blob(effort: Effort, folder: Path) -> Outcome:
    """S8: one byte of a picture, or all of it, at any of several places."""
    found = Outcome()
    for number in range(effort.times(6, 100)):
        here = folder / f"box{number}"
        claims, _ = _filled(here, 4)
        victim = sorted((here / "attachments").iterdir())[number % 12]
        if number % 2:
            victim.unlink()
        else:
            _flip(victim, number * 17 % victim.stat().st_size)
        found.tried += 1
        sent, refused = [], 0
        with Platform(folder / f"platform{number}") as platform, open_store(here) as store:
            for packet in store.pending(10**9, 0, Lane.BACKLOG):
                try:
                    platform.send(store, packet)
                    sent.append(packet.seq)
                except VerificationError:
                    refused += 1
            incidents = [p for p in store.pending(10**9, 0, Lane.BACKLOG) if p.kind == "incident"]
            has = platform.has(store.head().epoch)
            found.expect(store.stats().quarantined == 1, "the statement was not set aside")
        found.sealed += len(claims)
        found.expect(bool(incidents) or "incident" in _kinds(here), "no incident was sealed")
        found.lost += 3 - sum(has.get(c.seq) == c.payload_sha256 for c in claims)  # one of four is spoilt
        shutil.rmtree(here)
    return found


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
    claims, _ = _filled(here, 3)
    with open_store(here) as store:
        _send_all(store, platform)
    shutil.copytree(here, backup)
    with open_store(here) as store:
        claims += [store.seal(*a_case(n, PICTURE)) for n in (20, 21)]
        _send_all(store, platform)
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
        _send_all(store, platform)
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
    claims, _ = _filled(here, 3)
    shutil.copytree(here, clone)
    with open_store(here) as store, open_store(clone) as other:
        claims.append(store.seal(*a_case(20, PICTURE)))
        other.seal(*a_case(21, PICTURE))
        _send_all(store, platform)
        _send_all(other, platform)
        has = platform.has(store.head().epoch)
    found.expect("equivocation" in platform.alarms(), "the platform did not see two of one place")
    _count(found, claims, has)


def cut_tail(effort: Effort, folder: Path) -> Outcome:
    """K3: an operator removes the newest 100 statements, and every trace of them beside the database."""
    found = Outcome()
    for number in range(effort.times(1, 5)):
        found.tried += 1
        here = folder / f"box{number}"
        claims, head = _filled(here, 104)
        with Platform(folder / f"platform{number}") as platform:
            with open_store(here) as store:
                _send_all(store, platform)
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
        _, old = _filled(untouched, 3)
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
        claims, _ = _filled(here, 5)
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


def _filled(here: Path, cases: int, *, killed: bool = False) -> tuple[list[Sealed], Head]:
    """A closed store, or what one leaves that was killed."""
    work = here.with_suffix(".work") if killed else here
    store = open_store(work)
    claims = [store.seal(*a_case(n, PICTURE)) for n in range(1, cases + 1)]
    head = store.head()
    if killed:
        shutil.copytree(work, here)
    store.close()
    return claims, head


def _send_all(store: EvidenceStore, platform: Platform) -> None:
    for packet in store.pending(10**9, 0, Lane.BACKLOG):
        platform.send(store, packet)


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


def _kinds(here: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(here / DATABASE)) as db:
        return {kind for (kind,) in db.execute("SELECT kind FROM packet")}


def _of(path: Path, needle: bytes) -> int:
    return path.read_bytes().index(needle)


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << at % 8
    path.write_bytes(data)


def _flip_in(name: str, at: int, directory: Path) -> None:
    _flip(directory / name, at)


def _cut_in(name: str, length: int, directory: Path) -> None:
    with (directory / name).open("r+b") as file:
        file.truncate(length)


ROWS = (
    Row(
        "S7",
        "database: a flipped bit, a truncated log",
        "one bit at random places of the file; the log of a killed process cut at random lengths",
        "as it was, or set aside whole and a new epoch names the old head",
        damaged_database,
    ),
    Row(
        "S7c",
        "a box that began anew, seen by the platform",
        "the genesis damaged while the platform lacks the newest statements; real ingest",
        "the genesis names a head that the platform does not have: the gap shows",
        damaged_at_the_platform,
    ),
    Row(
        "S8",
        "a picture: one bit flipped, or missing",
        "before a start, then everything is sent to a real ingest",
        "incident, never sent as good, everything else arrives",
        damaged_blob,
    ),
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
