"""The outbox against a list in memory: whatever is sealed, sent, receipted, purged or crashed between."""

import hashlib
import shutil
import tempfile
import uuid
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.intray import Note
from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus, Watermark
from edge_agent.evidence.statement_operator import OperatorAction

NOW = ClockStatus(1, 1, ClockSource.NTP, True, 0, 1, 3)
picks = st.integers(0, 10**6)


def a_request(seq):
    record = OperatorAction(
        by="wang",
        role="technician",
        via="command_line",
        address="",
        action="requeue",
        subject=f"seq {seq}",
        outcome="failed",
        detail="",
    )
    return Note(id=uuid.uuid4().hex, record=record, requeue=(seq,))


class OutboxModel(RuleBasedStateMachine):
    """`self.model` holds, for each place, what a person would write down of it."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="edge-agent-model-"))
        self.lives = 0
        self.number = 0
        self.now = 0
        self.model = []

    @initialize()
    def begin(self):
        self.store = a_store(self.folder / "0")
        self.note(self.store.head().payload_sha256, case=False)

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.folder)

    def note(self, sha256, *, case):
        self.model.append({"sha256": sha256, "state": "sealed", "case": case, "files": 3 * case, "next": 0})

    @rule()
    def seal(self):
        self.number += 1
        sealed = self.store.seal(*a_case(self.number, size=50))
        assert sealed.seq == len(self.model)
        self.note(sealed.payload_sha256, case=True)

    @rule()
    def heartbeat(self):
        sealed = self.store.heartbeat()
        assert sealed.seq == len(self.model)
        self.note(sealed.payload_sha256, case=False)

    @rule()
    def time_passes(self):
        self.now += 10

    @rule(pick=picks)
    def send(self, pick):
        waiting = [s for s, m in enumerate(self.model) if m["state"] == "sealed" and m["next"] <= self.now]
        if waiting:
            seq = waiting[pick % len(waiting)]
            self.store.mark_sent(seq, self.now + 15)
            self.model[seq]["next"] = self.now + 15

    @rule(pick=picks, status=st.sampled_from([ReceiptStatus.ACCEPTED, ReceiptStatus.DUPLICATE]))
    def receipt(self, pick, status):
        seq = pick % len(self.model)
        self.apply(items=(self.item(seq, status),))
        self.covered(seq)

    @rule(pick=picks)
    def watermark(self, pick):
        seq = pick % len(self.model)
        self.apply(watermark=Watermark(seq=seq, payload_sha256=self.model[seq]["sha256"]))
        for below in range(seq + 1):
            if self.model[below]["state"] == "sealed":
                self.covered(below)

    @rule(pick=picks)
    def reject(self, pick):
        seq = pick % len(self.model)
        self.apply(items=(self.item(seq, ReceiptStatus.REJECTED),))
        if self.model[seq]["state"] == "sealed":
            self.model[seq]["state"] = "rejected"

    @rule(pick=picks)
    def nonsense(self, pick):
        """About a payload that was never sealed, or of another epoch."""
        seq = pick % len(self.model)
        item = self.item(seq, ReceiptStatus.ACCEPTED)
        self.apply(items=(item.model_copy(update={"payload_sha256": hashlib.sha256(b"x").hexdigest()}),))
        self.apply(items=(item,), epoch="0" * 32)

    @rule(pick=picks)
    def quarantine(self, pick):
        seq = pick % len(self.model)
        self.store.quarantine(seq, "poison")
        if self.model[seq]["state"] == "sealed":
            self.model[seq]["state"] = "quarantined"
            if not self.model[seq].get("tells"):  # that an incident cannot be sent is told by none
                self.note(self.store.head().payload_sha256, case=False)
                self.model[-1]["tells"] = True

    @rule(pick=picks)
    def requeue(self, pick):
        """An operator asks for one, whatever its state: only what is quarantined goes back in line."""
        seq = pick % len(self.model)
        before = dict(self.model[seq])
        record = self.store.record_note(a_request(seq), NOW)
        assert record.seq == len(self.model)
        if before["state"] == "quarantined":
            self.model[seq].update(state="sealed", next=0)
        self.note(record.payload_sha256, case=False)

    @rule()
    def purge(self):
        self.store.purge(early=True)
        for entry in self.model:
            if entry["state"] == "receipted" and entry["files"]:
                entry.update(state="purged", files=0)

    @precondition(lambda self: self.lives < 4)
    @rule()
    def crash(self):
        """The directory as it lies there; the new life forgets what was sent, and says that it died."""
        self.lives += 1
        wreck = self.folder / str(self.lives)
        shutil.copytree(self.folder / str(self.lives - 1), wreck)
        self.store.close()
        self.store = a_store(wreck)
        self.restarted()
        self.note(self.store.head().payload_sha256, case=False)

    @rule()
    def restart(self):
        self.store.close()
        self.store = a_store(self.folder / str(self.lives))
        self.restarted()

    def restarted(self):
        for entry in self.model:
            entry["next"] = 0

    def covered(self, seq):
        if self.model[seq]["state"] != "purged":
            self.model[seq]["state"] = "receipted"

    def item(self, seq, status):
        packet = self.store.packet(seq)
        return ReceiptItem(
            packet_id=packet.packet_id, payload_sha256=packet.payload_sha256, status=status, reason="r"
        )

    def apply(self, items=(), watermark=None, epoch=None):
        receipt = Receipt(
            tenant="city",
            device_id="ea-test-0001",
            epoch=epoch or self.store.head().epoch,
            received_utc_us=1,
            items=items,
            watermark=watermark,
        )
        self.store.apply_receipt(receipt, b"receipt")

    @invariant()
    def the_same_is_due(self):
        due = [s for s, m in enumerate(self.model) if m["state"] == "sealed" and m["next"] <= self.now]
        assert [p.seq for p in self.store.pending(10**9, self.now, Lane.BACKLOG)] == due
        live = [seq for seq in reversed(due) if self.model[seq]["case"]]
        assert [p.seq for p in self.store.pending(10**9, self.now, Lane.LIVE)] == live

    @invariant()
    def the_same_is_held(self):
        stats = self.store.stats()
        states = [entry["state"] for entry in self.model]
        assert stats.sealed == len(self.model)
        assert stats.pending == states.count("sealed")
        assert stats.receipted == states.count("receipted") + states.count("purged")
        assert stats.quarantined == states.count("quarantined")
        assert stats.rejected == states.count("rejected")
        head = self.store.head()
        assert (head.seq, head.payload_sha256) == (len(self.model) - 1, self.model[-1]["sha256"])
        files = list((self.folder / str(self.lives) / "attachments").iterdir())
        assert len(files) == sum(entry["files"] for entry in self.model)


OutboxModel.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
test_the_outbox_is_what_a_list_would_be = OutboxModel.TestCase
