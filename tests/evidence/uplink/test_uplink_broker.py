"""The uplink and the platform around a real mosquitto."""

import socket
import threading
import time

import pytest

from edge_agent.bench.torture.fake_broker import FakeBroker
from edge_agent.bench.torture.proxy import Proxy
from edge_agent.errors import StoreFault
from edge_agent.evidence import receipts
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus, Watermark
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.uplink.chunks import Chunk, encode_chunk
from edge_agent.evidence.uplink.events import UplinkEventKind
from edge_agent.evidence.uplink.mqtt import MqttLink
from edge_agent.evidence.uplink.port import Message
from edge_agent.evidence.uplink.settings import BrokerSettings

STRANGER = FileKey.from_seed(bytes(32))


def a_receipt(rig, sealed, status=ReceiptStatus.ACCEPTED, **other) -> Receipt:
    item = ReceiptItem(packet_id=sealed.packet_id, payload_sha256=sealed.payload_sha256, status=status)
    fields = {
        "tenant": rig.topics.tenant,
        "device_id": rig.topics.device,
        "epoch": sealed.epoch,
        "received_utc_us": time.time_ns() // 1000,
        "items": (item,),
        **other,
    }
    return Receipt(**fields)


def test_what_is_sealed_is_published_stored_and_receipted(rig):
    rig.start_platform()
    rig.start_uplink()

    sealed = rig.seal(5, size=200_000)

    assert rig.uplink.wait_idle(15)
    arrived = rig.platform_statements()
    assert [arrived[s.seq] for s in sealed] == [s.payload_sha256 for s in sealed]
    assert rig.store.stats().pending == 0
    assert rig.ingest.stats.chunks >= 5 * 3 * 3  # 200 kB in chunks of at most 96 KiB


def test_every_statement_tells_of_its_puback_and_of_its_receipt(rig):
    rig.start_platform()
    rig.start_uplink()

    [sealed] = rig.seal()

    assert rig.uplink.wait_idle(15)
    mine = [e for e in rig.events if e.seq == sealed.seq]
    assert {e.kind for e in mine} >= {UplinkEventKind.STATEMENT_ACKED, UplinkEventKind.RECEIPTED}


def test_a_backlog_from_before_the_start_is_sent(rig):
    sealed = rig.seal(30)
    rig.start_platform()
    rig.start_uplink()

    assert rig.uplink.wait_idle(15)
    assert set(rig.platform_statements()) >= {s.seq for s in sealed}


def test_a_broker_that_dies_midway_costs_nothing(rig, eventually):
    rig.start_platform()
    rig.start_uplink()
    sealed = rig.seal(10, size=300_000)
    eventually(lambda: rig.ingest.stats.chunks > 5, "some chunks")

    rig.broker.kill()
    sealed += rig.seal(5)
    rig.broker.start()

    assert rig.uplink.wait_idle(20)
    assert set(rig.platform_statements()) >= {s.seq for s in sealed}
    assert rig.uplink.counters.disconnects >= 1
    assert not rig.ingest._store.alarms()


def test_while_nobody_listens_evidence_is_held_and_not_receipted(rig, eventually):
    rig.start_uplink()
    [sealed] = rig.seal()
    eventually(lambda: "held" in rig.kinds(), "PUBACK 0x10")

    assert rig.store.stats().pending > 0
    assert rig.store.receipt_of(sealed.seq) is None

    rig.start_platform()  # its answer to the retained head ends the hold
    assert rig.uplink.wait_idle(15)


def test_a_lost_receipt_comes_back_through_the_head(rig, eventually):
    rig.start_platform()
    rig.start_uplink()
    [sealed] = rig.seal()
    assert rig.uplink.wait_idle(15)
    rig.uplink.stop()
    receipted = rig.store.stats().receipted

    # The next statement's receipt is lost: the box is gone when the platform signs it.
    [late] = rig.seal()
    outside = rig.client("post")
    outside.link.publish(Message(rig.topics.statement, rig.store.packet(late.seq).envelope))
    for name, data in a_case(2)[1].items():
        outside.link.publish(Message(rig.topics.attachment(name), encode_chunk(Chunk(0, len(data), data))))
    eventually(lambda: (outside.poll(), late.seq in rig.platform_statements())[1], "arrival")
    assert rig.store.stats().receipted == receipted

    rig.start_uplink()
    assert rig.uplink.wait_idle(15)
    assert rig.store.receipt_of(late.seq) is not None
    assert sealed.seq in rig.platform_statements()


