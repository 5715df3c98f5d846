import contextlib
import errno
import hashlib
import json
import os
import sqlite3
import threading
from dataclasses import replace

import pytest

from edge_agent.core.events import ClockSource
from edge_agent.core.records import UseClass
from edge_agent.core.scene import Phase
from edge_agent.core.units import S
from edge_agent.errors import EvidenceError, SealRefused, StoreFault, StoreFull, VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.disk import Disk
from edge_agent.evidence.dsse import EVIDENCE_TYPE
from edge_agent.evidence.examples import KEY, Clock, a_case, a_store, store_settings
from edge_agent.evidence.examples_street import a_coverage, a_zone_case
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.receipts import Need, Receipt, ReceiptItem, ReceiptStatus, Watermark
from edge_agent.evidence.settings import MIB
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.statement_records import TimeStep

RING = KeyRing({EVIDENCE_TYPE: [KEY.public]})
HOUR = 3_600_000_000


def payloads(store):
    return [
        dsse.open_envelope(store.packet(seq).envelope, RING, {EVIDENCE_TYPE}).payload for seq in store.seqs()
    ]


def statements(store):
    return [parse(payload) for payload in payloads(store)]


def receipt(store, *sealed, status=ReceiptStatus.ACCEPTED, watermark=None, **other):
    items = tuple(
        ReceiptItem(packet_id=s.packet_id, payload_sha256=s.payload_sha256, status=status) for s in sealed
    )
    return Receipt(
        **{
            "tenant": "city",
            "device_id": "ea-test-0001",
            "epoch": store.head().epoch,
            "received_utc_us": 1,
            "items": items,
            "watermark": watermark,
            **other,
        }
    )


def files(directory):
    return sorted(p.name for p in (directory / "attachments").iterdir())


@pytest.fixture
def store(tmp_path):
    with a_store(tmp_path) as opened:
        yield opened


def test_a_new_store_begins_with_a_genesis_that_names_its_key(store):
    [genesis] = statements(store)
    assert genesis.kind is Kind.GENESIS
    assert genesis.record.reason == "new_store"
    assert genesis.record.public_key_spki == KEY.public.spki.hex()
    assert genesis.chain.epoch == store.head().epoch


def test_two_stores_have_two_epochs(tmp_path):
    with a_store(tmp_path / "a") as a, a_store(tmp_path / "b") as b:
        assert a.head().epoch != b.head().epoch


def test_every_statement_is_signed_and_names_the_one_before(store):
    for number in (1, 2, 3):
        seal, blobs = a_case(number)
        store.seal(seal, blobs)
    store.heartbeat()
    made = payloads(store)
    for seq, statement in enumerate(statements(store)):
        assert statement.chain.seq == seq
        if seq:
            assert statement.chain.prev == hashlib.sha256(made[seq - 1]).hexdigest()
            assert statement.chain.store_genesis == hashlib.sha256(made[0]).hexdigest()
    assert hashlib.sha256(made[-1]).hexdigest() == store.head().payload_sha256


def test_a_sealed_case_is_there_after_a_restart_byte_for_byte(tmp_path):
    seal, blobs = a_case()
    with a_store(tmp_path) as store:
        sealed = store.seal(seal, blobs, b"raw")
        envelope = store.packet(sealed.seq).envelope
    with a_store(tmp_path) as store:
        assert store.packet(sealed.seq).envelope == envelope
        for sha256, data in blobs.items():
            assert store.attachment(sha256) == data
        assert store.attachment(hashlib.sha256(b"raw").hexdigest()) == b"raw"


def test_sealing_the_same_case_again_gives_the_statement_that_there_is(store):
    seal, blobs = a_case()
    first = store.seal(seal, blobs)
    assert store.seal(seal, blobs) == first
    assert store.stats().cases == 1


def test_an_amendment_names_what_it_replaces_and_that_one_stays(store):
    seal, blobs = a_case()
    first = store.seal(seal, blobs)
    second = store.seal(replace(seal, revision=1), blobs)
    assert parse(second.payload).links.amends == first.packet_id
    assert [s.kind for s in statements(store)] == [Kind.GENESIS, Kind.COMPOSITE, Kind.COMPOSITE]


