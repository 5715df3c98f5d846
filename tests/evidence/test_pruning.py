"""Old statements go, only those that the platform has receipted; the chain can be checked as before."""

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.bench import flat_disk
from edge_agent.core.scene import Phase
from edge_agent.evidence.examples import Clock, a_case, a_store, store_settings
from edge_agent.evidence.examples_street import a_zone_case
from edge_agent.evidence.notes import HeadNote
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus, Watermark
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

DAY_US = 86_400_000_000
KEPT = 2  # of the newest, whatever happens


class Box:
    """A store whose time passes when it is told to, and what was sealed, receipted and seen of it."""

    def __init__(self, folder, **other):
        self.folder = folder
        self.clock = Clock()
        chosen = {"check_links_at_start": KEPT, "keep_statements_days": 30, **other}
        self.settings = store_settings(folder, **chosen)
        self.number = 0
        self.open()
        self.sealed = [self.store.head().payload_sha256]
        self.receipted = set()

    def open(self, **other):
        self.store = a_store(self.folder, settings=self.settings, utc_us=self.clock, **other)

    def seal(self):
        self.number += 1
        self.sealed.append(self.store.seal(*a_case(self.number, size=40)).payload_sha256)

    def street(self, phase, number):
        sealed = self.store.seal(*a_zone_case(number, phase, size=40))
        if sealed.seq == len(self.sealed):  # else it was sealed before
            self.sealed.append(sealed.payload_sha256)

    def beat(self):
        self.sealed.append(self.store.heartbeat().payload_sha256)

    def days_pass(self, days):
        self.clock.ahead_us += days * DAY_US

    def quarantine(self, seq):
        before = self.store.head().seq
        self.store.quarantine(seq, "poison")
        if self.store.head().seq > before:
            self.sealed.append(self.store.head().payload_sha256)

    def receipt(self, seqs, up_to=None):
        packets = [packet for seq in seqs if (packet := self.store.packet(seq))]
        said = Receipt(
            tenant="city",
            device_id="ea-test-0001",
            epoch=self.store.head().epoch,
            received_utc_us=1,
            items=tuple(
                ReceiptItem(
                    packet_id=p.packet_id, payload_sha256=p.payload_sha256, status=ReceiptStatus.ACCEPTED
                )
                for p in packets
            ),
            watermark=None if up_to is None else Watermark(seq=up_to, payload_sha256=self.sealed[up_to]),
        )
        self.receipted.update(self.store.apply_receipt(said, b"receipt").receipted)

    def watermark(self):
        self.receipt((), up_to=len(self.sealed) - 1)

    def purge(self):
        self.store.purge(early=True)

    def month(self):
        """As it should be: all that was sealed has its receipt, and time passes."""
        self.watermark()
        self.purge()
        self.days_pass(31)
        self.prune()

    def prune(self):
        before = recalled(self)
        self.store.prune()
        assert recalled(self) == before

    def restart(self):
        self.store.close()
        self.open()
        assert self.store.head().payload_sha256 == self.sealed[-1]  # nothing was set aside, nothing to tell

    @property
    def mark(self):
        return self.store.reading().let_go()

    @property
    def here(self):
        return {listed.seq for listed in self.store.reading().statements()}


@pytest.fixture
def box(tmp_path):
    made = Box(tmp_path / "evidence")
    yield made
    made.store.close()


def check(box):
    """All that must hold, whatever happened before."""
    mark = box.mark
    gone = set(range(len(box.sealed))) - box.here
    assert gone <= box.receipted
    assert all(seq in box.receipted for seq in range(mark.seq + 1))
    assert max(gone, default=-1) < max(mark.seq, 0)
    assert len(gone) == mark.statements
    stats = box.store.stats()
    assert stats.sealed == len(box.sealed)
    assert stats.receipted == len(box.receipted)
    epoch = box.store.head().epoch
    for seq, sha256 in enumerate(box.sealed):
        assert not box.store.is_fork(HeadNote(epoch, seq, sha256)), seq
    assert box.store.is_fork(HeadNote(epoch, len(box.sealed), "0" * 64))
    if mark.seq >= 0:
        assert mark.payload_sha256 == box.sealed[mark.seq]
        assert box.store.is_fork(HeadNote(epoch, mark.seq, "0" * 64))


@contextlib.contextmanager
def database(folder):
    """Of a store that is closed."""
    with contextlib.closing(sqlite3.connect(folder / "evidence.db")) as db, db:
        yield db


