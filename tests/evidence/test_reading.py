"""The chain of a box is read while its daemon goes on sealing, and the daemon never notices."""

import shutil
import subprocess
import sys

import pytest

from edge_agent.errors import UsageError
from edge_agent.evidence import reading
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.intray import Note
from edge_agent.evidence.reading import ChainReader
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus
from tests.evidence.test_intray import NOW, an_action

# Says the number of each statement when it is sealed; ends when its standard input does.
DAEMON = """
import sys, threading
from pathlib import Path
from edge_agent.evidence.examples import a_case, a_store
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
with a_store(Path(sys.argv[1])) as store:
    number = 0
    while not stop.is_set():
        number += 1
        print(store.seal(*a_case(number, size=20)).seq, flush=True)
"""


def everything(folder):
    with ChainReader.of(folder) as chain:
        return list(chain.since(0, "genesis", "composite"))


def receipt_of(store, *seqs):
    packets = [store.packet(seq) for seq in seqs]
    items = tuple(
        ReceiptItem(packet_id=p.packet_id, payload_sha256=p.payload_sha256, status=ReceiptStatus.ACCEPTED)
        for p in packets
    )
    return Receipt(
        tenant="city",
        device_id="box",
        epoch=store.head().epoch,
        received_utc_us=1_795_000_000_000_000,
        items=items,
        watermark=None,
        missing=(),
    )


def test_each_copy_has_all_that_was_sealed_before_it_without_a_gap(tmp_path):
    command = [sys.executable, "-c", DAEMON, str(tmp_path / "box")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as daemon:
        for _ in range(8):
            said = [int(daemon.stdout.readline()) for _ in range(30)]
            found = [read.seq for read in everything(tmp_path / "box")]
            assert found == list(range(len(found)))
            assert found[-1] >= said[-1]
        daemon.stdin.close()
        last = max(int(line) for line in daemon.stdout)
    assert daemon.returncode == 0
    assert [read.seq for read in everything(tmp_path / "box")] == list(range(last + 1))


@pytest.mark.parametrize(("times", "tries"), [(0, 1), (2, 3)])
def test_a_copy_during_which_the_log_began_anew_is_made_again(tmp_path, monkeypatch, times, tries):
    with a_store(tmp_path / "box") as store:
        store.seal(*a_case(1))
    log = tmp_path / "box" / f"{reading.DATABASE}-wal"
    copies = beginning_anew(monkeypatch, log, times)
    assert [read.seq for read in everything(tmp_path / "box")] == [0, 1]
    assert copies.count(reading.DATABASE) == tries


def test_a_log_that_begins_anew_all_the_time_is_no_copy(tmp_path, monkeypatch):
    a_store(tmp_path / "box").close()
    beginning_anew(monkeypatch, tmp_path / "box" / f"{reading.DATABASE}-wal", 99)
    with pytest.raises(UsageError, match="try again"):
        everything(tmp_path / "box")


def beginning_anew(monkeypatch, log, times):
    """The first so many copies of the database meet a log that is begun anew; names of what was copied."""
    copies, copy = [], shutil.copyfile

    def copied(source, target):
        copies.append(source.name)
        if source.name == reading.DATABASE and copies.count(source.name) <= times:
            log.write_bytes(len(copies).to_bytes(4) * 8)  # no log that SQLite takes for one
        return copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", copied)
    return copies


def test_what_became_of_a_note_and_of_a_statement_is_read(tmp_path):
    note = Note(id="ab" * 16, record=an_action())
    with a_store(tmp_path / "box") as store:
        case = store.seal(*a_case(1))
        store.record_note(note, NOW)
        store.apply_receipt(receipt_of(store, case.seq), b"raw")
    with ChainReader.of(tmp_path / "box") as chain:
        told = chain.of_note(note.id)
        assert (told.statement.record.subject, told.receipted) == (note.record.subject, False)
        assert chain.of_note("cd" * 16) is None
        [read] = chain.since(0, "composite")
        assert read.receipted
        assert read.receipted_utc_us >= read.sealed_utc_us
        assert list(chain.since(read.sealed_utc_us + 1, "composite")) == []
        picture = read.statement.attachments[0].sha256
        assert chain.attachment(picture).is_file()
        assert chain.attachment("0" * 64) is None


def test_where_there_is_no_store_it_is_said(tmp_path):
    with pytest.raises(UsageError, match="no evidence store"), ChainReader.of(tmp_path / "none"):
        pass


def test_what_this_user_may_not_read_is_said(tmp_path, monkeypatch):
    a_store(tmp_path / "box").close()

    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(shutil, "copyfile", refused)
    with pytest.raises(UsageError, match="use sudo"), ChainReader.of(tmp_path / "box"):
        pass
