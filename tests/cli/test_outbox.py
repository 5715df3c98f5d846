"""`edge-agent outbox`, as a technician types it: beside a running daemon, and where none runs."""

import json
from pathlib import Path

import pytest
import yaml

from edge_agent.cli.main import main
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.intray import tray_of
from edge_agent.evidence.noting import Noter
from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.reading_door import ReadingDoor, door_of
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus

CONFIGS = Path(__file__).parents[2] / "configs"
NOW = ClockStatus(1, 1, ClockSource.NTP, True, 0, 1, 3)


class Box:
    """A box whose store holds genesis, two cases (the first receipted), and a quarantined third one."""

    def __init__(self, folder, capsys):
        self.capsys = capsys
        self.config = folder / "site.yaml"
        self.store_folder = folder / "data" / "evidence"
        tree = yaml.safe_load((CONFIGS / "bridge.yaml").read_text("utf-8"))
        tree["evidence"] = {"store": {"directory": str(self.store_folder), "ballast_bytes": 0}}
        tree["uplink"] = None
        self.config.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
        self.store_folder.parent.mkdir()
        self.store = a_store(self.store_folder)
        for number in (1, 2, 3):
            self.store.seal(*a_case(number))
        self.receipt(1)
        self.store.quarantine(3, "90000 bytes, limit 65536")
        self.parts = []

    def receipt(self, seq):
        packet = self.store.packet(seq)
        item = ReceiptItem(
            packet_id=packet.packet_id,
            payload_sha256=packet.payload_sha256,
            status=ReceiptStatus.ACCEPTED,
        )
        epoch = self.store.head().epoch
        said = Receipt(tenant="city", device_id="ea-test-0001", epoch=epoch, received_utc_us=1, items=(item,))
        self.store.apply_receipt(said, b"{}")

    def run_daemon(self):
        """The two parts of it that the command meets."""
        tray = tray_of(self.store_folder)
        self.parts = [
            ReadingDoor(door_of(self.store_folder), self.store.ask),
            Noter(tray, self.store, lambda: NOW, lambda _: None, lambda _: None),
        ]
        for part in self.parts:
            part.start()

    def end_daemon(self):
        for part in self.parts:
            part.stop()
        self.parts = []
        self.store.close()

    def call(self, command, *arguments):
        """Exit status, what it printed, what it complained of."""
        status = main(["outbox", command, *map(str, arguments), "--config", str(self.config)])
        said = self.capsys.readouterr()
        return status, said.out, said.err


@pytest.fixture
def box(tmp_path, capsys):
    made = Box(tmp_path, capsys)
    yield made
    made.end_daemon()


def test_status_says_what_is_owed_and_what_was_set_aside_and_why(box):
    box.run_daemon()
    status, text, _ = box.call("status")
    assert status == 1
    for words in ("seq 4", "待回执", "oldest waiting", "90000 bytes, limit 65536", "requeue SEQ", "隔离"):
        assert words in text
    _, said, _ = box.call("status", "--json")
    found = json.loads(said)
    assert (found["pending"], found["receipted"], found["quarantined"], found["lost"]) == (3, 1, 1, 0)
    assert found["head"]["seq"] == 4
    assert found["oldest"]["seq"] == 0
    assert [one["seq"] for one in found["last_receipts"]] == [1]
    assert found["median_receipt_s"] > 0


def test_a_box_that_owes_nothing_bad_is_good(box):
    box.receipt(3)
    assert box.store.stats().quarantined == 0
    box.run_daemon()
    status, text, _ = box.call("status")
    assert status == 0
    assert "set aside" not in text


def test_the_list_is_newest_first_and_can_be_narrowed(box):
    box.run_daemon()
    _, text, _ = box.call("list")
    assert [int(line.split()[0]) for line in text.splitlines()] == [4, 3, 2, 1, 0]
    _, said, _ = box.call("list", "--state", "quarantined", "--json")
    assert [json.loads(line)["seq"] for line in said.splitlines()] == [3]
    _, text, _ = box.call("list", "--kind", "composite", "--limit", "2")
    assert [int(line.split()[0]) for line in text.splitlines()] == [3, 2]


