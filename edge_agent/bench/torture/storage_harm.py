"""S7 and S8: bits flipped, logs cut, pictures gone; what the box and the platform see of it."""

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
from edge_agent.bench.torture.storage_work import DATABASE, PICTURE, compare, filled, open_store, records
from edge_agent.errors import EvidenceError, StoreFault, VerificationError
from edge_agent.evidence.examples import a_case
from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.packets import Head
from edge_agent.evidence.store import Sealed


def damaged_database(effort: Effort, folder: Path) -> Outcome:
    """S7: a flipped bit anywhere in the database; a log cut anywhere."""
    found = Outcome()
    fates: Counter[str] = Counter()
    base = folder / "base"
    claims, head = filled(base, 12)
    size = (base / DATABASE).stat().st_size
    chance = random.Random(effort.seed)  # noqa: S311 - chooses where to harm
    for place in chance.sample(range(size), effort.times(40, 1500)):
        fates[_harmed(base, partial(_flip_in, DATABASE, place), claims, head, found)] += 1
    crashed = folder / "crashed"  # its log holds everything: the process was killed
    log = f"{DATABASE}-wal"
    claims, head = filled(crashed, 6, killed=True)
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
        # A start that found the damage late may have sealed an incident before.
        found.expect(
            genesis["last_epoch"] == head.epoch and genesis["last_seq"] >= head.seq,
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
    claims, head = filled(here, 6)
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
        claims, _ = filled(here, 4)
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
)
