"""Rows R1 to R3: receipts that come twice, in any order, forged, or not at all."""

from __future__ import annotations

import random
import time
from pathlib import Path

from edge_agent.bench.torture.rig import TOPICS, a_rig, wait_for
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.evidence.receipts import Need, ReceiptItem, ReceiptStatus
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker
from edge_agent.evidence.uplink.port import LinkEvent, Message, Received

# Older than two platform processes may be apart: it may settle, but not ask.
STALE_US = 120_000_000


def again(effort: Effort, folder: Path) -> Outcome:
    """R1. Every receipt that the platform signed once more, shuffled, thrice; and an old question."""
    outcome = Outcome()
    with a_rig(folder) as rig:
        spy = rig.client("spy", TOPICS.receipts)
        rig.start_platform()
        uplink = rig.start_uplink()
        sealed = rig.seal(effort.times(10, 300), 5000)
        wait_for(lambda: spy.poll() and uplink.wait_idle(0.05), "receipts")
        wait_for(lambda: spy.poll() and len(spy.received) >= uplink.counters.receipts, "what the spy heard")
        before = rig.store.stats(), uplink.counters.receipted, uplink.counters.messages
        envelopes = [message.payload for message in spy.received] * 3
        random.Random(effort.seed).shuffle(envelopes)  # noqa: S311 - order
        packet = rig.store.packet(sealed[0].seq)
        assert packet is not None
        question = ReceiptItem(
            packet_id=packet.packet_id,
            payload_sha256=packet.payload_sha256,
            status=ReceiptStatus.NEED,
            need=tuple(Need(sha256=file.sha256) for file in packet.attachments),
        )
        old = rig.receipt(sealed[0], items=(question,), received_utc_us=time.time_ns() // 1000 - STALE_US)
        heard = uplink.counters.receipts
        mallory = rig.client("mallory")
        for envelope in [*envelopes, old]:
            mallory.publish(Message(TOPICS.receipts, envelope))
        outcome.tried = len(envelopes) + 1
        wait_for(lambda: uplink.counters.receipts >= heard + outcome.tried, "all of them")
        after = rig.store.stats(), uplink.counters.receipted, uplink.counters.messages
        outcome.expect(before == after, f"a receipt twice changed something: {before} {after}")
        outcome.expect(uplink.counters.asked == 0, "an old question was answered")
        return rig.conclude(outcome)


def forged(effort: Effort, folder: Path) -> Outcome:
    """R2. Receipts that another key signed, that are for another box, or are damaged."""
    outcome = Outcome()
    with a_rig(folder) as rig:
        uplink = rig.start_uplink()
        sealed = rig.seal(effort.times(5, 100), 5000)
        wait_for(lambda: uplink.connected, "a connection")
        before = rig.store.stats()
        mallory = rig.client("mallory")
        for one in sealed:
            forgeries = rig.forgeries(one)
            mallory.publish(*(Message(TOPICS.receipts, envelope) for envelope in forgeries))
            outcome.tried += len(forgeries)
        wait_for(lambda: uplink.counters.receipts_ignored >= outcome.tried, "all of them, counted")
        after = rig.store.stats()
        outcome.expect(rig.store.purge(early=True) == 0, "something could be deleted")
        outcome.expect(after.receipted == 0, "a forgery was believed")
        outcome.expect(after.attachment_bytes == before.attachment_bytes, "something was deleted")
        outcome.measured = {"ignored and counted": uplink.counters.receipts_ignored}
        rig.start_platform()
        return rig.conclude(outcome)


def lost(effort: Effort, folder: Path) -> Outcome:
    """R3. The box is deaf for receipts; then the head brings them back."""
    outcome = Outcome()
    deaf = True

    class Deaf(MqttLink):
        def poll(self, timeout_s: float) -> list[LinkEvent]:
            events = super().poll(timeout_s)
            dropped = [event for event in events if deaf and isinstance(event, Received)]
            for event in dropped:
                outcome.tried += 1
                self.acknowledge(event.token)
            return [event for event in events if event not in dropped]

    with a_rig(folder) as rig:
        ingest = rig.start_platform()
        mqtt, waker = rig.mqtt(), Waker()
        # Long timers: it is the head that must bring them back, not a second sending.
        uplink = rig.start_uplink(
            mqtt,
            lambda options: Deaf(mqtt, options, waker),
            head_interval_s=1.0,
            resend_min_s=600,
            resend_max_s=600,
        )
        rig.seal(effort.times(10, 60), 20_000)
        wait_for(lambda: ingest.stats.accepted >= rig.store.stats().sealed, "everything at the platform")
        outcome.expect(uplink.counters.receipted == 0, "a receipt came through")
        statements, chunks = uplink.counters.statements, ingest.stats.chunks
        deaf = False
        wait_for(lambda: uplink.wait_idle(1.0), "receipts through the head")
        again = uplink.counters.statements - statements
        outcome.expect(ingest.stats.chunks == chunks, "pictures were sent a second time")
        # Heads are statements of their own; each goes out once.
        outcome.measured = {"receipts lost": outcome.tried, "statements sent since": again}
        rig.conclude(outcome)
        waker.close()
        return outcome


ROWS = (
    Row(
        "R1",
        "receipts twice, reordered, replayed",
        "every receipt of a run published thrice more in random order, and an old question",
        "idempotent; nothing is sent for it",
        again,
        ("mosquitto",),
    ),
    Row(
        "R2",
        "forged receipts",
        "signed by a stranger and by the box itself, for another box or tenant, damaged",
        "ignored and counted, nothing deleted",
        forged,
        ("mosquitto",),
    ),
    Row(
        "R3",
        "receipts lost",
        "the box drops every receipt, then hears again; no resend timers",
        "the head brings a watermark; no second copy",
        lost,
        ("mosquitto",),
    ),
)
