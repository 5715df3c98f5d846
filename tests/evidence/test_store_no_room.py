"""A full disk, and whatever is asked of the store then: the ballast is for what the box says of itself."""

import contextlib
import errno
import json
import sqlite3

import pytest

from edge_agent.errors import StoreFault, StoreFull
from edge_agent.evidence import platform_copy
from edge_agent.evidence.certificates import KeyCertificate
from edge_agent.evidence.contract_vectors_keys import NEXT_KEY, authority
from edge_agent.evidence.examples import Clock, a_case, a_store, an_identity, store_settings
from edge_agent.evidence.examples_street import a_coverage
from edge_agent.evidence.notes import HeadNote
from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus
from edge_agent.evidence.statement_records import Incident
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material


class Full(sqlite3.OperationalError):
    sqlite_errorcode = sqlite3.SQLITE_FULL


class FullDisk:
    """No statement fits while it is on and the ballast is there, or while it is `hopeless`."""

    def __init__(self, folder):
        self.on = self.hopeless = False
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, sql, *args):
                full = disk.hopeless or (disk.on and (folder / "ballast").exists())
                if full and sql.startswith("INSERT INTO packet"):
                    raise Full("no room")
                return super().execute(sql, *args)

        self.factory = Connection

    def connect(self, path):
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=self.factory)


@pytest.fixture
def disk(tmp_path):
    return FullDisk(tmp_path)


@pytest.fixture
def store(tmp_path, disk):
    settings = store_settings(tmp_path, ballast_bytes=4096)
    with a_store(tmp_path, settings=settings, connector=disk.connect) as store:
        yield store


def records(store, kind):
    rows = store._db.execute("SELECT payload FROM packet WHERE kind = ? ORDER BY seq", (kind,))
    return [json.loads(payload)["record"] for (payload,) in rows.fetchall()]


def test_what_the_box_says_of_itself_takes_the_ballast_at_once(store, disk, tmp_path):
    disk.on = True
    store.record(Incident(what="w", subject="s", detail="d"))
    assert not (tmp_path / "ballast").exists()
    store.keep_house()
    store.seal(a_coverage(), {})
    assert store.stats().lost == 0


def test_without_any_room_a_coverage_record_is_counted(store, disk):
    disk.hopeless = True
    with pytest.raises(StoreFull):
        store.seal(a_coverage(), {})
    disk.hopeless = False
    assert store.stats().lost == 1


def test_a_start_that_has_something_to_say_takes_the_ballast(tmp_path, disk):
    settings = store_settings(tmp_path, ballast_bytes=4096)
    a_store(tmp_path, settings=settings).close()
    (tmp_path / "running").touch()
    disk.on = True
    with a_store(tmp_path, settings=settings, connector=disk.connect) as store:
        assert [r["what"] for r in records(store, "incident")] == ["store_not_closed"]


def test_a_case_is_counted_though_the_certificate_s_end_could_not_be_told(tmp_path, disk, monkeypatch):
    monkeypatch.setattr(KeyCertificate, "problem_at", lambda *_: "expired")
    identity = an_identity(device_certificates={NEXT_KEY.keyid: authority()[1]})
    settings = store_settings(tmp_path)
    with EvidenceStore.open(settings, NEXT_KEY, identity, connector=disk.connect, utc_us=Clock()) as store:
        disk.hopeless = True
        with pytest.raises(StoreFull, match="the loss is counted"):
            store.seal(*a_case(1))
        disk.hopeless = False
        assert store.stats().lost == 1
        store.seal(*a_case(2))
        assert "evidence_certificate_expired" in {r["what"] for r in records(store, "incident")}


def test_what_is_set_aside_is_told_in_the_same_commit(store, disk):
    sealed = store.seal(*a_case(1))
    disk.hopeless = True
    with pytest.raises(StoreFull):
        store.quarantine(sealed.seq, "too large")
    disk.hopeless = False
    assert store.stats().quarantined == 0  # else it would never be sent, and nobody told
    store.quarantine(sealed.seq, "too large")
    store.quarantine(sealed.seq, "too large")
    assert store.stats().quarantined == 1
    assert [r["what"] for r in records(store, "incident")] == ["quarantined"]
    assert store.unreceipted == store.stats().pending


def test_a_broker_that_takes_nothing_does_not_fill_the_chain_with_incidents(store):
    store.seal(*a_case(1))
    for _ in range(10):
        for item in store.pending(10**9, 0, Lane.BACKLOG):
            store.quarantine(item.seq, "fits no message")
    assert store.stats().pending == 0
    assert len(records(store, "incident")) == 2  # the genesis and the case


def test_the_note_of_a_fork_takes_the_ballast(store, tmp_path, monkeypatch):
    real = platform_copy.write_fork

    def write_fork(path, head):
        if (tmp_path / "ballast").exists():
            raise OSError(errno.ENOSPC, "no room")
        real(path, head)

    monkeypatch.setattr(platform_copy, "write_fork", write_fork)
    sealed = store.seal(*a_case(1))
    with pytest.raises(StoreFault, match="older copy"):
        store.stop_for_fork(HeadNote(sealed.epoch, 9, "ab" * 32))
    store.close()
    with a_store(tmp_path) as again:
        assert records(again, "genesis")[0]["reason"] == "store_restored"


def test_receipted_pictures_go_early_after_the_clock_was_set_back(tmp_path):
    now = [1_795_000_000_000_000]
    with a_store(tmp_path, utc_us=lambda: now[0]) as store:
        sealed = store.seal(*a_case(1))
        item = ReceiptItem(
            packet_id=sealed.packet_id,
            payload_sha256=sealed.payload_sha256,
            status=ReceiptStatus.ACCEPTED,
        )
        receipt = Receipt(
            tenant="city", device_id="ea-test-0001", epoch=sealed.epoch, received_utc_us=1, items=(item,)
        )
        store.apply_receipt(receipt, b"receipt")
        now[0] -= 86_400_000_000
        assert store.purge() == 0
        assert store.purge(early=True) == 3


def test_a_check_that_comes_after_the_end_says_nothing(tmp_path):
    store = a_store(tmp_path)
    store.close()
    store.check_integrity()


@pytest.mark.parametrize("harm", ["forked", "damaged"])
def test_a_new_epoch_says_why_though_the_note_of_the_head_is_gone(tmp_path, harm):
    with a_store(tmp_path) as store:
        sealed = store.seal(*a_case(1))
        if harm == "forked":
            with contextlib.suppress(StoreFault):
                store.stop_for_fork(HeadNote(sealed.epoch, 9, "ab" * 32))
    (tmp_path / "head").unlink()
    if harm == "damaged":
        (tmp_path / "evidence.db").write_bytes(b"no database" * 1000)
    reason = {"forked": "store_restored", "damaged": "store_corrupt"}[harm]
    with a_store(tmp_path) as store:
        assert records(store, "genesis")[0]["reason"] == reason
        assert records(store, "genesis")[0]["last_seq"] == {"forked": 9, "damaged": None}[harm]
        assert records(store, "incident")[0]["what"] == reason
    assert verify(open_material(tmp_path)).good
