"""What a store is doing when it dies: each work opens it, so that a start and its repairs are swept too.

`before` makes the directory that every try begins with; `during` is what is broken into.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.bench.torture.row import Outcome
from edge_agent.core.records import UseClass
from edge_agent.core.scene import Phase
from edge_agent.errors import StoreFault, StoreFull
from edge_agent.evidence.examples import KEY, Clock, a_case, an_identity, store_settings
from edge_agent.evidence.examples_street import a_coverage, a_zone_case
from edge_agent.evidence.notes import HeadNote
from edge_agent.evidence.packets import Head
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.store import EvidenceStore, Sealed
from edge_agent.evidence.tables import connect, make_version
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

DATABASE = "evidence.db"
PICTURE = 2_000  # bytes

Claim = Callable[[Sealed], None]

# A few pages of SQLite and a few more: another seed gives other writes.
SIZES = (700, 5_000, 21_000)


@dataclass(frozen=True, slots=True)
class Work:
    """One of the things that a store does."""

    name: str
    before: Callable[[Path, int, Claim], None]
    during: Callable[[Path, int, Claim], None]
    spoils: bool = False
    """It begins with pictures that are gone or cut: their statements are set aside, and stay so."""
    forgiving: bool = False
    """It closes a database to set it aside: SQLite hides what fails in that, and then the log stays."""
    under: str = ""
    """Only calls in this folder of the directory are broken into; empty: all."""
    after: Callable[[Path, bool], Sequence[str]] = lambda _directory, _for_ever: ()
    """What else is not as it must be afterwards; whether the fault lasted until the end."""


def open_store(directory: Path, settings: StoreSettings | None = None, days: int = 0) -> EvidenceStore:
    """A store with the examples' key, and a clock that moves at each look, so many days later."""
    clock = Clock()
    clock.ahead_us = days * 86_400_000_000
    return EvidenceStore.open(settings or store_settings(directory), KEY, an_identity(), utc_us=clock)


def receipt_for(store: EvidenceStore, seqs: Sequence[int]) -> Receipt:
    """The platform has these."""
    items = []
    for seq in seqs:
        packet = store.packet(seq)
        assert packet is not None
        items.append(
            ReceiptItem(
                packet_id=packet.packet_id,
                payload_sha256=packet.payload_sha256,
                status=ReceiptStatus.ACCEPTED,
            )
        )
    device = an_identity().settings.device
    return Receipt(
        tenant=device.tenant,
        device_id=device.device_id,
        epoch=store.head().epoch,
        received_utc_us=1,
        items=tuple(items),
    )


def release(directory: Path, version: int) -> None:
    """Make the database over as a program of that schema version left it."""
    path = directory / "evidence.db"
    old = path.with_suffix(".old")
    path.rename(old)
    with contextlib.closing(connect(str(path))) as db:
        make_version(db, version)
        db.execute("ATTACH ? AS newer", (str(old),))
        tables = db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall()
        order = ["receipt", "packet", "attachment", "packet_attachment", "head"]
        assert sorted(order) == sorted(name for (name,) in tables)
        for name in order:
            columns = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({name})"))
            db.execute(f"INSERT INTO main.{name} ({columns}) SELECT {columns} FROM newer.{name}")  # noqa: S608 - names of our own schema
    old.unlink()


def records(directory: Path, kind: str) -> list[dict[str, Any]]:
    """What the box said of itself in a closed store, oldest first."""
    with contextlib.closing(sqlite3.connect(directory / "evidence.db")) as db:
        rows = db.execute("SELECT payload FROM packet WHERE kind = ? ORDER BY seq", (kind,)).fetchall()
    return [json.loads(payload)["record"] for (payload,) in rows]


def compare(directory: Path, claims: Sequence[Sealed], found: Outcome, lost_told: int = 0) -> None:
    """All that was called sealed is in one whole chain of a closed store, which tells what was refused."""
    found.sealed += len(claims)
    with contextlib.closing(sqlite3.connect(directory / "evidence.db")) as db:
        have = dict(db.execute("SELECT seq, payload_sha256 FROM packet").fetchall())
    found.lost += sum(have.get(c.seq) != c.payload_sha256 for c in claims)
    report = verify(open_material(directory))
    found.gaps += report.statements - 1 - report.links
    found.problems.extend(f"{where}: {what}" for where, what in report.problems)
    told = sum(loss["count"] for loss in records(directory, "loss"))
    found.expect(told == lost_told, f"{lost_told} cases were refused, the chain tells {told}")


def filled(here: Path, cases: int, *, killed: bool = False) -> tuple[list[Sealed], Head]:
    """A closed store, or what one leaves that was killed."""
    work = here.with_suffix(".work") if killed else here
    store = open_store(work)
    claims = [store.seal(*a_case(n, PICTURE)) for n in range(1, cases + 1)]
    head = store.head()
    if killed:
        shutil.copytree(work, here)
    store.close()
    return claims, head


def _nothing(_directory: Path, _seed: int, _claim: Claim) -> None:
    return