def test_receipts_that_are_forged_or_not_for_this_box_change_nothing(rig, eventually):
    rig.start_uplink()
    [sealed] = rig.seal()
    eventually(lambda: rig.uplink.connected, "connection")
    mallory = rig.client("mallory")
    good = a_receipt(rig, sealed)
    forged = [
        receipts.sign(good, [STRANGER]),
        receipts.sign(a_receipt(rig, sealed, device_id="another"), [rig.receipt_key]),
        receipts.sign(a_receipt(rig, sealed, tenant="another"), [rig.receipt_key]),
        receipts.sign(good, [rig.receipt_key]).replace(b'"payload":"ey', b'"payload":"eY'),
        receipts.encode(good),
        b"",
        b"\xff" * 1000,
    ]

    for envelope in forged:
        mallory.link.publish(Message(rig.topics.receipts, envelope))
    eventually(
        lambda: (mallory.poll(), rig.uplink.counters.receipts_ignored == len(forged))[1], "all of them"
    )

    assert rig.store.receipt_of(sealed.seq) is None
    assert rig.uplink.counters.receipted == 0


def test_a_receipt_twice_or_in_any_order_counts_once(rig, eventually):
    rig.start_uplink()
    first, second = rig.seal(2)
    eventually(lambda: rig.uplink.connected, "connection")
    platform = rig.client("platform")

    for sealed in (second, first, second, first):
        envelope = receipts.sign(a_receipt(rig, sealed), [rig.receipt_key])
        platform.link.publish(Message(rig.topics.receipts, envelope))
    eventually(lambda: (platform.poll(), rig.uplink.counters.receipts == 4)[1], "four receipts")

    assert rig.uplink.counters.receipted == 2
    assert rig.store.receipt_of(first.seq) is not None


def test_a_replayed_receipt_does_not_make_the_box_send_again(rig, eventually):
    """What was missing a moment ago has been receipted since."""
    rig.start_platform()
    rig.start_uplink()
    [sealed] = rig.seal()
    assert rig.uplink.wait_idle(15)
    eventually(lambda: rig.store.stats().pending == 0, "receipts")
    before = rig.uplink.counters.messages
    mallory = rig.client("mallory")
    old = a_receipt(
        rig,
        sealed,
        items=(),
        missing=((sealed.seq, sealed.seq),),
        received_utc_us=time.time_ns() // 1000 - 30_000_000,
    )

    heard = rig.uplink.counters.receipts
    mallory.link.publish(Message(rig.topics.receipts, receipts.sign(old, [rig.receipt_key])))
    eventually(lambda: (mallory.poll(), rig.uplink.counters.receipts > heard)[1], "the replay")
    rig.seal()
    assert rig.uplink.wait_idle(15)

    assert rig.uplink.counters.messages == before + 4  # the new case alone


def test_a_watermark_with_another_hash_receipts_nothing(rig, eventually):
    rig.start_uplink()
    [sealed] = rig.seal()
    eventually(lambda: rig.uplink.connected, "connection")
    platform = rig.client("platform")
    mark = Watermark(seq=sealed.seq, payload_sha256="0" * 64)

    envelope = receipts.sign(a_receipt(rig, sealed, items=(), watermark=mark), [rig.receipt_key])
    platform.link.publish(Message(rig.topics.receipts, envelope))
    eventually(lambda: (platform.poll(), rig.uplink.fault is not None)[1], "the stop")

    assert "platform_ahead" in rig.kinds()
    with pytest.raises(StoreFault, match="older copy"):
        rig.store.heartbeat()
    rig.store.close()
    with a_store(rig.folder / "box") as store:
        assert store.receipt_of(sealed.seq) is None


def test_a_platform_that_is_ahead_of_our_disk_raises_an_alarm(rig, eventually):
    rig.start_uplink()
    [sealed] = rig.seal()
    eventually(lambda: rig.uplink.connected, "connection")
    platform = rig.client("platform")
    mark = Watermark(seq=sealed.seq + 1000, payload_sha256="0" * 64)

    envelope = receipts.sign(a_receipt(rig, sealed, items=(), watermark=mark), [rig.receipt_key])
    platform.link.publish(Message(rig.topics.receipts, envelope))

    eventually(lambda: (platform.poll(), "platform_ahead" in rig.kinds())[1], "the alarm")


