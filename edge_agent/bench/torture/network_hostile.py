"""Row N10: a broker that means us ill. Whatever it does, memory and time are bounded and nothing goes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.bench.broker import Mosquitto
from edge_agent.bench.torture.fake_broker import CONNACK, PUBLISH, FakeBroker, Peer, Published
from edge_agent.bench.torture.rig import TOPICS, Rig, rss_kib, wait_for
from edge_agent.bench.torture.row import Effort, Outcome, Row

KIB = 1024
MIB = 1024 * KIB
GROWTH_KIB = 48 * KIB
FLOOD = 300
LEAST_S = 0.5  # of each whim
CLOSE_AFTER = 30_000


class NoPuback(FakeBroker):
    """Takes everything and acknowledges nothing."""

    def published(self, peer: Peer, message: Published) -> None:
        """Silence."""
        self.done += bool(message.payload and peer.published)


class WrongMids(FakeBroker):
    """Acknowledges what was never sent, twice, and with every code."""

    def published(self, peer: Peer, message: Published) -> None:
        """Anything but the right one."""
        self.done += 1
        for other in (message.mid + 1000, message.mid - 1, 0):
            peer.puback(other % 65_536)


class AcknowledgesAll(FakeBroker):
    """Says that it has everything and delivers nothing."""

    def published(self, peer: Peer, message: Published) -> None:
        """A lie, twice."""
        self.done += 1
        peer.puback(message.mid)
        peer.puback(message.mid)


class Garbage(FakeBroker):
    """Sends random bytes once it is connected."""

    def __init__(self) -> None:
        super().__init__()
        self._rng = random.Random(1)  # noqa: S311 - garbage

    def subscribed(self, peer: Peer, mid: int) -> None:
        """Bytes that begin like any packet."""
        super().subscribed(peer, mid)
        self.done += 1
        if self.done % 2:
            peer.sock.sendall(self._rng.randbytes(2000))
        else:  # a well-formed frame around nonsense
            peer.send(self._rng.randrange(1, 16), self._rng.randbytes(40), self._rng.randrange(16))


class Giant(FakeBroker):
    """Announces a message of 200 MB and sends as much of it as is taken."""

    def subscribed(self, peer: Peer, mid: int) -> None:
        """A receipt of that size."""
        super().subscribed(peer, mid)
        self.done += 1
        name = TOPICS.receipts.encode()
        peer.sock.sendall(bytes([PUBLISH << 4 | 2]) + bytes([0x80, 0x84, 0xAF, 0x5F]))  # 200,000,000
        peer.sock.sendall(len(name).to_bytes(2, "big") + name + b"\0\1\0")
        for _ in range(3000):
            peer.sock.sendall(b"\0" * 64 * KIB)


class Forger(FakeBroker):
    """Sends receipts for what it was sent, signed by somebody else, and floods every topic."""

    receipts: Callable[[], list[bytes]]

    def published(self, peer: Peer, message: Published) -> None:
        """Good manners, bad receipts."""
        peer.puback(message.mid)
        if message.topic == TOPICS.statement:
            self.done += 1
            for number, envelope in enumerate(self.receipts()):
                peer.publish(TOPICS.receipts, envelope, 1 + number)


class RetainedFlood(FakeBroker):
    """Hundreds of retained messages on our topics and on those of others, 60 kB each."""

    def subscribed(self, peer: Peer, mid: int) -> None:
        """All of them at once."""
        super().subscribed(peer, mid)
        self.done += 1
        for number in range(FLOOD):
            topic = TOPICS.receipts if number % 2 else f"other/{number}"
            peer.publish(topic, bytes(60_000), 1 + number, retain=True)


class ExactlyOnce(FakeBroker):
    """Sends with QoS 2, which a client must remember until it is released, and never releases."""

    def subscribed(self, peer: Peer, mid: int) -> None:
        """As many as are taken."""
        super().subscribed(peer, mid)
        self.done += 1
        for number in range(FLOOD * 4):
            peer.publish(TOPICS.receipts, bytes(60_000), 1 + number, qos=2)


class Closes(FakeBroker):
    """Ends every connection after some bytes."""

    def published(self, peer: Peer, message: Published) -> None:
        """Until then it is kind."""
        if peer.bytes > CLOSE_AFTER:
            self.done += 1
            peer.close()
            raise EOFError
        peer.puback(message.mid)


class Refuses(FakeBroker):
    """Takes the connection and then not, in three ways."""

    def connected(self, peer: Peer) -> None:
        """CONNACK with a refusal, a broken one, or nothing."""
        self.done += 1
        if self.done % 3 == 0:
            peer.send(CONNACK, b"\0\x87\0" if peer.mqtt5 else b"\0\5")
        elif self.done % 3 == 1:
            peer.send(CONNACK, b"\0")
        else:
            peer.close()
            raise EOFError


WHIMS = (
    NoPuback,
    WrongMids,
    AcknowledgesAll,
    Garbage,
    Giant,
    Forger,
    RetainedFlood,
    ExactlyOnce,
    Closes,
    Refuses,
)


def hostile_broker(effort: Effort, folder: Path) -> Outcome:
    """One whim after the other on the same uplink; then an honest broker, and everything must arrive."""
    outcome = Outcome()
    honest = Mosquitto(folder).start()
    with Rig(folder, honest) as rig:
        rig.start_platform()
        sealed = rig.seal(4, 20_000)
        before = rig.store.stats()
        uplink = None
        grown = 0
        for whim in WHIMS:
            broker = whim()
            if isinstance(broker, Forger):
                broker.receipts = lambda: rig.forgeries(sealed[0])
            broker.start()
            rig.proxy.target = broker.port
            if uplink is None:
                uplink = rig.start_uplink(rig.mqtt(connect_timeout_s=0.5), ack_timeout_s=0.5)
            else:
                rig.proxy.reset()
            start_kib = rss_kib()
            started_s = time.monotonic()
            wanted = effort.times(1, 30)
            while (broker.done < wanted or time.monotonic() < started_s + LEAST_S) and (
                time.monotonic() < started_s + effort.times(5, 60)
            ):
                grown = max(grown, rss_kib() - start_kib)
                time.sleep(0.02)
            rig.seal(1, 5000)
            grown = max(grown, rss_kib() - start_kib)
            outcome.tried += broker.done
            outcome.expect(broker.done >= 1, f"{whim.__name__} had no chance")
            broker.stop()
        assert uplink is not None
        after = rig.store.stats()
        outcome.expect(after.receipted == 0, f"{after.receipted} were receipted by a forger")
        outcome.expect(after.quarantined + after.rejected == 0, "something was given up")
        outcome.expect(after.attachment_bytes >= before.attachment_bytes, "something was deleted")
        outcome.expect(uplink.counters.receipts_ignored > 0, "no forgery came through")
        outcome.expect(grown < GROWTH_KIB, f"memory grew by {grown} KiB")
        outcome.measured = {
            "whims": len(WHIMS),
            "memory grew KiB": grown,
            "receipts ignored": uplink.counters.receipts_ignored,
            "faults": uplink.counters.faults,
        }
        rig.proxy.target = honest.port
        rig.proxy.reset()
        seconds = wait_for(lambda: uplink.wait_idle(1.0), "receipts from the honest platform")
        outcome.measured["then drained s"] = round(seconds, 1)
        return rig.conclude(outcome)


ROWS = (
    Row(
        "N10",
        "a hostile broker",
        "no PUBACKs, wrong ones, PUBACKs for everything and nothing delivered, garbage, a message of 200 MB, "
        "forged receipts, retained floods, QoS 2 floods, closing after some bytes, refusing",
        "memory and time bounded; nothing receipted, given up or deleted; an honest broker then gets all",
        hostile_broker,
        ("mosquitto",),
    ),
)