def recalled(box):
    return box.store.open_cases(box.clock(), 10**15), box.store.answered_orders()


usual = st.one_of(
    st.just(("seal",)),
    st.just(("beat",)),
    st.tuples(st.just("street"), st.sampled_from([Phase.CONFIRMED, Phase.ONGOING]), st.integers(1, 3)),
)
odd = st.one_of(
    st.tuples(st.just("quarantine"), st.integers(0, 12)),
    st.tuples(st.just("receipt"), st.lists(st.integers(0, 12), max_size=6)),
    st.just(("watermark",)),
    st.just(("purge",)),
    st.tuples(st.just("days_pass"), st.sampled_from([5, 31])),
    st.just(("prune",)),
    st.just(("restart",)),
)
months = st.lists(
    st.tuples(st.lists(usual, min_size=1, max_size=5), st.lists(odd, max_size=3)), min_size=2, max_size=5
)


@given(months)
@settings(max_examples=40, deadline=None)
def test_whatever_happened_only_a_receipted_beginning_goes_and_the_chain_verifies(history):
    folder = Path(tempfile.mkdtemp(prefix="edge-agent-pruning-"))
    box = Box(folder / "evidence")
    try:
        for happened in history:
            for name, *values in (*happened[0], *happened[1], ("month",)):
                getattr(box, name)(*values)
                check(box)
        box.store.close()
        report = verify(open_material(box.folder))
        assert report.good, report.problems
        box.open()
    finally:
        box.store.close()
        shutil.rmtree(folder)


def long_ago(box, cases=5):
    """Genesis, cases, heartbeats; all receipted, their pictures gone, and more than thirty days old."""
    for _ in range(cases):
        box.seal()
    for _ in range(3):
        box.beat()
    box.receipt((), up_to=len(box.sealed) - 1)
    box.store.purge(early=True)
    box.days_pass(31)