def test_a_platform_that_lost_its_database_gets_everything_again(rig, tmp_path):
    rig.start_platform()
    rig.start_uplink()
    sealed = rig.seal(5, size=5000)
    assert rig.uplink.wait_idle(15)
    rig.stop_platform()
    for path in (tmp_path / "platform").glob("ingest.db*"):
        path.unlink()
    for path in (tmp_path / "platform" / "attachments").rglob("*"):
        if path.is_file():
            path.unlink()

    rig.start_platform()

    until = time.monotonic() + 15
    while not set(rig.platform_statements()) >= {s.seq for s in sealed}:
        assert time.monotonic() < until, rig.platform_statements()
        time.sleep(0.02)


def test_a_rejected_statement_is_kept_and_not_sent_again(rig, eventually):
    rig.start_uplink()
    [sealed] = rig.seal()
    eventually(lambda: rig.uplink.connected, "connection")
    platform = rig.client("platform")

    envelope = receipts.sign(a_receipt(rig, sealed, status=ReceiptStatus.REJECTED), [rig.receipt_key])
    platform.link.publish(Message(rig.topics.receipts, envelope))

    eventually(lambda: (platform.poll(), "rejected" in rig.kinds())[1], "the rejection")
    assert rig.store.packet(sealed.seq) is not None
    assert rig.store.stats().rejected == 1


def test_a_statement_that_no_message_can_hold_is_set_aside_and_others_flow(rig, eventually):
    rig.broker.stop()
    rig.broker.configure("max_packet_size 6000\n")
    rig.broker.start()
    rig.start_platform(batch_messages=20)
    rig.start_uplink()

    sealed = rig.seal(3, size=30_000)  # a case's envelope is larger than 6000 bytes, a heartbeat's is not

    eventually(lambda: rig.store.stats().quarantined == len(sealed), "quarantine")
    assert rig.uplink.wait_idle(15)
    kinds = {rig.store.packet(seq).kind for seq in rig.platform_statements()}
    assert kinds <= {Kind.GENESIS, Kind.HEARTBEAT, Kind.INCIDENT}
    assert Kind.INCIDENT in kinds


def test_chunks_shrink_to_what_the_broker_takes(rig):
    rig.broker.stop()
    rig.broker.configure("max_packet_size 16384\n")
    rig.broker.start()
    rig.start_platform()
    rig.start_uplink()

    [sealed] = rig.seal(1, size=100_000)

    assert rig.uplink.wait_idle(15)
    assert sealed.seq in rig.platform_statements()
    assert rig.ingest.stats.chunks >= 3 * 100_000 // 16384


def test_a_platform_that_asks_again_gets_smaller_chunks(rig, eventually):
    """On MQTT 3.1.1 a broker says that it took what it dropped for its size."""
    rig.broker.stop()
    rig.broker.configure("message_size_limit 16384\n")
    rig.broker.start()
    rig.start_platform()
    rig.start_uplink(mqtt=rig.broker.settings("ea-test-0001", protocol="3.1.1"))

    [sealed] = rig.seal(1, size=100_000)

    assert rig.uplink.wait_idle(15)
    assert sealed.seq in rig.platform_statements()
    assert rig.uplink.counters.asked >= 1


def test_a_fresh_alarm_goes_before_older_cases_that_are_under_way(rig, eventually):
    rig.behind_us = 3 * 3600 * 1_000_000
    old = rig.seal(20, size=50_000)
    rig.behind_us = 0
    rig.start_platform()
    proxy = Proxy(rig.broker.port).start()
    proxy.line.rate = 300_000  # the old ones need ten seconds
    rig.start_uplink(live_burst_bytes=64 * 1024, mqtt=BrokerSettings(port=proxy.port))
    eventually(lambda: rig.uplink.counters.receipted > 2, "a part of the backlog")

    [alarm] = rig.seal(1, size=1000)
    eventually(lambda: rig.store.receipt_of(alarm.seq), "the alarm's receipt")

    waiting = [rig.store.receipt_of(s.seq) is None for s in old]
    assert sum(waiting) > 10
    assert waiting == sorted(waiting)  # those go oldest first, and spend nothing of the live lane's credit
    proxy.line.rate = 0
    assert rig.uplink.wait_idle(30)
    proxy.reset()
    proxy.stop()


