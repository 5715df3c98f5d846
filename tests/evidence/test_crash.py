"""What the store promises when the process or the disk dies between any two of its calls.

The n-th call of a seal fails, for every n; or the process is gone before it, or just after it. Then a
fresh process looks at what is on the disk: nothing that was claimed sealed may be lost, the chain has
no gap, and no attachment is half there.
"""

import errno
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest

from edge_agent.core.scene import Phase
from edge_agent.errors import StoreFault, StoreFull
from edge_agent.evidence.disk import Disk, SyncFailed
from edge_agent.evidence.examples import BASE_UTC, a_case, a_store, store_settings
from edge_agent.evidence.examples_street import a_coverage, a_zone_case
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material


class Death(BaseException):
    """The process is gone: nobody catches this, and nothing runs after it."""


class Plan:
    """Counts calls; one of them goes wrong."""

    def __init__(self, at=None, *, dies=True, after=False):
        self.at, self.dies, self.after = at, dies, after
        self.lock = threading.Lock()
        self.armed = False
        self.count = 0
        self.dead = False

    def run(self, error, call, *args):
        if self.dead:
            raise Death
        if not self.armed:
            return call(*args)
        with self.lock:
            self.count += 1
            hit = self.count == self.at
        if hit and not self.after:
            self.fail(error)
        result = call(*args)
        if hit:
            if isinstance(result, sqlite3.Cursor):
                result.close()  # an open one keeps the connection, and its lock, alive
            self.fail(error)
        return result

    def fail(self, error):
        if self.dies:
            self.dead = True
            raise Death
        raise error


class FailingDisk(Disk):
    def __init__(self, plan):
        self.plan = plan


for _name in ("write_part", "sync", "rename", "unlink", "read"):
    setattr(
        FailingDisk,
        _name,
        lambda self, *args, _name=_name: self.plan.run(
            OSError(errno.EIO, "Input/output error"), getattr(super(FailingDisk, self), _name), *args
        ),
    )


def failing_connector(plan):
    class FailingConnection(sqlite3.Connection):
        def execute(self, *args):
            return plan.run(sqlite3.OperationalError("disk I/O error"), super().execute, *args)

        def executemany(self, *args):
            return plan.run(sqlite3.OperationalError("disk I/O error"), super().executemany, *args)

    return lambda path: sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, factory=FailingConnection
    )