def test_one_statement_is_shown_with_its_files_and_receipt(box):
    box.run_daemon()
    _, text, _ = box.call("show", 2)
    assert '"kind": "composite"' in text
    assert text.count("kept") == 3
    assert "not checked" in text
    status, _, complaint = box.call("show", 99)
    assert (status, complaint) == (2, "no statement 99 in this store\n")


def test_an_export_is_good_evidence(box, tmp_path):
    box.receipt(0)
    box.run_daemon()
    status, text, _ = box.call("export", tmp_path / "bundle", "--from", 2, "--to", 3)
    assert (status, "verify" in text) == (0, True)
    assert main(["verify", str(tmp_path / "bundle"), "--json"]) == 0
    report = json.loads(box.capsys.readouterr().out)[str(tmp_path / "bundle")]
    assert (report["statements"], report["attachments"], report["links"]) == (2, 6, 1)
    assert box.call("export", tmp_path / "bundle")[0] == 2
    assert box.call("export", tmp_path / "other", "--from", 9)[0] == 2


def test_an_export_says_which_picture_it_is_without(box, tmp_path):
    damaged = box.store.packet(2).attachments[0].sha256
    (box.store_folder / "attachments" / damaged).write_bytes(b"scratched")
    box.run_daemon()
    status, text, _ = box.call("export", tmp_path / "bundle")
    assert status == 1
    assert f"NOT in it 未包含: seq 2: attachment {damaged}" in text


def test_what_was_quarantined_goes_back_in_line_and_the_chain_says_who_asked(box, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "wang")
    box.run_daemon()
    status, text, _ = box.call("requeue", 3)
    assert (status, text) == (0, "recorded 已记录: seq 5: back in line: 3\n")
    assert 3 in [p.seq for p in box.store.pending(10**9, 0, Lane.BACKLOG)]
    _, said, _ = box.call("show", 5, "--json")
    record = json.loads(said)["statement"]["record"]
    assert (record["by"], record["action"], record["outcome"]) == ("wang", "requeue", "done")
    assert box.store.unreceipted == 5
    box.receipt(3)
    assert box.store.stats().quarantined == 0


def test_where_no_daemon_runs_the_next_start_does_it(box):
    box.store.close()
    status, text, _ = box.call("requeue", 3)
    assert status == 0
    assert "as soon as it runs" in text
    box.store = a_store(box.store_folder)
    box.run_daemon()
    box.parts[1].stop()
    box.parts.pop()
    assert box.store.reading().statement(3).listed.state == "sealed"


def test_what_cannot_go_back_is_not_asked_for(box):
    box.run_daemon()
    status, text, _ = box.call("requeue", 1, 2, 99)
    assert status == 1
    assert "the platform has receipted it" in text
    assert "waits for its receipt already" in text
    assert "not in this store" in text
    assert box.store.head().seq == 4


def test_a_statement_whose_picture_is_damaged_is_not_sent_again_in_vain(box):
    damaged = box.store.packet(3).attachments[0].sha256
    (box.store_folder / "attachments" / damaged).write_bytes(b"scratched")
    box.run_daemon()
    status, text, _ = box.call("requeue", 3)
    assert status == 1
    assert f"seq 3: attachment {damaged}: damaged" in text
    assert box.store.reading().statement(3).listed.state == "quarantined"
    status, text, _ = box.call("requeue", 3)  # now the store knows
    assert (status, "is damaged or gone" in text) == (1, True)


def test_without_a_configuration_or_a_store_it_says_so(box, tmp_path):
    status = main(["outbox", "status", "--config", str(tmp_path / "none.yaml")])
    assert (status, "--config" in box.capsys.readouterr().err) == (2, True)