def _three(directory: Path, seed: int, claim: Claim) -> None:
    with open_store(directory) as store:
        for number in (1, 2, 3):
            claim(store.seal(*a_case(number, _size(seed, number)), b"raw"))


def _seal(directory: Path, seed: int, claim: Claim) -> None:
    with open_store(directory) as store:
        claim(store.seal(*a_case(11, _size(seed, 1)), b"raw of 11"))
        claim(store.seal(*a_zone_case(phase=Phase.ONGOING)))
        claim(store.seal(a_coverage(), {}))
        claim(store.seal(*a_case(12, _size(seed, 2)), b"raw of 12"))
        claim(store.heartbeat())


def _receipts(directory: Path, seed: int, claim: Claim) -> None:
    with open_store(directory) as store:
        store.apply_receipt(receipt_for(store, (1, 2)), b"receipt 1")
        store.quarantine(3, "poison")
        store.purge(early=True)
        claim(store.seal(*a_case(11, _size(seed, 1)), b"raw"))
        store.keep_house()


def _receipted(directory: Path, seed: int, claim: Claim) -> None:
    """Cases that the platform has: nobody claims those that will go."""
    with open_store(directory) as store:
        sealed = [store.seal(*a_case(n, _size(seed, n)), b"raw") for n in range(1, 7)]
        store.apply_receipt(receipt_for(store, range(len(sealed) + 1)), b"receipt")
        store.purge(early=True)
        claim(sealed[-1])


def _prune(directory: Path, seed: int, claim: Claim) -> None:
    settings = store_settings(directory, check_links_at_start=1)
    with open_store(directory, settings, days=settings.keep_statements_days + 1) as store:
        store.prune()
        claim(store.seal(*a_case(11, _size(seed, 1)), b"raw"))
        store.keep_house()


def _damaged(directory: Path, seed: int, claim: Claim) -> None:
    """The genesis is damaged, which nobody claims, and the log holds the newest statements."""
    _three(directory, seed, claim)
    store = open_store(directory)
    claim(store.seal(*a_case(4, _size(seed, 4)), b"raw"))
    for name in ("evidence.db", "evidence.db-wal", "head", "running"):
        shutil.copy(directory / name, directory / f"{name}.kept")
    store.close()
    for name in ("evidence.db", "evidence.db-wal", "head", "running"):
        (directory / f"{name}.kept").rename(directory / name)
    database = directory / "evidence.db"
    data = bytearray(database.read_bytes())
    at = data.index(b'"reason":"new_store"')
    data[at] ^= 1
    database.write_bytes(data)


def _lost_files(directory: Path, seed: int, claim: Claim) -> None:
    """One picture is gone, one is cut, and two files belong to nobody."""
    _three(directory, seed, claim)
    first, second, *_ = sorted((directory / "attachments").iterdir())
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    for name in ("ab" * 32, "cd" * 32 + ".part"):
        (directory / "attachments" / name).write_bytes(b"orphan")
        os.utime(directory / "attachments" / name, (1, 1))


def _forked(directory: Path, seed: int, claim: Claim) -> None:
    """The platform has said that this store is an older copy of itself."""
    _three(directory, seed, claim)
    with open_store(directory) as store, contextlib.suppress(StoreFault):
        store.stop_for_fork(HeadNote(store.head().epoch, 7, hashlib.sha256(b"7").hexdigest()))


def _old_release(directory: Path, seed: int, claim: Claim) -> None:
    _three(directory, seed, claim)
    release(directory, 1 + seed % 3)


def _go_on(directory: Path, seed: int, claim: Claim) -> None:
    with open_store(directory) as store:
        claim(store.seal(*a_case(11, _size(seed, 1)), b"raw"))


def _fill(directory: Path, seed: int, claim: Claim) -> None:
    """No room for cases: each is counted, the first is told, and the rest when the store closes."""
    # A quota of kilobytes, which no configuration may have.
    settings = store_settings(directory).model_copy(update={"quota_bytes": _size(seed, 1) * 4})
    with open_store(directory, settings) as store:
        claim(store.seal(*a_case(11, _size(seed, 1))))
        for number in (12, 13, 14):
            low, some = a_case(
                number, _size(seed, 1), use_class=UseClass.REFERENCE, reasons=("site_reference",)
            )
            with contextlib.suppress(StoreFull):
                claim(store.seal(low, some))
        claim(store.heartbeat())


def _size(seed: int, number: int) -> int:
    return SIZES[(seed + number) % len(SIZES)] + 13 * seed


def works() -> Iterator[Work]:
    """All of them."""
    yield Work("first start", _nothing, _go_on)
    yield Work("seal", _three, _seal)
    yield Work("receipt and purge", _three, _receipts)
    yield Work("prune", _receipted, _prune)
    yield Work("start with a damaged database", _damaged, _go_on, forgiving=True)
    yield Work("start with lost files", _lost_files, _go_on, spoils=True)
    yield Work("start as an older copy", _forked, _go_on, forgiving=True)
    yield Work("start after an upgrade", _old_release, _go_on)
    yield Work("full", _nothing, _fill)