def open_with(plan, directory):
    """A store whose clock moves a month at each look, so that what was receipted is old at once."""
    return a_store(
        directory,
        disk=FailingDisk(plan),
        connector=failing_connector(plan),
        settings=store_settings(directory, check_links_at_start=1, keep_statements_days=30),
        utc_us=itertools.count(BASE_UTC // 1000, 31 * 86_400_000_000).__next__,
    )


def calls_of(work, tmp_path):
    """How many calls `work` makes when nothing fails."""
    plan = Plan()
    with open_with(plan, tmp_path / "count") as store:
        store.seal(*a_case(1))
        before(work, store)
        plan.armed = True
        WORK[work](store)
        plan.armed = False
    return plan.count


def seal_second(store):
    return store.seal(*a_case(2), b"raw bytes")


def receipt_and_purge(store):
    packet = store.packet(1)
    item = ReceiptItem(
        packet_id=packet.packet_id, payload_sha256=packet.payload_sha256, status=ReceiptStatus.ACCEPTED
    )
    receipt = Receipt(
        tenant="city", device_id="ea-test-0001", epoch=store.head().epoch, received_utc_us=1, items=(item,)
    )
    store.apply_receipt(receipt, b"receipt")
    store.purge(early=True)


def receipted_long_ago(store):
    """Genesis, a case whose pictures are gone, two heartbeats."""
    store.heartbeat()
    store.heartbeat()
    packets = [store.packet(seq) for seq in store.seqs()]
    items = [
        ReceiptItem(packet_id=p.packet_id, payload_sha256=p.payload_sha256, status=ReceiptStatus.ACCEPTED)
        for p in packets
    ]
    receipt = Receipt(
        tenant="city",
        device_id="ea-test-0001",
        epoch=store.head().epoch,
        received_utc_us=1,
        items=tuple(items),
    )
    store.apply_receipt(receipt, b"receipt")
    store.purge()


def prune(store):
    assert store.prune() == 3


def check_whole(directory, claimed):
    """The disk holds a whole chain with everything that was claimed; and sealing goes on."""
    with a_store(directory) as store:
        gone = store.reading().let_go().seq
        for sealed in claimed:
            packet = store.packet(sealed.seq)
            assert packet.payload_sha256 == sealed.payload_sha256 if packet else sealed.seq <= gone
        again = store.seal(*a_case(2), b"raw bytes")
        assert again.seq <= store.head().seq
        assert store.seal(*a_case(3)).seq == store.head().seq
        here = [seq for seq in store.seqs() if store.packet(seq)]
    assert here[0] == 0
    gaps = [seq for before, seq in itertools.pairwise(here) if seq != before + 1]
    assert gaps in ([], [gone])
    report = verify(open_material(directory))
    assert report.good, report.problems
    assert report.links == report.statements - 1 - len(gaps)


def seal_of_a_street(store):
    store.seal(*a_zone_case(phase=Phase.ONGOING))
    return store.seal(a_coverage(), {})


WORK = {
    "seal": seal_second,
    "seal of a street": seal_of_a_street,
    "receipt and purge": receipt_and_purge,
    "prune": prune,
}
BEFORE = {"prune": receipted_long_ago}


def before(work, store):
    if work in BEFORE:
        BEFORE[work](store)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("work", WORK)
def test_a_process_that_dies_at_any_call_loses_nothing_it_claimed(tmp_path, work, after):
    calls = calls_of(work, tmp_path)
    assert calls > 8
    for at in range(1, calls + 1):
        plan = Plan(at, after=after)
        here = tmp_path / f"{at}"
        store = open_with(plan, here)
        claimed = [store.seal(*a_case(1))]
        before(work, store)
        plan.armed = True
        with pytest.raises(Death):
            WORK[work](store)
        wreck = tmp_path / f"{at}-wreck"
        shutil.copytree(here, wreck)  # as it lies there, the connection still open
        check_whole(wreck, claimed)
        plan.dead = plan.armed = False
        store.close()


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("work", WORK)
def test_a_disk_that_fails_at_any_call_stops_the_store_and_nothing_claimed_is_lost(tmp_path, work, after):
    calls = calls_of(work, tmp_path)
    for at in range(1, calls + 1):
        plan = Plan(at, dies=False, after=after)
        here = tmp_path / f"{at}"
        store = open_with(plan, here)
        claimed = [store.seal(*a_case(1))]
        before(work, store)
        plan.armed = True
        with pytest.raises(StoreFault):
            WORK[work](store)
        with pytest.raises(StoreFault):
            store.heartbeat()
        with pytest.raises(StoreFault):
            store.pending(1, 0)
        plan.armed = False
        store.close()
        check_whole(here, claimed)


@pytest.mark.parametrize("call", ["write_part", "sync"])
def test_no_room_while_a_picture_is_written_is_a_loss_and_in_no_case_half_a_picture(tmp_path, call):
    """A short write, then no room: S4. The error may come as late as the fsync of the file."""

    class Filling(Disk):
        def __init__(self):
            self.left = None

        def write_part(self, descriptor, data):
            if call == "write_part" and self.left is not None:
                if self.left <= 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                data = data[: self.left]
                self.left -= len(data)
            return super().write_part(descriptor, data)

        def sync(self, descriptor):
            if call == "sync" and self.left is not None:
                raise SyncFailed(errno.ENOSPC, "No space left on device")
            super().sync(descriptor)

    disk = Filling()
    with a_store(tmp_path, disk=disk) as store:
        disk.left = 1_500
        with pytest.raises((StoreFull, StoreFault)) as caught:
            store.seal(*a_case(1))
        # An fsync that fails leaves unknown pages behind, whatever its reason: fail stop (S3).
        assert caught.type is (StoreFull if call == "write_part" else StoreFault)
    names = [p.name for p in (tmp_path / "attachments").iterdir()]
    assert not [n for n in names if n.endswith(".part")]
    with a_store(tmp_path) as store:
        assert store.seal(*a_case(1))
    assert verify(open_material(tmp_path)).good


SEALER = """
import json, sys
from pathlib import Path
from edge_agent.evidence.examples import a_case, a_store
store = a_store(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), 10**6):
    seal, blobs = a_case(number, size=20_000)
    sealed = store.seal(seal, blobs, b"raw")
    print(json.dumps([number, sealed.seq, sealed.payload_sha256]), flush=True)
"""


@pytest.mark.slow
def test_kill_minus_nine_at_random_moments_loses_nothing_and_leaves_no_gap(tmp_path):
    chance = random.Random(20261123)
    claimed = {}
    number = itertools.count(1)
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", SEALER, str(tmp_path / "store"), str(1000 * next(number))],
            stdout=subprocess.PIPE,
        )
        lines = [process.stdout.readline() for _ in range(chance.randint(1, 40))]
        os.kill(process.pid, signal.SIGKILL)
        rest, _ = process.communicate(timeout=30)
        for line in [*lines, *rest.splitlines(keepends=True)]:
            if line.endswith(b"\n"):  # a torn last line was not said
                _, seq, sha256 = json.loads(line)
                assert seq not in claimed
                claimed[seq] = sha256
    assert len(claimed) > 40
    with a_store(tmp_path / "store") as store:
        for seq, sha256 in claimed.items():
            assert store.packet(seq).payload_sha256 == sha256
    report = verify(open_material(tmp_path / "store"))
    assert report.good, report.problems
    assert report.statements >= len(claimed) + 1
    assert report.links == report.statements - 1


