"""Several ingest processes on one PostgreSQL: real processes behind a real broker, and two stores at once."""

import hashlib
import itertools
import json
import threading
import time
from contextlib import closing

import pytest
from sqlalchemy import text

from edge_agent.bench.broker import find_mosquitto
from edge_agent.bench.platform_boxes import Box
from edge_agent.bench.platform_check import compare
from edge_agent.bench.platform_load import Load
from edge_agent.bench.platform_site import PlatformSite
from edge_agent.bench.postgres import find_postgres
from edge_agent.errors import DatabaseAway
from edge_agent.evidence import dsse
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.receipts import ReceiptStatus, open_receipt
from edge_agent.evidence.uplink.chunks import Chunk, encode_chunk
from edge_agent.ingest.intake import Intake
from edge_agent.ingest.keepers import attachment_keeper
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.turn import Turn

pytestmark = pytest.mark.skipif(
    find_postgres() is None, reason="PostgreSQL is not installed (Debian package postgresql)"
)
PLATFORM = FileKey.from_seed(b"p" * 32)
RING = KeyRing({dsse.RECEIPT_TYPE: [PLATFORM.public]})


class Process:
    """One intake as a process has it, without its broker."""

    def __init__(self, folder, url) -> None:
        self.settings = IngestSettings(
            tenant="city",
            database=url,
            data_dir=folder,
            devices_dir=folder / "devices",
            receipt_key_file=folder / "key",
        )
        self.now = 0.0
        self.store = PlatformStore.of(self.settings)
        keeper = attachment_keeper(self.settings, self.store)
        self.intake = Intake(self.settings, self.store, keeper, PLATFORM, lambda: 1_795_000_000_000_000)

    def take(self, *messages) -> list:
        return [
            open_receipt(envelope, RING, "city", device)
            for device, envelope in self.intake.take(messages, self.now)
        ]

    def statuses(self, *messages) -> list:
        return [item.status for receipt in self.take(*messages) for item in receipt.items]


@pytest.fixture
def pair(tmp_path, postgres_url):
    """Two processes on one database, and a box that both know."""
    (tmp_path / "devices").mkdir()
    box = Box(1, 1, 5000, 1000)
    (tmp_path / "devices" / f"{box.device}.pem").write_bytes(box.key.public.pem)
    both = [Process(tmp_path, postgres_url) for _ in range(2)]
    yield (*both, box)
    for process in both:
        process.store.close()


def stored(store, sql) -> list:
    return [tuple(row) for row in store.rows(text(sql))]