def test_a_broker_that_takes_every_connection_and_drops_it_is_not_stormed(a_rig, eventually):
    class Drops(FakeBroker):
        def subscribed(self, peer, mid):
            peer.close()

    broker = Drops().start()
    rig = a_rig(None)
    rig.start_uplink(mqtt=BrokerSettings(port=broker.port))
    bounds = rig.uplink._backoff

    eventually(lambda: broker.connects >= 2, "two connections")

    assert bounds._bound_s > 2  # it grows from one to the next
    rig.uplink.stop(drain_s=0)
    broker.stop()


def test_the_state_topic_tells_online_stopped_and_offline(rig, eventually):
    watcher = rig.client("watcher", rig.topics.state)
    rig.start_uplink(will_delay_s=0)
    eventually(lambda: [m.payload for m in watcher.poll()] == [b'{"state":"online"}'], "online")

    rig.uplink.stop()
    eventually(lambda: watcher.poll()[-1].payload == b'{"state":"stopped"}', "stopped")

    rig.start_uplink(will_delay_s=0)
    eventually(lambda: watcher.poll()[-1].payload == b'{"state":"online"}', "online again")
    rig.uplink._say_goodbye = lambda link: link.abort()  # it dies without a word
    rig.uplink.stop(drain_s=0)
    eventually(lambda: watcher.poll()[-1].payload == b'{"state":"offline"}', "the will")


def test_the_head_is_retained_and_signed(rig, eventually):
    rig.start_uplink()
    eventually(lambda: rig.uplink.counters.messages >= 2, "head")

    watcher = rig.client("watcher", rig.topics.head)

    eventually(watcher.poll, "the retained head")
    head = rig.store.packet(rig.store.head().seq)
    assert watcher.received[0].payload == head.envelope
    assert head.kind is Kind.HEARTBEAT


def test_stopping_sends_what_is_left_first(rig):
    rig.start_platform()
    rig.start_uplink()
    rig.seal(20, size=50_000)

    rig.uplink.stop(drain_s=10)

    assert rig.store.stats().pending == 0


def test_stopping_on_a_line_that_is_dead_takes_no_longer_than_allowed(rig, eventually):
    proxy = Proxy(rig.broker.port).start()
    rig.start_platform()
    rig.start_uplink(mqtt=BrokerSettings(port=proxy.port))
    rig.seal()
    assert rig.uplink.wait_idle(15)
    proxy.silence()
    rig.seal()

    started = time.monotonic()
    rig.uplink.stop(drain_s=2.0)
    took = time.monotonic() - started
    proxy.stop()

    assert took < 2.5


def test_a_bug_on_the_uplinks_thread_costs_one_connection(rig):
    class Faulty(MqttLink):
        hits = 0

        def poll(self, timeout_s):
            events = super().poll(timeout_s)
            if events and Faulty.hits < 2:
                Faulty.hits += 1
                raise RuntimeError("a bug")
            return events

    rig.start_platform()
    mqtt = rig.broker.settings("ea-test-0001")
    rig.start_uplink(connect=lambda options: Faulty(mqtt, options, rig.waker))
    rig.seal(3)

    assert rig.uplink.wait_idle(15)
    assert rig.uplink.counters.faults == 2


def test_a_listener_that_raises_does_not_stop_the_uplink(rig):
    rig.start_platform()
    rig.start_uplink()
    rig.uplink._on_event = lambda event: 1 / 0
    rig.seal(2)

    assert rig.uplink.wait_idle(15)


@pytest.mark.slow
def test_a_broker_that_accepts_and_then_says_nothing_is_noticed(a_rig, eventually):
    """Half-open TCP: our own watchdog ends it within 1.5 times the keepalive."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted = []

        def accept() -> None:
            while True:
                try:
                    sock, _ = server.accept()
                except OSError:
                    return
                accepted.append(sock)
                sock.recv(4096)
                sock.sendall(bytes.fromhex("2003000000"))  # CONNACK of MQTT 5, then silence

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        mqtt = BrokerSettings(port=port, keepalive_s=2, backoff_max_s=0.1)
        rig = a_rig(None)
        started = time.monotonic()
        rig.start_uplink(mqtt=mqtt, ack_timeout_s=60)

        eventually(lambda: rig.uplink.counters.watchdog, "the watchdog")

        assert time.monotonic() - started <= 1.5 * 2 + 1
        rig.uplink.stop(drain_s=0)
        server.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)
    for sock in accepted:
        sock.close()