def test_a_store_whose_last_commits_were_cut_off_begins_a_new_epoch_that_names_them(tmp_path):
    """S7: a truncated log leaves a database that is whole, and older than what was sealed."""
    directory = tmp_path / "store"
    with a_store(directory) as store:
        for number in range(1, 4):
            store.seal(*a_case(number))
    older = tmp_path / "older"
    shutil.copytree(directory, older)
    with a_store(directory) as store:
        lost = store.seal(*a_case(4))
    shutil.copy(older / "evidence.db", directory / "evidence.db")
    with a_store(directory) as store:
        head = store.head()
        assert head.epoch != lost.epoch
        genesis = json.loads(payload_at(store, 0))["record"]
        assert genesis["reason"] == "store_corrupt"
        assert (genesis["last_epoch"], genesis["last_seq"]) == (lost.epoch, lost.seq)
        assert genesis["last_payload_sha256"] == lost.payload_sha256
        assert "commits were lost" in json.loads(payload_at(store, 1))["record"]["detail"]
    aside = directory / "quarantine" / "0001"
    assert len(list((aside / "attachments").iterdir())) == 12
    assert verify(open_material(directory)).good


@pytest.mark.parametrize("harm", ["flip", "nonsense", "cut", "gone"])
def test_a_damaged_database_is_kept_aside_and_a_new_epoch_begins(tmp_path, harm):
    with a_store(tmp_path) as store:
        for number in range(1, 30):
            store.seal(*a_case(number))
        before = store.head()
    path = tmp_path / "evidence.db"
    data = path.read_bytes()
    at = data.rindex(b'"schema":"evidence.v1"')
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(
            {
                "flip": data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],
                "nonsense": b"not a database at all" * 500,
                "cut": data[: len(data) // 2],
            }[harm]
        )
    with a_store(tmp_path) as store:
        genesis = json.loads(payload_at(store, 0))["record"]
        assert genesis["reason"] == ("store_missing" if harm == "gone" else "store_corrupt")
        assert genesis["last_seq"] == before.seq
        assert genesis["last_payload_sha256"] == before.payload_sha256
        assert store.seal(*a_case(99)).epoch != before.epoch
    assert len(list((tmp_path / "quarantine" / "0001" / "attachments").iterdir())) == 87
    assert verify(open_material(tmp_path)).good


def payload_at(store, seq):
    return store._db.execute("SELECT payload FROM packet WHERE seq = ?", (seq,)).fetchone()[0]