def test_bytes_that_are_not_what_their_digest_says_are_refused_and_nothing_is_left(store, tmp_path):
    seal, blobs = a_case()
    swapped = dict(zip(blobs, reversed(blobs.values()), strict=True))
    with pytest.raises(SealRefused, match="another digest"):
        store.seal(seal, swapped)
    assert store.head().seq == 0
    assert files(tmp_path) == []
    assert store.seal(seal, blobs).seq == 1


def test_a_refused_statement_leaves_no_gap(store):
    seal, blobs = a_case()
    with pytest.raises(SealRefused):
        store.seal(replace(seal, verdicts=()), blobs)
    assert store.seal(seal, blobs).seq == 1


def test_a_second_process_cannot_open_the_store(store, tmp_path):
    with pytest.raises(EvidenceError, match="another process"):
        a_store(tmp_path)


def test_a_closed_store_refuses_everything(tmp_path):
    store = a_store(tmp_path)
    store.close()
    with pytest.raises(StoreFault, match="closed"):
        store.head()


# --- sending ------------------------------------------------------------------------------------


def three_cases(store):
    return [store.seal(*a_case(number)) for number in (1, 2, 3)]


def test_the_backlog_goes_oldest_first_and_live_cases_newest_first(store):
    three_cases(store)
    store.heartbeat()
    assert [p.seq for p in store.pending(10**9, 0)] == [0, 1, 2, 3, 4]
    assert [p.seq for p in store.pending(10**9, 0, Lane.LIVE)] == [3, 2, 1]


def test_a_window_holds_what_fits_and_never_less_than_one(store):
    three_cases(store)
    sizes = [p.bytes for p in store.pending(10**9, 0)]
    assert [p.seq for p in store.pending(sizes[0] + sizes[1], 0)] == [0, 1]
    assert [p.seq for p in store.pending(1, 0)] == [0]


def test_a_sent_statement_is_not_offered_again_before_its_time(store):
    three_cases(store)
    store.mark_sent(0, next_at=100)
    assert [p.seq for p in store.pending(10**9, 99)] == [1, 2, 3]
    assert next((p.seq, p.attempts) for p in store.pending(10**9, 100)) == (0, 1)
    assert store.stats().sent == 1


def test_what_was_sent_is_forgotten_at_a_restart_and_offered_again(tmp_path):
    with a_store(tmp_path) as store:
        store.mark_sent(0, next_at=10**18)
    with a_store(tmp_path) as store:
        assert [p.seq for p in store.pending(10**9, 0)] == [0]


def test_only_a_receipt_takes_a_statement_out_of_the_outbox(store):
    first, second, _ = three_cases(store)
    store.mark_sent(first.seq, next_at=0)
    assert [p.seq for p in store.pending(10**9, 1)] == [0, 1, 2, 3]
    applied = store.apply_receipt(receipt(store, first, second), b"envelope")
    assert applied.receipted == (1, 2)
    assert [p.seq for p in store.pending(10**9, 1)] == [0, 3]
    assert store.receipt_of(1) == b"envelope"
    assert store.receipt_of(3) is None


def test_a_watermark_covers_everything_before_it(store):
    *_, last = three_cases(store)
    mark = Watermark(seq=last.seq, payload_sha256=last.payload_sha256)
    assert store.apply_receipt(receipt(store, watermark=mark), b"r").receipted == (0, 1, 2, 3)
    assert store.pending(10**9, 0) == ()


@pytest.mark.parametrize("field", ["payload_sha256", "packet_id"])
def test_an_item_about_something_else_changes_nothing(store, field):
    first, second, _ = three_cases(store)
    item = ReceiptItem(
        **{"packet_id": first.packet_id, "payload_sha256": first.payload_sha256, "status": "accepted"}
        | {field: getattr(second, field)}
    )
    applied = store.apply_receipt(receipt(store, items=(item,)), b"r")
    assert not applied
    assert applied.unknown == 1
    assert store.stats().receipted == 0


