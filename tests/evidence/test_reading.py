import contextlib
import errno
import fcntl
import json
import shutil
import socket
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence import dsse, questions, reading_door
from edge_agent.evidence.dsse import EVIDENCE_TYPE
from edge_agent.evidence.examples import KEY, a_case, a_store
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.reading import is_open, open_reading
from edge_agent.evidence.reading_door import ReadingDoor, ask_daemon, door_of
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus
from edge_agent.local_socket import short_name

RING = KeyRing({EVIDENCE_TYPE: [KEY.public]})


def receipt(store, *seqs):
    packets = [store.packet(seq) for seq in seqs]
    items = tuple(
        ReceiptItem(packet_id=p.packet_id, payload_sha256=p.payload_sha256, status=ReceiptStatus.ACCEPTED)
        for p in packets
    )
    said = Receipt(
        tenant="city", device_id="ea-test-0001", epoch=store.head().epoch, received_utc_us=1, items=items
    )
    store.apply_receipt(said, b"the platform's word")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / ("a folder with quite a long name, as they come " * 3) / "evidence"


@pytest.fixture
def store(folder):
    """Genesis, three cases, a heartbeat; the first two are receipted, the third is quarantined."""
    folder.parent.mkdir()
    with a_store(folder) as opened:
        for number in (1, 2, 3):
            opened.seal(*a_case(number))
        opened.heartbeat()
        receipt(opened, 0, 1)
        opened.quarantine(3, "fits no message")
        yield opened


@pytest.fixture
def door(store, folder):
    opened = ReadingDoor(door_of(folder), store.ask)
    opened.start()
    yield opened
    opened.stop()


def seen(reading):
    """All that can be asked, in one value."""
    listed = list(reading.statements())
    return {
        "head": reading.head(),
        "states": reading.states(),
        "waiting": (reading.oldest_waiting(), reading.waiting_bytes()),
        "held": reading.held_bytes(),
        "lost": reading.lost(),
        "receipted": reading.last_receipted(10),
        "listed": listed,
        "whole": [reading.statement(one.seq) for one in listed],
        "pictures": [
            reading.attachment(file.sha256) for one in listed for file in reading.statement(one.seq).files
        ],
    }


def test_beside_the_daemon_the_same_is_seen_as_inside_it_and_after_it_has_ended(store, door, folder):
    inside = seen(store.reading())
    with open_reading(folder) as reading:
        assert seen(reading) == inside
    door.stop()
    store.close()
    with open_reading(folder) as reading:
        assert seen(reading) == inside
    assert [(one.seq, one.kind, one.state) for one in inside["listed"]] == [
        (5, "incident", "sealed"),
        (4, "heartbeat", "sealed"),
        (3, "composite", "quarantined"),
        (2, "composite", "sealed"),
        (1, "composite", "receipted"),
        (0, "genesis", "receipted"),
    ]
    assert inside["listed"][2].reason == "fits no message"
    assert inside["whole"][4].receipt == b"the platform's word"
    assert len(inside["pictures"]) == 9
    for whole in inside["whole"]:
        assert dsse.open_envelope(whole.envelope, RING, {EVIDENCE_TYPE}).payload == whole.payload


def test_what_a_crash_left_is_read_without_touching_it(store, tmp_path):
    folder = next(tmp_path.rglob("evidence"))
    inside = seen(store.reading())
    wreck = tmp_path / "wreck" / "evidence"
    shutil.copytree(folder, wreck)
    before = {path: path.read_bytes() for path in wreck.rglob("*") if path.is_file()}
    with open_reading(wreck) as reading:
        assert seen(reading) == inside
    assert {path: path.read_bytes() for path in wreck.rglob("*") if path.is_file()} == before


def test_a_long_list_is_read_page_by_page_and_by_kind_and_state(tmp_path):
    with a_store(tmp_path / "evidence") as store:
        store.seal(*a_case(1))
        for _ in range(2 * questions.PAGE + 7):
            store.heartbeat()
        reading = store.reading()
        assert [one.seq for one in reading.statements()] == list(range(2 * questions.PAGE + 8, -1, -1))
        assert [one.seq for one in reading.statements(kind="composite")] == [1]
        assert len(list(reading.statements(kind="heartbeat", state="sealed"))) == 2 * questions.PAGE + 7
        assert [one.seq for one in reading.statements(before=2)] == [1, 0]
        for kind in ("newest_of_kind", "newest_in_state"):
            plan = store._db.execute(f"EXPLAIN QUERY PLAN {questions.QUESTIONS[kind].sql}", (1, "x"))
            assert "SEARCH packet USING INDEX" in str(plan.fetchall())


def test_the_newest_receipts_are_listed_whether_their_pictures_are_still_here_or_not(store):
    store.purge(early=True)
    receipt(store, 2)
    assert [(one.seq, one.state) for one in store.reading().last_receipted(2)] == [
        (2, "receipted"),
        (1, "purged"),
    ]
    assert store.reading().last_receipted(2)[0].receipted_after_s > 0


def test_a_store_that_is_open_but_does_not_answer_is_said_so(store, folder):
    with open_reading(folder) as reading, pytest.raises(UsageError, match="does not answer"):
        reading.head()


def test_a_daemon_that_starts_while_a_store_at_rest_is_read_is_noticed(store, folder):
    store.close()
    with open_reading(folder) as reading:
        assert reading.head().seq == 5
        with a_store(folder), pytest.raises(UsageError, match="just opened"):
            reading.head()