def at_once(*calls) -> list:
    """What each returned; all start together."""
    barrier = threading.Barrier(len(calls))
    answers = [None] * len(calls)

    def one(number, call):
        barrier.wait()
        answers[number] = call()

    threads = [threading.Thread(target=one, args=(n, call)) for n, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_each_process_may_take_half_of_a_chain(pair):
    first, second, box = pair
    chain = [box.sign_next() for _ in range(20)]
    for signed in chain:
        for number, message in enumerate(box.messages(signed)):
            (first, second)[(signed.seq + number) % 2].take(message)

    mark = first.store.watermark(box.device, box.epoch)
    assert (mark.seq, mark.payload_sha256) == (19, chain[-1].payload_sha256)
    assert stored(first.store, "SELECT COUNT(*) FROM need") == [(0,)]
    assert stored(first.store, "SELECT COUNT(*) FROM unclaimed") == [(0,)]


def test_the_same_messages_to_both_at_once_are_stored_once(pair):
    first, second, box = pair
    messages = [m for _ in range(40) for m in box.messages(box.sign_next())]

    at_once(lambda: first.take(*messages), lambda: second.take(*reversed(messages)))

    assert stored(first.store, "SELECT COUNT(*) FROM statement WHERE complete") == [(40,)]
    assert stored(first.store, "SELECT COUNT(*) FROM attachment") == [(39,)]
    assert first.store.watermark(box.device, box.epoch).seq == 39
    assert first.store.alarms() == []


def test_chunks_of_one_attachment_may_come_to_either(pair):
    first, second, box = pair
    data = bytes(range(256)) * 100
    topic = box.topics.attachment(hashlib.sha256(data).hexdigest())
    chunks = [
        (topic, encode_chunk(Chunk(at, len(data), data[at : at + 1000]))) for at in range(0, len(data), 1000)
    ]

    at_once(lambda: first.take(*chunks[::2]), lambda: second.take(*chunks[1::2]))

    assert stored(first.store, "SELECT body FROM attachment") == [(data,)]
    assert stored(first.store, "SELECT COUNT(*) FROM chunk") == [(0,)]


def test_two_boxes_may_send_the_same_picture_to_both_at_once(pair, tmp_path):
    first, second, box = pair
    other = Box(2, 1, 5000, 1000)
    (tmp_path / "devices" / f"{other.device}.pem").write_bytes(other.key.public.pem)
    pictures = [b"same %d" % n * 1000 for n in range(30)]

    def chunks(to, order):
        return [
            (to.topics.attachment(hashlib.sha256(p).hexdigest()), encode_chunk(Chunk(0, len(p), p)))
            for p in order
        ]

    at_once(lambda: first.take(*chunks(box, pictures)), lambda: second.take(*chunks(other, sorted(pictures))))

    assert stored(first.store, "SELECT COUNT(*) FROM attachment") == [(30,)]


def test_a_picture_that_another_box_sent_elsewhere_is_not_asked_for_twice(pair, tmp_path):
    """Only the statement's own box is locked when the picture comes, so the other process leaves its need."""
    first, second, box = pair
    other = Box(2, 1, 5000, 1000)
    (tmp_path / "devices" / f"{other.device}.pem").write_bytes(other.key.public.pem)
    first.take(*box.messages(box.sign_next()))
    picture, statement = box.messages(box.sign_next())
    assert first.take(statement) == []

    second.take((other.topics.attachment(picture[0].rsplit("/", 1)[1]), picture[1]))
    first.now += 10

    assert first.statuses() == [ReceiptStatus.ACCEPTED]


def test_a_clone_is_seen_though_each_process_saw_one_of_the_two(pair):
    first, second, box = pair
    clone = Box(1, 1, 7000, 1000)  # the same key and chain, other pictures
    genesis = box.sign_next()
    assert clone.sign_next().payload_sha256 == genesis.payload_sha256
    first.take(*box.messages(genesis))
    mine, other = list(box.messages(box.sign_next())), list(clone.messages(clone.sign_next()))

    answers = at_once(lambda: first.statuses(*mine), lambda: second.statuses(*other))

    assert sorted(answers) == [[ReceiptStatus.ACCEPTED], [ReceiptStatus.REJECTED]]
    assert [alarm[2] for alarm in first.store.alarms()] == ["equivocation"]
    assert first.store.is_frozen(box.device)
    assert second.take(*mine) == []  # for both


def test_what_did_not_commit_is_not_receipted_by_the_next_batch(pair, postgres):
    first, _, box = pair
    genesis, case = box.sign_next(), box.sign_next()
    first.take(*box.messages(genesis))
    original = first.store.advance

    def killed(chains):
        first.store.rows(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return original(chains)

    first.store.advance = killed
    with pytest.raises(DatabaseAway):
        first.take(*box.messages(case))
    first.store.advance = original

    assert first.take() == []
    assert stored(first.store, "SELECT seq FROM statement") == [(0,)]
    assert first.statuses(*box.messages(case)) == [ReceiptStatus.ACCEPTED]


def test_a_text_that_postgres_cannot_hold_is_no_poison(pair):
    first, _, box = pair
    payload = json.dumps({"packet_id": "a\0b", "why": "\0"}).encode()
    envelope = dsse.sign(dsse.EVIDENCE_TYPE, payload, [box.key])

    assert first.statuses((box.topics.statement, envelope)) == [ReceiptStatus.REJECTED]
    with first.store.commit():
        first.store.alarm(box.device, "what", "\0", 0)
        first.store.freeze(box.device, "\0\ud800", 0)
    assert first.store.frozen() == [(box.device, "\ufffd?")]


def test_a_case_with_an_endless_name_is_no_poison(pair):
    first, _, box = pair
    first.take(*box.messages(box.sign_next()))
    box.case = "".join(
        map(chr, range(0x4E00, 0x4E00 + 1000))
    )  # 3,000 bytes: no index of PostgreSQL takes them

    assert first.statuses(*box.messages(box.sign_next())) == [ReceiptStatus.ACCEPTED]
    assert stored(first.store, "SELECT length(case_id) FROM statement WHERE seq = 1") == [(200,)]


def test_one_process_answers_heads_and_another_when_it_is_gone(pair):
    first, second = (process.store.database for process in pair[:2])
    turns = [Turn(first, "city"), Turn(second, "city"), Turn(second, "elsewhere")]
    clock = itertools.count(0, 10)  # each look is due

    assert [turn.mine(next(clock)) for turn in turns] == [True, False, True]
    assert not turns[1].mine(next(clock))
    turns[0].give_up()
    at = next(clock)
    turns[1].mine(at)
    assert turns[1].mine(at + 1) == turns[1].mine(at)  # it looks now and then only
    comes_true(lambda: turns[1].mine(next(clock)))
    assert not turns[0].mine(next(clock))

    with second.transaction() as connection:
        sql = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype='advisory'"
        connection.execute(text(sql))
    with pytest.raises(DatabaseAway):
        comes_true(lambda: not turns[1].mine(next(clock)))
    comes_true(lambda: turns[0].mine(next(clock)))
    for turn in turns:
        turn.give_up()


def comes_true(true) -> None:
    """The server ends a connection in its own time."""
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)")
def test_two_processes_behind_a_broker_one_killed_and_the_database_restarted(tmp_path):
    boxes = 20
    site = PlatformSite(tmp_path)
    plan = {
        "resend_s": 2.0,
        "boxes": list(range(boxes)),
        "seed": 1,
        "picture_bytes": 3000,
        "with_picture_permille": 500,
    }
    try:
        for number in range(boxes):
            box = Box(number, 1, 0, 0)
            site.enrol(box.device, box.key)
        site.start()
        load = Load({**plan, "port": site.broker.port})
        load.sign(60)
        load.steady(2.0, 100.0)
        site.kill_ingest(0)
        load.steady(2.0, 100.0)
        site.start_ingest(0)
        load.drain(60.0)
        site.wait_serving(0)
        before = load.told()
        assert (before["waiting"], before["refused"]) == (0, 0)
        site.postgres.kill()
        load.steady(1.0, 100.0)
        assert site.alive() == 2
        site.postgres.start()
        load.drain(90.0)

        assert load.told()["waiting"] == 0, site.said(0) + site.said(1)
        assert site.alive() == 2, site.said(0) + site.said(1)  # neither of them ended by itself
        load.close()
        with closing(site.store()) as store:
            after = compare(store, [Box(n, 1, 3000, 500) for n in range(boxes)], load.chains())
        assert after["bad"] == 0, after
        assert after["sent"] > 300
    finally:
        site.stop()