def test_a_watermark_with_another_hash_changes_nothing(store):
    three_cases(store)
    mark = Watermark(seq=3, payload_sha256="ab" * 32)
    assert store.apply_receipt(receipt(store, watermark=mark), b"r").unknown == 1
    assert store.stats().receipted == 0


def test_a_receipt_of_another_epoch_changes_nothing(store):
    first, *_ = three_cases(store)
    assert not store.apply_receipt(receipt(store, first, epoch="00" * 16), b"r")
    assert store.stats().receipted == 0


def test_the_same_receipt_twice_or_a_later_rejection_changes_nothing(store):
    first, *_ = three_cases(store)
    assert store.apply_receipt(receipt(store, first), b"r").receipted == (1,)
    assert not store.apply_receipt(receipt(store, first), b"r again")
    assert not store.apply_receipt(receipt(store, first, status=ReceiptStatus.REJECTED), b"rejected")
    assert store.receipt_of(1) == b"r"
    assert store.stats().receipted == 1


def test_a_rejected_statement_is_kept_and_a_later_acceptance_counts(store):
    first, *_ = three_cases(store)
    assert store.apply_receipt(receipt(store, first, status=ReceiptStatus.REJECTED), b"r").rejected == (1,)
    assert store.stats().rejected == 1
    assert 1 not in [p.seq for p in store.pending(10**9, 0)]
    assert store.apply_receipt(receipt(store, first), b"r").receipted == (1,)


def test_what_the_platform_needs_is_handed_on(store):
    first, *_ = three_cases(store)
    need = Need(sha256="ab" * 32, ranges=((0, 100),))
    item = ReceiptItem(
        packet_id=first.packet_id, payload_sha256=first.payload_sha256, status="need", need=(need,)
    )
    applied = store.apply_receipt(receipt(store, items=(item,)), b"r")
    assert applied.needs == ((1, need),)
    assert store.stats().receipted == 0


def test_a_platform_that_lost_everything_gets_it_again(store):
    first, *_ = three_cases(store)
    store.apply_receipt(receipt(store, first), b"r")
    store.resend([first.seq])
    [again, *_] = store.pending(10**9, 0)
    assert again.seq == first.seq
    assert len(again.attachments) == 3
    store.mark_sent(again.seq, next_at=10**18)
    assert first.seq not in [p.seq for p in store.pending(10**9, 0)]


def test_a_poison_statement_is_set_aside_and_said_so_in_the_chain(store):
    first, *_ = three_cases(store)
    store.quarantine(first.seq, "broke the connection three times")
    assert 1 not in [p.seq for p in store.pending(10**9, 0)]
    incident = statements(store)[-1].record
    assert (incident.what, incident.subject) == ("quarantined", "seq 1")
    assert store.stats().quarantined == 1


# --- attachments --------------------------------------------------------------------------------


def test_a_damaged_file_is_never_sent_as_good(store, tmp_path):
    seal, blobs = a_case()
    sealed = store.seal(seal, blobs)
    other = store.seal(*a_case(2))
    victim = next(iter(blobs))
    path = tmp_path / "attachments" / victim
    path.write_bytes(b"X" + path.read_bytes()[1:])
    with pytest.raises(VerificationError, match="damaged"):
        store.attachment(victim)
    assert [p.seq for p in store.pending(10**9, 0, Lane.LIVE)] == [other.seq]
    assert [s.record.what for s in statements(store) if s.kind is Kind.INCIDENT] == ["attachment_damaged"]
    assert store.stats().quarantined == 1
    assert store.packet(sealed.seq) is not None
    with pytest.raises(VerificationError):
        store.attachment(victim)
    assert len([s for s in statements(store) if s.kind is Kind.INCIDENT]) == 1