def test_a_store_that_an_earlier_program_left_is_said_to_need_its_daemon_first(store, folder):
    store.close()
    with contextlib.closing(sqlite3.connect(folder / "evidence.db")) as db, db:
        db.execute("DROP TABLE pruned")
    with pytest.raises(UsageError, match="another version"), open_reading(folder):
        pass


def test_reading_a_store_at_rest_changes_nothing_in_it(store, folder):
    store.close()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with open_reading(folder) as reading:
        assert seen(reading)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_whether_a_store_is_open_is_known_without_its_lock(store, folder, tmp_path, monkeypatch):
    """A daemon that starts in that moment would find it taken."""

    def none(*_):
        raise AssertionError

    with monkeypatch.context() as locks:
        locks.setattr(fcntl, "flock", none)
        assert is_open(folder)
    store.close()
    assert not is_open(folder)
    assert not is_open(tmp_path)


def test_a_damaged_database_is_said_to_be(store, folder):
    store.close()
    (folder / "evidence.db").write_bytes(b"not a database, and long enough to be looked at as one" * 100)
    with pytest.raises(UsageError, match=r"evidence\.db: the database cannot be read"), open_reading(folder):
        pass


def test_where_there_is_no_store_it_is_said(tmp_path):
    with pytest.raises(UsageError, match="no evidence store"), open_reading(tmp_path):
        pass


def test_a_picture_that_is_gone_or_changed_is_never_shown_as_the_one_that_was_sealed(store, folder):
    reading = store.reading()
    first, second, _ = reading.statement(1).files
    (folder / "attachments" / first.sha256).write_bytes(b"another")
    (folder / "attachments" / second.sha256).unlink()
    for sha256, why in ((first.sha256, "damaged"), (second.sha256, "not here"), ("../../etc/passwd", "hex")):
        with pytest.raises(VerificationError, match=why):
            reading.attachment(sha256)


def test_what_cannot_be_asked_is_refused_and_stops_nobody(store, door, folder):
    ask = ask_daemon(door_of(folder))
    for name, values in (
        ("delete", ()),
        ("one", ()),
        ("one", ("1",)),
        ("one", (-1,)),
        ("one", (2**63,)),
        ("newest_of_kind", (1, "x", "y")),
        ("note", (b"x",)),
    ):
        with pytest.raises(UsageError, match="question"):
            ask(name, values)
    assert ask("head", ())[0][1] == store.head().seq


json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ask", "values", "base64"]), inner)
    ),
    max_leaves=6,
)


@given(st.binary(max_size=60) | json_values.map(json.dumps).map(str.encode))
def test_no_line_that_comes_to_the_door_breaks_it(line):
    def ask(name, values):
        return questions.answer(None, name, values)

    assert set(json.loads(ReadingDoor(Path("evidence.sock"), ask).answer(line))) == {"error"}


def test_a_guest_who_says_nothing_or_goes_away_keeps_nobody_out(store, door, folder):
    with socket.socket(socket.AF_UNIX) as silent:
        with short_name(door_of(folder)) as name:
            silent.connect(name)
        with open_reading(folder) as reading:
            assert reading.head().seq == 5


def test_a_guest_who_never_comes_to_an_end_is_shown_out(store, folder, monkeypatch):
    """However steadily he speaks: the watchdog would take the daemon for one that hangs."""
    monkeypatch.setattr(reading_door, "IMPATIENCE_S", 0.2)
    opened = ReadingDoor(door_of(folder), store.ask)
    here, there = socket.socketpair()
    stop = threading.Event()

    def speak():
        with contextlib.suppress(OSError):
            while not stop.wait(0.02):
                here.send(b" ")

    speaking = threading.Thread(target=speak)
    speaking.start()
    began_s = time.monotonic()
    opened._serve(there)
    took_s = time.monotonic() - began_s
    stop.set()
    speaking.join()
    here.close()
    there.close()
    assert took_s < 5  # 4096 bytes would take 80 s


def test_a_daemon_without_file_descriptors_opens_its_door_again_later(store, folder, monkeypatch):
    monkeypatch.setattr(reading_door, "LOOK_UP_S", 0.01)
    opened = ReadingDoor(door_of(folder), store.ask)
    accept, failed = socket.socket.accept, []

    def full(listening):
        if len(failed) < 3:
            failed.append(OSError(errno.EMFILE, "Too many open files"))
            raise failed[-1]
        return accept(listening)

    monkeypatch.setattr(socket.socket, "accept", full)
    opened.start()
    with open_reading(folder) as reading:
        assert reading.head().seq == 5
    opened.stop()
    assert len(failed) == 3
    assert opened.pulse.age_s is None


def test_a_place_where_no_door_can_be_stops_nobody(store, folder):
    door_of(folder).mkdir()
    opened = ReadingDoor(door_of(folder), store.ask)
    opened.start()
    opened.stop()
    assert store.heartbeat().seq == 6


def test_a_door_left_by_a_killed_daemon_is_taken_over(store, folder):
    door_of(folder).touch()
    taken = ReadingDoor(door_of(folder), store.ask)
    taken.start()
    assert door_of(folder).stat().st_mode & 0o777 == 0o600
    with open_reading(folder) as reading:
        assert reading.head().seq == 5
    taken.stop()
    assert not door_of(folder).exists()