def test_old_receipted_statements_go_with_all_their_rows_and_the_mark_says_so(box):
    long_ago(box)
    box.store.keep_house()
    # The genesis says who signs; the newest are verified at every start; the mark's own is what they follow.
    assert box.here == {0, 6, 7, 8}
    assert (box.mark.seq, box.mark.statements, box.mark.cases) == (6, 5, 5)
    box.store.close()
    with database(box.folder) as db:
        for table in ("packet_attachment", "attachment"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM receipt").fetchone() == (1,)
    box.open()


def test_nothing_goes_past_a_statement_without_a_receipt(box):
    for _ in range(4):
        box.seal()
    box.store.quarantine(2, "poison")
    box.sealed.append(box.store.head().payload_sha256)
    box.receipt((0, 1, 3, 4, 5))
    box.store.purge(early=True)
    box.days_pass(31)
    box.store.keep_house()
    assert box.mark.seq == 1
    assert 2 in box.here
    check(box)


def test_a_statement_whose_pictures_are_still_here_stays(box):
    for _ in range(5):
        box.seal()
    box.receipt((), up_to=5)
    box.days_pass(31)
    box.store.prune()
    assert box.mark.seq == 0  # the genesis has no pictures, and stays in its place
    box.store.purge()
    box.store.prune()
    assert box.mark.seq == 3


def test_the_newest_case_of_a_zone_stays_with_all_its_records_until_another_takes_its_place(box):
    box.street(Phase.CONFIRMED, 1)
    box.street(Phase.ONGOING, 1)
    long_ago(box)
    before = recalled(box)
    box.store.keep_house()
    assert {0, 1, 2} < box.here
    assert recalled(box) == before
    box.restart()
    assert recalled(box) == before
    box.street(Phase.CONFIRMED, 2)
    long_ago(box)
    box.store.keep_house()
    assert not {1, 2} & box.here
    check(box)


def test_what_the_platform_lacks_stays_with_all_that_follows_until_it_has_it_though_it_once_had(box):
    """Sent again is not stored again."""
    long_ago(box)
    box.store.asked_for(((2, 2),), 100, newest=True)
    box.store.resend([2])
    box.store.mark_sent(2, 0)
    box.store.keep_house()
    assert box.mark.seq == 1
    box.store.asked_for((), 100, newest=True)
    box.store.keep_house()
    assert box.mark.seq == 6


def test_what_the_platform_lacks_is_kept_from_the_lowest_of_its_ranges_in_whatever_order_it_names_them(box):
    long_ago(box)
    assert box.store.asked_for(((6, 6), (2, 2)), 100, newest=True) == [2, 6]
    box.store.keep_house()
    assert box.mark.seq == 1


def test_what_was_asked_for_again_and_let_go_before_its_turn_is_not_offered(box):
    long_ago(box)
    box.store.resend(box.store.asked_for(((2, 2),), 100, newest=True))
    box.store.asked_for((), 100, newest=True)
    box.store.keep_house()
    assert box.mark.seq == 6
    assert box.store.pending(10**9, 0) == ()


def test_a_place_that_was_lost_is_not_taken_for_one_that_was_let_go(box):
    long_ago(box)
    box.store.close()
    with database(box.folder) as db:
        for table in ("packet_attachment", "packet"):
            db.execute(f"DELETE FROM {table} WHERE seq = 3")
    box.open()
    box.store.keep_house()
    assert box.mark.seq == 2
    box.store.close()
    assert not verify(open_material(box.folder)).good
    box.open()


def test_a_platform_that_has_nothing_newer_than_the_mark_finds_its_statement_there(box):
    """All after it may be quarantined; a release that knows of no mark would call a missing one a fork."""
    for _ in range(4):
        box.seal()
    box.store.quarantine(3, "poison")
    box.sealed.append(box.store.head().payload_sha256)
    box.receipt((0, 1, 2, 4, 5))
    box.store.purge(early=True)
    box.days_pass(31)
    box.store.keep_house()
    assert (box.mark.seq, box.here) == (2, {0, 2, 3, 4, 5})
    assert box.store.packet(box.mark.seq).payload_sha256 == box.sealed[2]


def test_a_platform_that_lost_what_it_signed_for_is_told_once_what_is_gone_and_gets_the_rest(box):
    long_ago(box)
    box.store.keep_house()
    missing = ((0, 3), (5, 7))
    assert box.store.asked_for(missing, 100, newest=False) == [0, 6, 7]
    assert box.store.head().seq == 8
    assert box.store.asked_for(missing, 100, newest=True) == [0, 6, 7]
    [said] = box.store.reading().statements(kind="incident")
    record = box.store.reading().statement(said.seq).payload
    assert b'"what":"asked_for_what_was_let_go"' in record
    assert b'"subject":"seq 0 to 6"' in record
    box.sealed.append(said.payload_sha256)
    box.store.asked_for(missing, 100, newest=True)
    box.restart()
    box.store.asked_for(missing, 100, newest=True)
    assert len(list(box.store.reading().statements(kind="incident"))) == 1


def test_a_hole_of_any_size_does_not_keep_the_platform_from_what_is_here(box):
    long_ago(box, cases=6)
    box.store.keep_house()
    assert box.store.asked_for(((0, 2**40),), 3, newest=False) == [0, 7, 8]


def test_an_older_age_is_waited_for_unless_the_disk_is_full(box, monkeypatch):
    long_ago(box)
    box.clock.ahead_us -= 21 * DAY_US
    box.store.keep_house()
    assert box.mark.seq == -1
    monkeypatch.setattr("edge_agent.evidence.disk.free_bytes", lambda _: 0)
    box.store.keep_house()
    assert box.mark.seq == 6


def test_a_mark_that_does_not_fit_its_chain_is_seen_at_the_start_and_by_verify(box):
    long_ago(box)
    box.store.keep_house()
    box.store.close()
    for change in ("statements = 4", "seq = 5", f"payload_sha256 = '{'0' * 64}'"):
        wreck = box.folder.with_name(change[:4])
        shutil.copytree(box.folder, wreck)
        with database(wreck) as db:
            db.execute(f"UPDATE pruned SET {change}")
        assert not verify(open_material(wreck)).good
        with a_store(wreck, settings=store_settings(wreck)) as store:
            assert store.head().epoch != box_epoch(box)
    box.open()


def box_epoch(box):
    with database(box.folder) as db:
        return db.execute("SELECT epoch FROM head").fetchone()[0]


def test_rows_cut_from_the_beginning_without_a_mark_are_a_loss(box):
    long_ago(box)
    box.store.close()
    with database(box.folder) as db:
        db.execute("DELETE FROM packet WHERE seq = 2")
    assert not verify(open_material(box.folder)).good
    box.open()


def test_in_months_of_statements_the_database_stops_growing(tmp_path):
    found = flat_disk.in_folder(tmp_path / "evidence", 1_000)
    assert found["verified"]
    assert [one["sealed"] for one in found["samples"]] == list(range(101, 1_002, 100))
    sizes = [one["bytes"] for one in found["samples"]]
    assert max(sizes[4:]) <= sizes[2] * 1.05, sizes