@pytest.mark.parametrize("harm", ["missing", "cut"])
def test_a_file_that_is_gone_at_the_start_is_told_once(tmp_path, harm):
    seal, blobs = a_case()
    with a_store(tmp_path) as store:
        store.seal(seal, blobs)
        kept = store.seal(*a_case(2))
    path = tmp_path / "attachments" / next(iter(blobs))
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1])
    for _ in range(2):
        with a_store(tmp_path) as store:
            assert [p.seq for p in store.pending(10**9, 0, Lane.LIVE)] == [kept.seq]
            incidents = [s.record for s in statements(store) if s.kind is Kind.INCIDENT]
            assert [(i.what, i.subject) for i in incidents] == [("attachment_damaged", next(iter(blobs)))]


def test_a_picture_shared_by_two_statements_is_kept_until_both_are_done(store, tmp_path):
    seal, blobs = a_case()
    first = store.seal(seal, blobs)
    second = store.seal(replace(seal, revision=1), blobs)
    assert len(files(tmp_path)) == 3
    store.apply_receipt(receipt(store, first), b"r")
    assert store.purge(early=True) == 0
    assert len(files(tmp_path)) == 3
    store.apply_receipt(receipt(store, second), b"r")
    assert store.purge(early=True) == 3
    assert files(tmp_path) == []


def test_nothing_without_a_receipt_is_ever_purged(store, tmp_path):
    three_cases(store)
    assert store.purge(early=True) == 0
    assert len(files(tmp_path)) == 9


def test_a_receipted_picture_stays_for_its_keep_time_and_its_statement_for_ever(tmp_path):
    clock = Clock()
    with a_store(tmp_path, utc_us=clock) as store:
        first, *_ = three_cases(store)
        store.apply_receipt(receipt(store, first), b"r")
        assert store.purge() == 0
        clock.ahead_us = 73 * HOUR
        assert store.purge() == 3
        assert parse(store.packet(first.seq) and payloads(store)[first.seq]).kind is Kind.COMPOSITE
        assert store.packet(first.seq).attachments == ()
        assert store.stats().receipted == 1
        assert len(files(tmp_path)) == 6


def test_old_orphans_are_cleaned_and_young_ones_stay(tmp_path):
    with a_store(tmp_path) as store:
        store.seal(*a_case())
    old, young = tmp_path / "attachments" / ("ab" * 32), tmp_path / "attachments" / "cd.part"
    old.write_bytes(b"old")
    young.write_bytes(b"young")
    os.utime(old, (1, 1))
    with a_store(tmp_path):
        assert not old.exists()
        assert young.exists()
        assert len(files(tmp_path)) == 4


def test_a_folder_that_somebody_left_among_the_pictures_stops_no_start(tmp_path):
    with a_store(tmp_path) as store:
        store.seal(*a_case())
    (tmp_path / "attachments" / "to look at").mkdir()
    (tmp_path / "attachments" / "nowhere").symlink_to("gone")
    os.utime(tmp_path / "attachments" / "to look at", (1, 1))
    with a_store(tmp_path) as store:
        assert store.head().seq == 1


@pytest.mark.parametrize("name", ["evidence.db", "evidence.db-wal"])
def test_nobody_else_can_read_the_database_whatever_the_umask_says(tmp_path, name):
    before = os.umask(0o022)
    try:
        with a_store(tmp_path) as store:
            store.seal(*a_case())
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


# --- no room ------------------------------------------------------------------------------------


def test_over_quota_receipted_pictures_go_early_and_unreceipted_ones_never(tmp_path):
    settings = store_settings(tmp_path, quota_bytes=64 * MIB)
    big = 10 * MIB
    with a_store(tmp_path, settings=settings) as store:
        first = store.seal(*a_case(1, size=big))
        store.seal(*a_case(2, size=big))
        with pytest.raises(StoreFull, match="quota"):
            store.seal(*a_case(3, size=big))
        assert store.stats().attachment_bytes == 6 * big
        assert store.stats().lost == 1
        loss = statements(store)[-1].record
        assert (loss.type, loss.count, loss.reason) == ("loss", 1, "quota")
        store.apply_receipt(receipt(store, first), b"r")
        assert store.seal(*a_case(4, size=big)).seq == 4
        assert parse(payloads(store)[4]).health.lost == 1


class FullDisk(Disk):
    """Takes files until told otherwise."""

    full = False

    def write_part(self, descriptor, data):
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write_part(descriptor, data)


def test_a_full_disk_costs_the_case_is_told_and_ends_by_itself(tmp_path):
    disk = FullDisk()
    settings = store_settings(tmp_path, ballast_bytes=MIB)
    with a_store(tmp_path, disk=disk, settings=settings) as store:
        assert (tmp_path / "ballast").stat().st_blocks * 512 >= MIB
        disk.full = True
        with pytest.raises(StoreFull, match="disk full"):
            store.seal(*a_case(1))
        assert files(tmp_path) == []
        assert not (tmp_path / "ballast").exists()
        assert statements(store)[-1].record.reason == "disk full"
        disk.full = False
        assert store.seal(*a_case(2)).seq == 2
    with a_store(tmp_path, settings=settings):
        assert (tmp_path / "ballast").exists()


# --- records ------------------------------------------------------------------------------------


def test_a_step_of_the_clock_is_part_of_the_chain(store):
    sealed = store.record(
        TimeStep(
            step_us=-5_000_000, steps=1, since_monotonic_us=0, source=ClockSource.NTP, detail="server stepped"
        )
    )
    assert parse(sealed.payload).record.step_us == -5_000_000


def test_every_statement_tells_the_state_of_the_box(store):
    three_cases(store)
    health = parse(store.heartbeat().payload).health
    assert health.unreceipted == 4
    assert health.oldest_unreceipted_age_s > 0
    assert health.disk_free_bytes > 0
    assert health.lost == 0


def test_threads_take_turns(store):
    def work(start):
        for number in range(start, start + 5):
            store.seal(*a_case(number))
            store.pending(10**6, 0)
            store.stats()

    threads = [threading.Thread(target=work, args=(n * 100,)) for n in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.head().seq == 15
    assert [s.chain.seq for s in statements(store)] == list(range(16))


def test_the_columns_of_a_sealed_statement_are_its_own(store):
    sealed = store.seal(*a_case())
    fields = json.loads(sealed.payload)
    pending = store.packet(sealed.seq)
    assert (pending.packet_id, pending.kind) == (fields["packet_id"], fields["kind"])
    assert pending.sealed_utc_us == fields["time"]["sealed_utc_us"]
    assert [f.sha256 for f in pending.attachments] == sorted(a["sha256"] for a in fields["attachments"])
    assert fields["measurement"]["first_axle_monotonic_us"] == 60 * S // 1000


# --- the street ----------------------------------------------------------------------------------


def test_a_case_of_the_street_is_sealed_sent_and_verified_like_one_of_the_bridge(store, tmp_path):
    seal, blobs = a_zone_case()
    sealed = store.seal(seal, blobs)
    assert store.seal(seal, blobs) == sealed  # the same decision twice is one statement
    live = store.pending(10 * MIB, 0, Lane.LIVE)
    assert [(item.kind, len(item.attachments)) for item in live] == [(Kind.STOREFRONT, 11)]
    assert files(tmp_path) == sorted(blobs)


def test_the_records_of_a_case_name_its_first_also_when_another_run_used_the_name(store):
    first = store.seal(*a_zone_case())
    store.seal(*a_zone_case(phase=Phase.ONGOING))
    cleared = store.seal(*a_zone_case(phase=Phase.CLEARED))
    again = store.seal(*a_zone_case(reasons=("low_light",), use_class=UseClass.REFERENCE))
    ongoing = store.seal(*a_zone_case(phase=Phase.ONGOING, reasons=("low_light",)))
    links = {s.packet_id: s.links for s in statements(store)}
    assert links[cleared.packet_id].correlates == [first.packet_id]
    assert links[again.packet_id].correlates == []
    assert links[ongoing.packet_id].correlates == [again.packet_id]
    assert all(link.amends is None for link in links.values())


def test_what_was_watched_is_sealed_once_waits_in_the_backlog_and_counts_as_no_case(store):
    sealed = store.seal(a_coverage(), {})
    assert store.seal(a_coverage(), {}) == sealed
    assert store.stats().cases == 0
    assert store.pending(MIB, 0, Lane.LIVE) == ()
    assert Kind.COVERAGE in [item.kind for item in store.pending(MIB, 0)]


def test_a_case_of_the_street_for_which_there_is_no_room_is_a_signed_loss(tmp_path):
    with a_store(tmp_path, settings=store_settings(tmp_path, quota_bytes=64 * MIB)) as store:
        huge = bytes(65 * MIB)
        picture = replace(a_zone_case()[0].pictures[0], sha256=hashlib.sha256(huge).hexdigest())
        with pytest.raises(StoreFull, match="case door_s1-1"):
            store.seal(replace(a_zone_case()[0], pictures=(picture,), detections=()), {picture.sha256: huge})
        assert statements(store)[-1].record.lost_class == "enforcement"


def test_a_store_from_before_the_street_is_taken_over_with_everything_in_it(tmp_path):
    with a_store(tmp_path) as store:
        sealed = store.seal(*a_case(1))
        before = payloads(store)
    db = sqlite3.connect(tmp_path / "evidence.db")
    with contextlib.closing(db):  # as version 1 made it
        for table in ("command", "command_counter", "command_refusal"):
            db.execute(f"DROP TABLE {table}")
        db.execute("DROP INDEX packet_street")
        db.execute("DROP INDEX packet_inspection")
        for column in ("phase", "zone", "event_type"):
            db.execute(f"ALTER TABLE packet DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    with a_store(tmp_path) as store:
        assert payloads(store) == before
        assert store.head().payload_sha256 == sealed.payload_sha256
        store.seal(*a_zone_case())
        assert [case.zone for case in store.open_cases(0, 0)] == ["door_s1"]


def test_a_store_from_before_zones_were_told_apart_knows_them_and_its_inspections(tmp_path):
    with a_store(tmp_path) as store:
        store.seal(*a_case(1))
        store.seal(*a_zone_case())
        store.seal(*a_zone_case(2, Phase.INSPECTION))
        before = store.open_cases(0, 0)
    db = sqlite3.connect(tmp_path / "evidence.db")
    with contextlib.closing(db):  # as version 2 made it
        for table in ("command", "command_counter", "command_refusal"):
            db.execute(f"DROP TABLE {table}")
        db.execute("DROP INDEX packet_street")
        db.execute("DROP INDEX packet_inspection")
        for column in ("zone", "event_type"):
            db.execute(f"ALTER TABLE packet DROP COLUMN {column}")
        db.execute(
            "CREATE INDEX packet_street ON packet (kind, case_id, seq, phase, sealed_utc_us)"
            " WHERE kind = 'storefront'"
        )
        db.execute("PRAGMA user_version = 2")
        db.commit()
    with a_store(tmp_path) as store:
        assert store.open_cases(0, 0) == before
        assert len(before) == 1
        assert store.answered_orders() == (("draw-2026-11-18-3", "door_s1"),)
        rows = store._db.execute("SELECT kind, zone, event_type FROM packet ORDER BY seq").fetchall()
        assert rows[-2:] == [
            ("storefront", "door_s1", "shop_overflow"),
            ("inspection", "door_s1", "shop_overflow"),
        ]
        assert rows[-3] == ("composite", None, None)


def test_a_seal_and_a_look_at_the_store_read_nothing_that_was_let_go(tmp_path):
    queries = {
        "SELECT coalesce(sum(size), 0) FROM attachment WHERE state = 'kept'": "attachment_kept",
        "SELECT state, count(*) FROM packet GROUP BY state": "COVERING INDEX packet_state",
    }
    with a_store(tmp_path) as store:
        for query, index in queries.items():
            [plan] = store._db.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
            assert index in plan[-1]
